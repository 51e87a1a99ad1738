package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// clock is the API's clock, set by hand. It does not move by itself.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock(at time.Time) *clock {
	c := &clock{}
	c.set(at)
	return c
}

func (c *clock) set(at time.Time) { c.at.Store(&at) }
func (c *clock) now() time.Time   { return *c.at.Load() }

// What changed shortly before the backfill's end is met again by the live pass that follows, which looks back a few
// minutes: it is not published again.
func TestLivePassAfterBackfillIsSilent(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		now := time.Now().Truncate(time.Second)
		api := newClock(now.Add(-12 * time.Minute))
		w := newWorld(t, s, sandbox.APIConfig{Seed: 71, Size: 60, Now: api.now, RateLimit: -1})
		for age := 11 * time.Minute; age > 0; age -= time.Minute {
			api.set(now.Add(-age))
			for _, r := range all() {
				w.edit("change", r, "n=1")
			}
		}
		api.set(now)
		w.once()
		w.equalsTruth(all()...)
		m := w.marks(w.topics(all())...)
		w.once()
		w.nothingSince(m)
	})
}

// The API's clock ticks in seconds: a part that is written in the second in which its conversation was read leaves no trace
// in the conversation. It is found all the same.
func TestPartWrittenInTheSecondOfTheReading(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		now := time.Now().Truncate(time.Second)
		api := newClock(now)
		w := newWorld(t, s, sandbox.APIConfig{Seed: 73, Size: 60, Now: api.now, RateLimit: -1})
		parent := ""
		for _, key := range slices.Sorted(maps.Keys(w.truth("conversations"))) {
			var c struct{ Statistics json.RawMessage }
			if err := json.Unmarshal(w.truth("conversations")[key], &c); err == nil && string(c.Statistics) == "null" {
				parent = key // nothing in it counts its parts
				break
			}
		}
		if parent == "" {
			t.Fatal("every conversation counts its parts: choose another seed")
		}
		selection := []string{"conversations", "conversation_parts"}
		w.edit("create", "conversation_parts", "parent="+parent)
		w.once(selection...)
		w.equalsTruth(selection...)
		before := w.truth("conversations")
		w.edit("create", "conversation_parts", "parent="+parent)
		if len(changes(before, w.truth("conversations"))) != 0 {
			t.Fatal("the conversation shows the part: this test would prove nothing")
		}
		api.set(now.Add(10 * time.Second))
		w.once(selection...)
		w.equalsTruth(selection...)
	})
}
