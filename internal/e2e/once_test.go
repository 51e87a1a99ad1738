package e2e

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// readable are the keys of the state topic: a unit, a window of one, a plan, a claim.
var readable = regexp.MustCompile(`^(__claim|[a-z_]+|[a-z_]+/[0-9]+|[a-z_]+/plan)$`)

// An empty prefix is filled with everything that the API holds; a second run finds nothing to publish.
func TestOnceFillsTheTopics(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 7, Size: 320})
		w.once()
		w.equalsTruth(all()...)
		w.noDeadLetters()
		for topic, records := range w.read(w.topics(all())...) {
			for _, r := range records {
				if r.headers["op"] != "r" {
					t.Errorf("%s: %s: op %q of a first publication", topic, r.key, r.headers["op"])
				}
			}
		}
		w.stateIsReadable()
		m := w.marks(append(w.topics(all()), w.topic("_dead_letters"))...)
		p := w.once()
		w.nothingSince(m)
		w.equalsTruth(all()...)
		for _, r := range all() {
			if !strings.Contains(p.stderr.String(), r) {
				t.Errorf("the summary does not name %s", r)
			}
		}
	})
}

// stateIsReadable checks that every state record can be read by a person: a plain key, a line of JSON, and a plan for
// every resource.
func (w *world) stateIsReadable() {
	w.t.Helper()
	topic := w.topic("_state")
	records := w.read(topic)[topic]
	for _, r := range records {
		if !readable.MatchString(r.key) {
			w.t.Errorf("state key %q", r.key)
		}
		if bytes.ContainsAny(r.value, "\n\r") || !bytes.HasPrefix(r.value, []byte(`{"v":1,`)) {
			w.t.Errorf("state record %q is not one line of JSON of version 1: %s", r.key, r.value)
		}
	}
	states := w.states()
	for _, r := range all() {
		plan := states[r+"/plan"]
		if plan == nil || plan["topic_id"] == "" || plan["format"] != "avro" {
			w.t.Errorf("plan of %s: %v", r, plan)
		}
		unit := states[r]
		if r == "conversation_parts" {
			continue // rides with conversations
		}
		if unit == nil || unit["done"] != true || unit["owed"] != nil {
			w.t.Errorf("state of %s is not done: %v", r, unit)
		}
	}
}
