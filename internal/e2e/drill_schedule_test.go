//go:build unix

package e2e

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/realstack"
)

// fault is one thing that chaos does, and when, counted from the beginning.
type fault struct {
	at     time.Duration
	what   string // kill, stop, pause, resume, start of a worker or server; away, back of the API
	who    string // worker, workers (all at once), broker, registry, api
	worker int
}

func (f fault) String() string {
	who := f.who
	if who == "worker" {
		who = fmt.Sprintf("worker %d", f.worker)
	}
	return fmt.Sprintf("%7.2f s  %s %s", f.at.Seconds(), f.what, who)
}

// habit is how one of those who are hurt is hurt: after a while in [least, most) something happens to it that lasts a while of its own.
type habit struct {
	who         string
	least, most time.Duration
	harms       []harm
}

// harm is what happens, how it ends ("": by itself), how long it lasts at least and at most, and how often it is chosen.
type harm struct {
	what, end   string
	least, most time.Duration
	weight      int
}

// brokerMissed is how long a broker that was killed stays away: until its controller has missed it (realstack.KafkaOptions).
const brokerMissed = realstack.BrokerSession + time.Second

func habits() []habit {
	return []habit{
		{"worker", 3 * time.Second, 25 * time.Second, []harm{
			{"kill", "start", 0, 5 * time.Second, 4}, {"pause", "resume", 0, 8 * time.Second, 3}, {"pause", "resume", 0, 45 * time.Second, 1},
			{"stop", "start", 0, 20 * time.Second, 2},
		}},
		{"workers", 30 * time.Second, 90 * time.Second, []harm{{"kill", "", 0, 0, 1}}},
		{"broker", 30 * time.Second, 90 * time.Second, []harm{
			{"kill", "start", brokerMissed, 5 * time.Second, 2}, {"pause", "resume", 0, 20 * time.Second, 2}, {"pause", "resume", 0, 45 * time.Second, 1},
		}},
		{"registry", 30 * time.Second, 90 * time.Second, []harm{{"kill", "start", 0, 15 * time.Second, 1}}},
		{"api", 30 * time.Second, 90 * time.Second, []harm{{"away", "back", 0, 10 * time.Second, 1}}},
	}
}

// schedule is what chaos does. It depends on its arguments alone. Everybody is hurt independently of the others; what lasts has ended
// at the end. In a short one everything is quicker.
func schedule(seed uint64, lasts time.Duration, workers int) []fault {
	scale := min(1, max(0.2, lasts.Minutes()/5))
	scaled := func(d time.Duration) time.Duration { return time.Duration(float64(d) * scale).Round(time.Millisecond) }
	var all []fault
	for _, h := range habits() {
		n := 1
		if h.who == "worker" {
			n = workers
		}
		for i := range n {
			dice := rand.New(rand.NewPCG(seed, hash(fmt.Sprint(h.who, i))))
			for at := time.Duration(0); ; {
				at += scaled(h.least + time.Duration(dice.Int64N(int64(h.most-h.least))))
				if at >= lasts {
					break
				}
				harm := h.harms[weighted(dice, h.harms)]
				if at+harm.least > lasts {
					break
				}
				all = append(all, fault{at, harm.what, h.who, i})
				if harm.end != "" {
					at = min(lasts, at+max(harm.least, scaled(time.Duration(dice.Int64N(int64(harm.most))))))
					all = append(all, fault{at, harm.end, h.who, i})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b fault) int { return cmp.Compare(a.at, b.at) })
	return all
}

func weighted(dice *rand.Rand, harms []harm) int {
	sum := 0
	for _, h := range harms {
		sum += h.weight
	}
	n := dice.IntN(sum)
	for i, h := range harms {
		if n -= h.weight; n < 0 {
			return i
		}
	}
	return len(harms) - 1
}

// A seed is worth printing if it brings the same faults again, and chaos is chaos if everything happens.
func TestScheduleIsTheSeeds(t *testing.T) {
	t.Parallel()
	first := schedule(7, 30*time.Minute, 3)
	if again := schedule(7, 30*time.Minute, 3); !slices.Equal(first, again) {
		t.Error("the same seed makes another schedule")
	}
	if slices.Equal(first, schedule(8, 30*time.Minute, 3)) {
		t.Error("another seed makes the same schedule")
	}
	var kinds []string
	down := map[string]string{}
	for i, f := range first {
		if i > 0 && f.at < first[i-1].at || f.at > 30*time.Minute {
			t.Errorf("%v comes out of its time", f)
		}
		who := fmt.Sprint(f.who, f.worker)
		kinds = append(kinds, f.what+" "+who)
		switch f.what {
		case "start", "resume", "back":
			if down[who] == "" {
				t.Errorf("%v although nothing had happened to it", f)
			}
			delete(down, who)
		default:
			if down[who] != "" {
				t.Errorf("%v after %s", f, down[who])
			}
			if f.who != "workers" {
				down[who] = f.what
			}
		}
	}
	if len(down) > 0 {
		t.Errorf("at the end somebody is still hurt: %v", down)
	}
	slices.Sort(kinds)
	want := "away api0, back api0, kill broker0, kill registry0, kill worker0, kill worker1, kill worker2, kill workers0, " +
		"pause broker0, pause worker0, pause worker1, pause worker2, resume broker0, resume worker0, resume worker1, resume worker2, " +
		"start broker0, start registry0, start worker0, start worker1, start worker2, stop worker0, stop worker1, stop worker2"
	if got := strings.Join(slices.Compact(kinds), ", "); got != want {
		t.Errorf("what happens is\n%s, want\n%s", got, want)
	}
}
