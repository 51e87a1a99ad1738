package contacts

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Paths of the API that are no part of what is measured.
const (
	CountsPath = "/_bench/counts" // [Counts], as JSON
	EndPath    = "/_bench/end"    // answers when whoever reads has come to the end, and waits there; see [API]
	OpenPath   = "/_bench/open"   // lets it go on
)

// Counts is what the API has answered.
type Counts struct {
	Requests int64 `json:"requests"`
	Records  int64 `json:"records"`
}

// API answers searches from memory. A search that finds nothing when every record was served, as the first live pass does, waits until it
// is let go on (Open): so whoever measures can look at a process that has done its work, and is still there.
type API struct {
	set               *Set
	pages             sync.Pool
	requests, records atomic.Int64

	ended, open         chan struct{} // closed when the end was reached, and when it is open
	endedOnce, openOnce sync.Once
}

// NewAPI serves set. It is an http.Handler.
func NewAPI(set *Set) *API {
	return &API{set: set, ended: make(chan struct{}), open: make(chan struct{})}
}

// Open lets a search that finds nothing be answered at once.
func (a *API) Open() { a.openOnce.Do(func() { close(a.open) }) }

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case CountsPath:
		_ = json.NewEncoder(w).Encode(Counts{a.requests.Load(), a.records.Load()})
	case EndPath:
		select {
		case <-a.ended:
		case <-r.Context().Done():
		}
	case OpenPath:
		a.Open()
	case "/contacts/search":
		a.search(w, r)
	default:
		http.NotFound(w, r)
	}
}

// tokenHead begins a page's token: some clients would send one of digits alone as a number.
const tokenHead = "after-"

type search struct {
	Query struct {
		Value []struct {
			Operator string `json:"operator"`
			Value    int64  `json:"value"`
		} `json:"value"`
	} `json:"query"`
	Pagination struct {
		PerPage       int    `json:"per_page"`
		StartingAfter string `json:"starting_after"`
	} `json:"pagination"`
}

// bounds are the numbers of the records that are asked for: begin ≤ n < end, of which the page starts at n.
func (s *search) bounds(set *Set) (begin, n, end int, err error) {
	end = set.Len()
	for _, v := range s.Query.Value {
		switch v.Operator {
		case ">":
			begin = set.after(v.Value)
		case "<":
			end = set.after(v.Value - 1)
		default:
			return 0, 0, 0, fmt.Errorf("operator %q", v.Operator)
		}
	}
	n = begin
	if token := s.Pagination.StartingAfter; token != "" {
		n, err = strconv.Atoi(strings.TrimPrefix(token, tokenHead))
	}
	if s.Pagination.PerPage < 1 || s.Pagination.PerPage > PerPage {
		return 0, 0, 0, fmt.Errorf("per_page %d", s.Pagination.PerPage)
	}
	return begin, n, max(begin, end), err
}

func (a *API) search(w http.ResponseWriter, r *http.Request) {
	var asked search
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &asked)
	}
	begin, n, end, wrong := 0, 0, 0, error(nil)
	if err == nil {
		begin, n, end, wrong = asked.bounds(a.set)
	}
	if err != nil || wrong != nil {
		http.Error(w, fmt.Sprint(err, wrong), http.StatusBadRequest)
		return
	}
	if begin == end && a.records.Load() >= int64(a.set.Len()) {
		a.endedOnce.Do(func() { close(a.ended) })
		select {
		case <-a.open:
		case <-r.Context().Done():
			return
		}
	}
	buffer, _ := a.pages.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	*buffer = a.page((*buffer)[:0], begin, n, end, asked.Pagination.PerPage)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(*buffer)))
	_, _ = w.Write(*buffer)
	a.pages.Put(buffer)
}

func (a *API) page(dst []byte, begin, n, end, size int) []byte {
	next := min(n+size, end)
	a.requests.Add(1)
	a.records.Add(int64(next - n))
	dst = append(dst, `{"type":"list","data":[`...)
	for i := n; i < next; i++ {
		if i > n {
			dst = append(dst, ',')
		}
		dst = a.set.Append(dst, i)
	}
	page := (n-begin)/size + 1
	dst = fmt.Appendf(dst, `],"total_count":%d,"pages":{"type":"pages"`, end-begin)
	if next < end {
		dst = fmt.Appendf(dst, `,"next":{"page":%d,"starting_after":"%s%d"}`, page+1, tokenHead, next)
	}
	return fmt.Appendf(dst, `,"page":%d,"per_page":%d,"total_pages":%d}}`, page, size, (end-begin+size-1)/size)
}
