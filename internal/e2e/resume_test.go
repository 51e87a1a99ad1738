package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// What a killed run had committed is not read again: the next one goes on at the page. The scroll, which cannot be
// resumed, begins again, and nobody notices in the topics.
func TestKilledRunGoesOnAtThePage(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		cfg := sandbox.APIConfig{Seed: 21, Size: 1000, ScrollExpiry: 3 * time.Second}
		whole := newWorld(t, s, cfg)
		whole.once()
		full := whole.requests()

		w := newWorld(t, s, cfg)
		// The first request of a search is a question for the size, two look ahead, the next ones are pages of 150. Those after the fourth page
		// hang until the program is killed; so do the second page of the scroll, and the parts of conversations on page two.
		// One more of each may pass: where the embedded broker refuses a first batch under load, the run begins once more.
		w.fail("resource=contacts&after=7&slow=5m&n=1000")
		w.fail("resource=tickets&after=5&slow=5m&n=1000")
		w.fail("resource=conversation_parts&after=220&slow=5m&n=1000")
		w.fail("resource=companies&after=1&slow=5m&n=1000")
		// With so many requests in flight, those that hang do not keep the others from going on.
		p := w.startWith(map[string]string{"HEADWATER_CONCURRENCY": "200"}, "run", "--once")
		eventually(t, once, "a run that hangs in the middle", func() (bool, string) {
			got := map[string]int{}
			for topic, records := range w.read(w.topics([]string{"contacts", "tickets", "conversations", "companies"})...) {
				got[strings.TrimPrefix(topic, w.prefix)] = len(records)
			}
			asked := w.requests()
			return got["contacts"] >= 450 && got["tickets"] >= 150 && got["conversations"] >= 150 && got["companies"] >= 100 &&
				asked["companies"] >= 2 && asked["conversation_parts"] > 220 && !w.busy("activity_logs"), fmt.Sprint(got, asked)
		})
		p.kill()
		w.heal()
		w.resetStats()
		second := w.once()
		w.equalsTruth(all()...)
		w.noDeadLetters()
		asked := w.stats()
		for resource, saved := range map[string]int{"contacts": 5, "tickets": 3, "conversations": 3, "conversation_parts": 120, "activity_logs": 20} {
			if got := asked.Requests[resource]; got > full[resource]-saved {
				t.Errorf("%s: %d requests after the kill, %d in a whole run: want at least %d fewer", resource, got, full[resource], saved)
			}
		}
		if asked.Scrolls.Opened == 0 || asked.Scrolls.Finished == 0 {
			t.Errorf("the scroll did not begin again: %+v", asked.Scrolls)
		}
		for _, line := range second.stderr.lines() {
			if strings.Contains(line, `"level":"WARN"`) || strings.Contains(line, `"level":"ERROR"`) {
				t.Errorf("the run after the kill is not silent: %s", line)
			}
		}
	})
}

// busy says whether state records of a resource are missing: not all of its backfill is done.
func (w *world) busy(resource string) bool {
	states := w.states()
	plan := states[resource+"/plan"]
	if plan == nil {
		return true
	}
	windows, _ := plan["windows"].(float64)
	for n := range int(windows) {
		if unit := states[resource+"/"+strconv.Itoa(n)]; unit == nil || unit["done"] != true {
			return true
		}
	}
	return false
}

// kill -9 at random moments, with changes in between: nothing is lost and nothing published twice.
func TestKilledAgainAndAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		seed := uint64(time.Now().UnixNano())
		if text := os.Getenv("E2E_SEED"); text != "" {
			var err error
			if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("E2E_SEED=%d repeats the choice of moments", seed)
		dice := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t, s, sandbox.APIConfig{Seed: seed, Size: 300, ScrollExpiry: 3 * time.Second})
		w.fail("resource=*&slow=15ms&n=1000000")
		for kill := range 6 {
			// Every run asks for the memberships of all companies and publishes the changes, so it lasts beyond these moments.
			if kill%2 == 0 {
				w.killAfter("requests", dice.IntN(80)+5, w.total)
			} else {
				w.killAfter("offsets", dice.IntN(12)+1, func() int { return int(w.size(w.topics(all())...)) })
			}
			for _, r := range all() {
				w.edit("change", r, "n=1")
			}
		}
		p := w.start("run", "--once")
		w.resetStats()
		eventually(t, once, "a run in the middle", func() (bool, string) { return w.total() >= 20, fmt.Sprint(w.requests()) })
		p.signal(syscall.SIGTERM)
		p.ends(1, 15*time.Second) // it had not read everything
		if !strings.Contains(p.stderr.String(), "stopping") {
			t.Errorf("the stop is not announced:\n%s", p.stderr)
		}
		w.heal()
		w.once()
		w.equalsTruth(all()...)
		w.noDeadLetters()
		m := w.marks(append(w.topics(all()), w.topic("_dead_letters"))...)
		w.once()
		w.nothingSince(m)
	})
}

// killAfter starts a run and kills it when count has grown by n.
func (w *world) killAfter(what string, n int, count func() int) {
	w.t.Helper()
	before := count()
	p := w.start("run", "--once")
	eventually(w.t, once, what+" of a run", func() (bool, string) {
		got := count() - before
		return got >= n || !p.running(), fmt.Sprintf("%d of %d", got, n)
	})
	p.kill()
}

func (w *world) total() int {
	n := 0
	for _, count := range w.requests() {
		n += count
	}
	return n
}
