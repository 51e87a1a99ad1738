package extract

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// request is one request, ready to be sent any number of times.
type request struct {
	resource *Resource
	method   string
	url      *url.URL
	body     []byte // nil: none
	token    string // the page token it carries; "": the first page
	attempts int    // how often it may be sent

	headers      []param // the resource's own
	form         bool    // body is a form, not JSON
	secretParams []param // go into the query when it is sent; url is what people see
	access       string  // the OAuth header that it was last sent with; "": none
}

// fail makes an error about this request.
func (q *request) fail(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Resource: q.resource.Name, Method: q.method, URL: q.url.Redacted(), Message: fmt.Sprintf(format, args...)}
}

// bodyRoom is room for the body of most requests.
const bodyRoom = 512

// request builds the request for the page that token leads to.
func (c *Client) request(r *Resource, v *variables, token string) (*request, error) {
	v.config = c.settings
	spec := &r.request
	q := &request{resource: r, method: spec.method, token: token, attempts: c.o.Attempts}
	if err := c.renderOwn(q, v); err != nil {
		return nil, &Error{Kind: KindProtocol, Resource: r.Name, Message: "build request: " + c.scrub(err.Error())}
	}
	if err := c.place(q, v); err != nil {
		return nil, &Error{Kind: KindProtocol, Resource: r.Name, Message: "build request: " + c.scrub(err.Error())}
	}
	if spec.body != nil {
		body, err := spec.body.appendTo(make([]byte, 0, bodyRoom), v, spec.pages.value(token))
		if err != nil {
			return nil, &Error{Kind: KindProtocol, Resource: r.Name, Message: "build request: " + c.scrub(err.Error())}
		}
		q.body = body
	}
	if spec.form != nil {
		if err := c.renderForm(q, v); err != nil {
			return nil, &Error{Kind: KindProtocol, Resource: r.Name, Message: "build request: " + c.scrub(err.Error())}
		}
	}
	return q, nil
}

// place fills in the URL. A next link carries every parameter itself.
func (c *Client) place(q *request, v *variables) error {
	pages := &q.resource.request.pages
	if !pages.links(q.token) {
		if pages.kind == pagingLink && q.token != "" {
			return fmt.Errorf("page token %q is no path", q.token)
		}
		return c.address(q, v)
	}
	link, err := url.Parse(q.token)
	if err != nil || link.Host != "" {
		return fmt.Errorf("page token %q is no path", q.token)
	}
	u := *c.base
	u.Path, u.RawPath, u.RawQuery = link.Path, link.RawPath, link.RawQuery
	q.url = &u
	return nil
}

// renderOwn fills in what a next link does not carry: the headers, and the parameters that are made of secrets.
func (c *Client) renderOwn(q *request, v *variables) error {
	for _, h := range q.resource.request.headers {
		value, err := c.renderNamed(h, v)
		if err != nil {
			return err
		}
		if !sendable(value) {
			return fmt.Errorf("header %s holds a control character", h.name)
		}
		q.headers = append(q.headers, param{h.name, value})
	}
	for _, p := range q.resource.request.params {
		if !p.secret {
			continue
		}
		value, err := c.renderNamed(p, v)
		if err != nil {
			return err
		}
		q.secretParams = append(q.secretParams, param{p.name, value})
	}
	return nil
}

// renderNamed renders a header or a parameter, and remembers what is made of a secret so that it cannot be recognized.
func (c *Client) renderNamed(n namedTemplate, v *variables) (string, error) {
	value, err := n.value.render(v, asIs)
	if err == nil && n.secret && value != "" && !strings.Contains(c.scrub(value), "***") {
		c.secrets.value(value)
	}
	return value, err
}

// sendable reports whether a header can carry a value.
func sendable(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// renderForm makes the body of a form.
func (c *Client) renderForm(q *request, v *variables) error {
	var pairs []string
	for _, field := range q.resource.request.form {
		value, err := c.renderNamed(field, v)
		if err != nil {
			return err
		}
		pairs = append(pairs, url.QueryEscape(field.name)+"="+url.QueryEscape(value))
	}
	q.body, q.form = []byte(strings.Join(pairs, "&")), true
	return nil
}

// address fills in the URL with its query.
func (c *Client) address(q *request, v *variables) error {
	spec := &q.resource.request
	path, err := spec.path.render(v, escapeSegment)
	if err != nil {
		return err
	}
	u := *c.base
	u.RawPath = strings.TrimRight(c.base.EscapedPath(), "/") + "/" + strings.TrimLeft(path, "/")
	if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
		return err
	}
	var query []string
	for _, p := range spec.params {
		if p.secret {
			continue
		}
		value, err := p.value.render(v, asIs)
		if err != nil {
			return err
		}
		query = append(query, url.QueryEscape(p.name)+"="+url.QueryEscape(value))
	}
	u.RawQuery = strings.Join(query, "&")
	q.url = &u
	spec.pages.carry(q)
	return nil
}

// escapeSegment escapes a value for a path. One that is only dots would be taken for a way up: the answer would be another list's.
func escapeSegment(s string) string {
	if s == "." || s == ".." {
		return strings.ReplaceAll(s, ".", "%2E")
	}
	return url.PathEscape(s)
}

// carry puts the page token into the query, where that is its place.
func (p *paginatorSpec) carry(q *request) {
	value := p.value(q.token)
	switch {
	case value == "" || p.bodyPath != nil:
	case p.kind == pagingAuto:
		name, value, _ := strings.Cut(value, "=")
		name, _ = url.QueryUnescape(name) // written by autoNext
		value, _ = url.QueryUnescape(value)
		setParam(q.url, name, value)
	case p.param != "":
		setParam(q.url, p.param, value)
	}
}

// interval gives {{ stream_interval.… }} its values: the window's bounds with the margin the API needs, whole seconds (or days)
// that enclose it.
func (inc *Incremental) interval(w Window, order Order) map[string]json.RawMessage {
	unit := time.Second
	if inc.CursorFormat == CursorDate {
		unit = 24 * time.Hour
	}
	start := w.Start.Add(-inc.QueryMargin).Truncate(unit)
	if inc.openStart {
		start = start.Add(-unit)
	}
	end := w.End.Add(inc.QueryMargin)
	if whole := end.Truncate(unit); !whole.Equal(end) {
		end = whole.Add(unit)
	}
	if w.Start.IsZero() {
		start = time.Time{}
	}
	return map[string]json.RawMessage{
		"start_time": formatCursor(start, inc.CursorFormat),
		"end_time":   formatCursor(end, inc.CursorFormat),
		"row_order":  json.RawMessage(quote(inc.orderWords[order])),
	}
}

func quote(s string) string {
	raw, _ := appendString(nil, s) // a string always has a JSON form
	return string(raw)
}

// sameHost reports whether u has the scheme and the host of the source's base URL: only that one gets the token.
func (c *Client) sameHost(u *url.URL) bool {
	return strings.EqualFold(u.Scheme, c.base.Scheme) && strings.EqualFold(hostPort(u), hostPort(c.base))
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Hostname() + ":" + u.Port()
	}
	if strings.EqualFold(u.Scheme, "http") {
		return u.Hostname() + ":80"
	}
	return u.Hostname() + ":443"
}
