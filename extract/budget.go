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

// budget is what the API still allows, as its answers tell. It is shared by all resources of a client. Times are the API's.
type budget struct {
	mu        sync.Mutex
	limit     int       // requests a period; 0: not known
	remaining int       // of them, by the newest answer of the period
	reset     time.Time // the period's end; zero: not known
	blocked   time.Time // nobody sends before: a 429 said so
	inFlight  int       // sent, not answered: they are not in remaining yet
}

// take reserves one request. If there is none to be had, it reserves nothing and returns until when to wait, and how long
// at most.
func (b *budget) take(now time.Time) (until time.Time, most time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.blocked) {
		return b.blocked, maxRetryAfter, false
	}
	if b.limit > 0 && !b.reset.IsZero() {
		if !now.Before(b.reset) {
			b.renew()
		} else if b.remaining-b.inFlight <= b.limit/20 { // 5 % stay for others, and for what we cannot see
			return b.reset, maxWait, false
		}
	}
	b.inFlight++
	return time.Time{}, 0, true
}

// renew begins a period of which nothing is known yet. The caller holds mu.
func (b *budget) renew() {
	b.remaining, b.reset = b.limit, time.Time{}
}

// waited says that until has been waited for. The wait is over even if the two clocks disagree.
func (b *budget) waited(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.blocked.Equal(until) {
		b.blocked = time.Time{}
	}
	if b.reset.Equal(until) {
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

// answered gives the reservation back and learns from the answer's headers; header is nil if there was no answer. now is the API's clock. Some
// answers carry no such headers: then one less remains.
func (b *budget) answered(header http.Header, names rateHeaders, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
	limit, remaining, reset, ok := readRate(header, names, now)
	if names.fromNow && !b.reset.IsZero() && reset.Sub(b.reset).Abs() <= sameReset {
		reset = b.reset // the same end, counted from another moment
	}
	switch {
	case !ok:
		b.remaining--
	case reset.After(b.reset):
		b.limit, b.remaining, b.reset = limit, remaining, reset
	case reset.Equal(b.reset): // answers overtake each other
		b.limit, b.remaining = limit, min(remaining, b.remaining)
	}
}

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

// apiClock is the API's clock as its Date headers show it.
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
	a.date, a.seen, a.doubted = date.UTC(), now, false
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
