package extract

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// maxWait caps every wait that an answer asks for by its rate-limit reset: a clock that is off must not stop us for hours.
const maxWait = time.Minute

const (
	maxPeriod = 31 * 24 * time.Hour     // of a budget; what is longer is an absolute time
	sameReset = 1500 * time.Millisecond // ends told as whole seconds from now differ by so much
)

// reserve is the share of a period's requests that are left to others, and to what we cannot see: one in so many.
const reserve = 40

// budget is what the API still allows, as its answers tell. It is shared by all resources of a client. Times are the API's.
//
// What is in flight may be in the newest answer's remaining or not, so it is taken off once more. Near the end of a period that says
// too little; then whoever wants to send waits for an answer, and the last ones are counted exactly.
type budget struct {
	mu        sync.Mutex
	limit     int       // requests a period; 0: not known
	remaining int       // of them, by the newest answer of the period
	reset     time.Time // the period's end; zero: no answer of it was seen
	over      time.Time // the end of the period before
	blocked   time.Time // nobody sends before: a 429 said so
	inFlight  int       // sent, not answered: they may not be in remaining yet
	blind     int       // how many more may be in flight while no limit is known; doubles with every answer that tells none
	answers   chan struct{}
}

// hold says what a request that may not be sent yet waits for: until (zero: no time) but no longer than most, or for an answer (nil:
// none would help).
type hold struct {
	until  time.Time
	most   time.Duration
	answer <-chan struct{}
}

// take reserves one request, or says what to wait for.
func (b *budget) take(now time.Time, told bool) (hold, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.blocked) {
		return hold{until: b.blocked, most: maxRetryAfter}, false
	}
	if !b.reset.IsZero() && !now.Before(b.reset) {
		b.renew()
	}
	switch {
	case b.limit == 0 && told && b.inFlight > b.blind,
		// Of a new period nothing is known but that it has begun: somebody else may have used it up.
		b.limit > 0 && b.reset.IsZero() && b.inFlight > 0 && b.inFlight >= b.limit/2:
		return hold{answer: b.nextAnswer()}, false
	case b.limit > 0 && !b.reset.IsZero() && b.remaining-b.inFlight <= b.limit/reserve:
		h := hold{until: b.reset, most: maxWait}
		if b.inFlight > 0 && b.remaining > b.limit/reserve {
			h.answer = b.nextAnswer()
		}
		return h, false
	}
	b.inFlight++
	return hold{}, true
}

// nextAnswer is closed with the next answer. The caller holds mu.
func (b *budget) nextAnswer() <-chan struct{} {
	if b.answers == nil {
		b.answers = make(chan struct{})
	}
	return b.answers
}

// renew begins a period of which nothing is known yet. The caller holds mu.
func (b *budget) renew() {
	b.remaining, b.over, b.reset = b.limit, b.reset, time.Time{}
}

// waited says that until has been waited for. The wait is over even if the two clocks disagree.
func (b *budget) waited(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.blocked.Equal(until) {
		b.blocked = time.Time{}
	}
	if !until.IsZero() && b.reset.Equal(until) {
		b.renew()
	}
}

// block keeps everybody from sending before until.
func (b *budget) block(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until.After(b.blocked) {
		b.blocked = until
	}
}

// answered gives the reservation back and learns from the answer's headers; header is nil if there was no answer. now is the API's
// clock. Some answers carry no such headers: then one less remains.
func (b *budget) answered(header http.Header, names rateHeaders, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
	if b.answers != nil {
		close(b.answers)
		b.answers = nil
	}
	limit, remaining, reset, ok := readRate(header, names, now)
	if names.fromNow && !b.reset.IsZero() && reset.Sub(b.reset).Abs() <= sameReset {
		// The same end, counted from another moment. Where it is rounded down, the latest is the nearest to the truth.
		b.reset = latest(b.reset, reset)
		reset = b.reset
	}
	switch {
	case !ok:
		b.remaining--
		b.blind = min(2*b.blind+1, maxBlind)
	case reset.After(b.reset) && reset.After(b.over):
		b.limit, b.remaining, b.reset = limit, remaining, reset
	case reset.Equal(b.reset): // answers overtake each other
		b.limit, b.remaining = limit, min(remaining, b.remaining)
	}
}

// maxBlind is as good as no bound.
const maxBlind = 1 << 20

func readRate(header http.Header, names rateHeaders, now time.Time) (limit, remaining int, reset time.Time, ok bool) {
	if header == nil || names.limit == "" {
		return 0, 0, time.Time{}, false
	}
	limit, err1 := strconv.Atoi(header.Get(names.limit))
	remaining, err2 := strconv.Atoi(header.Get(names.remaining))
	reset, ok = readReset(header, names, now)
	if err1 != nil || err2 != nil || !ok || limit <= 0 {
		return 0, 0, time.Time{}, false
	}
	return limit, remaining, reset, true
}

// readReset returns the period's end. now is the API's clock.
func readReset(header http.Header, names rateHeaders, now time.Time) (time.Time, bool) {
	if names.reset == "" {
		return time.Time{}, false
	}
	text := header.Get(names.reset)
	if names.fromNow {
		seconds, err := strconv.ParseFloat(text, 64) // some count in parts of a second
		if err != nil || !(seconds >= 0 && seconds <= maxPeriod.Seconds()) {
			return time.Time{}, false
		}
		return now.Add(time.Duration(seconds * float64(time.Second))), true
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds <= 0 || seconds > maxUnix {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}

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
