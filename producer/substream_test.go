package producer

import (
	"net/http"
	"testing"
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
