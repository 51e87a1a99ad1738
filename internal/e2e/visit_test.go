package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// State is changed while a run streams: the run takes up the new plans, reads everything again, and publishes nothing that is unchanged.
func TestStateIsResetUnderTheRun(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 131, Size: 80})
		p := w.startWith(quick(), "run")
		w.follow(p, settle)
		m := w.marks(w.topics(all())...)
		visits := [][]string{
			{"reset", "contacts"}, {"reset", "conversations", "--to", "2020-01-01"}, {"reset", "tags"},
			{"reset", "conversation_parts"}, {"reset", "company_segments"},
			{"set", "tickets", `{"phase":"live","watermark":"2020-01-01T00:00:00Z","done":true}`},
		}
		for _, args := range visits {
			lines := w.prints(append([]string{"state"}, args...)...)
			if len(lines) != 1 || !strings.Contains(lines[0], args[1]+": plan 1 → 2; lane") {
				t.Errorf("state %v says %q", args, lines)
			}
		}
		eventually(t, settle, "the new plans", func() (bool, string) {
			if !p.running() {
				t.Fatalf("the run ended: %s", p.lastLine())
			}
			states := w.states()
			for _, args := range visits {
				if plan := states[args[1]+"/plan"]; plan["plan"] != 2.0 || plan["reset"] != nil {
					return false, fmt.Sprint(args[1], plan)
				}
			}
			for _, r := range []string{"contacts", "conversations", "tags", "tickets", "conversation_parts"} {
				if unit := states[r]; unit == nil || unit["plan"] != 2.0 || unit["done"] != true {
					return false, fmt.Sprint(r, unit)
				}
			}
			return !w.busy("contacts"), "windows of contacts are not done"
		})
		w.nothingSince(m)
		changed := w.edit("change", "contacts", "n=1")
		w.follow(p, settle)
		p.terminate()
		if got := w.since(m, w.topic("contacts"))[w.topic("contacts")]; len(got) != 1 || got[0].key != changed[0] {
			t.Errorf("%d contacts were published, want the one that changed", len(got))
		}
		w.noDeadLetters()
	})
}
