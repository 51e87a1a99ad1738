package producer

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// lookback is what shop's incremental resources have.
const lookback = 5 * time.Minute

func TestBackfillThenLive(t *testing.T) {
	for _, resource := range []string{"events", "logs"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			for i, id := range ids(1, 5) {
				w.api.event(resource, id, "a", int64(i)*3600-10*86400)
			}
			w.api.event(resource, "06", "a", -100) // of the live pass
			began := w.clock.Now()
			w.once(only(resource))
			plan := w.plan(resource)
			from, t0, err := plan.span()
			if err != nil || plan.Plan != 1 || plan.V != 1 || plan.Windows != 48 || len(plan.Key) != 1 || plan.Format != "avro" || plan.Partitions != 1 {
				t.Errorf("plan: %+v %v", plan, err)
			}
			if want := began.Add(-lookback); !t0.Equal(want) {
				t.Errorf("T0 is %v, want the API's clock less the lookback, %v", t0, want)
			}
			if first := began.Add(-10 * 24 * time.Hour); from.After(first) || resource == "events" && !from.Equal(first) || from.Before(first.Add(-62*24*time.Hour)) {
				t.Errorf("the plan begins at %v, the records at %v", from, first)
			}
			var inWindows int64
			for n := range plan.Windows {
				u := w.unit(windowUnit(resource, n))
				window, err := plan.window(n)
				if err != nil {
					t.Fatal(err)
				}
				if !u.Done || u.Phase != "backfill" || u.Watermark != rfc3339(window.End) || u.Window[0] != rfc3339(window.Start) {
					t.Errorf("window %d: %+v", n, u)
				}
				inWindows += u.Records
			}
			live := w.unit(resource)
			if inWindows != 5 || live.Records != 1 || live.Phase != "live" || !live.Done {
				t.Errorf("windows hold %d, live %+v", inWindows, live)
			}
			w.api.forget()
			w.once(only(resource))
			if n := w.api.requests(resource); n != 2 { // one for the clock, one for the pass
				t.Errorf("%d requests after the backfill was done: %v", n, w.api.asked)
			}
		})
	}
}

// What lies in the future waits for its time, and is not passed over in silence.
func TestRecordsInTheFutureAreCounted(t *testing.T) {
	w := newWorld(t)
	w.use(strings.Replace(shop, `, to: "{{ stream_interval.end_time }}"`, "", 1)) // an API that cannot be asked for less than all
	w.api.event("events", "01", "a", -3600)
	w.api.event("events", "02", "a", 86400)
	w.api.event("events", "03", "a", 30) // clocks differ
	worker := w.newWorker(only("events"), func(c *Config) { c.Once = true })
	if err := worker.Run(w.context()); err != nil {
		t.Fatal(err)
	}
	w.wantNews("events", "r 01")
	if got := worker.Progress()[0].Ahead; got != 1 {
		t.Errorf("%d records in the future, want 1", got)
	}
	w.clock.move(2 * 24 * time.Hour)
	worker = w.newWorker(only("events"), func(c *Config) { c.Once = true })
	if err := worker.Run(w.context()); err != nil {
		t.Fatal(err)
	}
	w.wantNews("events", "u 03, u 02")
	if got := worker.Progress()[0].Ahead; got != 0 {
		t.Errorf("%d records in the future when their time has come", got)
	}
}

// An API that allows one traversal at a time is read by one worker: all units of such a resource live in one lane.
func TestSingletonStaysInOneLane(t *testing.T) {
	w := newWorld(t)
	w.use(strings.Replace(shop, "- name: events ", "- name: events\n    singleton: true ", 1))
	for i, id := range ids(1, 5) {
		w.api.event("events", id, "a", int64(i)*3600-10*86400)
	}
	w.once(only("events"))
	rows := w.rows()
	for _, row := range rows {
		if row.Lane != homeLane("events", StatePartitions) {
			t.Errorf("%s lives in lane %d", row.Unit, row.Lane)
		}
	}
	if len(rows) < 48 {
		t.Errorf("%d units", len(rows))
	}
}

// What becomes visible late must not be passed over.
func TestWatermarkStaysBehind(t *testing.T) {
	for _, resource := range []string{"events", "logs"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			w.api.event(resource, "1", "a", -3600)
			s := w.stream(only(resource))
			for range 5 {
				s.pause()
				w.api.event(resource, "2", w.clock.Now().String(), 0) // something to commit
				s.wake <- struct{}{}
			}
			s.pause()
			limit := w.clock.Now().Add(-lookback)
			if mark := w.unit(resource).watermark(); mark.After(limit) || mark.Before(limit.Add(-2*time.Second)) {
				t.Errorf("the watermark is %v at %v", mark, w.clock.Now())
			}
			w.api.event(resource, "late", "a", -280)
			s.pass()
			if got := w.news(resource); got[len(got)-6:] != "u late" {
				t.Errorf("what became visible late: %s", got)
			}
		})
	}
}

func TestQuietPassesCommitAHeartbeatOnly(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	s := w.stream(only("events"))
	s.pause()
	states := func() int {
		n := 0
		for _, r := range w.records(w.names.State()) {
			if string(r.Key) == "events" {
				n++
			}
		}
		return n
	}
	before := states()
	for range 9 { // of 30 seconds each
		s.pass()
	}
	if n := states() - before; n != 0 {
		t.Errorf("%d commits in less than five minutes without news", n)
	}
	s.pass()
	if n := states() - before; n != 1 {
		t.Errorf("%d commits in five minutes, want the heartbeat", n)
	}
	w.api.event("events", "2", "a", 0)
	s.pass()
	if n := states() - before; n < 2 {
		t.Error("news are not committed")
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	before = states()
	w.once(only("events"))
	if n := states() - before; n != 1 {
		t.Errorf("%d commits of a run with Once, want its end", n)
	}
}

// A live pass that was cut off goes on; what it published is not published again.
func TestLivePassGoesOn(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "0", "a", -3600)
	w.once(only("events"))
	w.news("events")
	for i, id := range ids(1, 6) {
		w.api.event("events", id, "a", int64(i)-200)
	}
	var third string
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Query().Get("after") == "4" {
			third = r.URL.RequestURI()
			return http.StatusServiceUnavailable, ""
		}
		return 0, ""
	})
	w.failures(w.try(only("events")))
	w.wantNews("events", "u 01, u 02, u 03, u 04")
	w.api.intercept(nil)
	w.api.forget()
	w.clock.move(time.Minute)
	w.once(only("events"))
	w.wantNews("events", "u 05, u 06")
	if !slices.Contains(w.api.asked, third) { // its token is good for the very same query only
		t.Errorf("asked %q, not %s again", w.api.asked, third)
	}
}

func TestEmptyAPI(t *testing.T) {
	w := newWorld(t)
	w.once()
	for _, resource := range []string{"things", "books", "crates", "labels", "boxes", "items", "events", "notes", "logs"} {
		w.wantNews(resource, "")
	}
	w.api.event("events", "1", "a", 0)
	w.api.put("things", "a", "1")
	w.once()
	w.wantNews("events", "u 1")
	w.wantNews("things", "r 1")
}

// What a backfill's first question did not reach is not taken for nothing: our clock may be behind the API's.
func TestNothingUpToOurClock(t *testing.T) {
	for _, resource := range []string{"events", "logs"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			w.api.clock = &fakeClock{now: w.clock.Now().Add(time.Hour)}
			w.api.event(resource, "1", "a", -1800)
			w.once(only(resource))
			w.wantNews(resource, "u 1")
		})
	}
}

// An API whose clock is set back shows nothing new, and nothing is lost when it goes on.
func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	w.once(only("events"))
	w.clock.move(-time.Hour)
	w.once(only("events"))
	w.clock.move(time.Hour)
	w.api.event("events", "2", "a", 0)
	w.once(only("events"))
	w.wantNews("events", "r 1, u 2")
}

// Without a lookback everything depends on the second that is running when a pass begins: it is read, and read again.
func TestSecondThatIsRunning(t *testing.T) {
	for _, resource := range []string{"events", "logs"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			w.use(strings.ReplaceAll(shop, "cursor_path: updated_at,", "cursor_path: updated_at, lookback: 0s,"))
			w.api.event(resource, "1", "a", -3600)
			s := w.stream(only(resource))
			s.pause()
			w.api.event(resource, "2", "a", 0) // before the pass, and
			s.wake <- struct{}{}
			s.pause()
			w.api.event(resource, "3", "a", 0) // after it, in the second in which it began
			s.pass()
			w.wantNews(resource, "r 1, u 2, u 3")
		})
	}
}
