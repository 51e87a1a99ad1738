package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// The API answers with and without its version in the path; a base URL may name it.
func TestBaseURLWithAVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, embedded(t), sandbox.APIConfig{Seed: 111, Size: 60})
	w.startWith(map[string]string{"SOURCE_BASE_URL": w.api + "/v1"}, "run", "--once").ends(0, once)
	w.equalsTruth(all()...)
}

// A start date bounds what is searched by time, and nothing else.
func TestStartDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, embedded(t), sandbox.APIConfig{Seed: 112, Size: 120})
	start := w.middle("conversations") // a record's own second: it belongs to what is read
	w.startWith(map[string]string{"SOURCE_START_DATE": time.Unix(start, 0).UTC().Format(time.RFC3339)}, "run", "--once").ends(0, once)
	kept := map[string]json.RawMessage{}
	for _, resource := range all() {
		truth := w.truth(resource)
		switch {
		case incremental(resource):
			before := len(truth)
			for key, text := range truth {
				if cursorOf(text, cursor(resource)) < start {
					delete(truth, key)
				}
			}
			if len(truth) == before || len(truth) == 0 {
				t.Errorf("%s: the start date divides nothing: %d of %d", resource, len(truth), before)
			}
			if resource == "conversations" {
				kept = truth
			}
		case resource == "conversation_parts":
			continue
		}
		for _, wrong := range w.judge(resource, w.read(w.topic(resource))[w.topic(resource)], truth) {
			t.Error(wrong)
		}
	}
	parts := w.truth("conversation_parts")
	for key := range parts {
		if conversation, _, _ := strings.Cut(key, "/"); kept[conversation] == nil {
			delete(parts, key)
		}
	}
	for _, wrong := range w.judge("conversation_parts", w.read(w.topic("conversation_parts"))[w.topic("conversation_parts")], parts) {
		t.Error(wrong)
	}
}

// middle is the median of a resource's cursors.
func (w *world) middle(resource string) int64 {
	w.t.Helper()
	var times []int64
	for _, text := range w.truth(resource) {
		times = append(times, cursorOf(text, cursor(resource)))
	}
	slices.Sort(times)
	return times[len(times)/2]
}

func cursorOf(text json.RawMessage, field string) int64 {
	object, _ := parseJSON(text).(map[string]any)
	seconds, _ := object[field].(json.Number)
	n, _ := seconds.Int64()
	return n
}
