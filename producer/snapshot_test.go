package producer

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/headwater-stream/headwater/extract"
)

// happened are the texts of a worker's events of some kinds, the oldest first.
func happened(w *Worker, kinds ...EventKind) string {
	var all []string
	for _, e := range w.Snapshot().Events {
		for _, k := range kinds {
			if e.Kind == k {
				all = append(all, strings.Join(strings.Fields(fmt.Sprintf("%s %s %d", e.Kind, e.Resource, e.Count)), " "))
			}
		}
	}
	return strings.Join(all, ", ")
}

func TestEventsAreBoundedAndJoined(t *testing.T) {
	t.Parallel()
	var e events
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for i := range 100 {
		e.note(at.Add(time.Duration(i)*time.Second), EventWait, "tags", fmt.Sprint("attempt ", i), 0)
	}
	e.note(at.Add(2*time.Minute), EventDeleted, "users", "gone", 3)
	e.note(at.Add(2*time.Minute), EventDeleted, "users", "gone", 4)
	e.note(at.Add(2*time.Minute), EventWait, "tags", "attempt 100", 0)
	e.note(at.Add(4*time.Minute), EventWait, "tags", "attempt 1", 0)
	got := e.all()
	want := []Event{
		{First: at.Add(2 * time.Minute), Last: at.Add(2 * time.Minute), Kind: EventDeleted, Resource: "users", Text: "gone", Times: 2, Count: 7},
		{First: at, Last: at.Add(2 * time.Minute), Kind: EventWait, Resource: "tags", Text: "attempt 100", Times: 101},
		{First: at.Add(4 * time.Minute), Last: at.Add(4 * time.Minute), Kind: EventWait, Resource: "tags", Text: "attempt 1", Times: 1},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for i := range 3 * keptEvents {
		e.note(at, EventSchema, "tags", fmt.Sprint(i), 0)
	}
	if got = e.all(); len(got) != keptEvents || cap(e.kept) > 4*keptEvents || got[keptEvents-1].Text != fmt.Sprint(3*keptEvents-1) || got[0].Text != fmt.Sprint(2*keptEvents) {
		t.Errorf("%d events, from %s to %s, in room for %d", len(got), got[0].Text, got[len(got)-1].Text, cap(e.kept))
	}
}

// An API that is away for hours, with waits and errors of every resource by turns, leaves what came before it, and a new failure is another.
func TestEventsOfALongFailureAreFew(t *testing.T) {
	t.Parallel()
	var e events
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	e.note(at, EventDeleted, "users", "gone", 3)
	cycle := func() {
		for i := range 13 {
			name := fmt.Sprint("r", i)
			e.note(at, EventWait, name, "503; attempt 2 of 8 follows", 0)
			e.note(at.Add(80*time.Second), EventError, name, "503", 0)
		}
		at = at.Add(2 * time.Minute)
	}
	for range 100 {
		cycle()
	}
	got := e.all()
	if len(got) != 1+2*13 || got[0].Kind != EventDeleted || got[1].Times != 100 || got[2].Times != 100 || !got[2].First.Before(got[2].Last) {
		t.Errorf("%d events: %v", len(got), got)
	}
	for i := range 13 {
		e.note(at, EventRecovered, fmt.Sprint("r", i), "works again", 0)
	}
	cycle()
	if got = e.all(); len(got) != 1+2*13+13+2*13 || got[len(got)-1].Times != 1 {
		t.Errorf("a failure after a recovery goes on with the one before it: %v", got)
	}
}

func TestPaceIsOfTheLastSeconds(t *testing.T) {
	t.Parallel()
	var p pace
	began := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		second  int
		records int64
		want    float64
	}{{0, 0, 0}, {5, 500, 100}, {10, 500, 100}, {19, 0, 50}, {20, 0, 0}, {3000, 11, 1.1}, {3001, 11, 2.2}} {
		now := began.Add(time.Duration(c.second) * time.Second)
		p.add(now, c.records)
		if got := p.rate(now, began); got != c.want {
			t.Errorf("second %d: %v, not %v", c.second, got, c.want)
		}
	}
}

// A failure of the API, and its end, are told with their times; so is what came of it.
func TestSnapshotOfAFailureAndItsRecovery(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	w.api.refuse("/events", http.StatusServiceUnavailable)
	s := w.stream(only("events"))
	s.pause()
	began := w.clock.Now()
	status := s.worker.Snapshot().Resources[0]
	if status.Err == nil || status.ErrSince.IsZero() || status.ErrSince.After(began) || status.Until != began.Add(30*time.Second) || !status.Passed.IsZero() || status.Uses.Version != 0 {
		t.Errorf("%+v", status)
	}
	if got := happened(s.worker, EventWait, EventError, EventRecovered); got != "wait events 0, error events 0" {
		t.Errorf("told: %s", got)
	}
	s.pass()
	if again := s.worker.Snapshot().Resources[0]; again.ErrSince != status.ErrSince {
		t.Errorf("the failure began at %v, and now it began at %v", status.ErrSince, again.ErrSince)
	}
	w.api.intercept(nil)
	s.pass()
	status = s.worker.Snapshot().Resources[0]
	if status.Err != nil || !status.ErrSince.IsZero() || status.Passed.IsZero() || status.Uses.Version != 1 || status.SchemaAt.IsZero() || status.Rate == 0 {
		t.Errorf("%+v", status)
	}
	for _, kind := range []EventKind{EventRecovered, EventSchema, EventBackfill} {
		if got, want := happened(s.worker, kind), string(kind)+" events 0"; got != want {
			t.Errorf("told: %s, not %s", got, want)
		}
	}
}

func TestSnapshotOfAResourceThatIsStopped(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.api.refuse("/books", http.StatusForbidden)
	w.failures(w.try(only("things", "books")))
	if got := happened(w.worker, EventStopped); got != "stopped books 0" {
		t.Errorf("told: %s", got)
	}
}

func TestDeletionsAndDeadLettersAreEvents(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", ids(1, 5)...)
	s := w.stream(only("things"))
	s.pause()
	w.api.remove("things", "02", "04")
	s.pass()
	w.api.set("things", "zz", `{"v":"no key"}`)
	s.pass()
	if got := happened(s.worker, EventDeleted, EventDead); got != "deletions things 2, dead letters things 1" {
		t.Errorf("told: %s", got)
	}
}

// The snapshot says which lanes this worker has and who has the others, as the claims say.
func TestSnapshotOfTwoWorkers(t *testing.T) {
	w := newWorld(t)
	w.quickly(false)
	w.api.put("things", "a", "1")
	one := w.join()
	w.share(map[*fellow]int{one: StatePartitions})
	two := w.join()
	owners := w.share(map[*fellow]int{one: StatePartitions / 2, two: StatePartitions / 2})
	for _, f := range []*fellow{one, two} {
		w.until("the snapshot shows it", func() string {
			s := f.worker.Snapshot()
			if s.Self.Group != "crew" || len(s.Lanes) != StatePartitions {
				return fmt.Sprintf("%+v", s)
			}
			for id, lane := range s.Lanes {
				mine := owners[id] == f.worker.claim.Nonce
				if lane.ID != int32(id) || lane.Held != mine || lane.Claim.Nonce != owners[id] {
					return fmt.Sprintf("lane %d of %s: %+v", id, owners[id], lane)
				}
			}
			if home := s.Lanes[homeLane("things", StatePartitions)].Home; !strings.Contains(strings.Join(home, " "), "things") {
				return fmt.Sprintf("things are not at home: %v", home)
			}
			return ""
		})
	}
	if got := happened(one.worker, EventLanes); got != "lanes 0, lanes 0" {
		t.Errorf("told: %s", got)
	}
	if err := one.leave(); err != nil {
		t.Fatal(err)
	}
	if s := one.worker.Snapshot(); len(s.Lanes) != 0 {
		t.Errorf("a worker that has ended shows lanes: %+v", s.Lanes)
	}
}

// While no session works it is said why, and since when.
func TestSnapshotBetweenSessions(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	var commits atomic.Int64
	w.kafka.ControlKey(kmsg.EndTxn.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		w.kafka.KeepControl()
		home := req.(*kmsg.EndTxnRequest).TransactionalID == w.names.TransactionalID(homeLane("things", StatePartitions))
		if !home || commits.Add(1) != 2 { // the first one is the claim
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.EndTxnResponse)
		resp.ErrorCode = kerr.InvalidProducerEpoch.Code
		return resp, nil, true
	})
	s := w.stream(only("things"))
	s.pause()
	if snap := s.worker.Snapshot(); !errors.Is(snap.Err, errLaneLost) || snap.ErrSince.IsZero() || len(snap.Lanes) > 0 {
		t.Errorf("between: %v since %v, %d lanes", snap.Err, snap.ErrSince, len(snap.Lanes))
	}
	if err := s.worker.Ping(w.context()); err != nil { // the lane is lost, Kafka is not
		t.Errorf("between: %v", err)
	}
	s.worker.progress.ended(&EnvironmentError{Op: "reach Kafka", Err: errAllStopped})
	if err := s.worker.Ping(w.context()); !errors.Is(err, errAllStopped) {
		t.Errorf("Kafka cannot be reached: %v", err)
	}
	s.pass()
	if snap := s.worker.Snapshot(); snap.Err != nil || !snap.ErrSince.IsZero() || len(snap.Lanes) != StatePartitions {
		t.Errorf("afterwards: %v since %v, %d lanes", snap.Err, snap.ErrSince, len(snap.Lanes))
	}
	if got := happened(s.worker, EventError, EventRecovered); got != "error 0, recovered 0" {
		t.Errorf("told: %s", got)
	}
}

func TestWaitsForTheAPIAreEvents(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	p := newProgress([]string{"tags", "teams"}, FormatAvro, func() time.Time { return now })
	for _, name := range []string{"tags", "teams"} {
		p.wait(extract.Wait{Resource: name, Kind: extract.WaitBudget, Reason: "rate limit", Until: now.Add(time.Second)})
	}
	if s := p.snapshot()[0]; s.Wait != extract.WaitBudget || s.Until.IsZero() || s.Waiting != "rate limit" {
		t.Errorf("%+v", s)
	}
	p.wait(extract.Wait{Resource: "tags"})
	p.wait(extract.Wait{Resource: "tags", Kind: extract.WaitTurn, Reason: "another traversal of it is under way"})
	p.wait(extract.Wait{Resource: "tags", Kind: extract.WaitRetry, Reason: "503; attempt 2 of 8 follows"})
	p.wait(extract.Wait{Resource: "tags", Kind: extract.WaitRetry, Reason: "503; attempt 3 of 8 follows"})
	all := p.events.all()
	if len(all) != 2 || all[0].Resource != "" || all[0].Times != 2 || all[1].Resource != "tags" || all[1].Times != 2 || !strings.Contains(all[1].Text, "attempt 3") {
		t.Errorf("%+v", all)
	}
}

func TestLaneList(t *testing.T) {
	t.Parallel()
	for want, lanes := range map[string][]int32{"": nil, "3": {3}, "0–2, 5, 7–8": {0, 1, 2, 5, 7, 8}} {
		if got := LaneList(lanes); got != want {
			t.Errorf("%v: %s, not %s", lanes, got, want)
		}
	}
}

// What another worker of the group has left to this one has come then, and only then.
func TestWhenAResourceCame(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	p := newProgress([]string{"tags"}, FormatAvro, func() time.Time { return now })
	for _, step := range []struct {
		state string
		came  bool
	}{{"restoring", false}, {"live", false}, {"elsewhere", false}, {"elsewhere", false}, {"restoring", true}, {"live", true}} {
		now = now.Add(time.Hour)
		if step.state == "elsewhere" {
			p.elsewhere("tags", "tags")
		} else {
			p.state("tags", "tags", step.state)
		}
		came := p.snapshot()[0].Came
		if step.came == came.IsZero() || step.state == "restoring" && step.came && !came.Equal(now) || step.state == "live" && came.Equal(now) {
			t.Errorf("%s at %v: it came at %v", step.state, now, came)
		}
	}
}
