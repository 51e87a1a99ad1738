package producer

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

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
