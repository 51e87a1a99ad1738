package producer

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strconv"
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

// trouble is what goes wrong in a run.
type trouble struct {
	listings int // so many requests for pages fail
	families int // so many events long requests for children of parent fail
	parent   string
	forbid   bool // requests for children are refused
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
	for id, at := range a.late {
		if at <= a.time() {
			delete(a.late, id)
			if rec := a.truth[id]; rec != nil {
				a.index[id] = *rec
			}
		}
	}
	if a.events == a.stopAt {
		a.note("the run is stopped")
		a.stop()
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
		return a.search(q)
	case "log", "shelf":
		return a.numbered(r, q)
	case "crates":
		return a.tokens(q)
	default:
		return a.scrollOn(q.Get("after"))
	}
}

func refused(status int, code string) (int, string) {
	return status, fmt.Sprintf(`{"errors":[{"code":%q,"message":%q}]}`, code, code)
}

// family is the list of a record's children.
func (a *modelAPI) family(parent string) (int, string) {
	switch {
	case a.trouble.forbid:
		return refused(http.StatusForbidden, "forbidden")
	case a.trouble.families > 0 && a.trouble.parent == parent:
		return http.StatusServiceUnavailable, ""
	case a.truth[parent] == nil:
		return refused(http.StatusNotFound, "not_found")
	}
	var ids, texts []string
	for id := range a.truth[parent].children {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for _, id := range ids {
		texts = append(texts, fmt.Sprintf(`{"id":%q,"v":%d}`, id, a.truth[parent].children[id]))
	}
	return http.StatusOK, fmt.Sprintf(`{"data":[%s],"total":%d}`, strings.Join(texts, ","), len(texts))
}

func (a *modelAPI) text(id string) string {
	rec := a.index[id]
	return fmt.Sprintf(`{"id":%q,"v":%d,"updated_at":%d}`, id, rec.v, rec.ts)
}

func (a *modelAPI) texts(ids []string) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = a.text(id)
	}
	return strings.Join(list, ",")
}

// listed are the ids that listings show: of those that are kept, by time if that counts, then by id.
func (a *modelAPI) listed(byTime bool, keep func(rec modelRecord) bool) []string {
	var ids []string
	for id, rec := range a.index {
		if keep(rec) {
			ids = append(ids, id)
		}
	}
	sort.Slice(ids, func(i, j int) bool {
		if x, y := a.index[ids[i]].ts, a.index[ids[j]].ts; byTime && x != y {
			return x < y
		}
		return ids[i] < ids[j]
	})
	return ids
}

// search answers for a time. A token names the last record shown; it is good for its own query only.
func (a *modelAPI) search(q url.Values) (int, string) {
	from, _ := strconv.ParseInt(q.Get("from"), 10, 64)
	to, _ := strconv.ParseInt(q.Get("to"), 10, 64)
	ids := a.listed(true, func(rec modelRecord) bool {
		if a.kind == "days" {
			return day(from) < day(rec.ts) && day(rec.ts) < day(to)
		}
		return from <= rec.ts && rec.ts <= to
	})
	down := q.Get("order") == "down"
	if down {
		for i, j := 0, len(ids)-1; i < j; i, j = i+1, j-1 {
			ids[i], ids[j] = ids[j], ids[i]
		}
	}
	query := q.Get("from") + "," + q.Get("to") + "," + q.Get("order")
	at := 0
	if token := q.Get("after"); token != "" {
		part := strings.Split(token, ".") // epoch, query, time, id
		switch {
		case part[1] != hashed(query):
			a.misused = "a token was sent with another query than its own: " + q.Encode()
			return refused(http.StatusInternalServerError, "server_error")
		case part[0] != strconv.Itoa(a.epoch):
			return refused(http.StatusBadRequest, "cursor_expired")
		}
		ts, _ := strconv.ParseInt(part[2], 10, 64)
		at = sort.Search(len(ids), func(i int) bool {
			rec := a.index[ids[i]]
			if down {
				return rec.ts < ts || rec.ts == ts && ids[i] < part[3]
			}
			return rec.ts > ts || rec.ts == ts && ids[i] > part[3]
		})
	}
	end, next := min(at+modelPage, len(ids)), "null"
	if end < len(ids) {
		last := ids[end-1]
		next = fmt.Sprintf(`"%d.%s.%d.%s"`, a.epoch, hashed(query), a.index[last].ts, last)
	}
	return http.StatusOK, fmt.Sprintf(`{"data":[%s],"next":%s,"total":%d}`, a.texts(ids[at:end]), next, len(ids))
}

func day(ts int64) int64 { return (ts + modelZone*60) / 86400 }

func hashed(text string) string {
	h := fnv.New32a()
	h.Write([]byte(text))
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

// numbered answers with a page by its number and a link to the next: what comes or goes moves all that lies behind.
func (a *modelAPI) numbered(r *http.Request, q url.Values) (int, string) {
	var ids []string
	if a.kind == "log" {
		from, _ := strconv.ParseInt(q.Get("from"), 10, 64)
		to, _ := strconv.ParseInt(q.Get("to"), 10, 64)
		ids = a.listed(true, func(rec modelRecord) bool { return from <= rec.ts && rec.ts <= to })
		for i, j := 0, len(ids)-1; i < j; i, j = i+1, j-1 {
			ids[i], ids[j] = ids[j], ids[i]
		}
	} else {
		ids = a.listed(false, func(modelRecord) bool { return true })
	}
	page, _ := strconv.Atoi(q.Get("page"))
	at := min(page*modelPage, len(ids))
	end, next := min(at+modelPage, len(ids)), "null"
	if end < len(ids) {
		link := *r.URL
		q.Set("page", strconv.Itoa(page+1))
		link.RawQuery = q.Encode()
		next = strconv.Quote(link.String())
	}
	return http.StatusOK, fmt.Sprintf(`{"data":[%s],"next":%s}`, a.texts(ids[at:end]), next)
}

// tokens answers with a page by the last id that was shown.
func (a *modelAPI) tokens(q url.Values) (int, string) {
	ids := a.listed(false, func(modelRecord) bool { return true })
	at := 0
	if token := q.Get("after"); token != "" {
		epoch, id, _ := strings.Cut(token, ".")
		if epoch != strconv.Itoa(a.epoch) {
			return refused(http.StatusBadRequest, "cursor_expired")
		}
		at = sort.Search(len(ids), func(i int) bool { return ids[i] > id })
	}
	end, next := min(at+modelPage, len(ids)), "null"
	if end < len(ids) {
		next = fmt.Sprintf(`"%d.%s"`, a.epoch, ids[end-1])
	}
	return http.StatusOK, fmt.Sprintf(`{"data":[%s],"next":%s}`, a.texts(ids[at:end]), next)
}

// scrollOn opens the scroll, or shows its next page: the listing as it was when it was opened. There is one at a time.
func (a *modelAPI) scrollOn(token string) (int, string) {
	expired := a.time()-a.scrolled > scrollLives
	if token == "" {
		if a.scrollID != 0 && !expired {
			return refused(http.StatusBadRequest, "scroll_exists")
		}
		a.opened++
		a.scrollID, a.scroll = a.opened, nil
		for _, id := range a.listed(false, func(modelRecord) bool { return true }) {
			a.scroll = append(a.scroll, a.text(id))
		}
	} else if a.scrollID == 0 || expired || token != strconv.Itoa(a.scrollID) {
		return refused(http.StatusNotFound, "not_found")
	}
	a.scrolled = a.time()
	n := min(modelPage, len(a.scroll))
	page := a.scroll[:n]
	a.scroll = a.scroll[n:]
	body := fmt.Sprintf(`{"data":[%s],"next":"%d"}`, strings.Join(page, ","), a.scrollID)
	if n == 0 {
		a.scrollID = 0
	}
	return http.StatusOK, body
}

// begin prepares a run that stop ends at its event at; 0: never.
func (a *modelAPI) begin(at int, stop context.CancelFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events, a.stopAt, a.stop, a.inFamily, a.trouble = 0, at, stop, false, trouble{}
}
