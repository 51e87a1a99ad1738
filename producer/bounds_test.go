package producer

import (
	"strings"
	"testing"
	"time"
)

// An end_value is an end for good: neither the backfill nor a live pass goes beyond.
func TestEndValue(t *testing.T) {
	for _, resource := range []string{"events", "logs"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			end := w.clock.Now().Add(-time.Hour)
			w.use(strings.ReplaceAll(shop, "cursor_path: updated_at,", "cursor_path: updated_at, end_value: "+rfc3339(end)+","))
			w.api.event(resource, "1", "a", -7200)
			w.api.event(resource, "2", "a", -3601)
			w.api.event(resource, "3", "a", -3600)
			w.once(only(resource), func(c *Config) { c.Concurrency = 1 }) // windows in order, the newest first
			w.wantNews(resource, "r 2, r 1")
			w.api.event(resource, "1", "b", -60)
			w.once(only(resource))
			w.wantNews(resource, "")
		})
	}
}

// Where the end lies ahead, reading goes on until it is there.
func TestEndValueAhead(t *testing.T) {
	w := newWorld(t)
	end := w.clock.Now().Add(time.Hour)
	w.use(strings.ReplaceAll(shop, "cursor_path: updated_at,", "cursor_path: updated_at, end_value: "+rfc3339(end)+","))
	w.api.event("events", "1", "a", -7200)
	w.once(only("events"))
	w.wantNews("events", "r 1")
	w.clock.move(2 * time.Hour)
	w.api.event("events", "2", "a", -3601)
	w.api.event("events", "3", "a", -3599)
	w.once(only("events"))
	w.wantNews("events", "u 2")
}

// What is not selected in the source file is read where it is named, or where a substream needs it.
func TestNotSelectedInTheFile(t *testing.T) {
	w := newWorld(t)
	w.use(strings.ReplaceAll(shop, "- name: crates ", "- name: crates\n    selected: false "))
	w.api.put("crates", "a", "1")
	w.api.put("labels/1", "a", "x")
	w.once()
	w.wantNews("labels", "r 1/x")
	w.once(only("crates"))
	w.wantNews("crates", "r 1")
}
