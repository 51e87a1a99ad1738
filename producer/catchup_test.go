package producer

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"
)

// A traversal that was made before parents were published without their children pays nothing.
func TestCatchUpOlderThanTheMarks(t *testing.T) {
	w := newWorld(t)
	withChildren(w, "events", "notes", -3600)
	w.once(only("notes"))
	w.wantNews("notes", "r 1/x, r 2/x")
	w.api.event("events", "1", "b", 0)
	w.api.put("notes/1", "a", "y")
	w.clock.move(time.Hour) // the parent's change falls into a window of the backfill
	w.once(only("events"))
	if got := w.owed("events"); got != "notes" {
		t.Fatalf("owed: %q", got)
	}
	w.clock.move(time.Minute)
	w.once(only("events", "notes"))
	w.wantNews("notes", "r 1/y")
	w.api.forget()
	w.once(only("events", "notes"))
	if n := w.api.requests("/notes"); n != 0 {
		t.Errorf("%d requests for children that are owed no more", n)
	}
}

// What is published without its children while a catch-up is interrupted lies after that catch-up's end.
func TestCatchUpGoesOnToNow(t *testing.T) {
	for name, interrupt := range map[string]func(w *world){
		"the API fails": func(w *world) {
			w.api.refuse("/events/04/notes", http.StatusServiceUnavailable)
			w.failures(w.try(only("events", "notes")))
		},
		"the run is stopped": func(w *world) {
			ctx, cancel := context.WithCancel(w.context())
			defer cancel()
			w.api.intercept(func(r *http.Request) (int, string) {
				if r.URL.Path == "/events/04/notes" {
					cancel()
				}
				return 0, ""
			})
			if err := w.newWorker(only("events", "notes")).Run(ctx); !errors.Is(err, ErrUnfinished) {
				w.Fatalf("got %v, want ErrUnfinished", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.api.pageSize = 10 // the tokens are offsets: a record that leaves the window would shift them
			for i, id := range ids(1, 4) {
				w.api.event("events", id, "a", int64(i)-3600)
				w.api.put("notes/"+id, "a", "x")
			}
			w.once(only("events"))
			interrupt(w)
			w.api.intercept(nil)
			if u := w.unit("notes"); u.Phase != "backfill" || u.Done {
				t.Fatalf("the catch-up is not interrupted: %+v", u)
			}
			w.news("notes")
			w.clock.move(time.Hour)
			w.api.event("events", "01", "b", 0)
			w.api.put("notes/01", "a", "y")
			w.once(only("events"))
			w.clock.move(time.Hour)
			w.once(only("events", "notes"))
			if got, want := w.holds("notes"), `01/x {"event_id":"01","id":"x","v":"a"}
01/y {"event_id":"01","id":"y","v":"a"}
02/x {"event_id":"02","id":"x","v":"a"}
03/x {"event_id":"03","id":"x","v":"a"}
04/x {"event_id":"04","id":"x","v":"a"}`; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if owed := w.unit("events").Owed; len(owed) != 0 {
				t.Errorf("still owed: %v", owed)
			}
			w.news("notes")
			w.api.forget()
			w.once(only("events", "notes"))
			w.wantNews("notes", "")
			if n := w.api.requests("/notes"); n != 0 {
				t.Errorf("%d requests for children that are owed no more", n)
			}
		})
	}
}
