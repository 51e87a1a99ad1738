package extract

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// load is an API with a rate limit, as a transport: it counts in periods of ten seconds of its own clock, and each answer takes a
// while on its way there and back.
type load struct {
	mu      sync.Mutex
	limit   func(period int64) int
	ahead   time.Duration // its clock before ours
	latency time.Duration
	spread  time.Duration // requests and answers overtake each other by so much
	silent  int           // every so many answers carry no headers; refusals do
	others  int           // requests a period of somebody else who has the same budget, in its first two seconds

	n       int
	periods map[int64]*counted
}

type counted struct{ sent, refused int }

func (l *load) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.n++
	n := l.n
	l.mu.Unlock()
	late := l.spread * time.Duration(n*7919%16) / 16
	if err := sleep(r.Context(), l.latency/2+late); err != nil {
		return nil, err
	}
	resp := l.count(n)
	return resp, sleep(r.Context(), l.latency/2+l.spread-late)
}

func (l *load) count(n int) *http.Response {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now().Add(l.ahead)
	number := now.Unix() / 10
	p := l.periods[number]
	if p == nil {
		p = &counted{}
		l.periods[number] = p
	}
	p.sent++
	limit := l.limit(number)
	used := p.sent + int(float64(l.others)*min(1, now.Sub(time.Unix(number*10, 0)).Seconds()/2))
	h := http.Header{"Date": {now.UTC().Format(http.TimeFormat)}, "Content-Type": {"application/json"}}
	if l.silent == 0 || n%l.silent != 0 || used > limit {
		h.Set("X-RateLimit-Limit", fmt.Sprint(limit))
		h.Set("X-RateLimit-Remaining", fmt.Sprint(max(0, limit-used)))
		h.Set("X-RateLimit-Reset", fmt.Sprint((number+1)*10))
	}
	status, body := 200, noAdmins
	if used > limit {
		p.refused++
		status, body = 429, `{"errors":[{"code":"rate_limit_exceeded"}]}`
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ProtoMajor: 1, ProtoMinor: 1}
}

// run keeps a client busy for some periods and returns the numbers of those that were whole.
func (l *load) run(t *testing.T, concurrency, periods int) (first, end int64) {
	t.Helper()
	l.periods = map[int64]*counted{}
	c, err := NewClient(readSource(t), map[string]string{"base_url": "http://api.test", "access_token": testToken},
		Options{Concurrency: concurrency, HTTP: &http.Client{Transport: l}})
	if err != nil {
		t.Fatal(err)
	}
	first = time.Now().Add(l.ahead).Unix()/10 + 1
	end = first + int64(periods)
	ctx, stop := context.WithTimeout(t.Context(), time.Until(time.Unix(10*end, 0).Add(-l.ahead)))
	defer stop()
	var all sync.WaitGroup
	for range concurrency {
		all.Go(func() {
			for ctx.Err() == nil {
				for _, err := range c.Pages(ctx, c.src.Resource("admins"), Position{}) {
					if err != nil && ctx.Err() == nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	return first, end
}

// expect has a client read for some periods and says what share of them it must use, and what share of the answers may be refusals.
func (l *load) expect(t *testing.T, concurrency, periods int, share, refusals float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		first, end := l.run(t, concurrency, periods)
		used, given, refused, answers := 0, 0, 0, 0
		for number, p := range l.periods {
			refused += p.refused
			answers += p.sent
			if number >= first && number < end {
				used += p.sent - p.refused
			}
		}
		for number := first; number < end; number++ {
			given += l.limit(number) - l.others
		}
		t.Logf("%.1f %% of %d used, %d of %d answers are refusals", 100*float64(used)/float64(given), given, refused, answers)
		if float64(used) < share*float64(given) {
			t.Errorf("%d of %d used, want %.1f %%", used, given, 100*share)
		}
		if float64(refused) > refusals*float64(answers) {
			t.Errorf("%d of %d answers are refusals", refused, answers)
		}
	})
}

func always(limit int) func(int64) int { return func(int64) int { return limit } }

// With enough to do, at least 95 % of what the API gives is used, and fewer than 0.5 % of the answers are refusals: whatever the
// limit, the number of requests in flight, the latency, the API's clock, and the order in which answers come.
func TestBudgetIsUsed(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, test := range []struct {
		limit, concurrency int
		latency, ahead     time.Duration
		silent             int
	}{
		{20, 1, 50 * ms, 0, 0}, {20, 8, 200 * ms, 650 * ms, 0}, {20, 64, 50 * ms, -4300 * ms, 0},
		{83, 1, 50 * ms, 650 * ms, 0}, {83, 8, 50 * ms, 0, 7}, {83, 64, 200 * ms, 999 * ms, 0},
		{166, 1, 30 * ms, 0, 0}, {166, 8, 50 * ms, -4300 * ms, 0}, {166, 64, 500 * ms, 650 * ms, 3},
		{1666, 8, 30 * ms, 350 * ms, 0}, {1666, 64, 50 * ms, 0, 0}, {1666, 64, 200 * ms, 650 * ms, 7},
	} {
		t.Run(fmt.Sprint(test.limit, "x", test.concurrency, " ", test.latency, " ", test.ahead), func(t *testing.T) {
			l := &load{limit: always(test.limit), ahead: test.ahead, latency: test.latency, spread: test.latency / 4, silent: test.silent}
			l.expect(t, test.concurrency, 5, 0.95, 0.0049)
		})
	}
}

// The API's clock is known to the part of a second that its Date headers cut off, and never ahead of it.
func TestClockBelowTheSecond(t *testing.T) {
	t.Parallel()
	const ahead, step, back = 650 * time.Millisecond, 50 * time.Millisecond, 5 * time.Second
	var clock apiClock
	for i := range 60 {
		local := epoch.Add(time.Duration(i) * step)
		truth := local.Add(ahead)
		if i >= 40 {
			truth = truth.Add(-back) // it was set back
		}
		clock.learn(http.Header{"Date": {truth.Format(http.TimeFormat)}}, local.Add(5*time.Millisecond))
		late := truth.Sub(must(clock.now(local)))
		if late < 0 || late >= time.Second+step {
			t.Fatalf("answer %d: %v behind", i, late)
		}
		if i >= 20 && i < 40 && late > step+10*time.Millisecond {
			t.Errorf("answer %d: %v behind, although a second has begun since", i, late)
		}
	}
}

func must(now time.Time, known bool) time.Time {
	if !known {
		return time.Time{}
	}
	return now
}

// Somebody else with the same budget, and a limit that is changed, cost a few refusals at most.
func TestBudgetIsSharedAndChanges(t *testing.T) {
	t.Parallel()
	const latency = 100 * time.Millisecond
	for _, concurrency := range []int{8, 64} {
		for _, limit := range []int{83, 1666} {
			t.Run(fmt.Sprint("shared ", limit, "x", concurrency), func(t *testing.T) {
				l := &load{limit: always(limit), latency: latency * time.Duration(concurrency) / 64, spread: latency / 16, others: limit * 2 / 5}
				l.expect(t, concurrency, 5, 0.90, 0.01)
			})
		}
		t.Run(fmt.Sprint("changing x", concurrency), func(t *testing.T) {
			l := &load{limit: func(period int64) int { return []int{166, 166, 83, 83, 166}[period%5] }, latency: latency, spread: latency / 4}
			l.expect(t, concurrency, 10, 0.90, 0.01)
		})
	}
}
