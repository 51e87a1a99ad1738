package extract

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/headwater-stream/headwater/extract/expr"
)

// goOn notes in the answer how the listing goes on behind it: the token of the next page, or "" if this is the last one. What
// says that there is more but cannot be followed is an error: it must not pass for the end.
func (c *Client) goOn(q *request, a *answer, doc *sheet, header http.Header) error {
	pages := &q.resource.request.pages
	if pages.kind == pagingSingle {
		return nil
	}
	more, told, err := c.goesOn(q, a, doc, header)
	if err != nil || told && !more {
		return err
	}
	if pages.stopEmpty && len(a.records) == 0 && !told && pages.total == nil {
		return nil // an empty page in the middle of what is counted is not the end
	}
	token := ""
	switch pages.kind {
	case pagingPage, pagingOffset:
		token, err = c.nextNumber(q, a, doc)
		told = false // a total or a maximum may end it all the same
	case pagingHeaderLink:
		token, err = c.headerLink(q, a, header, pages.header)
	case pagingHeader:
		token = header.Get(pages.header)
	case pagingAuto:
		token, err = c.autoNext(q, a, doc, header)
	default:
		token, err = c.nextToken(q, a, doc)
	}
	if err != nil {
		return err
	}
	if token == "" && told {
		e := q.fail(KindProtocol, "the answer says that there are more pages, but does not say how to get there")
		e.Hint = "check the paginator in the source file: where the token is, and has_more_path or stop_condition"
		return c.finish(e, q)
	}
	a.next, err = c.publicToken(q, token)
	return err
}

// goesOn asks the conditions of the source file whether there is another page. told: there is one that says so.
func (c *Client) goesOn(q *request, a *answer, doc *sheet, header http.Header) (more, told bool, err error) {
	pages := &q.resource.request.pages
	more = true
	if pages.stop != nil {
		v, err := pages.stop.Value(c.pageValues(a, doc, header))
		if err != nil {
			return false, false, c.finish(q.fail(KindProtocol, "stop_condition: %v", err), q)
		}
		more, told = !expr.Truth(v), true
	}
	if pages.more == nil {
		return more, told, nil
	}
	switch v := doc.at(pages.more...); strings.ToLower(strings.Trim(string(v), `"`)) {
	case "true", "1":
		return more, true, nil
	case "false", "0":
		return false, true, nil
	default:
		return false, false, c.finish(q.fail(KindProtocol, "has_more_path: %s is %s, not true or false", strings.Join(pages.more, "."), jsonKind(v)), q)
	}
}

// stopScope are the names of a stop_condition.
var stopScope = expr.Scope{Names: []string{"response", "headers", "last_record", "last_page_size", string(scopeConfig)}}

func (c *Client) pageValues(a *answer, doc *sheet, header http.Header) expr.Vars {
	vars := (&variables{config: c.settings}).vars()
	vars.Values["response"], vars.Values["headers"] = expr.JSON(doc.whole()), foldedHeaders(header)
	vars.Values["last_page_size"], vars.Values["last_record"] = len(a.records), nil
	if n := len(a.records); n > 0 {
		vars.Values["last_record"] = expr.JSON(a.records[n-1].JSON)
	}
	return vars
}

// nextNumber counts pages, or records. The next offset lies behind the records that came, not behind those that were asked for: an
// API that gives fewer than the limit would be skipped over.
func (c *Client) nextNumber(q *request, a *answer, doc *sheet) (string, error) {
	pages := &q.resource.request.pages
	at, err := strconv.Atoi(pages.value(q.token))
	if err != nil {
		return "", q.fail(KindProtocol, "page token %q is no number", q.token)
	}
	next, end, what := at+1, pages.base, "pages"
	if pages.kind == pagingOffset {
		next, end, what = at+len(a.records), 0, "records"
	}
	if pages.total != nil {
		total, err := wholeNumber(doc.at(pages.total...))
		if err != nil {
			return "", c.finish(q.fail(KindProtocol, "total_path: %s %v, not a number of %s", strings.Join(pages.total, "."), err, what), q)
		}
		if pages.kind == pagingOffset && a.total < 0 {
			a.total = total
		}
		if next >= total+end {
			return "", nil
		}
	}
	if pages.maximum > 0 && next >= pages.maximum+end {
		a.capped = true
		return "", nil
	}
	return strconv.Itoa(next), nil
}

// wholeNumber reads a number from 0, which some APIs write as text.
func wholeNumber(v json.RawMessage) (int, error) {
	n, err := strconv.Atoi(strings.Trim(string(v), `"`))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("is %s", shownOr(v))
	}
	return n, nil
}

// shownOr returns a value for a message, or that there is none.
func shownOr(v json.RawMessage) string {
	if len(v) == 0 {
		return "missing"
	}
	return shown(v)
}

// nextToken returns the token that the answer's body holds.
func (c *Client) nextToken(q *request, a *answer, doc *sheet) (string, error) {
	pages := &q.resource.request.pages
	if pages.next == nil {
		return c.namedToken(q, a, doc)
	}
	v := doc.at(pages.next...)
	where := strings.Join(pages.next, ".")
	if absent(v) {
		if above := doc.at(pages.next[:len(pages.next)-1]...); len(pages.next) > 1 && !absent(above) && above[0] != '{' {
			return "", c.finish(q.fail(KindProtocol, "%s is not an object: no page token can be read from it", strings.Join(pages.next[:len(pages.next)-1], ".")), q)
		}
		return "", nil
	}
	if pages.kind == pagingLink {
		return c.nextLink(q, a, v, where)
	}
	return c.plainToken(q, v, where)
}

func (c *Client) plainToken(q *request, v json.RawMessage, where string) (string, error) {
	token, err := scalarText(v)
	if err != nil || v[0] == 't' || v[0] == 'f' {
		return "", c.finish(q.fail(KindProtocol, "page token at %s is %s", where, jsonKind(v)), q)
	}
	return token, nil
}

// namedToken finds the token where a source file names only the parameter that carries it: at the places where answers usually
// hold one of that name. A URL is followed as a link. Both kinds are told apart by their first byte: "/" and "=".
func (c *Client) namedToken(q *request, a *answer, doc *sheet) (string, error) {
	name := q.resource.request.pages.tokenName()
	for _, path := range [][]string{
		{"cursors", "next"}, {name}, {"pages", "next", name}, {"pages", name}, {"paging", "next", name}, {"paging", "cursors", name}, {"paging", name},
		{"pagination", name}, {"meta", name}, {"next_" + name}, {"pagination", "next_" + name}, {"meta", "next_" + name}, {"next", name},
	} {
		v := doc.at(path...)
		if absent(v) {
			continue
		}
		where := strings.Join(path, ".")
		token, err := c.plainToken(q, v, where)
		if err != nil || token == "" {
			return "", err
		}
		if strings.HasPrefix(token, "http://") || strings.HasPrefix(token, "https://") {
			return c.nextLink(q, a, v, where)
		}
		return "=" + token, nil
	}
	return "", nil
}

// tokenName is what the API calls the token.
func (p *paginatorSpec) tokenName() string {
	if p.param == "" && len(p.bodyPath) > 0 {
		return p.bodyPath[len(p.bodyPath)-1]
	}
	return p.param
}

// nextLink turns a next link of the body into a token.
func (c *Client) nextLink(q *request, a *answer, v json.RawMessage, where string) (string, error) {
	var link *url.URL
	var err error
	switch v[0] {
	case '"':
		var text string
		if text, err = scalarText(v); err == nil && text == "" {
			return "", nil
		}
		if err == nil {
			link, err = q.url.Parse(text)
		}
	case '{':
		link, err = objectLink(q, v)
	default:
		err = errors.New("neither text nor an object")
	}
	if err != nil {
		return "", c.finish(q.fail(KindProtocol, "next link at %s: %v", where, err), q)
	}
	return c.follow(q, a, link)
}

// follow makes a token of a link: its path and query. Links to another host are refused, or asked of the configured one: the
// token of the API goes nowhere else. The host is not kept, so that a position stays good when the API moves.
func (c *Client) follow(q *request, a *answer, link *url.URL) (string, error) {
	if !c.sameHost(link) && !q.resource.request.pages.rewrite {
		e := q.fail(KindProtocol, "next link leads to another host (%s://%s)", link.Scheme, link.Host)
		e.Hint = "the token is sent to " + c.base.Host + " only: set base_url to the host that the API uses in its links, or other_host: rewrite"
		return "", c.finish(e, q)
	}
	if !q.resource.request.pages.still && counts(link.Query()) {
		a.shifting = true
	}
	return link.RequestURI(), nil
}

// counts reports whether a link finds its page by a number, and by nothing else that it could be found by.
func counts(query url.Values) bool {
	for name := range query {
		if name = strings.ToLower(name); name == "after" || strings.Contains(name, "cursor") || strings.Contains(name, "token") {
			return false
		}
	}
	for _, name := range []string{"page", "page[number]", "page_number", "pageNumber", "offset", "page[offset]", "start", "startAt", "skip"} {
		if _, err := strconv.Atoi(query.Get(name)); err == nil {
			return true
		}
	}
	return false
}

// objectLink follows a next that is an object: the members that the source file names become query parameters.
func objectLink(q *request, v json.RawMessage) (*url.URL, error) {
	link := *q.url
	query := link.Query()
	found := false
	for _, name := range q.resource.request.pages.linkParams {
		if m := at(v, []string{name}); !absent(m) {
			text, err := scalarText(m)
			if err != nil {
				return nil, err
			}
			query.Set(name, text)
			found = true
		}
	}
	if !found {
		return nil, errors.New("an object without any member that next_params names")
	}
	link.RawQuery = query.Encode()
	return &link, nil
}

// headerLink returns the token of the link with that relation, or "".
func (c *Client) headerLink(q *request, a *answer, header http.Header, relation string) (string, error) {
	target, err := linkOf(header.Values("Link"), relation)
	if err != nil || target == "" {
		if err != nil {
			err = c.finish(q.fail(KindProtocol, "Link header: %v", err), q)
		}
		return "", err
	}
	link, err := q.url.Parse(target)
	if err != nil {
		return "", c.finish(q.fail(KindProtocol, "Link header: %v", err), q)
	}
	return c.follow(q, a, link)
}
