package extract

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answers are given one after the other; the last is given again.
type answerOf struct {
	status int
	body   string
	header map[string]string
}

func newShopOf(t *testing.T, actions string, answers ...answerOf) (*shop, *int) {
	t.Helper()
	asked := 0
	s := newShop(t, shopOf("{ type: none }", ", response_actions: ["+actions+"]"), func(w http.ResponseWriter, _ *http.Request) {
		a := answers[min(asked, len(answers)-1)]
		asked++
		for name, value := range a.header {
			w.Header().Set(name, value)
		}
		send(w, a.status, a.body)
	})
	return s, &asked
}

func TestResponseActions(t *testing.T) {
	t.Parallel()
	const item, busy = oneItem, `{"status":"busy","code":17}`
	for name, test := range map[string]struct {
		actions string
		answers []answerOf
		kind    Kind // 0: success
		words   string
		asked   int
		records string
	}{
		"ignored":            {"{ status_code: 403, action: ignore }", []answerOf{{403, "", nil}}, 0, "", 1, ""},
		"empty":              {"{ status_code: 4xx, action: empty }", []answerOf{{422, "", nil}}, 0, "", 1, ""},
		"as text":            {`{ status_code: "404", action: empty }`, []answerOf{{404, "", nil}}, 0, "", 1, ""},
		"another status":     {"{ status_code: 404, action: empty }", []answerOf{{403, "", nil}}, KindUnauthorized, "403", 1, ""},
		"not 410":            {"{ status_code: 404, action: empty }", []answerOf{{410, "", nil}}, KindNotFound, "410", 1, ""},
		"another class":      {"{ status_code: 4xx, action: empty }", []answerOf{{503, "", nil}}, KindUnavailable, "(8 attempts)", 8, ""},
		"first counts":       {"{ status_code: 403, action: fail }, { status_code: 4xx, action: ignore }", []answerOf{{403, "", nil}}, KindUnauthorized, "403", 1, ""},
		"no retry":           {"{ status_code: 5xx, action: fail, hint: call them }", []answerOf{{503, "", nil}}, KindUnavailable, "503", 1, ""},
		"retried":            {"{ status_code: 404, action: retry }", []answerOf{{404, "", nil}, {404, "", nil}, {200, item, nil}}, 0, "", 3, "1"},
		"retried in vain":    {"{ status_code: 404, action: retry }", []answerOf{{404, "", nil}}, KindUnavailable, "404 not found: (8 attempts)", 8, ""},
		"content":            {"{ status_code: 400, content: busy, action: retry }", []answerOf{{400, busy, nil}, {200, item, nil}}, 0, "", 2, "1"},
		"other content":      {"{ status_code: 400, content: busi, action: retry }", []answerOf{{400, busy, nil}}, KindRejected, "400", 1, ""},
		"content in a 200":   {"{ content: busy, action: retry }", []answerOf{{200, busy, nil}, {200, item, nil}}, 0, "", 2, "1"},
		"content of records": {"{ content: busy, action: fail }", []answerOf{{200, `{"items":[{"id":1,"note":"busy"}]}`, nil}}, 0, "", 1, "1"},
		"when":               {"{ when: response.code == 17 and status == 200, action: retry }", []answerOf{{200, busy, nil}, {200, item, nil}}, 0, "", 2, "1"},
		"when in records":    {"{ when: response.code == 17, action: fail }", []answerOf{{200, `{"items":[{"id":1}],"code":17}`, nil}}, KindProtocol, "the answer says OK, but response action 1 (fail)", 1, ""},
		"when by header":     {`{ when: "headers['x-state'] == 'off'", action: empty }`, []answerOf{{503, "", map[string]string{"X-State": "off"}}}, 0, "", 1, ""},
		"no content":         {"{ status_code: 204, action: empty }", []answerOf{{204, "", nil}}, 0, "", 1, ""},
		"no content untold":  {"{ status_code: 404, action: empty }", []answerOf{{204, "", nil}}, KindProtocol, "it has no content", 1, ""},
		"not made yet":       {"{ status_code: 202, action: retry }", []answerOf{{202, "{}", nil}, {200, item, nil}}, 0, "", 2, "1"},
		"when without JSON":  {"{ when: response.get('code') == 17, action: fail }", []answerOf{{404, "<html>", nil}}, KindNotFound, "404", 1, ""},
		"when breaks":        {"{ when: response.code + 'x' == 1, action: ignore }", []answerOf{{404, `{"code":1}`, nil}}, KindProtocol, "response action 1 (ignore): when: ", 1, ""},
		"error as usual":     {"{ status_code: 400, action: ignore }", []answerOf{{200, `{"error":{"code":"bad"}}`, nil}}, KindProtocol, "holds an error: bad", 1, ""},
		"error overridden":   {"{ when: response.error.code == 'none', action: empty }", []answerOf{{200, `{"error":{"code":"none"}}`, nil}}, 0, "", 1, ""},
		"HTML in a 200":      {"{ content: maintenance, action: fail }", []answerOf{{200, `<html>maintenance`, nil}}, KindProtocol, "not readable as JSON", 1, ""},
		"middle": {"{ status_code: 4xx, action: ignore }", []answerOf{{200, `{"items":[{"id":1}],"next":"/items?p=2"}`, nil}, {403, "", nil}},
			KindIncomplete, "403 forbidden: response action 1 (ignore) is for the beginning of a listing", 2, "1"},
		"middle, empty": {"{ when: response.off, action: empty }", []answerOf{{200, `{"items":[{"id":1}],"next":"/items?p=2"}`, nil}, {200, `{"off":true}`, nil}},
			KindIncomplete, "is for the beginning of a listing", 2, "1"},
		"begun again": {"{ status_code: 4xx, action: ignore }", []answerOf{{200, `{"items":[{"id":1}],"next":"/items?p=2"}`, nil}, {404, "", nil}, {404, "", nil}},
			KindIncomplete, "404", 3, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, asked := newShopOf(t, test.actions, test.answers...)
			pages, err := s.read("items", Position{})
			var e *Error
			if errors.As(err, &e) != (test.kind != 0) || e != nil && (e.Kind != test.kind || !strings.Contains(err.Error(), test.words)) {
				t.Errorf("got %v, want %v with %q", err, test.kind, test.words)
			}
			if *asked != test.asked || keys(pages) != test.records {
				t.Errorf("%d requests, records %q", *asked, keys(pages))
			}
			if name == "no retry" && e.Hint != "call them" {
				t.Errorf("hint %q", e.Hint)
			}
			if done := len(pages) > 0 && pages[len(pages)-1].After.Done; done != (err == nil) {
				t.Errorf("done: %v", done)
			}
		})
	}
}

func TestWaitAction(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		actions string
		header  map[string]string
		want    time.Duration
	}{
		"its own":     {"{ when: response.status == 'busy', action: wait, wait: 45s }", nil, 45 * time.Second},
		"as asked":    {"{ when: response.status == 'busy', action: wait, wait: 45s }", map[string]string{"Retry-After": "7"}, 7 * time.Second},
		"at most":     {"{ content: busy, action: wait }", map[string]string{"Retry-After": "86400"}, 5 * time.Minute},
		"as it likes": {"{ content: busy, action: wait }", nil, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, asked := newShopOf(t, test.actions, answerOf{200, `{"status":"busy"}`, test.header})
			_, err := s.read("items", Position{})
			wantKind(t, err, KindUnavailable, "(8 attempts)")
			slept := s.clock.Slept()
			if *asked != 8 || len(slept) > 7 || len(slept) < 5 { // what is drawn may be nothing
				t.Errorf("%d requests, slept %v", *asked, slept)
			}
			for _, d := range slept {
				if test.want > 0 && d != test.want {
					t.Errorf("slept %v, want %v", d, test.want)
				}
			}
			if !strings.Contains(s.reasons(), "response action 1 (wait)") || !strings.Contains(s.reasons(), "attempt 8 of 8 follows") {
				t.Errorf("told %q", s.reasons())
			}
		})
	}
}

// What a file waits for of a 403 is a limit for all that we ask, as a 429 is: nobody sends in the meantime.
func TestWaitsThatAreForAll(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first answerOf
		all   bool
	}{
		"as asked":         {answerOf{403, `{"message":"slow down"}`, map[string]string{"Retry-After": "45"}}, true},
		"its own":          {answerOf{403, `{"message":"slow down"}`, nil}, true},
		"429 without word": {answerOf{429, `{"message":"slow down"}`, nil}, true},
		"of one resource":  {answerOf{409, `{"message":"slow down"}`, nil}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := newShopOf(t, "{ content: slow down, action: wait, wait: 45s }", test.first, answerOf{200, oneItem, nil})
			s.mustRead("items", Position{})
			if slept := s.clock.Slept(); len(slept) != 1 || slept[0] != 45*time.Second {
				t.Errorf("slept %v", slept)
			}
			if all := s.reasons() == "rate limit"; all != test.all {
				t.Errorf("waits for %q", s.reasons())
			}
		})
	}
}

// APIs tell what is wrong in general and in particular.
func TestWordsOfErrors(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"message":"Validation Failed","errors":[{"resource":"Issue","field":"since","code":"invalid"}]}`:               `422 invalid: Validation Failed; (field since)`,
		`{"message":"Validation Failed","errors":["since is no time"]}`:                                                  `Validation Failed; since is no time`,
		`{"error":{"message":"Invalid Input Provided","code":2001,"errors":["Offset must be a number","and positive"]}}`: `422 2001: Invalid Input Provided; Offset must be a number; and positive`,
		`{"errors":[{"code":"x","message":"y"}]}`:                                                                        `422 x: y`,
		`{"error":"invalid_grant"}`: `invalid_grant`,
	} {
		s, _ := newShopOf(t, "{ status_code: 404, action: empty }", answerOf{422, body, nil})
		_, err := s.read("items", Position{})
		wantKind(t, err, KindRejected, want)
	}
}

// TestIgnoredFirstPageOfACheck: what a file takes for nothing is no failure of a preflight or a plan either.
func TestIgnoredFirstPageOfACheck(t *testing.T) {
	t.Parallel()
	s, _ := newShopOf(t, "{ status_code: 403, action: ignore }", answerOf{403, "", nil})
	if err := s.c.Check(t.Context(), s.src.Resource("items")); err != nil {
		t.Error(err)
	}
}

func TestChildActions(t *testing.T) {
	t.Parallel()
	file := strings.Replace(small, "/items\" }", "/items\", paginator: { type: json_link, next_url_path: next }, ACTIONS }", 1)
	for actions, want := range map[string]string{
		"":                                 "gone",
		"status_code: 404, action: empty":  "complete",
		"status_code: 404, action: fail":   "404 not found",
		"status_code: 404, action: ignore": "gone",
	} {
		text := "response_actions: []"
		if actions != "" {
			text = "response_actions: [{ " + actions + " }]"
		}
		s := newShop(t, strings.Replace(file, "ACTIONS", text, 1), nil)
		next := ""
		s.api = func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery == "a=1&b=2" && next != "" {
				send(w, 200, `{"data":[{"id":1}],"next":"/orders/7/items?p=2"}`)
				return
			}
			send(w, 404, "")
		}
		parent := Record{Key: "7", JSON: []byte(`{"id":7}`)}
		_, complete, gone, err := s.c.Children(t.Context(), s.src.Resource("items"), parent)
		got := map[bool]string{true: "gone"}[gone] + map[bool]string{true: "complete"}[complete]
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s", actions, got)
		}
		next = "x"
		recs, complete, gone, err := s.c.Children(t.Context(), s.src.Resource("items"), parent)
		if err == nil || complete || gone || recs != nil {
			t.Errorf("%s: a list that breaks off in the middle gave %d records, %v, %v", actions, len(recs), complete, gone)
		}
	}
}

func TestMistakesInActions(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{
		`{ action: ignore }`:                            `would match every answer`,
		`{ status_code: 404 }`:                          `has no action (known: ignore, empty,`,
		`{ status_code: 404, action: ignor }`:           `unknown action "ignor" (did you mean "ignore"?)`,
		`{ status_code: 2xx, action: retry }`:           `for every success: say which`,
		`{ status_code: 200, action: retry }`:           `for every success: say which`,
		`{ status_code: 6xx, action: retry }`:           `want a status such as 404, or a class`,
		`{ status_code: [404], action: retry }`:         `want a status such as 404`,
		`{ content: "", action: retry }`:                `content: want the text to look for`,
		`{ when: respons.x, action: retry }`:            `when: unknown name "respons" (did you mean "response"?)`,
		`{ when: config.kye, action: retry }`:           `no setting "kye"`,
		`{ when: now_utc(), action: retry }`:            `when: now_utc is not available here`,
		`{ when: 1 +, action: retry }`:                  `when: `,
		`{ when: [a], action: retry }`:                  `when: want an expression, not a list`,
		`{ status_code: 404, action: retry, wait: 5s }`: `wait: is for action: wait`,
		`{ status_code: 404, action: wait, wait: 6m }`:  `at most 5m0s`,
		`{ status_code: 404, action: retry, hint: x }`:  `hint is for action: fail`,
		`{ status_code: 404, action: retry, hnt: x }`:   `unknown field "hnt" (did you mean "hint"?)`,
	} {
		_, err := Load("shop.yaml", []byte(shopOf("{ type: none }", ", response_actions: ["+action+"]")))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q in\n%v", action, want, err)
		}
	}
}

// TestIgnoredSecondReading: a listing that showed records a moment ago is not empty because its repetition is refused.
func TestIgnoredSecondReading(t *testing.T) {
	t.Parallel()
	asked := 0
	s := newShop(t, shopOf("{ type: none }", ", total_path: total, response_actions: [{ status_code: 403, action: ignore }]"), func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked > 1 {
			send(w, 403, "")
			return
		}
		send(w, 200, `{"items":[{"id":1}],"total":2}`)
	})
	_, err := s.read("items", Position{})
	wantKind(t, err, KindIncomplete, "403")
}

// TestProbeOfNothing: so a plan can be made.
func TestProbeOfNothing(t *testing.T) {
	t.Parallel()
	file := strings.Replace(small, "path: /orders,", "path: /orders, response_actions: [{ status_code: 404, action: empty }],", 1)
	s := newShop(t, file, func(w http.ResponseWriter, _ *http.Request) { send(w, 404, "") })
	p, err := s.c.Probe(t.Context(), s.src.Resource("orders"), time.Time{})
	if err != nil || p.Total != 0 || !p.Clock.Equal(epoch) {
		t.Errorf("%+v, %v", p, err)
	}
}
