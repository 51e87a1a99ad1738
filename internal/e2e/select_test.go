package e2e

import (
	"slices"
	"testing"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// Only the resources that are named are read and published.
func TestSelection(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 101, Size: 60})
		w.once("tags", "admins")
		w.equalsTruth("tags", "admins")
		w.onlyTopics("tags", "admins")
		for resource := range w.requests() {
			if resource != "tags" && resource != "admins" {
				t.Errorf("%s were asked for", resource)
			}
		}
		w.once()
		w.equalsTruth(all()...)
	})
}

// Parts that were not selected are made up for when they are.
func TestSubstreamSelectedLater(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 102, Size: 60})
		w.once("conversations", "companies")
		w.equalsTruth("conversations", "companies")
		w.onlyTopics("conversations", "companies")
		w.edit("create", "conversation_parts", "n=3")
		w.once("conversations")
		w.once()
		w.equalsTruth(all()...)
		m := w.marks(w.topics(all())...)
		w.once()
		w.nothingSince(m)
	})
}

// A substream alone: its parents are read and not published.
func TestSubstreamAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 103, Size: 60})
		substreams := []string{"conversation_parts", "company_segments"}
		w.once(substreams...)
		w.equalsTruth(substreams...)
		w.onlyTopics(substreams...)
		before, m := w.holdings(substreams...), w.marks(w.topics(substreams)...)
		w.edit("create", "conversation_parts", "n=2")
		w.edit("change", "company_segments", "n=2")
		w.once(substreams...)
		w.appended(m, before)
		w.equalsTruth(substreams...)
		w.once()
		w.equalsTruth(all()...)
	})
}

// onlyTopics checks that the data topics that exist are those of resources.
func (w *world) onlyTopics(resources ...string) {
	w.t.Helper()
	want := append(w.topics(resources), w.topic("_state"), w.topic("_dead_letters"))
	for _, name := range w.existing() {
		if !slices.Contains(want, name) {
			w.t.Errorf("topic %s was created", name)
		}
	}
}
