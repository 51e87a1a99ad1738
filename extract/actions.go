package extract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/extract/expr"
)

// meaning is what an answer that holds no page stands for.
type meaning int

const (
	meansFailure meaning = iota
	meansEmpty           // there are no records
	meansGone            // the parent does not exist any more
)

// action says what an answer means. All that it asks for must match.
type action struct {
	place   int       // in the file's list, from 1; 0: built in
	status  int       // 404; 0: any
	class   int       // 5 for 5xx; 0: any
	content string    // text of the body; "": any
	when    *template // over response, headers, status and config; nil: any
	do      string    // ignore, empty, retry, fail or wait
	wait    time.Duration
	hint    string
}

var whenScope = expr.Scope{Names: []string{"response", "headers", "status", string(scopeConfig)}}

// String names the action in messages.
func (a *action) String() string {
	if a.place == 0 {
		return "what the status means for a substream"
	}
	return fmt.Sprintf("response action %d (%s)", a.place, a.do)
}

// act lets the first action that matches decide on an answer. failure is what it is without one: nil for a page. resp and body are
// whole, or the answer is no success.
func (c *Client) act(q *request, resp *http.Response, body []byte, failure *Error) *Error {
	actions := q.resource.request.actions
	if len(actions) == 0 {
		return failure
	}
	seen := &sight{c: c, q: q, resp: resp, body: body}
	seen.isJSON = seen.good() && failure == nil || checkJSON(body) == nil
	for i := range actions {
		matches, err := seen.matches(&actions[i])
		if err != nil {
			e := c.finish(q.fail(KindProtocol, "%v: when: %v", &actions[i], err), q)
			e.Status = resp.StatusCode
			return e
		}
		if matches {
			return c.decide(q, &actions[i], seen, failure)
		}
	}
	return failure
}

// sight is an answer as the actions see it.
type sight struct {
	c      *Client
	q      *request
	resp   *http.Response
	body   []byte
	isJSON bool
	vars   *expr.Vars // made when the first expression asks
}

func (s *sight) good() bool { return s.resp.StatusCode >= 200 && s.resp.StatusCode <= 299 }

func (s *sight) matches(a *action) (bool, error) {
	switch {
	case a.status != 0 && a.status != s.resp.StatusCode, a.class != 0 && a.class != s.resp.StatusCode/100:
		return false, nil
	case a.content != "" && (!bytes.Contains(s.body, []byte(a.content)) || s.good() && s.holdsRecords()):
		return false, nil
	case a.when == nil:
		return true, nil
	}
	v, err := a.when.Value(s.values())
	return err == nil && expr.Truth(v), err
}

// holdsRecords: a text in a page may be a record's own.
func (s *sight) holdsRecords() bool {
	found := false
	if s.isJSON {
		eachElement(at(s.body, s.q.resource.request.selector), func(json.RawMessage) { found = true })
	}
	return found
}

// values gives the names of a condition their values. An answer that is no JSON is seen as an empty mapping.
func (s *sight) values() expr.Vars {
	if s.vars != nil {
		return *s.vars
	}
	body := s.body
	if !s.isJSON {
		body = []byte("{}")
	}
	vars := (&variables{config: s.c.settings}).vars()
	vars.Values["response"], vars.Values["headers"], vars.Values["status"] = expr.JSON(body), foldedHeaders(s.resp.Header), s.resp.StatusCode
	s.vars = &vars
	return vars
}

// foldedHeaders are an answer's headers as expressions see them: whatever the case of their names.
func foldedHeaders(h http.Header) any {
	headers := make(map[string]any, len(h))
	for name, values := range h {
		headers[name] = strings.Join(values, ", ")
	}
	return expr.Folded(headers)
}

// decide makes of an answer what the action says.
func (c *Client) decide(q *request, a *action, s *sight, failure *Error) *Error {
	e := failure
	if e == nil {
		e = q.fail(KindProtocol, "")
		e.readAPI(s.body)
		e.Message = strings.TrimSuffix(fmt.Sprintf("the answer says OK, but %v takes it for none: %s", a, e.Message), ": ")
		e.Status = s.resp.StatusCode
		e = c.finish(e, q)
	}
	e.transient = false
	switch a.do {
	case "retry", "wait":
		e.Kind, e.transient = KindUnavailable, true
		e.waits, e.pause = a.do == "wait", a.wait
	case "fail":
		if a.hint != "" {
			e.Hint = c.scrub(a.hint)
		}
	case "empty":
		e.means = meansEmpty
	default:
		if e.means = meansEmpty; q.resource.Parent != nil {
			e.means = meansGone
		}
	}
	if e.means != meansFailure && q.token != "" {
		c.midway(e, a)
	}
	return e
}

// midway makes a failure of an answer that would pass for nothing, had the listing not begun: what follows would be missing.
func (c *Client) midway(e *Error, a *action) {
	e.means, e.Kind = meansFailure, KindIncomplete
	why := fmt.Sprintf("%v is for the beginning of a listing, this page is in its middle", a)
	e.Message = strings.TrimSuffix(why+": "+e.Message, ": ")
	e.Hint = "the records behind it would be missing: the position stays before it; for what passes by itself use action: retry"
}
