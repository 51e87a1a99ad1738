package producer

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A page whose first parents are committed without the rest leaves the unit where it was: at the beginning, if nothing of it was
// read before.
func TestPartOfTheFirstPageIsCommitted(t *testing.T) {
	for _, test := range []struct{ parents, children, first, rest string }{
		{"events", "notes", "r 01", "r 02, r 03"},
		{"crates", "labels", "r 01", "r 02, r 03"},
		{"boxes", "items", "r 01, r 02, r 03", ""}, // drained: all parents come before the first child
	} {
		t.Run(test.parents, func(t *testing.T) {
			w := newWorld(t)
			for i, id := range ids(1, 3) {
				w.api.event(test.parents, id, "a", -3600+int64(i))
				w.api.put(test.children+"/"+id, "a", "x")
			}
			w.api.refuse("/"+test.parents+"/02/"+test.children, http.StatusServiceUnavailable)
			if err := w.try(only(test.parents, test.children)); err == nil {
				t.Fatal("children are missing and the run is content")
			}
			w.wantNews(test.parents, test.first)
			w.wantNews(test.children, "r 01/x")
			w.api.intercept(nil)
			w.once(only(test.parents, test.children))
			w.wantNews(test.parents, test.rest)
			w.wantNews(test.children, "r 02/x, r 03/x")
		})
	}
}

func TestRecordWithoutKeyHasNoChildren(t *testing.T) {
	w := newWorld(t)
	w.api.put("boxes", "a", "01")
	w.api.set("boxes", "zz", `{"v":"no key"}`)
	w.api.put("items/01", "a", "x")
	w.once(only("boxes", "items"))
	w.wantNews("items", "r 01/x")
	if n := w.api.requests("/items"); n != 1 {
		t.Errorf("%d requests for the children of one parent", n)
	}
}

// What goes wrong with the API while a page's children are read leaves no half page.
func TestParentIsNotPublishedWithoutItsChildren(t *testing.T) {
	w := newWorld(t)
	for i, id := range ids(1, 4) {
		w.api.event("events", id, "a", int64(i)-2000)
		w.api.put("notes/"+id, "a", "x")
	}
	w.api.pageSize = 10
	w.api.refuse("/events/03/notes", http.StatusServiceUnavailable)
	failures := w.failures(w.try(only("events", "notes")))
	if len(failures) != 2 {
		t.Errorf("failures: %v", failures)
	}
	w.wantNews("events", "r 01, r 02")
	w.wantNews("notes", "r 01/x, r 02/x")
	if u := w.unit("events/0"); u.Done || u.Watermark != "" || u.Records != 4 {
		t.Errorf("the position is not before the parent that failed: %+v", u)
	}
	w.api.intercept(nil)
	w.api.forget()
	w.once(only("events", "notes"))
	w.wantNews("events", "r 03, r 04")
	w.wantNews("notes", "r 03/x, r 04/x")
	if n := w.api.requests("/events/01/notes"); n != 0 {
		t.Errorf("children of a parent that is done are requested %d times", n)
	}
}

// Parent and children are decided together: while a child is refused there is neither.
func TestChildrenAreInTheirParentsTransaction(t *testing.T) {
	for parents, children := range map[string]string{"events": "notes", "crates": "labels"} {
		t.Run(parents, func(t *testing.T) {
			w := newWorld(t)
			withChildren(w, parents, children, -3600)
			w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: w.names.Data(children), Err: kerr.InvalidRecord})
			looked := false
			w.once(only(parents, children), func(c *Config) {
				c.Sleep = func(context.Context, time.Duration) error { // before the lanes are taken again
					looked = true
					w.wantNews(parents, "")
					return nil
				}
			})
			if !looked {
				t.Error("nothing was refused")
			}
			w.wantNews(parents, "r 1, r 2")
			w.wantNews(children, "r 1/x, r 2/x")
		})
	}
}

func TestChildrenOfUnchangedParents(t *testing.T) {
	for _, test := range []struct {
		parents, children string
		again             bool // a child's change does not show in its parent
	}{{"events", "notes", false}, {"crates", "labels", true}, {"boxes", "items", true}} {
		t.Run(test.parents, func(t *testing.T) {
			w := newWorld(t)
			withChildren(w, test.parents, test.children, -100) // events: read again by the overlap
			s := w.stream(only(test.parents, test.children))
			s.pause()
			w.api.forget()
			s.pass()
			want := 0
			if test.again {
				want = 2
			}
			if n := w.api.requests("/" + test.children); n != want {
				t.Errorf("%d requests for children of unchanged parents, want %d", n, want)
			}
			w.api.event(test.parents, "1", "b", 0)
			w.api.put(test.children+"/1", "b", "x")
			w.news(test.children)
			w.api.forget()
			s.pass()
			w.wantNews(test.children, "u 1/x")
			if n := w.api.requests("/" + test.children); n != max(1, want) {
				t.Errorf("%d requests after one parent changed", n)
			}
		})
	}
}

// A substream that is selected alone reads its parents without publishing them, from a position of its own.
func TestSubstreamAlone(t *testing.T) {
	for _, test := range []struct{ parents, children string }{{"events", "notes"}, {"crates", "labels"}, {"boxes", "items"}} {
		t.Run(test.parents, func(t *testing.T) {
			w := newWorld(t)
			withChildren(w, test.parents, test.children, -3600)
			w.once(only(test.children))
			w.wantNews(test.children, "r 1/x, r 2/x")
			if w.kafka.TopicInfo(w.names.Data(test.parents)) != nil {
				t.Error("the parents have a topic")
			}
			if u := w.unit(test.children); !u.Done {
				t.Errorf("position: %+v", u)
			}
			w.api.event(test.parents, "2", "b", 0)
			w.api.put(test.children+"/2", "b", "x")
			w.once(only(test.children))
			w.wantNews(test.children, "u 2/x")
			w.once(only(test.parents, test.children))                                // the parents join
			if got := w.news(test.parents); got != "r 1, r 2" && got != "r 1, u 2" { // a live pass cannot tell
				t.Errorf("the parents: %q", got)
			}
			w.wantNews(test.children, "")
			if test.parents != "events" {
				w.api.remove(test.parents, "1")
				w.once(only(test.children))
				w.wantNews(test.children, "d 1/x")
			}
		})
	}
}

// The children of a scroll are read after it, in the order of their parents' keys, and go on after the last parent done.
func TestPhaseGoesOn(t *testing.T) {
	w := newWorld(t)
	for _, id := range ids(1, 10) {
		w.api.put("boxes", "a", id)
		w.api.put("items/"+id, "a", "x")
	}
	w.api.refuse("/boxes/06/items", http.StatusServiceUnavailable)
	s := w.stream(only("boxes", "items"), func(c *Config) { c.Concurrency = 1 })
	s.pause()
	w.wantNews("items", "r 01/x, r 02/x, r 03/x, r 04/x, r 05/x")
	if u := w.unit("items"); u.Page != "04" || u.Done {
		t.Fatalf("the phase stands at %+v, want after the last part that is whole", u)
	}
	w.api.intercept(nil)
	w.api.forget()
	s.pass()
	w.wantNews("items", "r 06/x, r 07/x, r 08/x, r 09/x, r 10/x")
	if n := w.api.requests("/04/items") + w.api.requests("/01/items"); n != 0 {
		t.Errorf("%d requests for children of parents that were done", n)
	}
	if u := w.unit("items"); u.Page != "" || !u.Done {
		t.Errorf("the phase ends with %+v", u)
	}
	if u := w.unit("boxes"); len(u.Owed) != 0 {
		t.Errorf("still owed: %v", u.Owed)
	}
}

// With Once no later listing would show what changed before the position meanwhile: the phase begins anew, in silence.
func TestPhaseBeginsAnewWithOnce(t *testing.T) {
	w := newWorld(t)
	for _, id := range ids(1, 10) {
		w.api.put("boxes", "a", id)
		w.api.put("items/"+id, "a", "x")
	}
	w.api.refuse("/boxes/06/items", http.StatusServiceUnavailable)
	serially := func(c *Config) { c.Concurrency = 1 }
	if err := w.try(only("boxes", "items"), serially); err == nil {
		t.Fatal("a run that lacks children succeeds")
	}
	w.wantNews("items", "r 01/x, r 02/x, r 03/x, r 04/x, r 05/x")
	w.api.intercept(nil)
	w.api.put("items/02", "b", "x") // does not show in its parent
	w.once(only("boxes", "items"), serially)
	w.wantNews("items", "u 02/x, r 06/x, r 07/x, r 08/x, r 09/x, r 10/x")
}

// A parent that is published at or before the phase's position moves it back, in its own transaction: its children are new.
func TestPhaseMovesBack(t *testing.T) {
	for changed, want := range map[string]int{"02": 1, "04": 1, "05": 0} { // 05 lies behind the position anyway
		t.Run(changed, func(t *testing.T) {
			w := newWorld(t)
			for _, id := range ids(1, 10) {
				w.api.put("boxes", "a", id)
				w.api.put("items/"+id, "a", "x")
			}
			w.api.refuse("/boxes/06/items", http.StatusServiceUnavailable)
			s := w.stream(only("boxes", "items"), func(c *Config) { c.Concurrency = 1 })
			s.pause()
			w.news("items")
			w.api.put("boxes", "b", changed)
			w.api.put("items/"+changed, "b", "x")
			s.pass() // the scroll is read again, the phase fails as before
			if page := w.unit("items").Page; page != "04" {
				t.Errorf("the phase stands at %q", page)
			}
			w.wantNews("items", "u "+changed+"/x")
			moved := 0
			for _, r := range w.records(w.names.State()) {
				var u UnitState
				if string(r.Key) == "items" && decodeState("items", r.Value, &u) == nil && u.Page != "" && u.Page < changed && !u.Done {
					moved++
				}
			}
			if changed != "05" && moved != want {
				t.Errorf("the position was moved back %d times, want %d", moved, want)
			}
		})
	}
}

// A page whose children take long is committed in parts, its position with the last one.
func TestLongPageIsCommittedInParts(t *testing.T) {
	w := newWorld(t)
	for i, id := range ids(1, 6) {
		w.api.event("events", id, "a", int64(i)-2000)
		w.api.put("notes/"+id, "a", "x")
	}
	w.api.pageSize = 10
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Path == "/events/01/notes" {
			w.clock.move(partTime + time.Second)
		}
		return 0, ""
	})
	w.once(only("events", "notes"), func(c *Config) { c.Concurrency = 1 }) // four parents are asked for at a time
	var commits []string
	for _, r := range w.records(w.names.State()) {
		var u UnitState
		if string(r.Key) == "events/0" && decodeState("events/0", r.Value, &u) == nil {
			commits = append(commits, fmt.Sprintf("%d %v", u.Records, u.Done))
		}
	}
	if got := strings.Join(commits, ", "); got != "8 false, 12 true" {
		t.Errorf("commits of the page: %s", got)
	}
}

// A parent that a traversal meets twice has changed in between: its later answer's children are the last in the topic.
func TestParentMetTwice(t *testing.T) {
	w := newWorld(t)
	w.api.event("crates", "01", "a", 0)
	w.api.put("crates", "a", "02")
	w.api.set("crates", "03", `{"id":"01","v":"later"}`)
	asked := 0
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Path == "/crates/01/labels" {
			asked++
			return http.StatusOK, fmt.Sprintf(`{"data":[{"id":"x","v":"%d"}]}`, asked)
		}
		return 0, ""
	})
	w.once(only("crates", "labels"))
	w.wantNews("crates", "r 01, r 02, u 01")
	w.wantNews("labels", "r 01/x, u 01/x")
	if got, want := w.holds("labels"), `01/x {"crate_id":"01","id":"x","v":"2"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
