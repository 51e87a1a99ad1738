package extract

import (
	"fmt"
	"net/http"
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

func TestBudgetRules(t *testing.T) {
	t.Parallel()
	names := rateHeaders{"L", "R", "T", false}
	header := func(limit, remaining int, reset int64) http.Header {
		return http.Header{"L": {fmt.Sprint(limit)}, "R": {fmt.Sprint(remaining)}, "T": {fmt.Sprint(reset)}}
	}
	reset := epoch.Unix() + 10
	var b budget
	take := func(at time.Time, want bool) {
		t.Helper()
		if _, ok := b.take(at, true); ok != want {
			t.Fatalf("take: got %v, want %v (%+v)", ok, want, &b)
		}
	}
	take(epoch, true)  // nothing is known yet
	take(epoch, false) // one at a time, until the limit is known
	b.answered(header(100, 4, reset), names, epoch)
	take(epoch, true)
	take(epoch, true)
	take(epoch, false) // 4 − 2 in flight = one in forty
	if h, _ := b.take(epoch, true); h.answer == nil || !h.until.Equal(time.Unix(reset, 0)) {
		t.Errorf("%+v: the two in flight may be among the 96, which their answers will tell before the period ends", h)
	}
	b.answered(header(100, 90, reset-10), names, epoch)
	take(epoch, true) // an answer of the period before tells nothing of this one; 4 − 1 in flight
	b.answered(nil, names, epoch)
	take(epoch, false)                 // no headers: one less
	take(epoch.Add(time.Minute), true) // the period is over
	b.block(epoch.Add(2 * time.Minute))
	take(epoch.Add(time.Minute), false)
	b.waited(epoch.Add(2 * time.Minute))
	take(epoch.Add(time.Minute), true) // waited for, whatever the clocks say
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
