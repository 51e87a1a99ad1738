package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
)

// Stats counts what was asked of the API since the start or the last reset.
type Stats struct {
	Requests    map[string]int `json:"requests"`     // by resource, refused ones included
	Errors      map[string]int `json:"errors"`       // answers of 400 and above by resource, injected faults not included
	RateLimited int            `json:"rate_limited"` // answers 429
	Faults      map[string]int `json:"faults"`       // injected faults that struck, by resource
	Scrolls     ScrollStats    `json:"scrolls"`
	InFlight    int            `json:"in_flight"`
	MaxInFlight int            `json:"max_in_flight"`
}

// ScrollStats counts what happened to scrolls over companies.
type ScrollStats struct {
	Opened   int `json:"opened"`
	Refused  int `json:"refused"`  // openings while another scroll held the place
	Finished int `json:"finished"` // read to the end
	Expired  int `json:"expired"`  // gave up the place because they were not used
}

type stats struct {
	mu   sync.Mutex
	now  Stats
	ids  int // request ids handed out; never reset
	open int // scrolls opened ever; never reset
}

func (s *stats) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	flying := s.now.InFlight
	s.now = Stats{Requests: map[string]int{}, Errors: map[string]int{}, Faults: map[string]int{}, InFlight: flying, MaxInFlight: flying}
}

func (s *stats) enter(resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Requests[resource]++
	s.now.InFlight++
	s.now.MaxInFlight = max(s.now.MaxInFlight, s.now.InFlight)
}

func (s *stats) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.InFlight--
}

func (s *stats) answered(resource string, err *apiError) {
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Errors[resource]++
	if err.status == http.StatusTooManyRequests {
		s.now.RateLimited++
	}
}

func (s *stats) fault(resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Faults[resource]++
}

// scroll counts, and returns how many scrolls were opened so far.
func (s *stats) scroll(count func(*ScrollStats)) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	opened := s.now.Scrolls.Opened
	count(&s.now.Scrolls)
	s.open += s.now.Scrolls.Opened - opened
	return s.open
}

func (s *stats) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids
}

// requestID returns an id that looks like the vendor's: not a UUID.
func (s *stats) requestID(seed uint64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	d := newDice(seed, "request", s.ids)
	return fmt.Sprintf("%020x", d.roll())
}

// Stats returns a copy of the counters.
func (a *API) Stats() Stats {
	s := &a.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.now
	out.Requests, out.Errors, out.Faults = maps.Clone(out.Requests), maps.Clone(out.Errors), maps.Clone(out.Faults)
	return out
}

// ResetStats sets the counters to zero.
func (a *API) ResetStats() { a.stats.reset() }
