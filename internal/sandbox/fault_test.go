package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

// search asks for the first page of five, or for the one that a token leads to.
func (c *client) search(resource, token string) answer {
	c.t.Helper()
	after := ""
	if token != "" {
		after = fmt.Sprintf(`,"starting_after":%q`, token)
	}
	return c.post("/"+resource+"/search", fmt.Sprintf(`{"query":%s,"sort":{"field":"updated_at","order":"ascending"},"pagination":{"per_page":5%s}}`, everything, after))
}

func (a answer) token() string {
	token, _ := a.next()["starting_after"].(string)
	return token
}

func ids(records []map[string]any) string {
	var all []string
	for _, r := range records {
		all = append(all, fmt.Sprint(r["id"]))
	}
	return strings.Join(all, " ")
}

func TestKindsOfStatuses(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 10})
	for kind, want := range map[string]struct {
		status                   int
		code, retryAfter, begins string
	}{
		"server_error":      {500, "server_error", "", "{"},
		"unavailable":       {503, "service_unavailable", "", "{"},
		"bad_gateway":       {502, "", "", "<html>"},
		"rate_limited":      {429, "rate_limit_exceeded", "1", "{"},
		"rate_limited_bare": {429, "rate_limit_exceeded", "", "{"},
		"error_in_200":      {200, "server_error", "", `{"type":"error.list"`},
		"errors_in_200":     {200, "", "", `{"errors":[{"message":"Something`},
	} {
		c.control("/_sandbox/fail?resource=tags&kind=" + kind)
		a := c.get("/tags")
		if a.status != want.status || a.code() != want.code || a.header.Get("Retry-After") != want.retryAfter || !strings.HasPrefix(string(a.raw), want.begins) {
			t.Errorf("%s: %d %v %s", kind, a.status, a.header, a.raw)
		}
	}
	c.control("/_sandbox/fail?resource=tags&kind=rate_limited&retry_after=30&status=503&n=2")
	if a := c.get("/tags"); a.status != 503 || a.header.Get("Retry-After") != "30" {
		t.Errorf("what is said beside a kind does not count: %d %v", a.status, a.header)
	}
}

func TestKindsOfBrokenAnswers(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 60})
	c.http = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // or the transport tries a GET again by itself
	req := func() *http.Request { return c.request(http.MethodGet, "/tags", nil) }
	for kind, want := range map[string]error{"dropped": io.EOF, "truncated": io.ErrUnexpectedEOF, "reset": syscall.ECONNRESET, "reset_midway": syscall.ECONNRESET} {
		c.control("/_sandbox/fail?resource=tags&kind=" + kind)
		if a, err := c.try(req()); !errors.Is(err, want) {
			t.Errorf("%s: %d %v, want %v", kind, a.status, err, want)
		}
	}
	c.control("/_sandbox/fail?resource=tags&kind=malformed")
	if a := c.do(req()); a.status != 200 || json.Valid(a.raw) || len(a.raw) < 100 {
		t.Errorf("malformed: %d %s", a.status, a.raw)
	}
	if a := c.do(req()); a.status != 200 || !json.Valid(a.raw) {
		t.Errorf("afterwards: %d %s", a.status, a.raw)
	}
}

// A dripping answer waits between its pieces on the injected sleep, and arrives whole.
func TestDrip(t *testing.T) {
	t.Parallel()
	slept := make(chan time.Duration, dripPieces)
	_, c, _ := newTestAPI(t, APIConfig{Size: 60, Sleep: func(ctx context.Context, d time.Duration) error {
		slept <- d
		return ctx.Err()
	}})
	want := c.get("/tags").raw
	c.control("/_sandbox/fail?resource=tags&kind=drip&drip=7s")
	if got := c.get("/tags").raw; string(got) != string(want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(slept) != dripPieces || <-slept != 7*time.Second {
		t.Errorf("%d waits", len(slept)+1)
	}
}

// A hanging request ends with its client, also where it has a body, or with the healing: then it is served.
func TestHang(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Size: 10})
	c.control("/_sandbox/fail?resource=*&kind=hang&permanent=1")
	flying := func(n int) {
		t.Helper()
		for range 5000 {
			if api.Stats().InFlight == n {
				return
			}
			c.get("/_sandbox/stats") // gives the server its turn
		}
		t.Fatalf("%d in flight, want %d", api.Stats().InFlight, n)
	}
	for _, req := range []*http.Request{c.request(http.MethodGet, "/tags", nil), c.request(http.MethodPost, "/contacts/search", []byte(`{"query":`+everything+`}`))} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			_, err := c.try(req.WithContext(ctx))
			ended <- err
		}()
		flying(1)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		flying(0)
	}
	req, served := c.request(http.MethodGet, "/tags", nil), make(chan answer)
	go func() {
		a, _ := c.try(req)
		served <- a
	}()
	flying(1)
	c.control("/_sandbox/heal")
	if a := <-served; a.status != 200 || len(a.records("data")) == 0 {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestPagesThatLeadAstray(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 20})
	first := c.search(contacts, "")
	second := c.search(contacts, first.token())
	third := c.search(contacts, second.token())
	list := func(a answer) string { return ids(a.records("data")) }

	c.control("/_sandbox/fail?resource=contacts&kind=duplicate_page")
	if a := c.search(contacts, ""); list(a) != list(first) || a.token() != first.token() {
		t.Error("there is no page before the first one")
	}
	if a := c.search(contacts, first.token()); list(a) != list(first) || a.token() != second.token() {
		t.Errorf("want the first page once more, and the second's token: %s %s", list(a), a.token())
	}
	if a := c.search(contacts, first.token()); list(a) != list(second) {
		t.Error("the fault strikes twice")
	}

	c.control("/_sandbox/fail?resource=contacts&kind=looping_cursor&permanent=1")
	token, seen := "", ""
	for range 7 {
		a := c.search(contacts, token)
		seen, token = seen+list(a)+"|", a.token()
	}
	round := list(second) + "|" + list(third) + "|"
	if want := list(first) + "|" + round + round + round; seen != want {
		t.Errorf("got %s, want %s", seen, want)
	}
	c.control("/_sandbox/heal")

	c.control("/_sandbox/fail?resource=contacts&kind=empty_page&n=3")
	token = ""
	tokens := map[string]bool{}
	for range 3 {
		a := c.search(contacts, token)
		if token = a.token(); list(a) != "" || token == "" || tokens[token] {
			t.Errorf("%s", a.raw)
		}
		tokens[token] = true
	}
	if a := c.search(contacts, token); list(a) != list(first) || a.token() != first.token() {
		t.Errorf("the empty pages do not lead to the first: %s", a.raw)
	}
	c.control("/_sandbox/fail?resource=contacts&kind=empty_page")
	if a := c.search(contacts, c.search(contacts, first.token()).token()); list(a) != list(second) {
		t.Errorf("the empty page does not lead to the second: %s", a.raw)
	}

	c.control("/_sandbox/fail?resource=contacts&kind=early_end")
	if a := c.search(contacts, first.token()); list(a) != "" || a.next() != nil || fmt.Sprint(a.body["total_count"]) != "20" {
		t.Errorf("%s", a.raw)
	}
}

// Links lead astray as tokens do, and a scroll repeats its pages.
func TestLinksAndScrollsThatLeadAstray(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 1500})
	logs := func(path string) (string, string) {
		a := c.get(path)
		return ids(a.records(activityLogs)), nextPath(c, a)
	}
	const begin = "/admins/activity_logs?created_at_after=1"
	first, to2 := logs(begin)
	second, to3 := logs(to2)
	c.control("/_sandbox/fail?resource=activity_logs&kind=empty_page&n=2")
	none, later := logs(begin)
	_, evenLater := logs(later)
	if got, next := logs(evenLater); none != "" || later == evenLater || got != first || next != to2 {
		t.Errorf("%q, %s, %s, %s", none, later, evenLater, next)
	}
	c.control("/_sandbox/fail?resource=activity_logs&kind=duplicate_page")
	_, _ = logs(begin)
	if got, next := logs(to2); got != first || next != to3 {
		t.Errorf("got %s, %s", got, next)
	}
	c.control("/_sandbox/fail?resource=activity_logs&kind=looping_cursor")
	_, _ = logs(begin)
	_, _ = logs(to2)
	_, back := logs(to3)
	if got, _ := logs(back); back != to2 || got != second {
		t.Errorf("%s leads to %s, want %s", to3, back, to2)
	}

	c.control("/_sandbox/fail?resource=companies&kind=duplicate_page")
	a := c.get("/companies/scroll")
	b := c.get("/companies/scroll?scroll_param=" + a.body["scroll_param"].(string))
	if ids(a.records("data")) != ids(b.records("data")) {
		t.Error("the scroll's first page is not shown again")
	}
}

func TestRecordsThatAreSpoilt(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 20})
	id := c.search(conversations, "").records(conversations)[0]["id"]
	for path, test := range map[string]struct {
		resource, key string
		records       func(answer) []map[string]any
	}{
		"/tags":                          {tags, "id", func(a answer) []map[string]any { return a.records("data") }},
		"/data_attributes?model=contact": {contactAttributes, "full_name", func(a answer) []map[string]any { return a.records("data") }},
		"/admins/activity_logs?created_at_after=1": {activityLogs, "id", func(a answer) []map[string]any { return a.records(activityLogs) }},
		fmt.Sprint("/conversations/", id): {conversationParts, "id", func(a answer) []map[string]any {
			list, _ := a.body[conversationParts].(map[string]any)
			return answer{body: list}.records(conversationParts)
		}},
	} {
		c.control("/_sandbox/fail?kind=no_key&resource=" + test.resource)
		c.control("/_sandbox/fail?kind=null_key&resource=" + test.resource)
		without, null, good := test.records(c.get(path)), test.records(c.get(path)), test.records(c.get(path))
		if len(without) < 2 || len(without) != len(good) {
			t.Fatalf("%s: %d records of %d", path, len(without), len(good))
		}
		_, there := without[0][test.key]
		member, still := null[0][test.key]
		if there || !still || member != nil || good[0][test.key] == nil || !reflect.DeepEqual(without[1], good[1]) {
			t.Errorf("%s: %v %v %v", path, without[0], null[0], good[0])
		}
	}
	c.control("/_sandbox/fail?resource=contacts&kind=text_cursor")
	list := c.search(contacts, "").records("data")
	if _, text := list[0]["updated_at"].(string); !text {
		t.Errorf("%v", list[0])
	}
	if _, number := list[1]["updated_at"].(json.Number); !number {
		t.Errorf("%v", list[1])
	}
}

// What changes its types changes for good, in what is read and in the truth, and counts as updated.
func TestTypeDrift(t *testing.T) {
	t.Parallel()
	for resource, shown := range map[string][]string{contacts: {contacts}, tags: {tags}, conversationParts: {conversationParts}, companySegments: {segments, companySegments}, activityLogs: {activityLogs}} {
		api, c, clk := newTestAPI(t, APIConfig{Size: 60})
		clk.advance(time.Minute)
		c.control("/_sandbox/fail?kind=type_drift&resource=" + resource)
		read := c.crawl(resource)
		if resource == conversationParts {
			read = c.crawl(resource) // the first conversation that was asked for was not in the list any more
		}
		for _, name := range shown {
			types := map[string]bool{}
			for key, doc := range api.Truth(name) {
				record, err := decodeObject(doc)
				if err != nil {
					t.Fatal(err)
				}
				if _, drifted := record["drift"]; !drifted {
					t.Fatalf("%s: %s does not drift: %s", name, key, doc)
				}
				types[fmt.Sprintf("%T", record["drift"])] = true
				if now := fmt.Sprint(clk.now().Unix()); resource == contacts && fmt.Sprint(record["updated_at"]) != now {
					t.Errorf("%s: %s is not updated: %s", name, key, doc)
				}
				if name == resource && !reflect.DeepEqual(read[key], record) {
					t.Errorf("%s: read %v, the truth is %s", key, read[key], doc)
				}
			}
			if len(types) < 4 {
				t.Errorf("%s: types %v", name, types)
			}
		}
	}
}

func TestMutate(t *testing.T) {
	t.Parallel()
	for _, resource := range Resources() {
		api, c, clk := newTestAPI(t, APIConfig{Size: 30})
		before := api.Truth(resource)
		c.crawl(resource)
		if len(diff(before, api.Truth(resource))) != 0 {
			t.Fatalf("%s change by themselves", resource)
		}
		clk.advance(time.Minute)
		c.control("/_sandbox/fail?kind=mutate&permanent=1&resource=" + resource)
		for range 3 {
			c.crawl(resource)
		}
		if len(diff(before, api.Truth(resource))) < 2 {
			t.Errorf("%s: %v", resource, diff(before, api.Truth(resource)))
		}
	}
}

func TestFaultsAreListed(t *testing.T) {
	t.Parallel()
	flagged, err := ParseFault("malformed:contacts:3")
	if err != nil {
		t.Fatal(err)
	}
	_, c, _ := newTestAPI(t, APIConfig{Size: 10, Faults: []Fault{flagged}})
	c.control("/_sandbox/fail?resource=*&kind=hang&permanent=1&after=4")
	c.control("/_sandbox/fail?resource=tags&status=503&n=2")
	var list FaultList
	if err := json.Unmarshal(c.get("/_sandbox/faults").raw, &list); err != nil {
		t.Fatal(err)
	}
	want := []ArmedFault{{Resource: contacts, Kind: "malformed", N: 3}, {Resource: "*", Kind: "hang", After: 4, Permanent: true}, {Resource: tags, N: 2}}
	if !reflect.DeepEqual(list.Armed, want) {
		t.Errorf("got %+v, want %+v", list.Armed, want)
	}
	if len(list.Kinds) != len(kinds()) {
		t.Errorf("%d kinds", len(list.Kinds))
	}
	for _, k := range list.Kinds {
		if k.Says == "" {
			t.Errorf("%s is not explained", k.Kind)
		}
	}
	c.control("/_sandbox/heal")
	if a := c.get("/_sandbox/faults"); !strings.Contains(string(a.raw), `"armed":[]`) {
		t.Errorf("%s", a.raw)
	}
}

func TestFaultsThatCannotBe(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 10})
	for query, says := range map[string]string{
		"resource=tags&kind=shrug":                     "there are server_error, unavailable",
		"kind=malformed":                               "name the resource",
		"resource=shoes&kind=malformed":                "shoes",
		"resource=tags&kind=malformed&n=0":             "at least 1",
		"resource=tags&kind=malformed&n=2&permanent=1": "exclude each other",
		"resource=tags&kind=looping_cursor":            "one answer",
		"resource=companies&kind=empty_page":           "an empty page is its end",
		"resource=tags&kind=early_end":                 "how many there are",
		"resource=company_segments&kind=text_cursor":   "not read by a cursor field",
		"resource=tags&kind=drip&drip=soon":            "soon",
	} {
		a := c.do(c.request(http.MethodPost, "/_sandbox/fail?"+query, nil))
		if text, _ := a.body["error"].(string); a.status != http.StatusBadRequest || !strings.Contains(text, says) {
			t.Errorf("%s: %d %s", query, a.status, a.raw)
		}
	}
	for text, says := range map[string]string{"shrug": "there are server_error", "malformed:shoes": "shoes", "malformed:tags:often": "often", "malformed:tags:0": "at least 1", "empty_page:tags": "one answer"} {
		if _, err := ParseFault(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"malformed", "malformed:tags", "malformed::4", "hang:contacts:always"} {
		if _, err := ParseFault(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
