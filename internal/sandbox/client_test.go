package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// epoch is the time at which the tests' workspaces begin: a day with a change of summer time nearby.
var epoch = time.Date(2025, time.November, 24, 3, 0, 0, 0, time.UTC)

// clock is a clock that moves when it is told to.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return epoch.Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// client is a plain client of the sample API: no retries, no cleverness.
type client struct {
	t     testing.TB
	base  string
	token string
	http  *http.Client
}

// newTestAPI serves an API with a fake clock.
func newTestAPI(t testing.TB, cfg APIConfig) (*API, *client, *clock) {
	t.Helper()
	clk := &clock{}
	cfg.Now = clk.now
	if cfg.RateLimit == 0 {
		cfg.RateLimit = -1
	}
	api := NewAPI(cfg)
	srv := httptest.NewServer(api)
	t.Cleanup(srv.Close)
	return api, &client{t, srv.URL, "secret", srv.Client()}, clk
}

// answer is a response as the tests look at it.
type answer struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// code returns the first error's code.
func (a answer) code() string {
	list, _ := a.body["errors"].([]any)
	if len(list) == 0 {
		return ""
	}
	first, _ := list[0].(map[string]any)
	code, _ := first["code"].(string)
	return code
}

func (a answer) message() string {
	list, _ := a.body["errors"].([]any)
	if len(list) == 0 {
		return ""
	}
	text, _ := list[0].(map[string]any)["message"].(string)
	return text
}

func (c *client) request(method, path string, body []byte) *http.Request {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Intercom-Version", "2.11")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

// try sends a request and returns what came of it.
func (c *client) try(req *http.Request) (answer, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, header: resp.Header, raw: raw}
	if err != nil {
		return a, err
	}
	if json.Valid(raw) && bytes.HasPrefix(raw, []byte("{")) {
		if a.body, err = decodeObject(raw); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (c *client) do(req *http.Request) answer {
	c.t.Helper()
	a, err := c.try(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	return a
}

func (c *client) get(path string) answer {
	c.t.Helper()
	return c.do(c.request(http.MethodGet, path, nil))
}

func (c *client) post(path, body string) answer {
	c.t.Helper()
	return c.do(c.request(http.MethodPost, path, []byte(body)))
}

// records returns the list in an answer.
func (a answer) records(name string) []map[string]any {
	list, _ := a.body[name].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, item := range list {
		if record, ok := item.(map[string]any); ok {
			out = append(out, record)
		}
	}
	return out
}

func (a answer) next() map[string]any {
	pages, _ := a.body["pages"].(map[string]any)
	next, _ := pages["next"].(map[string]any)
	return next
}

// searchAll reads a search to its end and fails the test when a page is not a page.
func (c *client) searchAll(resource, list, query, order string, size int) []map[string]any {
	c.t.Helper()
	var out []map[string]any
	after := ""
	for {
		body := fmt.Sprintf(`{"query":%s,"sort":{"field":"updated_at","order":%q},"pagination":{"per_page":%d%s}}`, query, order, size, after)
		a := c.post("/"+resource+"/search", body)
		if a.status != http.StatusOK {
			c.t.Fatalf("search %s: %d %s", resource, a.status, a.raw)
		}
		out = append(out, a.records(list)...)
		next := a.next()
		if next == nil {
			return out
		}
		after = fmt.Sprintf(`,"starting_after":%q`, next["starting_after"])
	}
}

// scrollAll reads a scroll over all companies.
func (c *client) scrollAll() []map[string]any {
	c.t.Helper()
	var out []map[string]any
	path := "/companies/scroll"
	for {
		a := c.get(path)
		if a.status != http.StatusOK {
			c.t.Fatalf("scroll: %d %s", a.status, a.raw)
		}
		page := a.records("data")
		if len(page) == 0 {
			return out
		}
		out = append(out, page...)
		path = "/companies/scroll?scroll_param=" + a.body["scroll_param"].(string)
	}
}
