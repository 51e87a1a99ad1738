package extract

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// limiter serves an API that allows limit requests in ten seconds and counts what goes beyond.
type limiter struct {
	mu      sync.Mutex
	limit   int
	period  int64
	used    int
	refused int
	silent  int // every so many answers have no headers
	n       int
}

func (l *limiter) serve(now time.Time, w http.ResponseWriter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := now.Unix() / 10; p != l.period {
		l.period, l.used = p, 0
	}
	l.used++
	l.n++
	if l.silent == 0 || l.n%l.silent != 0 {
		w.Header().Set("X-RateLimit-Limit", fmt.Sprint(l.limit))
		w.Header().Set("X-RateLimit-Remaining", fmt.Sprint(max(0, l.limit-l.used)))
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint((l.period+1)*10))
	}
	if l.used > l.limit {
		l.refused++
		reply(w, 429, `{"errors":[{"code":"rate_limit_exceeded"}]}`)
		return
	}
	reply(w, 200, noAdmins)
}

func TestBudgetEarnsNoRefusal(t *testing.T) {
	t.Parallel()
	l := &limiter{limit: 100, silent: 7}
	var b *bench
	b = newBench(t, func(w http.ResponseWriter, _ *http.Request) { l.serve(b.clock.Now(), w) })
	var wg sync.WaitGroup
	for range 8 { // one resource or eight: the budget is the client's
		wg.Go(func() {
			for range 50 {
				if _, err := b.read("admins", Position{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if l.refused != 0 {
		t.Errorf("%d refusals", l.refused)
	}
	if b.reasons() == "" {
		t.Error("does not say why it waits")
	}
}

func TestBudgetUsesWhatThereIs(t *testing.T) {
	t.Parallel()
	l := &limiter{limit: 100}
	var b *bench
	b = newBench(t, func(w http.ResponseWriter, _ *http.Request) { l.serve(b.clock.Now(), w) })
	for range 400 { // at 98 a period, four periods and a part
		b.mustRead("admins", Position{})
	}
	if took := b.clock.Now().Sub(epoch); took != 40*time.Second {
		t.Errorf("took %v", took)
	}
}

// clerk holds a budget to what is wanted of it.
type clerk struct {
	*testing.T
	budget
	at time.Time
}

func (c *clerk) take(want bool) {
	c.Helper()
	if _, ok := c.budget.take(c.at, true); ok != want {
		c.Fatalf("take: got %v, want %v (%+v)", ok, want, &c.budget)
	}
}

// takes takes as many requests as may be in flight more.
func (c *clerk) takes(want int) {
	c.Helper()
	n := 0
	for ; ; n++ {
		if _, ok := c.budget.take(c.at, true); !ok {
			break
		}
	}
	if n != want {
		c.Errorf("%d more in flight, want %d (%+v)", n, want, &c.budget)
	}
}

// answer tells the limit, what remains, and the seconds from epoch to the period's end.
func (c *clerk) answer(limit, remaining int, reset int64) {
	header := http.Header{"L": {fmt.Sprint(limit)}, "R": {fmt.Sprint(remaining)}, "T": {fmt.Sprint(epoch.Unix() + reset)}}
	c.answered(header, rateHeaders{"L", "R", "T", false}, c.at)
}

func TestBudgetRules(t *testing.T) {
	t.Parallel()
	c := clerk{T: t, at: epoch}
	c.take(true)  // nothing is known yet
	c.take(false) // one at a time, until the limit is known
	for remaining := 99; remaining > 4; remaining-- {
		c.answer(100, remaining, 10)
		c.take(true)
	}
	c.answer(100, 4, 10)
	c.take(true)
	c.take(true)
	c.take(false) // 4 − 2 in flight = one in forty
	if h, _ := c.budget.take(epoch, true); h.answer == nil || !h.until.Equal(epoch.Add(10*time.Second)) {
		t.Errorf("%+v: the two in flight may be among the 96, which their answers will tell before the period ends", h)
	}
	c.answer(100, 90, 0)
	c.take(true) // an answer of the period before tells nothing of this one; 4 − 1 in flight
	c.answered(nil, rateHeaders{"L", "R", "T", false}, epoch)
	c.take(false) // no headers: one less
	c.at = epoch.Add(time.Minute)
	c.take(true) // the period is over
	c.block(epoch.Add(2 * time.Minute))
	c.take(false)
	c.waited(epoch.Add(2 * time.Minute))
	c.take(true) // waited for, whatever the clocks say
}

// Of all requests one in four is ours, so each of ours in flight stands for four.
func TestBudgetThatOthersSpend(t *testing.T) {
	t.Parallel()
	c := clerk{T: t, at: epoch}
	for n := 1; n <= 200; n++ {
		c.take(true)
		c.answer(1000, 1000-4*n, 10)
	}
	c.takes(43) // 200 − 4 × 43 in flight = one in forty, and one for each of the three
	for range 43 {
		c.answer(1000, 0, 10)
	}
	c.takes(0)
	c.at = epoch.Add(10*time.Second + fresh)
	c.takes(1 + 1000/reserve/5) // of a period in which nothing was told yet, a handful; one in five, because refusals are no use of ours
	c.answer(1000, 990, 20)
	c.takes(2) // one in the place of the one that was answered, and one that it confirms
}

// Of a period that begins while requests are on their way half of our share may be in flight until the first answer.
func TestBudgetOfANewPeriod(t *testing.T) {
	t.Parallel()
	c := clerk{T: t, at: epoch.Add(10*time.Second - fresh)}
	for n := 1; n <= 100; n++ {
		c.take(true)
		c.answer(400, 400-2*n, 10)
	}
	c.at = epoch.Add(10 * time.Second)
	c.takes(100) // with the others' as many: half the limit
}

// An answer that tells nothing counts as one request until one that is newer than all tells of it.
func TestBudgetOfSilentAnswers(t *testing.T) {
	t.Parallel()
	c := clerk{T: t, at: epoch}
	for i, told := range []struct{ by, want int }{{by: 50, want: 50}, {want: 49}, {want: 48}, {by: 51, want: 48}, {by: 49, want: 49}} {
		if c.inFlight++; told.by > 0 {
			c.answer(100, told.by, 10)
		} else {
			c.answered(http.Header{}, rateHeaders{"L", "R", "T", false}, c.at)
		}
		if c.remaining != told.want {
			t.Errorf("answer %d: %d remain, want %d", i, c.remaining, told.want)
		}
	}
}

// An end that moves with every answer is no new period, and what was used before is not the others'.
func TestBudgetWhoseEndMoves(t *testing.T) {
	t.Parallel()
	c := clerk{T: t, at: epoch}
	for n := range 200 {
		c.take(true)
		c.answer(1000, 800, int64(60+n))
	}
	c.takes(1 + 1000/reserve + 199) // all that answers have confirmed
}

func TestConcurrencyLimit(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	inFlight, most, first := 0, 0, true // the first answer tells the limit
	full := make(chan struct{})
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "1000")
		w.Header().Set("X-RateLimit-Remaining", "1000")
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(epoch.Unix()+60))
		mu.Lock()
		if first {
			first = false
			mu.Unlock()
			reply(w, 200, noAdmins)
			return
		}
		inFlight++
		if most = max(most, inFlight); inFlight == 8 {
			close(full)
		}
		mu.Unlock()
		<-full
		reply(w, 200, noAdmins)
		mu.Lock()
		inFlight--
		mu.Unlock()
	})
	var wg sync.WaitGroup
	for range 15 {
		wg.Go(func() { _, _ = b.read("admins", Position{}) })
	}
	wg.Wait()
	if most != 8 {
		t.Errorf("%d requests in flight", most)
	}
}

func TestBudgetWaitIsCapped(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "100")
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(epoch.Unix()+86400)) // a clock that is off
		reply(w, 200, noAdmins)
	})
	b.mustRead("admins", Position{})
	b.mustRead("admins", Position{})
	if took := b.clock.Now().Sub(epoch); took > time.Minute {
		t.Errorf("waited %v", took)
	}
}

// People are told what the API allows as it is: what remains, until when, and whether anybody may send.
func TestBudgetView(t *testing.T) {
	t.Parallel()
	var b budget
	headers := rateHeaders{limit: "L", remaining: "M", reset: "R"}
	now := time.Unix(1_700_000_000, 0)
	answer := func(remaining int, reset time.Time) {
		b.answered(http.Header{"L": {"100"}, "M": {strconv.Itoa(remaining)}, "R": {strconv.FormatInt(reset.Unix(), 10)}}, headers, now)
	}
	if v := b.view(now); v != (Budget{}) {
		t.Errorf("before any answer: %+v", v)
	}
	b.take(now, true)
	if v := b.view(now); v.InFlight != 1 {
		t.Errorf("in flight: %+v", v)
	}
	reset := now.Add(10 * time.Second)
	answer(60, reset)
	want := Budget{Limit: 100, Remaining: 60, Reset: reset, Told: now}
	if v := b.view(now); v != want {
		t.Errorf("after an answer: %+v", v)
	}
	b.take(now, true)
	answer(0, reset)
	want.Remaining, want.Paused = 0, reset
	if v := b.view(now); v != want {
		t.Errorf("used up: %+v", v)
	}
	want = Budget{Limit: 100, Remaining: 100, Told: now}
	if v := b.view(reset); v != want {
		t.Errorf("after the reset: %+v", v)
	}
	b.block(reset.Add(time.Minute))
	want.Paused = reset.Add(time.Minute)
	if v := b.view(reset); v != want {
		t.Errorf("after a 429: %+v", v)
	}
}
