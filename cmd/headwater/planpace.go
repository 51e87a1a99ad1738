package main

import (
	"sync"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// pace is what requests have shown: how many there were, how long they took, and the API's budget. Safe for concurrent use.
type pace struct {
	budgetNow func() extract.Budget // set before the first request; nil: not looked at

	mu       sync.Mutex
	requests map[string]int
	took     time.Duration

	budget  extract.Budget // the newest
	longest time.Duration  // to the end of a period
	exact   time.Duration  // between the ends of two; 0: one was seen
}

func newPace() *pace { return &pace{requests: map[string]int{}} }

// Answered implements extract.Observer.
func (p *pace) Answered(a extract.Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[a.Resource]++
	p.took += a.Took
	if p.budgetNow != nil {
		p.look(p.budgetNow(), time.Now())
	}
}

// Retried implements extract.Observer.
func (p *pace) Retried(string, extract.Retry) {}

// HeldBack implements extract.Observer.
func (p *pace) HeldBack(time.Duration) {}

// of is how many requests were made for a resource so far.
func (p *pace) of(resource string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[resource]
}

// each is what one request took, and how many there were.
func (p *pace) each() (time.Duration, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, one := range p.requests {
		n += one
	}
	return p.took / time.Duration(max(1, n)), n
}

// look notes the budget as it is now. The caller holds mu, or is the only one.
func (p *pace) look(b extract.Budget, now time.Time) {
	if b.Limit == 0 || b.Reset.IsZero() {
		return
	}
	if between := b.Reset.Sub(p.budget.Reset); !p.budget.Reset.IsZero() && between > 900*time.Millisecond && (p.exact == 0 || between < p.exact) {
		p.exact = between.Round(time.Second)
	}
	p.longest = max(p.longest, b.Reset.Sub(now))
	p.budget = b
}

// usual are the periods that rate limits have.
var usual = []time.Duration{time.Second, 10 * time.Second, time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour}

// period is that of the API's budget, and whether it was seen to be so; 0: the API tells none.
func (p *pace) period() (length time.Duration, sure bool) {
	if p.budget.Limit == 0 || p.exact > 0 {
		return p.exact, true
	}
	for _, u := range usual {
		if p.longest <= u+time.Second/2 { // the clocks are not the same
			return u, false
		}
	}
	return p.longest, false
}
