package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// except lists all resources but some.
func except(some ...string) []string {
	return slices.DeleteFunc(all(), func(r string) bool { return slices.Contains(some, r) })
}

// A token that may not read one kind of record: that resource fails and names the permission, the others complete, and
// when the permission is there the next run makes up for it.
func TestMissingPermission(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 91, Size: 60})
		w.fail("resource=tags&status=403&n=100000")
		w.fail("resource=contacts&status=401&n=100000&code=unauthorized")
		p := w.onceEnds(1)
		line := p.lastLine()
		for _, want := range []string{"headwater: ", "tags", "Read tags", "403", "contacts", "Read users and companies", "401"} {
			if !strings.Contains(line, want) {
				t.Errorf("last line %q does not say %q", line, want)
			}
		}
		w.equalsTruth(except("tags", "contacts")...)
		w.nothingIn("tags", "contacts")
		w.heal()
		w.once()
		w.equalsTruth(all()...)
		w.noDeadLetters()
	})
}

// The same for substreams: their parents are published, what is missing is owed, and made up for.
func TestMissingPermissionForSubstreams(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 92, Size: 60})
		substreams := []string{"conversation_parts", "company_segments"}
		for _, r := range substreams {
			w.fail("resource=" + r + "&status=403&n=100000")
		}
		p := w.onceEnds(1)
		for _, want := range append(substreams, "Read conversations", "Read users and companies") {
			if line := p.lastLine(); !strings.Contains(line, want) {
				t.Errorf("last line %q does not say %q", line, want)
			}
		}
		w.equalsTruth(except(substreams...)...)
		w.nothingIn(substreams...)
		for _, r := range substreams {
			if !w.owes(r) {
				t.Errorf("the state does not say that %s are owed: %v", r, w.states())
			}
		}
		w.heal()
		m := w.marks(w.topics(except(substreams...))...)
		w.once()
		w.equalsTruth(all()...)
		w.nothingSince(only(m, w.topics(except(substreams...)), w))
		m = w.marks(append(w.topics(all()), w.topic("_dead_letters"))...)
		w.once()
		w.nothingSince(m)
	})
}

// only returns a mark by which nothingSince looks at some topics: the others are taken as they are now.
func only(m mark, topics []string, w *world) mark {
	now := w.marks(append(w.topics(all()), w.topic("_dead_letters"))...)
	for _, topic := range topics {
		now[topic] = m[topic]
	}
	return now
}

func (w *world) nothingIn(resources ...string) {
	w.t.Helper()
	for topic, records := range w.read(w.topics(resources)...) {
		w.t.Errorf("%s holds %d records, want none", topic, len(records))
	}
}

func (w *world) owes(resource string) bool {
	for _, state := range w.states() {
		if strings.Contains(fmt.Sprint(state["owed"]), resource) {
			return true
		}
	}
	return false
}
