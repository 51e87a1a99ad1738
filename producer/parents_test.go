package producer

import (
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// remarks are a substream of three parents, each of another kind, whose ids are equal.
const remarks = `
  - name: remarks
    parent: [crates, events, boxes]
    include_from_parent: { of: $resource, of_id: id }
    primary_key: [of, of_id, id]
    endpoint: { path: "/of/{{ stream_slice_resource }}.{{ stream_slice.id }}/remarks", data_selector: data }
`

var parentsOfRemarks = []string{"crates", "events", "boxes"}

// newRemarks is a world with two records of each parent, which have one remark each.
func newRemarks(t *testing.T) *world {
	w := newWorld(t)
	w.use(shop + remarks)
	for _, parent := range parentsOfRemarks {
		withChildren(w, parent, "remarks", -3600)
		w.remark(parent, "a", "1", "x")
		w.remark(parent, "a", "2", "x")
	}
	return w
}

// remark makes or replaces a child of one parent.
func (w *world) remark(parent, v, parentID, id string) {
	w.api.put("remarks/"+parent+"."+parentID, v, id)
}

// wantRemarks compares what came into the topic, in the order of the keys: traversals of different parents run side by side.
func (w *world) wantRemarks(want ...string) {
	w.Helper()
	got := strings.Split(w.news("remarks"), ", ")
	byKey := func(a, b string) int { return strings.Compare(a[min(2, len(a)):], b[min(2, len(b)):]) }
	slices.SortStableFunc(got, byKey)
	if len(want) == 0 {
		want = []string{""}
	}
	slices.SortStableFunc(want, byKey)
	if !slices.Equal(got, want) {
		w.Errorf("remarks: got %q, want %q", got, want)
	}
}

var allRemarks = []string{"r boxes/1/x", "r boxes/2/x", "r crates/1/x", "r crates/2/x", "r events/1/x", "r events/2/x"}

func withParents(more ...string) change {
	return only(append(parentsOfRemarks, append(more, "remarks")...)...)
}

// owing names the parents that owe remarks.
func (w *world) owing() string {
	var owing []string
	for _, parent := range parentsOfRemarks {
		if slices.Contains(strings.Split(w.owed(parent), ","), "remarks") {
			owing = append(owing, parent)
		}
	}
	return strings.Join(owing, " ")
}

// refuseRemarks answers every request for the remarks of a parent's record ("events.1") or of all ("events.") with a status.
func (w *world) refuseRemarks(of string, status int) {
	w.api.intercept(func(r *http.Request) (int, string) {
		if strings.HasPrefix(r.URL.Path, "/of/"+of) {
			return status, `{"errors":[{"code":"no","message":"no"}]}`
		}
		return 0, ""
	})
}

// Every traversal of a parent publishes, compares and deletes the children of its own records, and no others.
func TestChildrenOfSeveralParents(t *testing.T) {
	w := newRemarks(t)
	w.once(withParents())
	w.wantRemarks(allRemarks...)
	if got, want := strings.Split(w.holds("remarks"), "\n")[2], `crates/1/x {"of":"crates","of_id":"1","id":"x","v":"a"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.once(withParents())
	w.wantRemarks()

	w.remark("crates", "b", "1", "x")
	w.remark("events", "b", "1", "y")
	w.api.event("crates", "1", "b", 0)
	w.api.event("events", "1", "b", 0)
	w.once(withParents())
	w.wantRemarks("u crates/1/x", "r events/1/y")

	w.api.remove("crates", "1") // the others' records of that id stay
	w.api.remove("remarks/boxes.2", "x")
	w.api.event("boxes", "2", "b", 0)
	w.once(withParents())
	w.wantRemarks("d crates/1/x", "d boxes/2/x")
	w.once(withParents())
	w.wantRemarks()
	for _, parent := range parentsOfRemarks {
		if u := w.unit(parent); !u.Done || u.owes("remarks") {
			t.Errorf("%s: %+v", parent, u)
		}
		if p := w.plan("remarks/of/" + parent); p.Plan != 1 || !slices.Equal(p.Key, []string{"of", "of_id", "id"}) {
			t.Errorf("plan of %s: %+v", parent, p)
		}
	}
	if p := w.plan("remarks"); p.Plan != 0 {
		t.Errorf("a plan of all: %+v", p)
	}
	rows := w.rows()
	for _, row := range rows {
		if row.Stale {
			t.Errorf("%s is shown as one of an older plan", row.Unit)
		}
	}
}

// A sweep deletes the children of what it finds deleted.
func TestSweepOfOneParent(t *testing.T) {
	w := newRemarks(t)
	w.once(withParents())
	w.wantRemarks(allRemarks...)
	w.api.remove("events", "2")
	w.remark("events", "b", "1", "x")
	w.clock.move(time.Hour)
	w.once(withParents(), func(c *Config) { c.Sweep = true })
	w.wantRemarks("u events/1/x", "d events/2/x")
	cfg := w.worker.cfg
	cfg.Resources = []string{"remarks", "crates", "boxes"}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "remarks is compared together with events") {
		t.Errorf("got %v", err)
	}
}

// Selected alone, or with one of its parents, the substream has a position for each of the others.
func TestSeveralParentsThatAreNotSelected(t *testing.T) {
	w := newRemarks(t)
	w.once(only("remarks"))
	w.wantRemarks(allRemarks...)
	for _, parent := range parentsOfRemarks {
		if u := w.unit("remarks/of/" + parent); !u.Done {
			t.Errorf("%s: %+v", parent, u)
		}
	}
	w.once(only("remarks"))
	w.wantRemarks()
	w.api.remove("crates", "1")
	w.api.remove("boxes", "2")
	w.api.event("events", "2", "b", 0)
	w.remark("events", "b", "2", "x")
	w.remark("boxes", "b", "1", "x")
	w.once(only("remarks", "crates"))
	w.wantRemarks("d crates/1/x", "u events/2/x", "d boxes/2/x", "u boxes/1/x")
	w.once(withParents())
	w.wantRemarks()
}

// What is owed to the children of one parent is paid by its own traversal.
func TestOwedOfOneParent(t *testing.T) {
	w := newRemarks(t)
	w.once(only("crates", "events"))
	if got := w.owing(); got != "crates events" {
		t.Fatalf("remarks are owed by %q", got)
	}
	w.once(only("boxes", "remarks", "crates")) // events are read for their remarks alone
	w.wantRemarks(allRemarks...)
	if got := w.owing(); got != "events" { // whose own traversal did not ask for them
		t.Errorf("remarks are owed by %q", got)
	}
	w.api.event("events", "1", "b", 0)
	w.api.event("crates", "1", "b", 0)
	w.remark("events", "b", "1", "x")
	w.remark("crates", "b", "1", "x")
	w.once(only("crates", "events")) // both change without them
	w.refuseRemarks("events.1", http.StatusServiceUnavailable)
	if failures := w.failures(w.try(withParents())); failures["events"] == nil || failures["crates"] != nil || failures["boxes"] != nil {
		t.Errorf("failures %v", failures)
	}
	w.wantRemarks("u crates/1/x")
	if got := w.owing(); got != "events" {
		t.Errorf("remarks are owed by %q", got)
	}
	w.api.intercept(nil)
	w.once(withParents())
	w.wantRemarks("u events/1/x")
}

// A parent that joins is read as one that a substream is added to: what was published before has children, too.
func TestParentAddedAndTakenAway(t *testing.T) {
	w := newRemarks(t)
	one := strings.Replace(remarks, "[crates, events, boxes]", "crates", 1)
	w.use(shop + one)
	w.once(withParents())
	w.wantRemarks("r crates/1/x", "r crates/2/x")
	w.use(shop + remarks)
	w.once(withParents())
	w.wantRemarks("r boxes/1/x", "r boxes/2/x", "r events/1/x", "r events/2/x")
	w.use(shop + one)
	var refused *EnvironmentError
	if err := w.try(withParents()); !errors.As(err, &refused) || !strings.Contains(err.Error(), "resource remarks: it was read of") || !strings.Contains(err.Error(), "which is no parent of it any more") {
		t.Errorf("got %v", err)
	}
}

// A key whose first part becomes the parent's resource names other records than before.
func TestKeyThatBeginsToSayTheParent(t *testing.T) {
	w := newRemarks(t)
	w.use(shop + strings.NewReplacer("[crates, events, boxes]", "crates", "of: $resource", "of: id", "of_id: id, ", "", "[of, of_id, id]", "[of, id]",
		"{{ stream_slice_resource }}", "crates").Replace(remarks))
	w.once(withParents())
	w.wantNews("remarks", "r 1/x, r 2/x")
	w.use(shop + remarks)
	if err := w.try(withParents()); err == nil || !strings.Contains(err.Error(), "the key is declared as [of of_id id] and was [of id]") {
		t.Errorf("got %v", err)
	}
}

// The API's refusal stops the substream under all parents. They go on and owe it, and nothing is passed over.
func TestRefusedUnderOneParent(t *testing.T) {
	with, alone := []string{"crates", "events", "boxes", "remarks"}, []string{"remarks"}
	for name, test := range map[string]struct {
		selection []string
		waits     func(r *http.Request) string // the parents that others are at when it is refused
		parents   []string                     // all of these
	}{
		"with its parents, listed":             {with, listedParents, []string{"boxes"}},
		"with its parents, children asked for": {with, askedParents, []string{"boxes", "events"}},
		"alone, parents listed":                {alone, listedParents, []string{"boxes", "events"}},
		"alone, children asked for":            {alone, askedParents, []string{"boxes", "events"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, selection, arrived := newRemarks(t), test.selection, make(chan string, 100)
			var mu sync.Mutex
			missing := slices.Clone(test.parents)
			w.api.intercept(func(r *http.Request) (int, string) {
				if parents := test.waits(r); parents != "" {
					arrived <- parents
					w.untilStopped("remarks")
				}
				if !strings.HasPrefix(r.URL.Path, "/of/crates.") {
					return 0, ""
				}
				mu.Lock()
				defer mu.Unlock()
				for len(missing) > 0 && r.Context().Err() == nil {
					select {
					case parents := <-arrived:
						missing = slices.DeleteFunc(missing, func(p string) bool { return p == parents })
					case <-r.Context().Done():
					}
				}
				return http.StatusForbidden, `{"errors":[{"code":"no","message":"no right"}]}`
			})
			failures := w.failures(w.try(only(selection...)))
			var refused *extract.Error
			if len(failures) != 1 || !errors.As(failures["remarks"], &refused) || refused.Kind != extract.KindUnauthorized {
				t.Fatalf("failures %v", failures)
			}
			if len(selection) > 1 {
				if got := w.owing(); got != "crates events boxes" {
					t.Errorf("remarks are owed by %q", got)
				}
			}
			w.api.intercept(nil)
			w.wantRemarks()
			w.once(only(selection...))
			w.wantRemarks(allRemarks...)
			w.once(only(selection...))
			w.wantRemarks()
		})
	}
}

// askedParents names the parents whose remarks a request asks for.
func askedParents(r *http.Request) string {
	parents, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/of/"), ".")
	if parents == "events" || parents == "boxes" {
		return parents
	}
	return ""
}

// listedParents names the parents that a request lists. A traversal of all events begins at the epoch.
func listedParents(r *http.Request) string {
	switch {
	case r.URL.Path == "/boxes/scroll":
		return "boxes"
	case r.URL.Path == "/events" && r.URL.Query().Get("from") == "0":
		return "events"
	}
	return ""
}

// untilStopped returns when the worker has stopped a resource.
func (w *world) untilStopped(resource string) {
	for end := time.Now().Add(deadline); time.Now().Before(end); runtime.Gosched() {
		for _, s := range w.worker.Progress() {
			if s.Resource == resource && s.Stopped {
				return
			}
		}
	}
	w.Errorf("%s is not stopped", resource)
}

// A parent that cannot be listed ends the substream's reading of it; the others' goes on.
func TestParentThatIsRefused(t *testing.T) {
	w := newRemarks(t)
	w.api.intercept(func(r *http.Request) (int, string) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/boxes"):
			return http.StatusForbidden, `{"errors":[{"code":"no","message":"no right"}]}`
		case r.URL.Path == "/of/crates.1/remarks":
			w.untilStopped("remarks")
		}
		return 0, ""
	})
	failures := w.failures(w.try(withParents()))
	if len(failures) != 2 || failures["boxes"] == nil || failures["remarks"] == nil {
		t.Errorf("failures %v", failures)
	}
	w.wantRemarks("r crates/1/x", "r crates/2/x", "r events/1/x", "r events/2/x")
	if got := w.owing(); got != "" {
		t.Errorf("remarks are owed by %q", got)
	}
	w.api.intercept(nil)
	w.once(withParents())
	w.wantRemarks("r boxes/1/x", "r boxes/2/x")
}

// How much may be deleted at once is reckoned from what the topic holds of the one parent.
func TestDeletesOfOneParentAreRefused(t *testing.T) {
	w := newRemarks(t)
	for _, id := range ids(1, 12) {
		w.remark("crates", "a", "1", id)
	}
	for _, id := range ids(1, 80) {
		w.remark("events", "a", "1", id)
	}
	w.once(withParents())
	w.news("remarks")
	w.api.remove("remarks/crates.1", ids(1, 12)...)
	w.api.event("crates", "1", "b", 0)
	var refused *DeletesRefusedError
	if err := w.failures(w.try(withParents()))["remarks"]; !errors.As(err, &refused) || refused.Held != 14 {
		t.Errorf("got %v, want 12 of 14 to be refused", err)
	}
	w.wantRemarks()
}

// The position of a drained parent's phase is under the name of the one parent.
func TestPhaseOfOneParent(t *testing.T) {
	w := newRemarks(t)
	w.use(shop + strings.Replace(remarks, "[crates, events, boxes]", "boxes", 1)) // one traversal, whose pauses can be told
	for _, id := range ids(3, 9) {
		w.api.put("boxes", "a", id)
		w.remark("boxes", "a", id, "x")
	}
	w.refuseRemarks("boxes.08", http.StatusServiceUnavailable)
	s := w.stream(only("boxes", "remarks"), func(c *Config) { c.Concurrency = 1 })
	s.pause()
	if u := w.unit("remarks/of/boxes"); u.Page != "06" || u.Done {
		t.Errorf("the phase stands at %+v", u)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	w.api.intercept(nil)
	w.once(only("boxes", "remarks"))
	if u := w.unit("remarks/of/boxes"); u.Page != "" || !u.Done {
		t.Errorf("the phase ends with %+v", u)
	}
	if n := len(w.records(w.names.Data("remarks"))); n != 9 {
		t.Errorf("%d records, want each once", n)
	}
}

func TestUnitNamesOfSeveralParents(t *testing.T) {
	t.Parallel()
	for key, want := range map[string][2]string{
		"notes": {"notes", "notes"}, "notes/plan": {"notes", "notes"}, "notes/3": {"notes", "notes"}, "notes/sweep": {"notes", "notes"},
		"notes/of/events": {"notes", "notes/of/events"}, "notes/of/events/plan": {"notes", "notes/of/events"},
		"notes/of/plan": {"notes", "notes/of/plan"}, "notes/of/of/plan": {"notes", "notes/of/of"}, "of/of/of": {"of", "of/of/of"}, "of": {"of", "of"}, "of/plan": {"of", "of"},
	} {
		if got := [2]string{resourceOf(key), plannedOf(key)}; got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
	lane := newLaneState()
	unit := UnitState{V: stateVersion, Plan: 1, Phase: "live"}
	lane.apply("notes/of/plan", encodeState(unit), 1)
	lane.apply("notes/of/plan/plan", encodeState(Plan{V: stateVersion, Plan: 1}), 2)
	if err := lane.unread(); err != nil {
		t.Error(err)
	}
	if _, ok := lane.units["notes/of/plan"]; !ok || lane.plans["notes/of/plan"].Plan != 1 || len(lane.units)+len(lane.plans) != 2 {
		t.Errorf("units %v, plans %v", lane.units, lane.plans)
	}
}

// A substream of several parents is as far as the traversal that is least far.
func TestProgressOfSeveralTraversals(t *testing.T) {
	t.Parallel()
	p := newProgress([]string{"remarks"}, FormatAvro, time.Now)
	at := func(root, watermark string) {
		p.committed(newBatch(), []string{"remarks"}, root, UnitState{Phase: "live", Watermark: watermark})
	}
	p.state("remarks", "crates", "done")
	p.state("remarks", "events", "backfill")
	at("events", "2026-01-02T00:00:00Z")
	at("logs", "2026-01-03T00:00:00Z")
	if s := p.snapshot()[0]; s.State != "backfill" || s.Watermark.Day() != 2 {
		t.Errorf("got %+v", s)
	}
	p.state("remarks", "crates", "done")
	if s := p.snapshot()[0]; s.State != "backfill" {
		t.Errorf("got %+v", s)
	}
	p.state("remarks", "events", "done")
	if s := p.snapshot()[0]; s.State != "done" {
		t.Errorf("got %+v", s)
	}
}

// Where parents are read for two substreams alone, one that is refused does not end the other, nor the pauses between listings.
func TestOneOfTwoSubstreamsIsRefused(t *testing.T) {
	for parents, children := range map[string]string{"crates": "labels", "boxes": "items"} {
		t.Run(parents, func(t *testing.T) {
			w := newWorld(t)
			w.use(shop + strings.Replace(remarks, "[crates, events, boxes]", parents, 1))
			withChildren(w, parents, children, 0)
			w.remark(parents, "a", "1", "x")
			w.api.intercept(func(r *http.Request) (int, string) {
				if strings.HasSuffix(r.URL.Path, "/"+children) {
					return http.StatusForbidden, `{"errors":[{"code":"no","message":"no right"}]}`
				}
				return 0, ""
			})
			s := w.stream(only(children, "remarks"))
			s.pause()
			w.wantRemarks("r " + parents + "/1/x")
			if u := w.unit(children); u.Done {
				t.Errorf("%s were not read: %+v", children, u)
			}
			w.remark(parents, "a", "2", "y")
			s.pass()
			w.wantRemarks("r " + parents + "/2/y")
			if err := s.stop(); err != nil {
				t.Fatal(err)
			}
			w.api.intercept(nil)
			s = w.stream(only(children, "remarks"))
			s.pause()
			w.wantNews(children, "r 1/x, r 2/x")
		})
	}
}

// A stream does not go on listing parents for children that were stopped under another parent.
func TestParentsOfStoppedChildrenAreNotListed(t *testing.T) {
	w := newWorld(t)
	w.use(shop + strings.Replace(remarks, "[crates, events, boxes]", "[crates, boxes]", 1))
	w.api.put("crates", "a", "1")
	w.api.intercept(func(r *http.Request) (int, string) {
		switch r.URL.Path {
		case "/of/crates.1/remarks":
			return http.StatusForbidden, `{"errors":[{"code":"no","message":"no right"}]}`
		case "/boxes/scroll":
			w.untilStopped("remarks")
		}
		return 0, ""
	})
	s := w.stream(only("remarks"))
	if failures := w.failures(s.waitEnd()); failures["remarks"] == nil {
		t.Errorf("failures %v", failures)
	}
}
