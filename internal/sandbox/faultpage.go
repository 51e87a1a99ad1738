package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
)

// trail remembers where page tokens came from, for the faults that lead astray. It keeps the last few.
type trail struct {
	steps map[string]step
	order []string
}

// step is the page that a token was given out with.
type step struct {
	token string // of its own request; "": the first page
	list  any    // its records
}

const trailLength = 32

func (t *trail) add(token string, s step) {
	if t.steps == nil {
		t.steps = map[string]step{}
	}
	if _, again := t.steps[token]; !again {
		t.order = append(t.order, token)
	}
	t.steps[token] = s
	if len(t.order) > trailLength {
		delete(t.steps, t.order[0])
		t.order = t.order[1:]
	}
}

func hasPageBefore(t *trail, c *call) bool {
	_, ok := t.steps[c.resource+" "+c.token]
	return ok && c.token != ""
}

func hasTokenBefore(t *trail, c *call) bool {
	return c.token != "" && t.steps[c.resource+" "+c.token].token != ""
}

// follow notes which page gave out which token, while a fault is planned that asks for it.
func (f *faults) follow(c *call, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !paged(c.resource) || !slices.ContainsFunc(f.planned, func(one *fault) bool { return one.meets != nil }) {
		return
	}
	doc, err := decodeObject(body)
	if err != nil {
		return
	}
	if next := nextOf(c.resource, doc); next != "" {
		holder, name := listIn(c.resource, doc)
		f.trail.add(c.resource+" "+next, step{c.token, holder[name]})
	}
}

// madeUp is what a token begins with that leads to the very page that was asked for; nothing follows it where that was the first.
// A link has the parameter later instead.
var madeUp = regexp.MustCompile(`^later\.[0-9]+\.`)

// readToken reads the request's body, so that it can wait for its answer, and what page it asks for.
func (c *call) readToken() error {
	body, err := io.ReadAll(io.LimitReader(c.http.Body, maxSearchBody))
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	query := c.http.URL.Query()
	switch {
	case c.resource == companies:
		c.token = query.Get("scroll_param")
	case c.resource == activityLogs && query.Get("page") != "":
		c.token = c.http.URL.RequestURI()
	case c.http.Method == http.MethodPost:
		var req searchRequest
		if json.Unmarshal(body, &req) == nil && req.Pagination.StartingAfter != nil {
			c.token = *req.Pagination.StartingAfter
		}
	}
	c.http.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// listIn finds the list of records in a resource's answer.
func listIn(resource string, doc map[string]any) (holder map[string]any, name string) {
	switch resource {
	case conversationParts:
		inner, _ := doc[resource].(map[string]any)
		return inner, resource
	case contacts, companies, tags, companyAttributes, contactAttributes, companySegments:
		return doc, "data"
	}
	return doc, resource
}

func recordsIn(resource string, doc map[string]any) []map[string]any {
	holder, name := listIn(resource, doc)
	list, _ := holder[name].([]any)
	var records []map[string]any
	for _, item := range list {
		if record, ok := item.(map[string]any); ok {
			records = append(records, record)
		}
	}
	return records
}

// nextOf is the token of the next page as a request will carry it.
func nextOf(resource string, doc map[string]any) string {
	pages, _ := doc["pages"].(map[string]any)
	switch next := pages["next"].(type) {
	case string:
		if u, err := url.Parse(next); err == nil {
			return u.RequestURI()
		}
	case map[string]any:
		token, _ := next["starting_after"].(string)
		return token
	}
	token, _ := doc["scroll_param"].(string)
	return token
}

// leadTo makes the answer's token lead elsewhere.
func leadTo(c *call, doc map[string]any, token string) {
	pages, ok := doc["pages"].(map[string]any)
	if !ok {
		return
	}
	if c.resource == activityLogs {
		pages["next"] = "http://" + c.http.Host + token
		return
	}
	pages["next"] = map[string]any{"page": 2, "starting_after": token}
}

// repeatPage shows the records of the page before; the token goes on, as if nothing had happened.
func repeatPage(_ *API, c *call, doc map[string]any) {
	holder, name := listIn(c.resource, doc)
	holder[name] = c.before.list
}

// leadBack makes two pages lead to each other.
func leadBack(_ *API, c *call, doc map[string]any) { leadTo(c, doc, c.before.token) }

// putOff answers nothing, and a token that was not seen before and leads to the same page.
func putOff(a *API, c *call, doc map[string]any) {
	a.faults.mu.Lock()
	a.faults.later++
	nth := strconv.Itoa(a.faults.later)
	a.faults.mu.Unlock()
	holder, name := listIn(c.resource, doc)
	holder[name] = []any{}
	if c.resource != activityLogs {
		leadTo(c, doc, "later."+nth+"."+without(c.token))
		return
	}
	query := c.http.URL.Query()
	query.Set("later", nth)
	leadTo(c, doc, c.http.URL.EscapedPath()+"?"+query.Encode())
}

// endEarly ends the listing before its end. What the API says of the number of records stays.
func endEarly(_ *API, c *call, doc map[string]any) {
	holder, name := listIn(c.resource, doc)
	holder[name] = []any{}
	if pages, ok := doc["pages"].(map[string]any); ok {
		delete(pages, "next")
	}
}

// altered lays a fault over the answer to a request that was served.
func (a *API) altered(f fault, c *call, body []byte) []byte {
	a.faults.follow(c, body)
	if f.alter == nil {
		return body
	}
	doc, err := decodeObject(body)
	if err != nil {
		return body
	}
	f.alter(a, c, doc)
	if changed, err := encode(doc); err == nil {
		return changed
	}
	return body
}

// without strips what putOff made up from a token.
func without(token string) string { return madeUp.ReplaceAllString(token, "") }

// atFirst reports whether a token leads to the first page.
func atFirst(token string) bool { return token != "" && without(token) == "" }
