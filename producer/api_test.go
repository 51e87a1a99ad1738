package producer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// shop is a source with one resource of each kind. Its API is shopAPI.
const shop = `
name: shop
title: Shop
settings:
  base_url: { type: url, required: true }
client: { base_url: "{{ config.base_url }}" }
resource_defaults:
  primary_key: id
resources:
  - name: things  # a listing on one page
    endpoint: { path: /things, data_selector: data }
  - name: books   # a listing of several pages
    endpoint: { path: /books, data_selector: data, paginator: { type: cursor, cursor_path: next, cursor_param: after } }
  - name: crates  # a listing of several pages with children that change without it
    endpoint: { path: /crates, data_selector: data, paginator: { type: cursor, cursor_path: next, cursor_param: after } }
  - name: labels
    parent: crates
    include_from_parent: { crate_id: id }
    primary_key: [crate_id, id]
    refresh: listing
    endpoint: { path: "/crates/{{ stream_slice.id }}/labels", data_selector: data }
  - name: boxes   # a scroll with children
    singleton: true
    drain: true
    endpoint: { path: /boxes/scroll, data_selector: data, paginator: { type: scroll, cursor_path: scroll, cursor_param: scroll } }
  - name: items
    parent: boxes
    include_from_parent: { box_id: id }
    primary_key: [box_id, id]
    refresh: listing
    endpoint: { path: "/boxes/{{ stream_slice.id }}/items", data_selector: data }
  - name: events  # searched by time, the oldest first, with children whose change shows in them
    incremental: { cursor_path: updated_at, row_order: asc }
    endpoint:
      path: /events
      data_selector: data
      params: { from: "{{ stream_interval.start_time }}", to: "{{ stream_interval.end_time }}" }
      paginator: { type: cursor, cursor_path: next, cursor_param: after }
  - name: notes
    parent: events
    include_from_parent: { event_id: id }
    primary_key: [event_id, id]
    endpoint: { path: "/events/{{ stream_slice.id }}/notes", data_selector: data, total_path: total }
  - name: logs    # searched by time, the newest first, never deleted
    deletes: never
    incremental: { cursor_path: updated_at, row_order: desc }
    endpoint:
      path: /logs
      data_selector: data
      params: { from: "{{ stream_interval.start_time }}", to: "{{ stream_interval.end_time }}" }
      paginator: { type: cursor, cursor_path: next, cursor_param: after }
`

// shopAPI serves shop: lists of JSON objects by resource, children by resource and parent ("notes/7").
type shopAPI struct {
	clock  *fakeClock
	server *httptest.Server

	mu       sync.Mutex
	lists    map[string]map[string]string // JSON by id
	pageSize int                          // of paged listings
	asked    []string                     // path and query of every request
	hook     func(r *http.Request) (status int, body string)
	scrolled []string // what is left of the scroll
}

func newShopAPI(t *testing.T, clock *fakeClock) *shopAPI {
	a := &shopAPI{clock: clock, lists: map[string]map[string]string{}, pageSize: 2}
	a.server = httptest.NewServer(a)
	t.Cleanup(a.server.Close)
	return a
}

// set makes or replaces a record of list.
func (a *shopAPI) set(list, id, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lists[list] == nil {
		a.lists[list] = map[string]string{}
	}
	a.lists[list][id] = text
}

// put makes or replaces records that hold their id and v.
func (a *shopAPI) put(list, v string, ids ...string) {
	for _, id := range ids {
		a.set(list, id, fmt.Sprintf(`{"id":%q,"v":%q}`, id, v))
	}
}

// event makes or replaces a record with a cursor field: ts seconds from the API's clock now.
func (a *shopAPI) event(list, id, v string, ts int64) {
	a.set(list, id, fmt.Sprintf(`{"id":%q,"v":%q,"updated_at":%d}`, id, v, a.clock.Now().Unix()+ts))
}

func (a *shopAPI) remove(list string, ids ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range ids {
		delete(a.lists[list], id)
	}
}

// intercept answers requests for which f returns a status other than 0; nil ends it.
func (a *shopAPI) intercept(f func(r *http.Request) (status int, body string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hook = f
}

// refuse answers every request for a path with a status.
func (a *shopAPI) refuse(path string, status int) {
	a.intercept(func(r *http.Request) (int, string) {
		if r.URL.Path == path {
			return status, `{"errors":[{"code":"no","message":"no"}]}`
		}
		return 0, ""
	})
}

// requests counts the requests whose path ends in suffix since the last call with forget.
func (a *shopAPI) requests(suffix string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, r := range a.asked {
		path, _, _ := strings.Cut(r, "?")
		if strings.HasSuffix(path, suffix) {
			n++
		}
	}
	return n
}

func (a *shopAPI) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = nil
}

func (a *shopAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", a.clock.Now().UTC().Format(http.TimeFormat))
	a.mu.Lock()
	a.asked = append(a.asked, r.URL.RequestURI())
	hook := a.hook
	a.mu.Unlock()
	if hook != nil {
		if status, body := hook(r); status != 0 {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	seg := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(seg) == 3:
		list := a.sorted(seg[2]+"/"+seg[1], func(string) bool { return true })
		fmt.Fprintf(w, `{"data":[%s]}`, strings.Join(list, ","))
	case len(seg) == 2 && seg[1] == "scroll":
		a.scroll(w, seg[0], r.URL.Query().Get("scroll"))
	default:
		a.list(w, seg[0], r)
	}
}

// sorted returns a list's records by id.
func (a *shopAPI) sorted(list string, keep func(text string) bool) []string {
	var ids, texts []string
	for id, text := range a.lists[list] {
		if keep(text) {
			ids = append(ids, id)
		}
	}
	sort.Strings(ids)
	for _, id := range ids {
		texts = append(texts, a.lists[list][id])
	}
	return texts
}

func (a *shopAPI) scroll(w http.ResponseWriter, list, token string) {
	if token == "" {
		a.scrolled = a.sorted(list, func(string) bool { return true })
	}
	n := min(a.pageSize, len(a.scrolled))
	page := a.scrolled[:n]
	a.scrolled = a.scrolled[n:]
	fmt.Fprintf(w, `{"data":[%s],"scroll":"open"}`, strings.Join(page, ","))
}

func (a *shopAPI) list(w http.ResponseWriter, list string, r *http.Request) {
	q := r.URL.Query()
	texts := a.sorted(list, func(text string) bool {
		if q.Get("from") == "" {
			return true
		}
		from, _ := strconv.ParseInt(q.Get("from"), 10, 64)
		to, err := strconv.ParseInt(q.Get("to"), 10, 64)
		return from <= cursorOf(text) && (err != nil || cursorOf(text) <= to)
	})
	switch list {
	case "things":
		fmt.Fprintf(w, `{"data":[%s]}`, strings.Join(texts, ","))
		return
	case "events":
		sort.SliceStable(texts, func(i, j int) bool { return cursorOf(texts[i]) < cursorOf(texts[j]) })
	case "logs":
		sort.SliceStable(texts, func(i, j int) bool { return cursorOf(texts[i]) > cursorOf(texts[j]) })
	}
	from, _ := strconv.Atoi(q.Get("after"))
	from = min(from, len(texts))
	to := min(from+a.pageSize, len(texts))
	next := "null"
	if to < len(texts) {
		next = fmt.Sprintf(`"%d"`, to)
	}
	fmt.Fprintf(w, `{"data":[%s],"next":%s}`, strings.Join(texts[from:to], ","), next)
}

func cursorOf(text string) int64 {
	var r struct {
		UpdatedAt int64 `json:"updated_at"`
	}
	_ = json.Unmarshal([]byte(text), &r) // a text without one has none
	return r.UpdatedAt
}

func jsonInt(n int64) string { return strconv.FormatInt(n, 10) }
