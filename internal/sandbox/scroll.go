package sandbox

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

const scrollPage = 100

// scrolls is the workspace's one scroll over its companies.
type scrolls struct {
	mu       sync.Mutex
	param    string // of the scroll that holds the place; empty: the place is free
	ids      []string
	at       int // how many ids were handed out
	finished bool
	lastUse  time.Time
}

// companyScroll serves GET /companies/scroll. The position moves when a page is served, whether or not it arrives.
func (a *API) companyScroll(c *call) ([]byte, *apiError) {
	s := &a.scroll
	s.mu.Lock()
	defer s.mu.Unlock()
	a.mu.RLock()
	defer a.mu.RUnlock()
	if s.param != "" && c.now.Sub(s.lastUse) > a.cfg.ScrollExpiry {
		s.param = ""
		a.stats.scroll(func(n *ScrollStats) { n.Expired++ })
	}
	param := c.http.URL.Query().Get("scroll_param")
	switch {
	case param == "" && s.param != "":
		a.stats.scroll(func(n *ScrollStats) { n.Refused++ })
		return nil, errorf(http.StatusBadRequest, "scroll_exists", "scroll already exists for this workspace")
	case param == "":
		s.open(a.data, a.stats.scroll(func(n *ScrollStats) { n.Opened++ }))
	case param != s.param || s.finished:
		return nil, errorf(http.StatusNotFound, "not_found", "scroll parameter not found")
	}
	s.lastUse = c.now
	items, param := s.take(a.data), s.param
	if len(items) == 0 {
		s.finished = true
		a.stats.scroll(func(n *ScrollStats) { n.Finished++ })
		if !a.cfg.ScrollHold {
			s.param = ""
		}
	}
	return listBody("list", "data", items, `"pages":null`, `"total_count":null`, `"scroll_param":`+strconv.Quote(param)), nil
}

// open begins a scroll over the companies there are now, in no particular order.
func (s *scrolls) open(w *workspace, nth int) {
	s.param, s.at, s.finished = w.uuid("scroll", nth), 0, false
	s.ids = s.ids[:0]
	for _, o := range w.all[companies].order {
		s.ids = append(s.ids, o.id)
	}
	d := w.dice("scroll order", nth)
	for i := len(s.ids) - 1; i > 0; i-- {
		j := d.below(i + 1)
		s.ids[i], s.ids[j] = s.ids[j], s.ids[i]
	}
}

// take returns the next page. What was deleted since the opening is left out, and a page is only empty at the end.
func (s *scrolls) take(w *workspace) [][]byte {
	var items [][]byte
	for len(items) == 0 && s.at < len(s.ids) {
		for _, id := range s.ids[s.at:min(s.at+scrollPage, len(s.ids))] {
			if o := w.all[companies].byID[id]; o != nil {
				items = append(items, w.render(companies, o))
			}
		}
		s.at += scrollPage
	}
	return items
}
