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

const (
	reserve = 40                     // one in so many of a period's requests is left to others, and to what we cannot see
	shared  = 10                     // where others spend it, too, one more for each share like ours is left, but one in so many at most
	fresh   = 250 * time.Millisecond // after that without an answer what was told is old
)

// budget is what the API still allows, as its answers tell. It is shared by all resources of a client, and with others that have the
// same token: with other workers above all, of which nothing is seen but what the answers tell. Times are the API's.
//
// What is in flight may be in the newest answer's remaining or not, so it is taken off once more; and because the others have requests
// in flight, too, as many times as all of the period's requests outnumber ours (weight). What all have in flight then fits into what
// remains, if each keeps its share. Near the end of a period whoever wants to send waits for an answer, and the last ones are counted
// exactly. An answer that is old tells too little: after a pause, the one until a new period's begin included, a handful is sent, and
// each answer allows one more.
//
// Of N workers with C requests in flight at most, at most N × C requests are refused in a period (429), whatever their loads: when
// nothing remains, each of a worker's C places is refused once, because an answer that says so is the last before the next period. (A
// refusal says so by these headers or by Retry-After.) With loads that do not change much it is about two a worker.
type budget struct {
	mu        sync.Mutex
	limit     int       // requests a period; 0: not known
	remaining int       // of them, by the newest answer of the period, less one for each answer since that tells nothing
	silent    int       // how many of these there are
	own       int       // answers to us in the period: our part of limit - remaining
	before    float64   // weight when the period before ended
	reset     time.Time // the period's end; zero: no answer of it was seen
	over      time.Time // the end of the period before
	blocked   time.Time // nobody sends before: a 429 said so
	inFlight  int       // sent, not answered: they may not be in remaining yet
	open      int       // how many more than one may be in flight, as far as answers have confirmed it
	told      time.Time // when the newest answer came
	answers   chan struct{}
}

// hold says what a request that may not be sent yet waits for: until (zero: no time) but no longer than most, or for an answer (nil:
// none would help).
type hold struct {
	until  time.Time
	most   time.Duration
	answer <-chan struct{}
}

// take reserves one request, or says what to wait for. headers says that the API has headers that tell its limit.
func (b *budget) take(now time.Time, headers bool) (hold, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.blocked) {
		return hold{until: b.blocked, most: maxRetryAfter}, false
	}
	if !b.reset.IsZero() && !now.Before(b.reset) {
		b.renew()
	}
	if b.limit > 0 && now.Sub(b.told) > fresh {
		b.open = int(float64(b.limit/reserve) / b.weight())
	}
	taken, left := b.use()
	switch {
	case headers && b.inFlight > b.open,
		// Of a new period nothing is known but that it has begun: somebody else may have used it up.
		b.limit > 0 && b.reset.IsZero() && b.inFlight > 0 && taken >= b.limit/2:
		return hold{answer: b.nextAnswer()}, false
	case b.limit > 0 && !b.reset.IsZero() && b.remaining-taken <= left:
		h := hold{until: b.reset, most: maxWait}
		if b.inFlight > 0 && b.remaining > left {
			h.answer = b.nextAnswer()
		}
		return h, false
	}
	b.inFlight++
	return hold{}, true
}

// use is how many requests of the period those in flight may take, and how many are to be left. The caller holds mu.
func (b *budget) use() (taken, left int) {
	weight := b.weight()
	return int(weight * float64(b.inFlight)), b.limit/reserve + min(int(weight)-1, b.limit/shared)
}

// weight is how many times all requests outnumber ours, in this period or the one before, whichever shows more. The caller holds mu.
func (b *budget) weight() float64 { return max(b.before, b.current()) }

// current is the weight of this period alone.
func (b *budget) current() float64 {
	return max(1, float64(b.limit-b.remaining)/float64(max(1, b.own)))
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
	b.before = b.current()
	b.remaining, b.silent, b.own, b.over, b.reset = b.limit, 0, 0, b.reset, time.Time{}
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
	if header != nil {
		b.told = now
	}
	limit, remaining, reset, ok := readRate(header, names, now)
	b.grow(limit)
	if names.fromNow && !b.reset.IsZero() && reset.Sub(b.reset).Abs() <= sameReset {
		// The same end, counted from another moment. Where it is rounded down, the latest is the nearest to the truth.
		b.reset = latest(b.reset, reset)
		reset = b.reset
	}
	switch {
	case !ok:
		b.remaining--
		b.silent++
	case reset.After(b.reset) && reset.After(b.over):
		if !b.reset.IsZero() && !now.Before(b.reset.Add(-time.Second)) { // our clock may be a second behind; else the end itself moves
			b.before, b.own = b.current(), 0
		}
		b.limit, b.remaining, b.silent, b.reset = limit, remaining, 0, reset
	case reset.Equal(b.reset):
		if newest := b.remaining + b.silent; remaining < newest { // answers overtake each other
			b.remaining, b.silent = remaining, 0
		}
		b.limit = limit
	default:
		return // of a period that is over
	}
	if !ok || remaining > 0 { // a refusal is no part of what was used
		b.own++
	}
}

// grow lets more requests be in flight at a time, after an answer that tells limit; 0: none. The caller holds mu.
func (b *budget) grow(limit int) {
	switch {
	case b.limit > 0:
		b.open = min(b.open+1, maxOpen)
	case limit > 0:
		b.open = limit / reserve
	default:
		b.open = min(2*b.open+1, maxOpen)
	}
}

// maxOpen is as good as no bound.
const maxOpen = 1 << 20

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
