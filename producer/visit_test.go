package producer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func (w *world) visits() VisitConfig {
	return VisitConfig{Source: w.src, Kafka: w.seeds, Names: w.names, Now: w.clock.Now, Sleep: w.clock.Sleep}
}

// reset has a resource read again, from to on if that is not zero.

func (w *world) reset(resource string, to time.Time) Visited {
	w.Helper()
	done, err := ResetState(w.context(), w.visits(), resource, to)
	if err != nil {
		w.Fatalf("reset %s: %v", resource, err)
	}
	return done
}

func (w *world) set(unit, text string) Visited {
	w.Helper()
	done, err := SetState(w.context(), w.visits(), unit, []byte(text))
	if err != nil {
		w.Fatalf("set %s: %v", unit, err)
	}
	return done
}

// visitRefused checks that a visit is refused with what to do, and that nothing of the state is touched.

func (w *world) visitRefused(visit func() (Visited, error), want ...string) {
	w.Helper()
	before := len(w.records(w.names.State()))
	_, err := visit()
	var refused *VisitError
	if !errors.As(err, &refused) || refused.Remedy == "" {
		w.Fatalf("got %v, want a *VisitError that says what to do", err)
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			w.Errorf("%v\ndoes not say %q", err, text)
		}
	}
	if n := len(w.records(w.names.State())) - before; n != 0 {
		w.Errorf("%v, and %d records were written", err, n)
	}
}

func (w *world) resetRefused(resource string, to time.Time, want ...string) {
	w.Helper()
	w.visitRefused(func() (Visited, error) { return ResetState(w.context(), w.visits(), resource, to) }, want...)
}

// until lets the worker go on, pause after pause, until the condition holds at one.

func (s *stream) until(what string, condition func() bool) {
	s.Helper()
	limit := time.After(deadline)
	for range 200 {
		select {
		case s.wake <- struct{}{}:
			continue
		case <-s.asleep:
			if condition() {
				return
			}
		case err := <-s.ended:
			s.ended <- err
			s.Fatalf("%s: the worker ended: %v", what, err)
		case <-limit:
			s.Fatalf("%s: does not come", what)
		}
	}
	s.Fatalf("%s: does not come", what)
}

// wantKeys compares the keys that came into a topic, each once, in any order.

func (w *world) wantKeys(resource, want string) {
	w.Helper()
	var got []string
	for _, text := range strings.Split(w.news(resource), ", ") {
		_, key, _ := strings.Cut(text, " ")
		got = append(got, key)
	}
	slices.Sort(got)
	if text := strings.Join(got, " "); text != want {
		w.Errorf("%s: got %q, want %q", resource, text, want)
	}
}

// spread makes n events, a day apart, the last one an hour ago.

func (w *world) spread(n int) (base int64) {
	base = w.clock.Now().Unix()
	w.silently(base, "a", n, ids(1, n)...)
	return base
}

// silently changes events without a move of their cursors: nothing but reading them again shows it.

func (w *world) silently(base int64, v string, n int, which ...string) {
	for i, id := range ids(1, n) {
		if slices.Contains(which, id) {
			w.api.set("events", id, fmt.Sprintf(`{"id":%q,"v":%q,"updated_at":%d}`, id, v, base+int64(i-n+1)*86400-3600))
		}
	}
}

// bounds of a search by time, in seconds.

func bounds(r *http.Request) (from, to int64) {
	from, _ = strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	to, _ = strconv.ParseInt(r.URL.Query().Get("to"), 10, 64)
	return from, to
}

// A worker that streams is fenced, takes its lanes back, and reads everything again under the next plan. What is unchanged is not

// published again.

// A listing that is reset does not wait for its time.

// Whoever was reading under the plan before commits nothing of it any more.

func TestUnitWhosePlanWasReplacedStops(t *testing.T) {
	w := newWorld(t)
	w.spread(5)
	w.once(only("events"))
	w.news("events")
	w.api.event("events", "06", "a", 0)
	asked, answer := make(chan struct{}, 100), make(chan struct{})
	w.api.intercept(func(r *http.Request) (int, string) {
		if from, to := bounds(r); from > w.clock.Now().Unix()-3600 && from < to {
			asked <- struct{}{}
			<-answer
		}
		return 0, ""
	})
	s := w.stream(only("events"))
	select {
	case <-asked: // the live pass
	case <-w.context().Done():
		t.Fatal("no live pass")
	}
	w.reset("events", time.Time{})
	w.api.intercept(nil)
	close(answer)
	s.until("the next plan", func() bool { u := w.unit("events"); return u.Plan == 2 && u.Done && u.Watermark != "" })
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	w.wantNews("events", "u 06")
	visited := map[int32]bool{}
	for _, r := range w.records(w.names.State()) {
		var c Claim
		var u UnitState
		switch key := string(r.Key); {
		case key == claimKey && decodeState(key, r.Value, &c) == nil && c.Kind == claimVisit:
			visited[r.Partition] = true
		case key == claimKey || strings.HasSuffix(key, planSuffix):
		case decodeState(key, r.Value, &u) != nil || visited[r.Partition] && u.Plan != 2:
			t.Errorf("lane %d, behind the visit: %s %s", r.Partition, key, r.Value)
		}
	}
}

// What was not read yet is never skipped.

// The topic may be another one after a reset, but the same one may not be another way.

// An earlier start date is read by a reset.

// A debt outlives a reset: parents that do not change again are not published, and nothing else would ask for their children.

// A substream that is added while its root is to be planned anew gets its traversal: the parents' topic is not empty.

// Where a root is read for its substreams only its listings are the first one's units, and a reset of another one is due as well.

// Of several parents every traversal is made again.

// What is left out of owed and records stays.

// killedVisit makes a visit that is killed after so many of its commits. It says whether there were more.

func (w *world) killedVisit(resource string, e edit, commits int) (killed bool) {
	w.Helper()
	v, err := w.visits().open(resource, e, Claim{V: stateVersion, Kind: claimVisit, Nonce: "killed", Source: "shop", At: w.clock.Now()})
	if err != nil {
		w.Fatal(err)
	}
	defer v.close()
	n, over := 0, false
	w.kafka.ControlKey(int16(kmsg.EndTxn), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if over {
			return nil, nil, false
		}
		w.kafka.KeepControl()
		if n++; n <= commits {
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.EndTxnResponse)
		resp.ErrorCode = kerr.InvalidTxnState.Code
		return resp, nil, true
	})
	_, _ = v.make(w.context())
	over = true
	return n > commits
}

// Killed anywhere, a visit loses nothing: the topic comes to equal the API, debts are paid, and nothing unchanged is published.

func TestVisitThatIsKilled(t *testing.T) {
	for name, test := range map[string]struct {
		resource string
		edit     func(w *world) edit
		kills    []int // sixteen lanes are claimed first
	}{
		"reset":    {"events", func(*world) edit { return resetting("events", time.Time{}) }, []int{0, 5, 16, 17, 20}},
		"reset to": {"events", func(w *world) edit { return resetting("events", w.clock.Now().Add(-48*time.Hour)) }, []int{16, 17}},
		"set":      {"events", func(*world) edit { return moving("events/7", []byte(`{"phase":"backfill"}`)) }, []int{10, 16, 17, 18, 25, 31, 32, 33, 40}},
		"child":    {"notes", func(*world) edit { return resetting("notes", time.Time{}) }, []int{16, 17}},
	} {
		for _, kill := range test.kills {
			t.Run(fmt.Sprintf("%s after %d", name, kill), func(t *testing.T) {
				w := newWorld(t)
				w.spread(5)
				for _, id := range ids(1, 5) {
					w.api.put("notes/"+id, "a", "x")
				}
				w.once(only("notes"))
				w.once(only("events"))
				// The first window is in the home lane: of debts there nothing is overwritten before the plan.
				first := w.unit("events/0")
				first.Owed = []string{}
				w.set("events/0", strings.Replace(string(encodeState(first)), `"done":true`, `"done":true,"owed":[]`, 1))
				if w.unit("events").owes("notes") || !strings.Contains(w.owed("events"), "notes") {
					t.Fatal("the test wants windows that owe, and they alone")
				}
				w.news("events")
				w.news("notes")
				w.api.put("notes/03", "a", "y") // only the debt shows it
				if !w.killedVisit(test.resource, test.edit(w), kill) {
					t.Fatal("the visit came to its end")
				}
				w.clock.move(time.Second)
				w.api.event("events", "06", "a", 0)
				w.api.put("notes/06", "a", "x")
				w.once(only("events", "notes"))
				w.wantNews("events", "u 06")
				w.wantKeys("notes", "03/y 06/x")
				if plan := w.plan("events"); plan.Reset {
					t.Errorf("%+v", plan)
				}
				for _, row := range w.rows() {
					if !row.Stale && !row.State.Done {
						t.Errorf("%+v", row)
					}
				}
			})
		}
	}
}

// What a killed visit has left behind does not count under the plan of the next one.

func TestNumberOfTheNextPlan(t *testing.T) {
	w := newWorld(t)
	base := w.spread(5)
	w.once(only("events"))
	w.news("events")
	w.silently(base, "silent", 5, "01", "02", "03", "04", "05")
	if !w.killedVisit("events", moving("events/7", []byte(`{"phase":"backfill"}`)), StatePartitions+10) {
		t.Fatal("the visit was not killed")
	}
	left := 0
	for _, r := range w.records(w.names.State()) {
		var u UnitState
		if strings.HasPrefix(string(r.Key), "events/") && decodeState("", r.Value, &u) == nil && u.Plan == 2 && u.Done {
			left++
		}
	}
	if left == 0 || w.plan("events").Plan != 1 {
		t.Fatalf("%d windows of plan 2 are left behind plan %d", left, w.plan("events").Plan)
	}
	w.clock.move(2 * visitDeadline)
	w.reset("events", time.Time{})
	w.once(only("events"))
	w.wantKeys("events", "01 02 03 04 05")
}

func TestTwoVisitsAtOnce(t *testing.T) {
	w := newWorld(t)
	base := w.spread(5)
	w.once(only("events"))
	w.news("events")
	results := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := ResetState(w.context(), w.visits(), "events", time.Time{})
			results <- err
		}()
	}
	made := 0
	for range 2 {
		err := <-results
		var environment *EnvironmentError
		if err == nil {
			made++
		} else if !errors.As(err, &environment) || environment.Remedy == "" {
			t.Errorf("got %v", err)
		}
	}
	if plan := w.plan("events"); made == 0 || plan.Plan < 1+made || !plan.Reset {
		t.Errorf("%d visits were made, and the plan is %+v", made, plan)
	}
	w.silently(base, "silent", 5, "01")
	w.once(only("events"))
	w.wantNews("events", "u 01")
}

// A visit waits for the release of another one, but not for one that is older than a minute: it was killed.

func TestVisitWaitsForAnother(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.once(only("things"))
	home := homeLane("things", StatePartitions)
	claim := Claim{V: stateVersion, Kind: claimVisit, Worker: "other", Nonce: "other", Source: "shop", At: w.clock.Now()}
	w.writeState(home, claimKey, string(encodeState(claim)))
	waited := 0
	cfg := w.visits()
	cfg.Sleep = func(ctx context.Context, d time.Duration) error {
		if waited++; waited == 3 {
			claim.Kind = claimRelease
			w.writeState(home, claimKey, string(encodeState(claim)))
		}
		return w.clock.Sleep(ctx, d)
	}
	if _, err := ResetState(w.context(), cfg, "things", time.Time{}); err != nil || waited != 3 {
		t.Errorf("waited %d times for the release: %v", waited, err)
	}
	claim.Kind, claim.At, waited = claimVisit, w.clock.Now(), 10
	w.writeState(home, claimKey, string(encodeState(claim)))
	began := w.clock.Now()
	if _, err := ResetState(w.context(), cfg, "things", time.Time{}); err != nil || w.clock.Now().Sub(began) != visitDeadline {
		t.Errorf("waited %v for one that was killed: %v", w.clock.Now().Sub(began), err)
	}
	claim.At = w.clock.Now().Add(-visitDeadline)
	w.writeState(home, claimKey, string(encodeState(claim)))
	began = w.clock.Now()
	if _, err := ResetState(w.context(), cfg, "things", time.Time{}); err != nil || w.clock.Now() != began {
		t.Errorf("waited %v for one that was killed long ago: %v", w.clock.Now().Sub(began), err)
	}
}

// The claims of a visit: taken in order, all before the first reading, and released behind the plan.

func TestVisitTakesAndReleasesItsLanes(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600) // one window, in the home lane
	w.once(only("events"))
	done := w.reset("events", time.Time{})
	home := homeLane("events", StatePartitions)
	if !slices.Equal(done.Lanes, []int32{home}) {
		t.Errorf("took %v, the resource lives in %d", done.Lanes, home)
	}
	var got []string
	for _, r := range w.records(w.names.State()) {
		what := string(r.Key)
		var c Claim
		if what == claimKey {
			if err := decodeState(what, r.Value, &c); err != nil {
				t.Fatal(err)
			}
			what = c.Kind
		}
		if r.Partition == home {
			got = append(got, what)
		}
	}
	got = got[max(0, len(got)-4):]
	if !slices.Equal(got, []string{"visit", "events", "events/plan", "release"}) {
		t.Errorf("wrote %v", got)
	}
}

// A lane that is not understood is not written to, and others are none of its business.

func TestVisitOfALaneThatIsNotUnderstood(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.api.put("books", "a", "1")
	w.once(only("things", "books"))
	w.writeState(homeLane("things", StatePartitions), "things", `{"v":2,"news":true}`)
	before := len(w.records(w.names.State()))
	_, err := ResetState(w.context(), w.visits(), "things", time.Time{})
	var environment *EnvironmentError
	if !errors.As(err, &environment) || !strings.Contains(err.Error(), "version 2") || !strings.Contains(err.Error(), fmt.Sprintf("lane %d", homeLane("things", StatePartitions))) {
		t.Errorf("got %v", err)
	}
	if n := len(w.records(w.names.State())); n != before {
		t.Errorf("%d records were written", n-before)
	}
	w.reset("books", time.Time{})
}

// Nor one of a window's, and what cannot be read is not taken for nothing.

func TestVisitOfAPlanThatIsNotUnderstood(t *testing.T) {
	w := newWorld(t)
	w.spread(5)
	w.once(only("events"))
	for _, test := range []struct {
		resource, key string
		lane          int32
	}{
		{"events", "events/3", windowLane(homeLane("events", StatePartitions), 3, StatePartitions)},
		{"events", "events/plan", homeLane("events", StatePartitions)},
		{"things", "things/plan", homeLane("things", StatePartitions)}, // of which there is no other one
	} {
		w.writeState(test.lane, test.key, `{"v":2,"news":true}`)
		before := len(w.records(w.names.State()))
		_, err := ResetState(w.context(), w.visits(), test.resource, time.Time{})
		var environment *EnvironmentError
		if want := fmt.Sprintf("lane %d", test.lane); !errors.As(err, &environment) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want that %s is not understood", test.key, err, want)
		}
		if n := len(w.records(w.names.State())); n != before {
			t.Errorf("%s: %d records were written", test.key, n-before)
		}
	}
}

// A prefix of another source is not touched.

func TestVisitOfAnotherSourcesPrefix(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.once(only("things"))
	w.use(strings.Replace(shop, "name: shop\n", "name: stall\n", 1))
	if _, err := ResetState(w.context(), w.visits(), "things", time.Time{}); err == nil || !strings.Contains(err.Error(), `belongs to source "shop"`) {
		t.Errorf("got %v", err)
	}
}

// Where the lanes are taken back each time, the command says so.

func TestVisitThatIsFencedAgainAndAgain(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.once(only("things"))
	id := w.names.TransactionalID(homeLane("things", StatePartitions))
	fault := w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: id, Err: kerr.InvalidProducerEpoch, Count: visitAttempts})
	began := w.clock.Now()
	_, err := ResetState(w.context(), w.visits(), "things", time.Time{})
	if w.clock.Now() != began {
		t.Error("it waits for its own earlier attempt")
	}
	var environment *EnvironmentError
	if !errors.As(err, &environment) || !strings.Contains(environment.Remedy, "run the command again") || fault.Hits() != visitAttempts {
		t.Errorf("got %v after %d attempts", err, fault.Hits())
	}
	w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: id, Err: kerr.InvalidProducerEpoch, Count: 1})
	if got := w.reset("things", time.Time{}); got.Plans[0].Is != 2 {
		t.Errorf("%+v", got)
	}
}

// A worker of a group takes a lane from a visit that it has not seen, and reads under the plan that was: it is fenced when there is the

// new one, and before anybody reads under that.

func TestVisitFencesWhoTookALaneFromIt(t *testing.T) {
	w := newWorld(t)
	w.spread(5)
	w.once(only("events"))
	home := homeLane("events", StatePartitions)
	id := windowLane(home, 3, StatePartitions)
	other := w.newWorker(func(c *Config) { c.Group = "crew" })
	taken, err := openLane(w.seeds, w.names, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.close()
	asked := 0
	edit := func(l *lookout) ([]rewrite, error) {
		if asked++; asked == 2 { // every lane is the visit's
			if err := taken.take(w.context(), other.claim); err != nil {
				return nil, err
			}
		}
		return resetting("events", time.Time{})(l)
	}
	var mu sync.Mutex
	last := ""
	w.kafka.ControlKey(int16(kmsg.EndTxn), func(req kmsg.Request) (kmsg.Response, error, bool) {
		w.kafka.KeepControl()
		mu.Lock()
		defer mu.Unlock()
		last = req.(*kmsg.EndTxnRequest).TransactionalID
		return nil, nil, false
	})
	if _, err := w.visits().run(w.context(), "events", edit); err != nil || asked != 2 {
		t.Fatal(err, asked)
	}
	mu.Lock()
	if last != w.names.TransactionalID(home) {
		t.Errorf("released %s last, want the home lane", last)
	}
	mu.Unlock()
	if plan := w.plan("events"); plan.Plan != 2 || !plan.Reset {
		t.Errorf("%+v", plan)
	}
	record := stateRecord(w.names, id, "events/3", UnitState{V: stateVersion, Plan: 1, Phase: "backfill", Done: true})
	if err := taken.transact([]*commitRequest{{records: []*kgo.Record{record}}}); err == nil {
		t.Error("it commits under the old plan")
	}
}

// A visit that is killed is waited for a minute, and not once more.

func TestKilledVisitIsWaitedForOnce(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.once(only("things"))
	if !w.killedVisit("things", resetting("things", time.Time{}), 1) {
		t.Fatal("the visit came to its end")
	}
	began := w.clock.Now()
	w.once(only("things"))
	if took := w.clock.Now().Sub(began); took < visitDeadline || took >= 2*visitDeadline {
		t.Errorf("waited %v, want %v", took, visitDeadline)
	}
}
