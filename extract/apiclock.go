package extract

import (
	"net/http"
	"sync"
	"time"
)

// clockJump is how far a Date header may be from what was expected. One that is further off needs a second answer that agrees: a
// single wrong header must not move a watermark past records that are still to come.
const clockJump = time.Minute

const (
	driftShare = 10_000                // two clocks may differ by one part in so many
	dateSlack  = 50 * time.Millisecond // of a Date that is a second behind what is known: by more, the clock was set back
)

// apiClock is the API's clock as its Date headers show it, the second that they cut off mostly included.
type apiClock struct {
	mu         sync.Mutex
	date, seen time.Time // what the API's clock showed when ours showed seen
	doubtful   time.Duration
	doubted    bool // the last Date was off by doubtful, against ours
	answered   bool // an answer without a Date was seen: there is no other clock than ours
}

func (a *apiClock) learn(header http.Header, now time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.answered = true
		return
	}
	ahead, expected := date.Sub(now), time.Duration(0)
	if !a.date.IsZero() {
		expected = a.date.Sub(a.seen)
	}
	near := func(d time.Duration) bool { return (ahead - d).Abs() <= clockJump }
	if !near(expected) && !(a.doubted && near(a.doubtful)) {
		a.doubtful, a.doubted = ahead, true
		return
	}
	a.doubted = false
	if since := now.Sub(a.seen); !a.date.IsZero() && since >= 0 {
		// A Date is cut to the second, so what one told just after a tick stays the better bound. Two clocks do not run alike for ever.
		if known := a.date.Add(since); known.Add(-since/driftShare).After(date) && known.Before(date.Add(time.Second+dateSlack)) {
			return
		}
	}
	a.date, a.seen = date.UTC(), now
}

// now returns the API's clock when ours shows local, and whether an answer was seen that told it, or told that it will not.
func (a *apiClock) now(local time.Time) (time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.date.IsZero() {
		return local.UTC(), a.answered
	}
	return a.date.Add(max(0, local.Sub(a.seen))), true
}
