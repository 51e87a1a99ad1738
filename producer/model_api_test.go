package producer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// modelSource describes modelAPI: one resource of each kind of reading, three with substreams.
const modelSource = `
name: model
settings:
  base_url: { type: url, required: true }
client: { base_url: "{{ config.base_url }}" }
resource_defaults:
  primary_key: id
resources:
  - name: search  # exact seconds, the oldest first, children that show in their parents
    sweep_interval: 20m
    incremental: { cursor_path: updated_at, row_order: asc, step: 240h }
    endpoint:
      path: /search
      data_selector: data
      total_path: total
      params: { from: "{{ stream_interval.start_time }}", to: "{{ stream_interval.end_time }}" }
      paginator: { type: cursor, cursor_path: next, cursor_param: after }
  - name: notes
    parent: search
    include_from_parent: { search_id: id }
    primary_key: [search_id, id]
    sweep_interval: 20m
    endpoint:
      path: "/search/{{ stream_slice.id }}/notes"
      data_selector: data
      total_path: total
      response_actions: [{ status_code: 404, action: ignore }]
  - name: days    # whole days of another time zone, the oldest first, live the newest first
    sweep_interval: 20m
    incremental:
      cursor_path: updated_at
      query_margin: 48h
      row_order: asc
      live_row_order: desc
      row_order_words: { asc: up, desc: down }
      step: 480h
    endpoint:
      path: /days
      data_selector: data
      total_path: total
      params: { from: "{{ stream_interval.start_time }}", to: "{{ stream_interval.end_time }}", order: "{{ stream_interval.row_order }}" }
      paginator: { type: cursor, cursor_path: next, cursor_param: after }
  - name: log     # numbered pages, the newest first, never deleted
    deletes: never
    incremental: { cursor_path: updated_at, row_order: desc, initial_value: "2024-01-10", query_margin: 1s, step: 480h }
    endpoint:
      path: /log
      data_selector: data
      params: { from: "{{ stream_interval.start_time }}", to: "{{ stream_interval.end_time }}" }
      paginator: { type: json_link, next_url_path: next, shifting: true }
  - name: shelf   # numbered pages of everything
    endpoint: { path: /shelf, data_selector: data, paginator: { type: json_link, next_url_path: next, shifting: true } }
  - name: crates  # tokens that stand for a place, children that change without their parents
    endpoint: { path: /crates, data_selector: data, paginator: { type: cursor, cursor_path: next, cursor_param: after } }
  - name: labels
    parent: crates
    include_from_parent: { crate_id: id }
    primary_key: [crate_id, id]
    refresh: listing
    endpoint: { path: "/crates/{{ stream_slice.id }}/labels", data_selector: data, response_actions: [{ status_code: 404, action: ignore }] }
  - name: boxes   # a scroll, of which there is one at a time
    singleton: true
    drain: true
    endpoint: { path: /boxes, data_selector: data, paginator: { type: scroll, cursor_path: next, cursor_param: after, busy_code: scroll_exists } }
  - name: items
    parent: boxes
    include_from_parent: { box_id: id }
    primary_key: [box_id, id]
    refresh: listing
    endpoint: { path: "/boxes/{{ stream_slice.id }}/items", data_selector: data, response_actions: [{ status_code: 404, action: ignore }] }
`

const (
	modelPage    = 3       // records a page
	modelZone    = -8 * 60 // the time zone in which days begins its days, minutes
	modelLate    = 90      // most seconds until a change shows in listings
	modelSkew    = 30      // most seconds that the API's clock strays from where it began, both ways
	scrollLives  = 60      // seconds after its last use
	modelRetried = 8       // attempts of a request: so many failures in a row end a run
)

// modelRecord is a record, or a child. v grows with every change.
type modelRecord struct {
	v, ts    int64
	rank     int              // where crates list it, −25 to 25
	children map[string]int64 // their v
	silent   bool             // changed since ts last moved: only a sweep finds it
	childish bool             // its children were, which did not show in it
}

// modelAPI is the API that TestModel's source describes, with one root resource in use. What it does depends on nothing but the
// order of requests. It is the http.RoundTripper of the workers' clients.
type modelAPI struct {
	kind  string
	clock *fakeClock // ours

	mu      sync.Mutex
	skew    int64 // seconds that the API's clock is ahead
	truth   map[string]*modelRecord
	index   map[string]modelRecord // what listings show: the truth, some of it late
	late    map[string]int64       // when the index will show it
	gone    map[string]bool        // keys that were deleted, those of children with their parents'
	made    int                    // keys
	removed []string               // ids that were deleted
	past    []replica              // of the last modelLate seconds, before each change
	version int64

	script   []modelOp
	waited   int    // events since the last operation
	events   int    // of this run
	stopAt   int    // the event at which the run is ended; 0: none
	stop     func() // ends it
	inFamily bool   // the last request was for children
	trouble  trouble

	epoch    int // of page tokens; older ones are refused
	misused  string
	scroll   []string // texts that an open scroll still has to show
	scrollID int      // of the scroll that is open; 0: none
	scrolled int64    // its last use
	opened   int
	trace    []string
}

// replica is what a server that lags behind shows.
type replica struct {
	at    int64
	index map[string]modelRecord
}

// trouble is what goes wrong in a run, and what may happen once.
type trouble struct {
	listings int // so many requests for pages fail
	families int // so many events long requests for children of parent fail
	parent   string
	forbid   bool // requests for children are refused
	renamed  bool // a record was: a second one could be missed by a listing and by the one that is to confirm what it lacks
	replica  int  // of so many searches each second one is answered by a server that lags behind
}

func newModelAPI(kind string, clock *fakeClock) *modelAPI {
	return &modelAPI{kind: kind, clock: clock, truth: map[string]*modelRecord{}, index: map[string]modelRecord{}, late: map[string]int64{}, gone: map[string]bool{}}
}

// time is the API's clock, in seconds.
func (a *modelAPI) time() int64 { return a.clock.Now().Unix() + a.skew }

func (a *modelAPI) note(format string, args ...any) {
	a.trace = append(a.trace, fmt.Sprintf("%s ", time.Unix(a.time(), 0).UTC().Format("02 15:04:05"))+fmt.Sprintf(format, args...))
}

// happens is called before a request is answered and when the worker pauses: the script goes on, and the run may end.
func (a *modelAPI) happens() {
	for a.events++; len(a.script) > 0 && a.waited >= a.script[0].Gap; a.waited = 0 {
		now := a.script[0]
		a.script = a.script[1:]
		a.apply(now)
	}
	a.waited++
	if a.trouble.families > 0 {
		a.trouble.families--
	}
	a.appear()
	if a.events == a.stopAt {
		a.note("the run is stopped")
		a.stop()
	}
}

// appear has listings show what it is time for.
func (a *modelAPI) appear() {
	for id, at := range a.late {
		if at <= a.time() {
			a.show(id)
		}
	}
}

func (a *modelAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body.Close()
	}
	status, body := a.serve(r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	header := http.Header{"Date": {time.Unix(a.lockedTime(), 0).UTC().Format(http.TimeFormat)}}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
}

func (a *modelAPI) lockedTime() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.time()
}

func (a *modelAPI) serve(r *http.Request) (int, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	seg := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(seg) == 3 {
		// The requests for the children of a page come side by side, in any order: the first is the event.
		if !a.inFamily {
			a.inFamily = true
			a.happens()
		}
		return a.family(seg[1])
	}
	a.inFamily = false
	a.happens()
	status, body := a.answer(r)
	a.note("GET %s → %d %s", r.URL.RequestURI(), status, body)
	return status, body
}

func (a *modelAPI) answer(r *http.Request) (int, string) {
	if a.trouble.listings > 0 {
		a.trouble.listings--
		return http.StatusServiceUnavailable, ""
	}
	switch q := r.URL.Query(); a.kind {
	case "search", "days":
		a.trouble.replica = max(0, a.trouble.replica-1)
		if a.trouble.replica > 0 && a.trouble.replica%2 == 0 {
			defer func(index map[string]modelRecord) { a.index = index }(a.index)
			a.index = a.behind()
		}
		return a.search(q)
	case "log", "shelf":
		return a.numbered(r, q)
	case "crates":
		return a.tokens(q)
	default:
		return a.scrollOn(q.Get("after"))
	}
}

// begin prepares a run with a script of its own, which stop ends at its event at; 0: never.
func (a *modelAPI) begin(at int, stop context.CancelFunc, script []modelOp) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events, a.stopAt, a.stop, a.inFamily, a.trouble = 0, at, stop, false, trouble{}
	a.script, a.waited = script, 0
}
