package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testToken = "dG9rOnNlY3JldA==/+x"

// epoch is when the tests take place.
var epoch = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// fakeClock is our clock and the API's: sleeping moves it.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *fakeClock { return &fakeClock{now: epoch} }

func (f *fakeClock) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
	f.slept = append(f.slept, d)
	return ctx.Err()
}

func (f *fakeClock) Slept() []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Duration(nil), f.slept...)
}

// bench is a client with a server of its own.
type bench struct {
	*testing.T
	src    *Source
	c      *Client
	clock  *fakeClock
	server *httptest.Server

	mu    sync.Mutex
	waits []Wait
}

// readSource loads a built-in source file.
func readSource(t testing.TB) *Source {
	t.Helper()
	text, err := os.ReadFile("../sources/intercom.yaml")
	if err != nil {
		t.Fatal(err)
	}
	src, err := Load("sources/intercom.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// newBench serves h and makes a client of the built-in source for it.
func newBench(t *testing.T, h http.HandlerFunc) *bench { return newBenchOf(t, readSource(t), "", h) }

func newBenchOf(t *testing.T, src *Source, prefix string, h http.HandlerFunc) *bench {
	t.Helper()
	b := &bench{T: t, src: src, clock: newClock()}
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", b.clock.Now().UTC().Format(http.TimeFormat))
		h(w, r)
	}))
	t.Cleanup(b.server.Close)
	settings := map[string]string{"base_url": b.server.URL + prefix}
	for _, s := range src.Settings {
		if s.Name == "access_token" {
			settings[s.Name] = testToken
		}
	}
	c, err := NewClient(src, settings, Options{Now: b.clock.Now, Sleep: b.clock.Sleep, OnWait: func(w Wait) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.waits = append(b.waits, w)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b.c = c
	return b
}

// reasons lists why the client waited.
func (b *bench) reasons() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, w := range b.waits {
		if w.Reason != "" {
			all = append(all, w.Reason)
		}
	}
	return strings.Join(all, "; ")
}

// read collects the pages of a resource.
func (b *bench) read(resource string, pos Position) (pages []Page, err error) {
	b.Helper()
	for p, e := range b.c.Pages(b.Context(), b.src.Resource(resource), pos) {
		if e != nil {
			return pages, e
		}
		pages = append(pages, p)
	}
	return pages, nil
}

func (b *bench) mustRead(resource string, pos Position) []Page {
	b.Helper()
	pages, err := b.read(resource, pos)
	if err != nil {
		b.Fatalf("read %s: %v", resource, err)
	}
	if len(pages) == 0 || !pages[len(pages)-1].After.Done {
		b.Fatalf("read %s: the last page does not say that the pass is done: %v", resource, pages)
	}
	return pages
}

// keys lists the keys of the pages' records since the last reading began.
func keys(pages []Page) string {
	var all []string
	for _, p := range pages {
		if p.First {
			all = nil
		}
		for _, r := range p.Records {
			all = append(all, r.Key)
		}
	}
	return strings.Join(all, " ")
}

// wantKind checks an error's kind and that it tells no secret.
func wantKind(t *testing.T, err error, want Kind, words ...string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error of kind %v", err, want)
	}
	if e.Kind != want {
		t.Errorf("got kind %v, want %v: %v", e.Kind, want, err)
	}
	text := err.Error() + " " + e.Hint
	if strings.Contains(text, testToken) || strings.Contains(text, "\n") {
		t.Errorf("error holds the token, or several lines: %q", text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("error does not mention %q: %s", w, text)
		}
	}
	return e
}

func reply(w http.ResponseWriter, status int, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, format, args...)
}

// row is a record of the fake search: updated seconds after the epoch's day began.
type row struct {
	id      string
	updated int64
}

// search serves POST …/search as the vendor does: bounds, order, opaque tokens that are good with the same query only.
type search struct {
	list    string // member that holds the records
	rows    []row
	perPage int
	byDay   bool                                                  // dates are compared by day in UTC
	before  func(w http.ResponseWriter, n int, token string) bool // true: has answered
	count   func(n int) int                                       // changes total_count

	mu       sync.Mutex
	requests []searchRequest
}

type searchRequest struct {
	Query struct {
		Value []struct {
			Operator string
			Value    json.Number
		}
	}
	Sort       struct{ Order string }
	Pagination struct {
		PerPage       int    `json:"per_page"`
		StartingAfter string `json:"starting_after"`
	}
}

func (s *search) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q searchRequest
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		reply(w, 400, `{"type":"error.list","errors":[{"code":"bad_request","message":%q}]}`, err)
		return
	}
	s.mu.Lock()
	s.requests = append(s.requests, q)
	n := len(s.requests)
	s.mu.Unlock()
	if s.before != nil && s.before(w, n, q.Pagination.StartingAfter) {
		return
	}
	found := s.find(q)
	signature := fmt.Sprint(q.Query, q.Sort)
	from := 0
	if t := q.Pagination.StartingAfter; t != "" {
		parts := strings.SplitN(t, "|", 2)
		if parts[1] != signature {
			reply(w, 500, `{"type":"error.list","errors":[{"code":"server_error","message":null}]}`)
			return
		}
		fmt.Sscan(parts[0], &from)
	}
	to := min(from+s.perPage, len(found))
	next := "null"
	if to < len(found) {
		token, _ := json.Marshal(fmt.Sprintf("%d|%s", to, signature))
		next = fmt.Sprintf(`{"page":2,"starting_after":%s}`, token)
	}
	total := len(found)
	if s.count != nil {
		total = s.count(total)
	}
	var objs []string
	for _, f := range found[from:to] {
		objs = append(objs, fmt.Sprintf(`{"type":"x","id":%q,"updated_at":%d}`, f.id, f.updated))
	}
	reply(w, 200, `{"type":"list",%q:[%s],"total_count":%d,"pages":{"type":"pages","next":%s}}`,
		s.list, strings.Join(objs, ","), total, next)
}

// find returns the rows that the query matches, in its order.
func (s *search) find(q searchRequest) []row {
	var found []row
	for _, r := range s.rows {
		ok := true
		for _, f := range q.Query.Value {
			bound, _ := f.Value.Int64()
			t := r.updated
			if s.byDay {
				bound, t = bound/86400, t/86400
			}
			ok = ok && (f.Operator == ">" && t > bound || f.Operator == "<" && t < bound)
		}
		if ok {
			found = append(found, r)
		}
	}
	if q.Sort.Order == "descending" {
		for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
			found[i], found[j] = found[j], found[i]
		}
	}
	return found
}

// count returns how many requests were made.
func (s *search) made() []searchRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]searchRequest(nil), s.requests...)
}

// rowsAt makes a row named a, b, c … for each time, in seconds after the epoch.
func rowsAt(seconds ...int64) []row {
	rows := make([]row, len(seconds))
	for i, s := range seconds {
		rows[i] = row{string(rune('a' + i)), epoch.Unix() + s}
	}
	return rows
}

// window is a window in seconds after the epoch.
func window(start, end int64) Window {
	return Window{epoch.Add(time.Duration(start) * time.Second), epoch.Add(time.Duration(end) * time.Second)}
}
