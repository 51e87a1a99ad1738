package extract

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// crowd is several workers that spend one API's budget, each with a client of its own: they know of each other what the answers tell.
type crowd struct {
	load
	workers []*mate
}

// mate is a worker of a crowd. It reads when it is busy: in a period of that number, at a time since its begin.
type mate struct {
	concurrency int
	busy        func(period int64, since time.Duration) bool

	crowd   *crowd
	mu      sync.Mutex
	refused map[int64]time.Time // when it got the first 429 of a period
	late    int                 // requests that it sent in the same period afterwards
}

func (m *mate) RoundTrip(r *http.Request) (*http.Response, error) {
	number, _ := m.crowd.period()
	m.mu.Lock()
	if at, known := m.refused[number]; known && time.Now().After(at) {
		m.late++
	}
	m.mu.Unlock()
	resp, err := m.crowd.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		m.mu.Lock()
		var reset int64
		fmt.Sscan(resp.Header.Get("X-RateLimit-Reset"), &reset)
		if _, known := m.refused[reset/10-1]; !known {
			m.refused[reset/10-1] = time.Now()
		}
		m.mu.Unlock()
	}
	return resp, err
}

// period is the API's, and the time since it began.
func (c *crowd) period() (number int64, since time.Duration) {
	now := time.Now().Add(c.ahead)
	number = now.Unix() / 10
	return number, now.Sub(time.Unix(10*number, 0))
}

func (m *mate) work(ctx context.Context, t *testing.T, src *Source) {
	client, err := NewClient(src, map[string]string{"base_url": "http://api.test", "access_token": testToken},
		Options{Concurrency: m.concurrency, HTTP: &http.Client{Transport: m}})
	if err != nil {
		t.Error(err)
		return
	}
	var all sync.WaitGroup
	for range m.concurrency {
		all.Go(func() {
			for ctx.Err() == nil {
				if !m.busy(m.crowd.period()) {
					_ = sleep(ctx, 500*time.Millisecond)
					continue
				}
				for _, err := range client.Pages(ctx, client.src.Resource("admins"), Position{}) {
					if err != nil && ctx.Err() == nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
}

// outcome is what became of a crowd's budget.
type outcome struct {
	periods int
	used    float64 // of the whole periods, their share that was used
	most    int     // refusals in one period
	refused int     // in all of them
	late    int     // requests of a worker that it sent although the period had refused it
}

func (c *crowd) run(t *testing.T, periods int) outcome {
	src := readSource(t)
	c.periods = map[int64]*counted{}
	first, since := c.period()
	ctx, stop := context.WithTimeout(t.Context(), time.Duration(periods+1)*10*time.Second-since)
	defer stop()
	var all sync.WaitGroup
	for _, m := range c.workers {
		m.crowd, m.refused = c, map[int64]time.Time{}
		all.Go(func() { m.work(ctx, t, src) })
	}
	all.Wait()
	o := outcome{periods: periods}
	var used, given int
	for number, p := range c.periods {
		o.most, o.refused = max(o.most, p.refused), o.refused+p.refused
		if number > first && number <= first+int64(periods) {
			used, given = used+p.sent-p.refused, given+c.limit(number)
		}
	}
	for _, m := range c.workers {
		o.late += m.late
	}
	o.used = float64(used) / float64(given)
	return o
}

// check fails where more requests were refused than can be in flight when nothing remains, or where a refusal was not obeyed.
func (c *crowd) check(t *testing.T, o outcome) {
	t.Helper()
	bound := 0
	for _, m := range c.workers {
		bound += m.concurrency
	}
	t.Logf("%.1f %% used; %d refused in %d periods, at most %d in one, the bound is %d", 100*o.used, o.refused, o.periods, o.most, bound)
	if o.most > bound {
		t.Errorf("%d requests refused in one period, want %d at most", o.most, bound)
	}
	if o.late > 0 {
		t.Errorf("%d requests were sent in a period that had refused one of the same worker", o.late)
	}
}

func steadily(int64, time.Duration) bool { return true }

func after(d time.Duration) func(int64, time.Duration) bool {
	return func(_ int64, since time.Duration) bool { return since >= d }
}

// erratic is idle for a period, or busy, or busy from some time on, or for a while again and again.
func erratic(seed uint64) func(int64, time.Duration) bool {
	return func(number int64, since time.Duration) bool {
		r := rand.New(rand.NewPCG(seed, uint64(number)))
		at, step := time.Duration(r.Int64N(int64(10*time.Second))), 100*time.Millisecond+time.Duration(r.Int64N(int64(3*time.Second)))
		return [...]bool{false, true, since >= at, since/step%2 == 0}[r.IntN(4)]
	}
}

// loads are the ways in which i of n workers with c requests in flight at most are busy.
var loads = map[string]func(i, c int) *mate{
	"equal":   func(_, c int) *mate { return &mate{concurrency: c, busy: steadily} },
	"unequal": func(i, c int) *mate { return &mate{concurrency: max(1, c>>i), busy: steadily} },
	"late": func(i, c int) *mate { // all but one begin when others have used most of the period, or all of it
		return &mate{concurrency: c, busy: after(time.Duration(i) * 1300 * time.Millisecond)}
	},
}

// Several workers use at least 95 % of one budget, whatever their number, their loads and their requests in flight. What is refused in a
// period is some two requests a worker, far below the bound.
func TestBudgetOfManyWorkers(t *testing.T) {
	t.Parallel()
	for name, busy := range loads {
		for _, n := range []int{3, 8} {
			for _, c := range []int{8, 64} {
				for _, limit := range []int{20, 83, 400} {
					t.Run(fmt.Sprint(name, " ", n, "x", c, " ", limit), func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) {
							w := crowd{load: load{limit: always(limit), latency: 80 * time.Millisecond, spread: 20 * time.Millisecond}}
							for i := range n {
								w.workers = append(w.workers, busy(i, c))
							}
							o := w.run(t, 5)
							w.check(t, o)
							if o.used < 0.95 {
								t.Errorf("%.1f %% used", 100*o.used)
							}
							if most := (2*n + c/8) * (o.periods + 1); o.refused > most {
								t.Errorf("%d refused, want %d at most", o.refused, most)
							}
						})
					})
				}
			}
		}
	}
}

// The bound holds whatever the workers do, and however answers come.
func TestBudgetBoundOfManyWorkers(t *testing.T) {
	t.Parallel()
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 0))
				latency := time.Duration(20+r.IntN(600)) * time.Millisecond
				limit := 5 + r.IntN(300)
				w := crowd{load: load{limit: always(limit), latency: latency, spread: latency / time.Duration(1+r.IntN(8)),
					ahead: time.Duration(r.IntN(10_000)-5000) * time.Millisecond, silent: []int{0, 0, 3, 7}[r.IntN(4)]}}
				for i := range 2 + r.IntN(7) {
					w.workers = append(w.workers, &mate{concurrency: 1 + r.IntN(32), busy: erratic(seed<<8 + uint64(i))})
				}
				w.check(t, w.run(t, 5))
			})
		})
	}
}
