package producer

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/headwater-stream/headwater/extract"
)

// startingAt gives the worker a client with a start date.
func (w *world) startingAt(start time.Time) change {
	return func(c *Config) {
		w.Helper()
		client, err := extract.NewClient(w.src, map[string]string{"base_url": w.api.server.URL, "start_date": rfc3339(start)},
			extract.Options{Now: w.clock.Now, Sleep: w.clock.Sleep})
		if err != nil {
			w.Fatal(err)
		}
		w.Cleanup(client.Close)
		c.API = client
	}
}

// What an earlier start date adds would never be read.
func TestStartDateThatMoves(t *testing.T) {
	w := newWorld(t)
	text := strings.Replace(shop, "settings:\n", "settings:\n  start_date: { type: datetime }\n", 1)
	w.use(strings.ReplaceAll(text, "cursor_path: updated_at,", `cursor_path: updated_at, initial_value: "{{ config.start_date }}",`))
	for i, id := range ids(1, 4) {
		w.api.event("events", id, "a", int64(i)*3600-5*3600)
	}
	start := w.clock.Now().Add(-4 * time.Hour)
	w.once(only("events"), w.startingAt(start), func(c *Config) { c.Concurrency = 1 }) // windows in order, the newest first
	w.wantNews("events", "r 04, r 03, r 02")
	var environment *EnvironmentError
	if err := w.try(only("events"), w.startingAt(start.Add(-time.Second))); !errors.As(err, &environment) || !environment.Lasting || environment.Remedy == "" {
		t.Errorf("earlier: got %v, want an *EnvironmentError that lasts", err)
	}
	w.once(only("events"), w.startingAt(start))
	w.once(only("events"), w.startingAt(start.Add(2*time.Hour)))
	w.wantNews("events", "")
}

// A process that was killed between a listing's end and its substream's phase leaves children owed: they do not wait for the next
// listing.
func TestOwedPhaseIsReadAtOnce(t *testing.T) {
	w := newWorld(t)
	withChildren(w, "boxes", "items", 0)
	w.api.refuse("/boxes/1/items", 503)
	w.failures(w.try(only("boxes", "items")))
	if u := w.unit("boxes"); !u.Done || !u.owes("items") {
		t.Fatalf("the listing is not done, or nothing is owed: %+v", u)
	}
	w.api.intercept(nil)
	w.wantNews("items", "")
	s := w.stream(only("boxes", "items"))
	s.pause()
	w.wantNews("items", "r 1/x, r 2/x")
	if owed := w.unit("boxes").Owed; len(owed) != 0 {
		t.Errorf("still owed: %v", owed)
	}
}

// A substream that is refused stays owed: that is no reason to list again at once, however quick the listing was.
func TestRefusedChildrenDoNotHurryListings(t *testing.T) {
	w := newWorld(t)
	withChildren(w, "crates", "labels", 0)
	w.api.intercept(func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/labels") {
			return http.StatusForbidden, `{"errors":[{"code":"no","message":"no right"}]}`
		}
		if w.api.requests("/crates") > 100 {
			return http.StatusUnauthorized, `{"errors":[{"code":"no","message":"too many listings"}]}`
		}
		return 0, ""
	})
	if got := w.stream(only("crates", "labels")).pause(); got != time.Hour {
		t.Errorf("the next listing is due in %v, want the interval", got)
	}
}

// What seems gone may be shown by the next listing: a stream goes on after a refusal.
func TestRefusedDeletesDoNotEndAStream(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", ids(1, 54)...)
	s := w.stream(only("things"))
	s.pause()
	w.news("things")
	w.api.remove("things", ids(1, 11)...)
	s.pass()
	w.wantNews("things", "")
	if err := s.worker.Progress()[0].Err; err == nil {
		t.Error("the refusal is not told")
	}
	w.api.put("things", "b", "54")
	s.pass()
	w.wantNews("things", "u 54")
	w.api.put("things", "a", ids(1, 10)...)
	s.pass()
	w.wantNews("things", "d 11")
}

// A topic that this user may not read ends its resource alone, with what a person has to do; no new session would be let in.
func TestTopicThatMayNotBeRead(t *testing.T) {
	for name, key := range map[string]kmsg.Key{"fetch": kmsg.Fetch, "list offsets": kmsg.ListOffsets} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.api.put("things", "a", "1")
			w.api.put("books", "a", "1")
			w.api.event("logs", "1", "a", -100)
			w.once(only("things", "books", "logs"))
			w.news("books")
			w.api.put("books", "b", "1")
			w.api.event("logs", "2", "a", -50)
			w.news("logs")
			fault := w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Topic: "shop.things", Err: kerr.TopicAuthorizationFailed, Count: -1})
			sessions := 1
			failures := w.failures(w.try(only("things", "books", "logs"), func(c *Config) {
				c.Sleep = func(ctx context.Context, d time.Duration) error { sessions++; return w.clock.Sleep(ctx, d) }
			}))
			var environment *EnvironmentError
			if len(failures) != 1 || !errors.As(failures["things"], &environment) || !strings.Contains(environment.Remedy, "shop.things") {
				t.Errorf("failures: %v", failures)
			}
			if sessions != 1 {
				t.Errorf("%d sessions", sessions)
			}
			fault.Remove()
			w.wantNews("books", "u 1")
			w.wantNews("logs", "u 2")
		})
	}
}

// Cursors are in the API's time, records are stamped in ours.
func TestClockOfTheAPIIsAhead(t *testing.T) {
	for _, resource := range []string{"events", "logs"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			w.clock.move(time.Since(w.clock.Now())) // the broker's
			w.api.clock = &fakeClock{now: w.clock.Now().Add(time.Hour).Truncate(time.Second)}
			w.api.event(resource, "1", "a", -3600)
			w.api.event(resource, "2", "a", -100)
			w.once(only(resource))
			w.wantNews(resource, "r 1, u 2")
			w.once(only(resource))
			w.wantNews(resource, "")
		})
	}
}

// A listing that costs the API much is made seldom. How long its commit or an outage lasted says nothing of that.
func TestPauseBetweenListings(t *testing.T) {
	list := func(w *world, during func(s *stream)) time.Duration {
		w.api.put("books", "a", ids(1, 3)...)
		s := w.stream(only("books"))
		if got := s.pause(); got != time.Hour {
			t.Errorf("after a quick listing: %v, want the interval", got)
		}
		w.api.put("books", "b", "1")
		during(s)
		s.wake <- struct{}{}
		return s.pause()
	}
	t.Run("of its own", func(t *testing.T) {
		w := newWorld(t)
		w.use(strings.Replace(shop, "- name: books", "- name: books\n    poll_interval: 5m", 1))
		s := w.stream(only("books"))
		if got := s.pause(); got != 5*time.Minute {
			t.Errorf("pause: %v, want the resource's", got)
		}
	})
	t.Run("slow API", func(t *testing.T) {
		w := newWorld(t)
		got := list(w, func(*stream) {
			w.api.intercept(func(*http.Request) (int, string) { w.clock.move(5 * time.Minute); return 0, "" })
		})
		if got != 100*time.Minute { // two pages
			t.Errorf("pause: %v, want ten times the listing's ten minutes", got)
		}
	})
	t.Run("slow commit", func(t *testing.T) {
		w := newWorld(t)
		got := list(w, func(*stream) {
			w.kafka.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
				w.clock.move(20 * time.Minute)
				w.kafka.KeepControl()
				return nil, nil, false
			})
		})
		if got > time.Hour || got < 40*time.Minute { // what is left of the interval after the last commit's own time
			t.Errorf("pause: %v, want the interval", got)
		}
	})
	t.Run("outage", func(t *testing.T) {
		w := newWorld(t)
		got := list(w, func(s *stream) {
			w.api.refuse("/books", 503)
			s.pass()
			w.api.intercept(nil)
			w.clock.move(5 * time.Hour)
		})
		if got.Round(time.Second) != time.Hour {
			t.Errorf("pause: %v, want the interval", got)
		}
	})
}
