package producer

import (
	"net/http"
	"testing"
	"time"
)

// A success is told when a reading does what it is to do, and only then; with it come the pause between two and what was published.
func TestSuccess(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	s := w.stream(only("events"))
	s.pause()
	first := s.worker.Progress()[0]
	if first.Success.IsZero() || first.Interval != 30*time.Second || first.Published != 1 || first.First != 1 {
		t.Errorf("after the first pass: %+v", first)
	}
	w.api.refuse("/events", http.StatusServiceUnavailable)
	s.pass()
	s.pass()
	if got := s.worker.Progress()[0]; got.Err == nil || !got.Success.Equal(first.Success) {
		t.Errorf("while the API is away: %+v", got)
	}
	w.api.intercept(nil)
	w.api.event("events", "1", "b", -10)
	s.pass()
	s.pass()
	if got := s.worker.Progress()[0]; got.Err != nil || !got.Success.After(first.Success) || got.Published != 2 || got.First != 1 {
		t.Errorf("after it: %+v", got)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

// As long as a backfill gets on all is well, and a listing that takes long is not made often.
func TestSuccessOfALongReading(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	p := newProgress([]string{"events"}, FormatAvro, func() time.Time { return now })
	for _, c := range []struct {
		passes int64
		phase  string
		want   bool
	}{{0, "snapshot", true}, {1, "snapshot", false}, {1, "live", false}, {1, "backfill", true}} {
		p.with("events", func(s *Status) { s.Passes, s.Success = c.passes, time.Time{} })
		p.advanced([]string{"events", "another"}, UnitState{Phase: c.phase})
		if got := p.snapshot()[0].Success; got.IsZero() == c.want {
			t.Errorf("a commit of a %s reading after %d: %v", c.phase, c.passes, got)
		}
	}
}

// The interval is known before the first reading: a resource's own, or that of its kind; a substream has its parent's.
func TestIntervalBeforeTheFirstReading(t *testing.T) {
	w := newWorld(t)
	got := map[string]time.Duration{}
	for _, s := range w.newWorker(only("events", "things", "crates", "labels")).Progress() {
		got[s.Resource] = s.Interval
	}
	if got["events"] != 30*time.Second || got["things"] != time.Hour || got["labels"] != got["crates"] || got["labels"] == 0 {
		t.Errorf("%v", got)
	}
}
