package producer

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func sweeping(c *Config) { c.Sweep = true }

// swept fills a shop with events of several months, and reads it.
func swept(w *world, children bool) {
	w.Helper()
	for i, id := range ids(1, 20) {
		w.api.event("events", id, "a", int64(i)*3*86400-90*86400)
		if children {
			w.api.put("notes/"+id, "a", "x", "y")
		}
	}
	w.once(only("events", "notes"))
	w.news("events")
	w.news("notes")
}

// What the API reports by nothing else: deletions, and edits that do not move the cursor.
func TestSweepFindsDeletionsAndSilentEdits(t *testing.T) {
	w := newWorld(t)
	swept(w, true)
	w.api.remove("events", "03", "17")
	w.api.event("events", "05", "silent", 4*3*86400-90*86400)
	w.api.put("notes/07", "redacted", "x")
	w.api.remove("notes/08", "y")
	w.once(only("events", "notes"))
	w.wantNews("events", "")
	w.wantNews("notes", "")
	before := w.clock.Now()
	w.once(only("events", "notes"), sweeping)
	w.wantNews("events", "u 05, d 03, d 17")
	w.wantNews("notes", "u 07/x, d 08/y, d 03/x, d 03/y, d 17/x, d 17/y")
	if waited := w.clock.Now().Sub(before); waited < lookback {
		t.Errorf("deleted after %v: what moved may become visible up to %v late", waited, lookback)
	}
	if u := w.unit("events/sweep"); !u.Done || u.Phase != "snapshot" || u.Records != 9 || u.Watermark != u.Window[1] {
		t.Errorf("%+v", u)
	}
	before = w.clock.Now()
	w.once(only("events", "notes"), sweeping)
	w.wantNews("events", "")
	w.wantNews("notes", "")
	if waited := w.clock.Now().Sub(before); waited != 0 {
		t.Errorf("waited %v although nothing is missing", waited)
	}
}

// Keys whose last copies lie where live passes read are not missing where older copies lie.
func TestSweepWithNothingMissingDoesNotWait(t *testing.T) {
	w := newWorld(t)
	swept(w, false)
	w.api.event("events", "03", "b", 0)
	w.once(only("events"))
	w.wantNews("events", "u 03")
	before := w.clock.Now()
	w.once(only("events"), sweeping)
	if waited := w.clock.Now().Sub(before); waited != 0 {
		t.Errorf("waited %v", waited)
	}
}

// Logs are never swept; a listing needs no sweep, and a substream comes with its parent.
func TestSweepOfNothingIsRefused(t *testing.T) {
	w := newWorld(t)
	for resources, words := range map[string]string{"logs things": "leave --sweep out", "notes": "events: name that too", "things events": ""} {
		_, err := New(Config{Source: w.src, Names: w.names, Resources: strings.Fields(resources), Sweep: true, Now: w.clock.Now})
		if words == "" && err != nil || words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%s: %v", resources, err)
		}
	}
	w.api.event("logs", "1", "a", -3600)
	w.api.event("events", "1", "a", -3600)
	w.once(only("logs", "events"))
	w.news("logs")
	w.api.remove("logs", "1")
	w.once(only("logs", "events"), sweeping)
	w.wantNews("logs", "")
	if u := w.unit("logs/sweep"); u.Phase != "" {
		t.Errorf("logs were swept: %+v", u)
	}
}

// A missing record that shows again, wherever and to whomever, is not deleted.
func TestSweepDeletesOnlyWhatNothingExplains(t *testing.T) {
	for name, test := range map[string]struct {
		// on is called with the number of the sweep's listing and of the request in it, before it is answered.
		on   func(w *world, listing, request int)
		want string
	}{
		"missed while it was paged": {func(w *world, listing, request int) {
			switch {
			case listing == 1:
				w.api.remove("events", "03")
			case listing == 2 && request == 1:
				w.api.event("events", "03", "a", 2*3*86400-90*86400)
			}
		}, ""},
		"moved before it was asked for": {func(w *world, listing, request int) {
			if listing == 1 && request == 1 {
				w.api.event("events", "03", "b", 0)
			}
		}, "u 03"},
		"moved, and visible late": {func(w *world, listing, request int) {
			switch {
			case listing == 1 && request == 1:
				w.api.remove("events", "03")
			case listing == 3: // the last live pass
				w.api.event("events", "03", "b", -200)
			}
		}, "u 03"},
		"moved, and cannot be published": {func(w *world, listing, request int) {
			switch {
			case listing == 1 && request == 1:
				w.api.set("events", "03", `{"id":"03","v":"`+strings.Repeat("x", 2<<20)+`","updated_at":`+jsonInt(w.clock.Now().Unix())+`}`)
			}
		}, ""},
		"one without a key is shown": {func(w *world, listing, request int) {
			if listing == 1 && request == 1 {
				w.api.remove("events", "03")
				w.api.set("events", "", `{"v":"a","updated_at":`+jsonInt(w.clock.Now().Add(-20*24*time.Hour).Unix())+`}`)
			}
		}, ""},
		"gone": {func(w *world, listing, request int) {
			if listing == 1 && request == 1 {
				w.api.remove("events", "03")
			}
		}, "d 03"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.api.pageSize = 10
			swept(w, false)
			began, listing, request, query := false, 0, 0, ""
			w.api.intercept(func(r *http.Request) (int, string) {
				q := r.URL.Query()
				if u := q.Get("from") + q.Get("to"); u != query {
					if query = u; q.Get("from") == jsonInt(w.clock.Now().Unix()-90*86400) || listing > 0 {
						began, request = true, 0
						listing++
					}
				}
				if request++; began {
					test.on(w, listing, request)
				}
				return 0, ""
			})
			w.once(only("events"), sweeping)
			w.wantNews("events", test.want)
			if listing == 0 {
				t.Error("no sweep was made")
			}
		})
	}
}

func TestSweepThatWouldDeleteTooMuchIsRefused(t *testing.T) {
	w := newWorld(t)
	swept(w, false)
	w.api.remove("events", ids(1, 11)...)
	failures := w.failures(w.try(only("events"), sweeping))
	var refused *DeletesRefusedError
	if !errors.As(failures["events"], &refused) || refused.Deletes != 11 || refused.Held != 20 {
		t.Errorf("failures: %v", failures)
	}
	w.wantNews("events", "")
	w.once(only("events"), sweeping, func(c *Config) { c.AllowDeletes = true })
	if n := strings.Count(w.news("events"), "d "); n != 11 {
		t.Errorf("%d deleted, want 11", n)
	}
}

// Records that no pass had found, because they became visible later than any lookback, are found; op tells a first publication.
func TestSweepFindsWhatWasMissed(t *testing.T) {
	w := newWorld(t)
	swept(w, false)
	w.api.event("events", "late", "a", -86400)
	w.api.event("events", "02", "moved", -40*86400+1)
	w.once(only("events"))
	w.wantNews("events", "")
	w.once(only("events"), sweeping)
	w.wantNews("events", "u 02, r late")
}

// A reader never sees a key go back: what a sweep is shown of an older copy is dropped, also where it holds nothing of the key.
func TestSweepNeverGoesBack(t *testing.T) {
	w := newWorld(t)
	swept(w, false)
	w.api.event("events", "03", "new", 0)
	w.api.event("events", "04", "new", -10)
	w.once(only("events"))
	w.wantNews("events", "u 04, u 03")
	w.clock.move(time.Hour)
	w.api.event("events", "03", "old", -50*86400)
	w.once(only("events"), sweeping)
	w.wantNews("events", "")
}

// The interval decides in a stream; live passes go on in between.
func TestSweepInterval(t *testing.T) {
	w := newWorld(t)
	swept(w, true)
	s := w.stream(only("events", "notes"))
	s.pause()
	w.api.remove("events", "03")
	w.clock.move(23 * time.Hour)
	s.pass()
	w.wantNews("events", "")
	w.clock.move(time.Hour)
	w.api.event("events", "20", "b", 0)
	s.pass()
	w.wantNews("events", "u 20")
	passes := 0
	for w.unit("events/sweep").Done == false {
		w.api.event("events", "19", w.clock.Now().String(), 0)
		s.pass()
		w.wantNews("events", map[bool]string{true: "u 19, d 03", false: "u 19"}[w.unit("events/sweep").Done])
		if passes++; passes > 15 {
			t.Fatal("the sweep does not end")
		}
	}
	if passes < 9 {
		t.Errorf("deleted after %d live passes of 30 s: less than a lookback", passes)
	}
	w.wantNews("notes", "d 03/x, d 03/y")
	w.api.forget()
	s.pass()
	if n := w.api.requests("/notes"); n > 3 {
		t.Errorf("%d requests for children after the sweep", n)
	}
}

func TestSweepOff(t *testing.T) {
	w := newWorld(t)
	w.use(strings.Replace(shop, "- name: events  #", "- name: events\n    sweep_interval: off #", 1))
	swept(w, false)
	s := w.stream(only("events"))
	s.pause()
	w.api.remove("events", "03")
	w.clock.move(100 * 24 * time.Hour)
	s.pass()
	s.pass()
	if u := w.unit("events/sweep"); u.Phase != "" {
		t.Errorf("%+v", u)
	}
}

// A substream may be left out: its children are then requested for changed parents only. They go with a deleted parent all the same.
func TestSweepWithoutASubstream(t *testing.T) {
	w := newWorld(t)
	w.use(strings.Replace(shop, "- name: notes\n", "- name: notes\n    sweep_interval: off\n", 1))
	swept(w, true)
	s := w.stream(only("events", "notes"))
	s.pause()
	w.clock.move(25 * time.Hour)
	w.api.event("events", "05", "silent", 4*3*86400-90*86400-25*3600)
	w.api.put("notes/05", "b", "x")
	w.api.put("notes/06", "b", "x")
	w.api.remove("events", "03")
	for w.unit("events/sweep").Done == false {
		s.pass()
	}
	w.wantNews("events", "u 05, d 03")
	w.wantNews("notes", "u 05/x, d 03/x, d 03/y")
}

// An interrupted sweep goes on in a stream, publishes, and deletes nothing: it has not seen the beginning. With Once it begins again.
func TestSweepGoesOn(t *testing.T) {
	for _, once := range []bool{false, true} {
		t.Run(map[bool]string{true: "once", false: "stream"}[once], func(t *testing.T) {
			w := newWorld(t)
			w.use(strings.Replace(shop, "cursor_path: updated_at, row_order: asc", "cursor_path: updated_at, row_order: asc, step: 240h", 1))
			swept(w, false)
			w.api.remove("events", "03", "19")
			w.api.event("events", "04", "silent", 3*3*86400-90*86400)
			w.api.event("events", "18", "silent", 17*3*86400-90*86400)
			w.clock.move(time.Minute)
			from := jsonInt(w.clock.Now().Unix() - 60 - 90*86400 + 5*240*3600)
			w.api.intercept(func(r *http.Request) (int, string) {
				if r.URL.Query().Get("from") == from {
					return http.StatusServiceUnavailable, ""
				}
				return 0, ""
			})
			w.failures(w.try(only("events"), sweeping))
			w.wantNews("events", "u 04")
			if u := w.unit("events/sweep"); u.Done || u.Watermark == u.Window[0] {
				t.Fatalf("%+v", u)
			}
			w.api.intercept(nil)
			w.api.forget()
			if once {
				w.once(only("events"), sweeping)
				w.wantNews("events", "u 18, d 03, d 19")
				return
			}
			s := w.stream(only("events"))
			s.pause()
			if u := w.unit("events/sweep"); !u.Done {
				t.Errorf("%+v", u)
			}
			w.wantNews("events", "u 18")
		})
	}
}

// Trouble in a sweep keeps nobody from reading what is new, and it goes on when the API does.
func TestSweepOutlastsTrouble(t *testing.T) {
	w := newWorld(t)
	swept(w, false)
	s := w.stream(only("events"), sweeping)
	old := jsonInt(w.clock.Now().Unix() - 90*86400)
	w.api.remove("events", "03")
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Query().Get("from") == old {
			return http.StatusServiceUnavailable, ""
		}
		return 0, ""
	})
	s.pause()
	w.api.event("events", "19", "b", 0)
	s.pass()
	w.wantNews("events", "u 19")
	w.api.intercept(nil)
	for i := 0; w.unit("events/sweep").Done == false; i++ {
		if s.pass(); i > 20 {
			t.Fatal("the sweep does not end")
		}
	}
	w.wantNews("events", "d 03")
}

// Parents that a sweep publishes without their children are owed them like any others.
func TestSweepOwes(t *testing.T) {
	w := newWorld(t)
	swept(w, true)
	w.api.event("events", "05", "silent", 4*3*86400-90*86400)
	w.api.put("notes/05", "b", "x")
	w.once(only("events"), sweeping)
	w.wantNews("events", "u 05")
	if got := w.owed("events"); got != "notes" {
		t.Errorf("owed: %q", got)
	}
	w.once(only("events", "notes"))
	w.wantNews("notes", "u 05/x")
	if got := w.owed("events"); got != "" {
		t.Errorf("still owed: %q", got)
	}
}

// A topic that memory does not hold at once is compared in slices.
func TestSweepInSlices(t *testing.T) {
	for _, keys := range []int{1, 3, 7, 19} {
		t.Run(strconv.Itoa(keys), func(t *testing.T) {
			w := newWorld(t)
			swept(w, false)
			w.api.remove("events", "03", "04", "20")
			w.api.event("events", "05", "silent", 4*3*86400-90*86400)
			w.api.event("events", "06", "moved", 9*3*86400-90*86400+7) // into another slice, and missed
			w.api.event("events", "18", "moved", 2*3*86400-90*86400+7) // and back: no reader sees that
			w.once(only("events"), sweeping, func(c *Config) { c.MemoryKeys = keys })
			w.wantNews("events", "u 05, u 06, d 03, d 04, d 20")
		})
	}
}

// wide answers requests of the sweep's wide listing with a hand-made page.
func wide(w *world, page func() string) {
	from := jsonInt(w.clock.Now().Unix() - 90*86400)
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Query().Get("from") == from {
			return http.StatusOK, page()
		}
		return 0, ""
	})
}

// An index can list a record at its old place when it already shows the new time. It exists, whatever the live passes show.
func TestSweepCountsWhatIsShownBesideItsWindow(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -90*86400)
	w.api.event("events", "2", "a", -80*86400)
	w.once(only("events"))
	w.news("events")
	w.api.remove("events", "1", "2")
	wide(w, func() string {
		return `{"data":[{"id":"1","v":"a","updated_at":` + jsonInt(w.clock.Now().Unix()) + `}],"next":null}`
	})
	w.once(only("events"), sweeping)
	w.wantNews("events", "d 2")
}

// What was published since the sweep began is not deleted, whoever published it.
func TestSweepKeepsWhatWasPublishedMeanwhile(t *testing.T) {
	w := newWorld(t)
	swept(w, false)
	w.api.remove("events", "03", "04")
	var restored *kgo.Record
	for _, r := range w.records("shop.events") {
		if string(r.Key) == "03" {
			restored = &kgo.Record{Topic: r.Topic, Key: r.Key, Value: r.Value, Headers: r.Headers}
		}
	}
	client, err := kgo.NewClient(w.seeds...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	done := false
	old := jsonInt(w.clock.Now().Unix() - 90*86400)
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Query().Get("from") == old && !done {
			done = true
			if err := client.ProduceSync(w.Context(), restored).FirstErr(); err != nil {
				t.Error(err)
			}
		}
		return 0, ""
	})
	w.once(only("events"), sweeping)
	w.wantNews("events", "r 03, d 04")
}

// What a live pass publishes between the pages of a sweep is not gone back behind.
func TestSweepIsOvertaken(t *testing.T) {
	w := newWorld(t)
	w.api.pageSize = 10
	swept(w, false)
	began := w.clock.Now().Unix()
	w.api.intercept(func(r *http.Request) (int, string) {
		if q := r.URL.Query(); q.Get("from") != jsonInt(began-90*86400) {
			return 0, ""
		} else if q.Get("after") == "" {
			w.api.event("events", "15", "new", 0)
			w.clock.move(time.Minute)
			return 0, ""
		}
		w.api.set("events", "15", `{"id":"15","v":"lagging","updated_at":`+jsonInt(began+14*3*86400-90*86400+1)+`}`)
		return 0, ""
	})
	s := w.stream(only("events"), sweeping)
	s.pause()
	w.wantNews("events", "u 15")
}

func TestCappedSweepDeletesNothing(t *testing.T) {
	w := newWorld(t)
	w.use(strings.Replace(shop, "- name: events  #", "- name: events\n    listing_cap: 15 #", 1))
	swept(w, false)
	w.api.remove("events", "03")
	w.once(only("events"), sweeping)
	w.wantNews("events", "")
}

// Behind an end_value nothing is read: what seems to be gone may be there.
func TestSweepWithAnEndValueDeletesNothing(t *testing.T) {
	w := newWorld(t)
	w.use(strings.Replace(shop, "cursor_path: updated_at, row_order: asc", "cursor_path: updated_at, row_order: asc, end_value: "+rfc3339(w.clock.Now()), 1))
	swept(w, false)
	w.clock.move(time.Hour)
	w.api.event("events", "03", "moved", 0)
	w.once(only("events"), sweeping)
	w.wantNews("events", "")
}

// Children that were read without their parents have no tombstone of these to go with.
func TestSweepFindsOrphans(t *testing.T) {
	w := newWorld(t)
	for i, id := range ids(1, 4) {
		w.api.event("events", id, "a", int64(i)*86400-30*86400)
		w.api.put("notes/"+id, "a", "x")
	}
	w.once(only("notes"))
	w.wantNews("notes", "r 01/x, r 02/x, r 03/x, r 04/x")
	w.api.remove("events", "02")
	w.api.event("events", "04", "b", -100) // where live passes read
	w.api.event("events", "05", "a", 0)
	w.api.put("notes/05", "a", "x")
	w.once(only("events", "notes"), sweeping, func(c *Config) { c.Concurrency = 1 }) // windows in order, the newest first
	w.wantNews("events", "r 03, r 01, u 04, u 05")
	w.wantNews("notes", "r 05/x, d 02/x")
	before := w.clock.Now()
	w.once(only("events", "notes"), sweeping)
	w.wantNews("notes", "")
	if waited := w.clock.Now().Sub(before); waited != 0 {
		t.Errorf("waited %v although nothing is missing", waited)
	}
}
