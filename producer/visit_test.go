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
func TestResetWhileAWorkerStreams(t *testing.T) {
	w := newWorld(t)
	base := w.spread(5)
	w.api.put("things", "a", "1", "2")
	s := w.stream(only("events", "things"))
	done := func(resource string, plan int) func() bool {
		return func() bool {
			u := w.unit(resource)
			return u.Plan == plan && u.Done && (u.Phase == "snapshot" || u.Watermark != "") && w.plan(resource).Plan == plan && !w.plan(resource).Reset
		}
	}
	s.until("a first reading", func() bool { return done("events", 1)() && done("things", 1)() })
	w.wantKeys("events", "01 02 03 04 05")
	w.wantNews("things", "r 1, r 2")

	w.silently(base, "silent", 5, "02")
	got := w.reset("events", time.Time{})
	if len(got.Lanes) != StatePartitions || len(got.Plans) != 1 || got.Plans[0] != (PlanChange{"events", 1, 2}) || got.Resource != "events" {
		t.Errorf("%+v", got)
	}
	w.api.event("events", "06", "a", 0) // something to commit: so a worker that is fenced notices
	s.until("a second reading", done("events", 2))
	w.wantKeys("events", "02 06")
	if plan := w.plan("events"); plan.Windows != 48 || plan.T0 == "" || plan.TopicID == "" {
		t.Errorf("%+v", plan)
	}
	for n := range 48 {
		if u := w.unit(windowUnit("events", n)); u.Plan != 2 || !u.Done {
			t.Fatalf("window %d: %+v", n, u)
		}
	}

	w.api.put("things", "b", "2")
	w.reset("things", time.Time{})
	w.api.event("events", "07", "a", 0)
	s.until("a second listing", done("things", 2))
	w.wantNews("things", "u 2")
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	w.wantNews("events", "u 07")
}

// A listing that is reset does not wait for its time.
func TestResetListingIsDueAtOnce(t *testing.T) {
	for _, resource := range []string{"things", "crates"} { // crates owe labels
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			w.api.put(resource, "a", "1", "2")
			w.once(only(resource))
			w.news(resource)
			w.api.put(resource, "b", "2")
			w.reset(resource, time.Time{})
			began := w.clock.Now()
			s := w.stream(only(resource))
			s.pause()
			w.wantNews(resource, "u 2")
			if waited := w.clock.Now().Sub(began); waited != 0 {
				t.Errorf("it waited for %v", waited)
			}
		})
	}
}

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

func TestResetToATime(t *testing.T) {
	w := newWorld(t)
	base := w.spread(10)
	w.once(only("events"))
	w.news("events")
	first := w.plan("events")
	w.silently(base, "silent", 10, "01", "04", "07", "10")
	w.reset("events", w.clock.Now().Add(-4*24*time.Hour)) // between 06 and 07
	if plan := w.plan("events"); plan.Plan != 2 || plan.Windows != 0 || plan.Reset || plan.From != first.From || plan.TopicID != first.TopicID ||
		plan.T0 != rfc3339(w.clock.Now().Add(-4*24*time.Hour)) {
		t.Errorf("%+v", plan)
	}
	w.once(only("events"))
	w.wantNews("events", "u 07, u 10")

	early := w.clock.Now().Add(-40 * 24 * time.Hour)
	w.reset("events", early)
	if plan := w.plan("events"); plan.Plan != 3 || plan.From != rfc3339(early) {
		t.Errorf("%+v", plan)
	}
	w.once(only("events"))
	w.wantNews("events", "u 01, u 04")
	w.once(only("events"))
	w.wantNews("events", "")
}

// What was not read yet is never skipped.
func TestResetToATimeThatSkips(t *testing.T) {
	w := newWorld(t)
	w.spread(5)
	w.api.put("things", "a", "1")
	w.once(only("things"))
	w.resetRefused("events", time.Time{}, "events has no state", "headwater run events")
	w.resetRefused("evens", time.Time{}, `"evens" is not in source "shop"`)
	w.resetRefused("things", w.clock.Now(), "listed completely", "headwater state reset things")

	at := w.clock.Now().Unix() - 3*86400 - 3600
	w.api.intercept(func(r *http.Request) (int, string) { // one window of the backfill, the one of 02, fails
		from, to := bounds(r)
		if to-from < 12*3600 && from <= at && at < to {
			return http.StatusServiceUnavailable, ""
		}
		return 0, ""
	})
	w.failures(w.try(only("events")))
	w.resetRefused("events", w.clock.Now().Add(-24*time.Hour), "events is read up to", "would be skipped", "headwater state set events")
	w.api.intercept(nil)
	w.once(only("events"))
	w.resetRefused("events", w.clock.Now().Add(time.Second), "in the future")
	w.resetRefused("events", w.clock.Now().Add(-lookback+time.Second), "events is read up to "+w.unit("events").Watermark, "headwater state set events")
	w.reset("events", w.unit("events").watermark())
	w.reset("events", time.Time{})
	w.resetRefused("events", w.clock.Now().Add(-24*time.Hour), "still to be read from its beginning")
	w.once(only("events"))
	w.wantKeys("events", "01 02 03 04 05")
}

// The topic may be another one after a reset, but the same one may not be another way.
func TestResetAfterTheTopicWasDeleted(t *testing.T) {
	for _, resource := range []string{"things", "events"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			w.api.event(resource, "1", "a", -3600)
			w.once(only(resource))
			if err := w.kafka.DeleteTopic(w.names.Data(resource)); err != nil {
				t.Fatal(err)
			}
			if err := w.try(only(resource)); err == nil || !strings.Contains(err.Error(), "headwater state reset "+resource) {
				t.Errorf("got %v, want the remedy", err)
			}
			w.reset(resource, time.Time{})
			w.once(only(resource))
			w.wantNews(resource, "r 1")
			w.once(only(resource))
			w.wantNews(resource, "")
		})
	}
}

func TestResetDoesNotAllowAnotherKeyInTheSameTopic(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.once(only("things"))
	w.wantNews("things", "r 1")
	w.use(strings.Replace(shop, "- name: things ", "- primary_key: v\n    name: things ", 1))
	w.reset("things", time.Time{})
	w.refused("the key is declared as [v] and was [id]", "delete the topic, then headwater state reset things")
	if err := w.kafka.DeleteTopic("shop.things"); err != nil {
		t.Fatal(err)
	}
	w.reset("things", time.Time{})
	w.told = map[string]int{}
	w.once(only("things"))
	w.wantNews("things", "r a")
}

// An earlier start date is read by a reset.
func TestResetReadsFromAnEarlierStart(t *testing.T) {
	w := newWorld(t)
	text := strings.Replace(shop, "settings:\n", "settings:\n  start_date: { type: datetime }\n", 1)
	w.use(strings.ReplaceAll(text, "cursor_path: updated_at,", `cursor_path: updated_at, initial_value: "{{ config.start_date }}",`))
	for i, id := range ids(1, 4) {
		w.api.event("events", id, "a", int64(i)*3600-5*3600)
	}
	start := w.clock.Now().Add(-4 * time.Hour)
	w.once(only("events"), w.startingAt(start))
	w.news("events")
	if err := w.try(only("events"), w.startingAt(start.Add(-2*time.Hour))); err == nil || !strings.Contains(err.Error(), "headwater state reset events") {
		t.Errorf("got %v, want the remedy", err)
	}
	w.reset("events", time.Time{})
	w.once(only("events"), w.startingAt(start.Add(-2*time.Hour)))
	w.wantNews("events", "r 01")
}

// A debt outlives a reset: parents that do not change again are not published, and nothing else would ask for their children.
func TestResetKeepsDebts(t *testing.T) {
	for parents, children := range map[string]string{"events": "notes", "crates": "labels", "boxes": "items"} {
		for _, to := range []time.Duration{0, -20 * 24 * time.Hour} {
			if to != 0 && parents != "events" {
				continue
			}
			t.Run(parents+to.String(), func(t *testing.T) {
				w := newWorld(t)
				w.use(strings.Replace(shop, "refresh: listing\n    endpoint: { path: \"/crates", "refresh: parent\n    endpoint: { path: \"/crates", 1))
				withChildren(w, parents, children, -3600)
				w.once(only(parents))
				when := time.Time{}
				if to != 0 {
					when = w.clock.Now().Add(to)
				}
				w.reset(parents, when)
				w.once(only(parents)) // plans anew
				w.once(only(parents, children))
				w.wantNews(parents, "r 1, r 2")
				w.wantNews(children, "r 1/x, r 2/x")
				if owed := w.unit(parents).Owed; len(owed) != 0 {
					t.Errorf("still owed: %v", owed)
				}
			})
		}
	}
}

// A substream that is added while its root is to be planned anew gets its traversal: the parents' topic is not empty.
func TestSubstreamAddedToARootThatIsReset(t *testing.T) {
	w := newWorld(t)
	notes := strings.Index(shop, "  - name: notes")
	logs := strings.Index(shop, "  - name: logs")
	w.use(shop[:notes] + shop[logs:]) // no substream that could be owed
	withChildren(w, "events", "notes", -3600)
	w.once(only("events"))
	w.use(shop)
	w.reset("events", time.Time{})
	w.once(only("events", "notes"))
	w.wantNews("events", "r 1, r 2")
	w.wantNews("notes", "r 1/x, r 2/x")
}

func TestResetOfASubstream(t *testing.T) {
	for parents, children := range map[string]string{"events": "notes", "crates": "labels", "boxes": "items"} {
		for _, alone := range []bool{false, true} {
			t.Run(fmt.Sprint(parents, alone), func(t *testing.T) {
				w := newWorld(t)
				w.use(strings.Replace(shop, "refresh: listing\n    endpoint: { path: \"/crates", "refresh: parent\n    endpoint: { path: \"/crates", 1))
				withChildren(w, parents, children, -3600)
				which := []string{parents, children}
				if alone {
					which = which[1:]
				}
				s := w.stream(only(which...))
				s.pause()
				if err := s.stop(); err != nil {
					t.Error(err)
				}
				w.wantNews(children, "r 1/x, r 2/x")
				w.api.put(children+"/2", "a", "silent") // nothing shows it in its parent
				w.api.event(parents, "3", "a", 0)
				w.api.put(children+"/3", "a", "x")
				w.reset(children, time.Time{})
				began := w.clock.Now()
				s = w.stream(only(which...))
				s.pause()
				if waited := w.clock.Now().Sub(began); waited != 0 {
					t.Errorf("it waited for %v", waited)
				}
				if plan := w.plan(children); plan.Plan != 2 || plan.Reset {
					t.Errorf("%+v", plan)
				}
				if err := s.stop(); err != nil {
					t.Error(err)
				}
				w.wantKeys(children, "2/silent 3/x")
			})
		}
	}
}

// Where a root is read for its substreams only its listings are the first one's units, and a reset of another one is due as well.
func TestResetOfASecondSubstreamAlone(t *testing.T) {
	w := newWorld(t)
	w.use(shop + `
  - name: stickers
    parent: crates
    include_from_parent: { crate_id: id }
    primary_key: [crate_id, id]
    endpoint: { path: "/crates/{{ stream_slice.id }}/stickers", data_selector: data }
`)
	w.api.put("crates", "a", "1")
	w.api.put("stickers/1", "a", "x")
	s := w.stream(only("labels", "stickers"))
	s.pause()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	w.wantNews("stickers", "r 1/x")
	w.api.put("stickers/1", "b", "x")
	w.reset("stickers", time.Time{})
	began := w.clock.Now()
	s = w.stream(only("labels", "stickers"))
	s.pause()
	w.wantNews("stickers", "u 1/x")
	if waited := w.clock.Now().Sub(began); waited != 0 {
		t.Errorf("it waited for %v", waited)
	}
}

func TestResetOfASubstreamToATime(t *testing.T) {
	w := newWorld(t)
	w.spread(5)
	for _, id := range ids(1, 5) {
		w.api.put("notes/"+id, "a", "x")
	}
	w.once(only("events"))
	w.clock.move(time.Second)
	w.once(only("events", "notes"))
	w.news("notes")
	for _, id := range ids(1, 5) {
		w.api.put("notes/"+id, "a", "silent")
	}
	got := w.reset("notes", w.clock.Now().Add(-48*time.Hour)) // between 03 and 04
	if len(got.Lanes) != StatePartitions {                    // whoever reads a window publishes notes
		t.Errorf("took lanes %v", got.Lanes)
	}
	w.once(only("events", "notes"))
	w.wantNews("notes", "r 04/silent, r 05/silent")

	w.once(only("events")) // publishes what notes are owed of
	w.api.event("events", "06", "a", 0)
	w.once(only("events"))
	w.resetRefused("notes", w.clock.Now().Add(-time.Second), "still to be read", "leave --to out")
	w.reset("notes", time.Time{})
	w.once(only("events", "notes"))
	w.wantNews("notes", "r 01/silent, r 02/silent, r 03/silent")
}

// Of several parents every traversal is made again.
func TestResetOfASubstreamOfSeveralParents(t *testing.T) {
	w := newRemarks(t)
	all := append([]string{"remarks"}, parentsOfRemarks...)
	w.once(only(all...))
	w.wantRemarks(allRemarks...)
	for _, parent := range parentsOfRemarks {
		w.remark(parent, "a", "2", "y")
	}
	got := w.reset("remarks", time.Time{})
	if len(got.Plans) != 3 {
		t.Errorf("%+v", got)
	}
	w.once(only(all...))
	w.wantRemarks("r boxes/2/y", "r crates/2/y", "r events/2/y")
	w.resetRefused("remarks", w.clock.Now().Add(-time.Hour), "listed completely")
}

func TestSetMovesOneUnit(t *testing.T) {
	w := newWorld(t)
	base := w.spread(10)
	w.once(only("events"))
	w.news("events")
	plan, live := w.plan("events"), w.unit("events")
	w.silently(base, "silent", 10, "01", "04", "10")
	n := slices.IndexFunc(make([]struct{}, plan.Windows), func(struct{}) bool { return false })
	for i := range plan.Windows {
		if window, _ := plan.window(i); window.Contains(w.clock.Now().Add(-6*24*time.Hour - time.Hour)) { // of 04
			n = i
		}
	}
	unit := windowUnit("events", n)
	w.set(unit, `{"phase":"backfill"}`)
	if now := w.plan("events"); now.Plan != 2 || now.Reset || now.T0 != plan.T0 || now.Windows != plan.Windows || !now.At.Equal(plan.At) {
		t.Errorf("%+v", now)
	}
	if u := w.unit("events"); u.Plan != 2 || u.Watermark != live.Watermark || !u.Done || !u.At.Equal(live.At) {
		t.Errorf("the live pass is not where it was: %+v", u)
	}
	w.api.forget()
	w.once(only("events"))
	w.wantNews("events", "u 04")
	if asked := w.api.requests("events"); asked > 4 {
		t.Errorf("%d requests for one window: %v", asked, w.api.asked)
	}

	shown := w.unit("events")
	shown.Watermark = rfc3339(w.clock.Now().Add(-2 * time.Hour))
	w.set("events", string(encodeState(shown)))
	w.once(only("events"))
	w.wantNews("events", "u 10")

	w.silently(base, "silent", 10, "09")
	w.api.event("events", "11", "a", -300)
	w.set("events", fmt.Sprintf(`{"phase":"live","watermark":%q,"done":true}`, rfc3339(w.clock.Now()))) // skips, as told
	w.once(only("events"))
	w.wantNews("events", "")
}

func TestSetThatIsRefused(t *testing.T) {
	w := newWorld(t)
	w.spread(5)
	w.api.put("things", "a", "1")
	w.once(only("events", "things"))
	now := w.clock.Now()
	first, _ := w.plan("events").window(0)
	for _, test := range []struct{ unit, text, want string }{
		{"evens", `{}`, `"evens" is not in source "shop"`},
		{"logs", `{"phase":"live"}`, "logs has no state"},
		{"events/x", `{"phase":"live"}`, `events has no unit "events/x"`},
		{"events/03", `{"phase":"backfill"}`, `events has no unit "events/03"`},
		{"events/of/things", `{}`, `events has no unit`},
		{"things/0", `{}`, `things has no unit "things/0"`},
		{"things/sweep", `{}`, `things has no unit "things/sweep"`},
		{"events/48", `{"phase":"backfill"}`, "has 48 windows, and none with number 48"},
		{"events", `{"phase":"live"`, "the JSON cannot be read: unexpected EOF"},
		{"events", `{"phase":"live"} {}`, "goes on behind"},
		{"events", `[]`, "it is of type array and must be an object"}, {"events", `{"records":"x"}`, "records cannot be of type string"},
		{"events", `{"unit":"events","state":{}}`, `unknown field "unit"`},
		{"events", `{"phase":"backfill"}`, `phase is "backfill" and must be live`},
		{"events/0", `{"phase":"live"}`, `must be backfill`},
		{"events/sweep", `{"phase":"live"}`, `must be snapshot`},
		{"events/sweep", `{"phase":"snapshot"}`, `window is missing`},
		{"things", `{}`, `phase is "" and must be snapshot`},
		{"events", `{"v":2,"phase":"live"}`, "v is 2"},
		{"events", `{"plan":2,"phase":"live"}`, "plan is 2, and the current one is 1"},
		{"events", `{"phase":"live","at":"2026-01-01T00:00:00Z"}`, "was committed at"},
		{"events", `{"phase":"live","watermark":"noon"}`, "watermark:"},
		{"events", `{"phase":"live","watermark":"` + rfc3339(now.Add(time.Second)) + `"}`, "in the future"},
		{"events", `{"phase":"live","page":"x"}`, "window is missing"},
		{"events", `{"phase":"live","window":["2026-01-01T00:00:00Z"]}`, "two times"},
		{"events", `{"phase":"live","window":["2026-01-02T00:00:00Z","2026-01-01T00:00:00Z"]}`, "before it starts"},
		{"events/0", `{"phase":"backfill","window":["2026-01-01T00:00:00Z","2026-01-02T00:00:00Z"]}`, "in the plan"},
		{"events/0", `{"phase":"backfill","watermark":"` + rfc3339(first.End.Add(time.Second)) + `"}`, "outside the window"},
		{"events", `{"phase":"live","owed":["labels"]}`, `"labels", which is no substream of events`},
		{"events", `{"phase":"live","records":-1}`, "records is -1"},
	} {
		w.visitRefused(func() (Visited, error) { return SetState(w.context(), w.visits(), test.unit, []byte(test.text)) }, test.want)
	}
	w.reset("events", time.Time{})
	w.visitRefused(func() (Visited, error) {
		return SetState(w.context(), w.visits(), "events", []byte(`{"phase":"live"}`))
	}, "planned anew by the next run")
}

// What is left out of owed and records stays.
func TestSetKeepsDebts(t *testing.T) {
	w := newWorld(t)
	withChildren(w, "events", "notes", -100)
	w.once(only("events"))
	if u := w.unit("events"); !u.owes("notes") || u.Records != 2 {
		t.Fatalf("%+v", u)
	}
	mark := w.unit("events").Watermark
	w.set("events", fmt.Sprintf(`{"phase":"live","watermark":%q,"done":true}`, mark))
	if u := w.unit("events"); !u.owes("notes") || u.Records != 2 {
		t.Errorf("%+v", u)
	}
	w.set("events", fmt.Sprintf(`{"phase":"live","watermark":%q,"done":true,"owed":[],"records":7}`, mark))
	if u := w.unit("events"); len(u.Owed) != 0 || u.Records != 7 {
		t.Errorf("%+v", u)
	}
}

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
