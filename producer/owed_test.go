package producer

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Only a traversal that asked for every parent's children clears the mark: one that goes on in the middle has not.
func TestOwedChildrenOfAResumedListing(t *testing.T) {
	w := newWorld(t)
	w.use(strings.Replace(shop, "refresh: listing\n    endpoint: { path: \"/crates", "refresh: parent\n    endpoint: { path: \"/crates", 1))
	w.api.put("crates", "a", ids(1, 6)...)
	for _, id := range ids(1, 6) {
		w.api.put("labels/"+id, "a", "x")
	}
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Query().Get("after") == "4" {
			return http.StatusServiceUnavailable, ""
		}
		return 0, ""
	})
	if err := w.try(only("crates")); err == nil {
		t.Fatal("half a listing and the run is content")
	}
	w.wantNews("crates", "r 01, r 02, r 03, r 04")
	w.api.intercept(nil)
	w.once(only("crates", "labels"))
	w.wantNews("crates", "r 05, r 06")
	w.wantNews("labels", "r 01/x, r 02/x, r 03/x, r 04/x, r 05/x, r 06/x")
	if owed := w.unit("crates").Owed; len(owed) != 0 {
		t.Errorf("still owed: %v", owed)
	}
}

// owesAndPays runs without and then with the children, which another run leaves alone.
func owesAndPays(w *world, parents, children string, miss func()) {
	w.Helper()
	miss()
	if got := w.news(parents); got != "r 1, r 2" && got != "u 1, u 2" { // a live pass cannot tell
		w.Errorf("%s: got %q", parents, got)
	}
	if got := w.owed(parents); got != children {
		w.Errorf("owed: %q, want %q", got, children)
	}
	w.api.intercept(nil)
	w.once(only(parents, children))
	w.wantNews(parents, "")
	w.wantNews(children, "r 1/x, r 2/x")
	if got := w.unit(parents).Owed; len(got) != 0 {
		w.Errorf("still owed: %v", got)
	}
	w.once(only(parents, children))
	w.wantNews(children, "")
}

// owed joins the marks of a resource's units.
func (w *world) owed(resource string) string {
	w.Helper()
	rows := w.rows()
	var all []string
	for _, row := range rows {
		if resourceOf(row.Unit) == resource {
			all = union(all, row.State.Owed)
		}
	}
	return strings.Join(all, ",")
}

// withChildren fills a shop with two parents that have one child each.
func withChildren(w *world, parents, children string, ts int64) {
	for _, id := range []string{"1", "2"} {
		w.api.event(parents, id, "a", ts)
		w.api.put(children+"/"+id, "a", "x")
	}
}

func TestChildrenNotSelectedAreOwed(t *testing.T) {
	for _, test := range []struct {
		parents, children string
		ts                int64
	}{{"events", "notes", -3600}, {"events", "notes", -100}, {"crates", "labels", 0}, {"boxes", "items", 0}} {
		t.Run(test.parents, func(t *testing.T) {
			w := newWorld(t)
			withChildren(w, test.parents, test.children, test.ts)
			owesAndPays(w, test.parents, test.children, func() { w.once(only(test.parents)) })
		})
	}
}

func TestChildrenThatAreForbiddenAreOwed(t *testing.T) {
	for parents, children := range map[string]string{"events": "notes", "crates": "labels", "boxes": "items"} {
		t.Run(parents, func(t *testing.T) {
			w := newWorld(t)
			withChildren(w, parents, children, -3600)
			owesAndPays(w, parents, children, func() {
				w.api.intercept(func(r *http.Request) (int, string) {
					if strings.HasSuffix(r.URL.Path, "/"+children) {
						return http.StatusForbidden, `{"errors":[{"code":"no","message":"no right"}]}`
					}
					return 0, ""
				})
				failures := w.failures(w.try(only(parents, children)))
				if len(failures) != 1 || failures[children] == nil {
					t.Errorf("failures: %v", failures)
				}
				if u := w.unit(parents); !u.Done {
					t.Errorf("the parents did not go on: %+v", u)
				}
			})
		})
	}
}

// While children are owed those of every parent are requested; a traversal that does not come to its end clears nothing.
func TestOwedUntilTheTraversalIsComplete(t *testing.T) {
	w := newWorld(t)
	for i, id := range ids(1, 4) {
		w.api.event("events", id, "a", int64(i)-3600)
		w.api.put("notes/"+id, "a", "x")
	}
	w.once(only("events"))
	w.news("events")
	w.api.refuse("/events/04/notes", http.StatusServiceUnavailable)
	w.failures(w.try(only("events", "notes")))
	w.wantNews("notes", "r 01/x, r 02/x, r 03/x")
	w.once(only("events")) // goes on without them
	w.api.intercept(nil)
	w.api.forget()
	w.once(only("events", "notes"))
	w.wantNews("notes", "r 04/x")
	if n := w.api.requests("/events/01/notes"); n != 0 {
		t.Errorf("the traversal did not go on where it was: %d requests for the first parent's children", n)
	}
}

// Children whose records the broker refuses stop; their parents go on and owe them.
func TestRefusedChildrenAreOwed(t *testing.T) {
	w := newWorld(t)
	withChildren(w, "events", "notes", -3600)
	w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "shop.notes", Err: kerr.InvalidRecord, Count: 3})
	owesAndPays(w, "events", "notes", func() {
		failures := w.failures(w.try(only("events", "notes")))
		if len(failures) != 1 || failures["notes"] == nil {
			t.Errorf("failures: %v", failures)
		}
	})
}

// Children that are to be read once more, because their parent's second was not over, and are refused then, are owed: nothing else
// would ever ask for them again.
func TestChildrenRefusedTheSecondTimeAreOwed(t *testing.T) {
	w := newWorld(t)
	withChildren(w, "events", "notes", 0)
	s := w.stream(only("events", "notes"))
	s.pause()
	w.wantNews("notes", "r 1/x, r 2/x")
	w.api.put("notes/1", "b", "x") // in the same second: the event does not show it
	w.api.intercept(func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/notes") {
			return http.StatusForbidden, `{"errors":[{"code":"no","message":"no right"}]}`
		}
		return 0, ""
	})
	s.pass()
	if got := w.owed("events"); got != "notes" {
		t.Errorf("owed: %q, want notes", got)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	w.api.intercept(nil)
	w.once(only("events", "notes"))
	w.wantNews("notes", "u 1/x")
	if got := w.owed("events"); got != "" {
		t.Errorf("still owed: %q", got)
	}
}

// A mark that is cleared before everything was read would be forgotten by a traversal that fails.
func TestOwedIsClearedAtTheEnd(t *testing.T) {
	for parents, children := range map[string]string{"events": "notes", "crates": "labels"} {
		t.Run(parents, func(t *testing.T) {
			w := newWorld(t)
			w.use(strings.Replace(shop, "refresh: listing\n    endpoint: { path: \"/crates", "refresh: parent\n    endpoint: { path: \"/crates", 1))
			w.once(only(parents, children)) // the substream is planned: it is not one that was added
			withChildren(w, parents, children, -100)
			w.once(only(parents))
			w.news(parents)
			w.api.refuse("/"+parents+"/1/"+children, http.StatusBadRequest) // not tried again: no time passes in which the position is committed
			w.failures(w.try(only(parents, children)))
			w.wantNews(children, "")
			w.api.intercept(nil)
			w.once(only(parents, children))
			w.wantNews(children, "r 1/x, r 2/x")
			if owed := w.owed(parents); owed != "" {
				t.Errorf("still owed: %s", owed)
			}
		})
	}
}

// A substream that its source file did not have when its parents were listed: no parent changes, and no debt was marked.
func TestSubstreamAddedToAListing(t *testing.T) {
	w := newWorld(t)
	with := strings.Replace(shop, "refresh: listing\n    endpoint: { path: \"/crates", "refresh: parent\n    endpoint: { path: \"/crates", 1)
	labels, boxes := strings.Index(with, "  - name: labels"), strings.Index(with, "  - name: boxes")
	w.use(with[:labels] + with[boxes:])
	withChildren(w, "crates", "labels", 0)
	w.once(only("crates"))
	w.use(with)
	w.once(only("crates", "labels"))
	w.wantNews("crates", "r 1, r 2")
	w.wantNews("labels", "r 1/x, r 2/x")
	w.api.forget()
	w.once(only("crates", "labels"))
	if n := w.api.requests("/crates/1/labels"); n != 0 {
		t.Errorf("the debt is paid, and children are requested %d times", n)
	}
}

// What windows owe is paid by a traversal after them, whatever the clocks of the workers say that read them.
func TestOwedByAWorkerWhoseClockIsAhead(t *testing.T) {
	w := newWorld(t)
	withChildren(w, "events", "notes", -3600)
	w.once(only("events"), func(c *Config) { c.Now = func() time.Time { return w.clock.Now().Add(time.Hour) } })
	w.once(only("events", "notes"))
	w.wantNews("notes", "r 1/x, r 2/x")
	w.api.forget()
	w.once(only("events", "notes"))
	if n := w.api.requests("/events/1/notes"); n != 0 {
		t.Errorf("the debt is paid, and children are requested %d times", n)
	}
}
