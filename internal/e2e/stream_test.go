package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// settle is how long a quick run may take to follow what happened, on a slow machine.
const settle = 90 * time.Second

// quick is the environment of a run that looks again at once.
func quick() map[string]string {
	return map[string]string{"HEADWATER_POLL_INTERVAL": "100ms", "HEADWATER_SNAPSHOT_INTERVAL": "200ms"}
}

// follow waits until the topics hold what the API holds.
func (w *world) follow(p *process, within time.Duration) {
	w.t.Helper()
	eventually(w.t, within, "topics that equal the API", func() (bool, string) {
		if !p.running() {
			w.t.Fatalf("the run ended: %s", p.lastLine())
		}
		wrong := w.differences(all()...)
		for _, difference := range wrong {
			if strings.Contains(difference, "published twice") || strings.Contains(difference, "goes back") {
				w.t.Fatal(difference) // no waiting will mend it
			}
		}
		return len(wrong) == 0, strings.Join(wrong, "\n")
	})
}

// A run without --once follows the API until it is told to stop.
func TestStreamFollowsTheAPI(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 31, Size: 80})
		p := w.startWith(quick(), "run")
		w.follow(p, settle)
		m := w.marks(w.topics(all())...)
		w.churn("30ms")
		eventually(t, once, "changes that arrive", func() (bool, string) {
			n := 0
			for _, records := range w.since(m, w.topics(all())...) {
				n += len(records)
			}
			return n >= 150, fmt.Sprintf("%d records", n)
		})
		w.churn("0")
		w.follow(p, settle)
		m = w.marks(w.topics(all())...)
		p.terminate()
		w.nothingSince(m)
		w.noDeadLetters()
	})
}

// Two workers on one prefix: the one that was there first gives way, says to whom, and the topics stay right.
func TestSecondWorkerTakesOver(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 51, Size: 60})
		first := w.startWith(quick(), "run")
		w.follow(first, settle)
		w.churn("30ms")
		second := w.startWith(quick(), "run")
		gone, stays := first, second
		eventually(t, once, "the end of one of the workers", func() (bool, string) {
			if !second.running() {
				gone, stays = second, first
			}
			return !gone.running(), ""
		})
		gone.ends(4, time.Second)
		if line, pid := gone.lastLine(), fmt.Sprintf("(pid %d)", stays.cmd.Process.Pid); !strings.HasPrefix(line, "headwater: ") ||
			!strings.Contains(line, "took over") || !strings.Contains(line, pid) {
			t.Errorf("last line %q, want one that names who took over, %s", line, pid)
		}
		w.churn("0")
		w.follow(stays, settle)
		stays.terminate()
		w.noDeadLetters()
	})
}

// A stop is a stop also before the work has begun: while the servers are asked whether they are there.
func TestStopWhileTheServersAreAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, embedded(t), sandbox.APIConfig{Seed: 61, Size: 60})
	w.fail("resource=*&slow=5m&n=1000")
	p := w.startWith(quick(), "run", "tags")
	eventually(t, once, "a request", func() (bool, string) { return w.stats().InFlight > 0, "" })
	p.terminate()
}
