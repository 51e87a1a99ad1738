package extract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"
)

// refused makes the error for an answer other than 2xx, with the API's own words.
func (c *Client) refused(q *request, status int, body []byte) *Error {
	e := q.fail(kindOfStatus(status), "")
	e.Status = status
	e.transient = e.Kind == KindUnavailable
	e.readAPI(body)
	return c.finish(e, q)
}

func kindOfStatus(status int) Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return KindUnauthorized
	case status == http.StatusNotFound, status == http.StatusGone:
		return KindNotFound
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return KindUnavailable
	case status >= 400:
		return KindRejected
	default:
		return KindProtocol
	}
}

// readAPI takes codes, messages and request id out of an error body. It may hold several errors, a null message, HTML, or
// nothing at all.
func (e *Error) readAPI(body []byte) {
	if checkJSON(body) != nil {
		text := strings.TrimSpace(string(body))
		if text != "" && len(text) <= 200 && !strings.Contains(text, "<") {
			e.Message = text
		}
		return
	}
	e.RequestID = looseText(at(body, []string{"request_id"}))
	var messages []string
	add := func(one json.RawMessage) {
		if text := looseText(one); text != "" { // some list sentences
			messages = append(messages, text)
			return
		}
		if code := looseText(at(one, []string{"code"})); code != "" {
			e.Codes = append(e.Codes, code)
		}
		message := looseText(at(one, []string{"message"}))
		if field := looseText(at(one, []string{"field"})); field != "" {
			message = strings.TrimSpace(message + " (field " + field + ")")
		}
		if message != "" {
			messages = append(messages, message)
		}
	}
	// What is wrong in general stands beside the list of what is wrong in particular, or above it.
	if one := at(body, []string{"error"}); absent(one) {
		add(body)
	} else {
		add(one)
		eachElement(at(one, []string{"errors"}), add)
	}
	eachElement(at(body, []string{"errors"}), add)
	e.Message = strings.Join(messages, "; ")
}

// looseText returns a string's text or a number's digits, and "" for all else.
func looseText(v json.RawMessage) string {
	if absent(v) || v[0] == '{' || v[0] == '[' {
		return ""
	}
	text, err := scalarText(v)
	if err != nil {
		return ""
	}
	return text
}

// finish takes the secrets out of an error and says what a person can do.
func (c *Client) finish(e *Error, q *request) *Error {
	defer func() { e.Hint = c.scrub(e.Hint) }()
	e.URL, e.Message, e.RequestID = c.scrub(e.URL), oneLine(c.scrub(e.Message)), oneLine(c.scrub(e.RequestID))
	for i := range e.Codes {
		e.Codes[i] = oneLine(c.scrub(e.Codes[i]))
	}
	if e.Hint != "" {
		return e
	}
	switch e.Kind {
	case KindUnauthorized:
		e.Hint = "check that the token is valid for " + c.base.Host + " and may read " + q.resource.Name
		if p := q.resource.Permission; p != "" {
			e.Hint += fmt.Sprintf(" (permission %q)", p)
		}
	case KindRejected:
		e.Hint = fmt.Sprintf("compare the path and the parameters of %[1]s in the source file with the API's documentation, and try it with headwater run --dry-run %[1]s", q.resource.Name)
		if q.body != nil {
			shown := c.scrub(string(q.body))
			if len(shown) > 500 {
				shown = shown[:500] + "…"
			}
			e.Hint += "; the request's body was " + shown
		}
	case KindNotFound:
		e.Hint = "check base_url and the path in the source file"
	}
	return e
}

// oneLine keeps what an API says from breaking lines, or a terminal.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || unicode.IsControl(r) }), " ")
}

// brief is what a wait says of the error: the status, or the cause.
func (e *Error) brief() string {
	if e.Status != 0 && (e.Status < 200 || e.Status > 299) {
		return e.status()
	}
	return e.Message
}

// status is the status with the API's codes, or with its usual name where it gave none.
func (e *Error) status() string {
	words := strings.Join(e.Codes, ", ")
	if words == "" {
		words = strings.ToLower(http.StatusText(e.Status))
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, words))
}

// hasCode reports whether the API gave that error code.
func (e *Error) hasCode(code string) bool {
	for _, c := range e.Codes {
		if c == code && code != "" {
			return true
		}
	}
	return false
}
