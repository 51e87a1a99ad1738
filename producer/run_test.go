package producer

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestRunEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(w.context())
	cancel()
	if err := w.newWorker(only("things"), streaming).Run(ctx); err != nil {
		t.Errorf("a stream that is stopped gracefully: %v", err)
	}
	if err := w.newWorker(only("things")).Run(ctx); !errors.Is(err, ErrUnfinished) {
		t.Errorf("a run with Once that is stopped before its end: %v", err)
	}
}

func streaming(c *Config) { c.Once = false }

func TestStreamStopsGracefully(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	s := w.stream(only("things"))
	s.pause()
	if err := s.stop(); err != nil {
		t.Errorf("got %v", err)
	}
	w.wantNews("things", "r 1")
}

func TestFailuresAreOneLine(t *testing.T) {
	t.Parallel()
	away, shut := errors.New("the API is away"), errors.New("no permission")
	err := &FailedError{Resources: map[string]error{"b": away, "a": away, "c": shut}}
	err.Resources["d"] = errors.New("d: no permission") // its own name is not said twice
	if got, want := err.Error(), "a, b: the API is away; c, d: no permission"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, away) || !errors.Is(err, shut) {
		t.Error("the reasons are not inside")
	}
}

func TestOneResourceFailsAndTheOthersComplete(t *testing.T) {
	for _, test := range []struct {
		name   string
		things []string
		fail   string // path
		want   string // news of things
		alone  bool   // all failed, and nothing was published
	}{
		{"some", []string{"1"}, "/books", "r 1", false},
		{"some, and there is nothing in the others", nil, "/books", "", false},
		{"all", []string{"1"}, "/", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.api.put("things", "a", test.things...)
			w.api.put("books", "a", "1")
			w.api.intercept(func(r *http.Request) (int, string) {
				if strings.HasPrefix(r.URL.Path, test.fail) {
					return http.StatusForbidden, `{"errors":[{"code":"x","message":"no right"}]}`
				}
				return 0, ""
			})
			err := w.try(only("things", "books"))
			var failed *FailedError
			if !errors.As(err, &failed) || failed.Nothing != test.alone || failed.Resources["books"] == nil || (failed.Resources["things"] != nil) != test.alone ||
				strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %#v", err)
			}
			w.wantNews("things", test.want)
		})
	}
}

// Everything failed in the end, but something was published: not nothing.
func TestFailureAfterAPage(t *testing.T) {
	w := newWorld(t)
	w.api.put("books", "a", ids(1, 4)...)
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Query().Get("after") != "" {
			return http.StatusForbidden, ""
		}
		return 0, ""
	})
	err := w.try(only("books"))
	var failed *FailedError
	if !errors.As(err, &failed) || failed.Nothing {
		t.Errorf("got %#v", err)
	}
	w.wantNews("books", "r 01, r 02")
}

// A stream waits for an API that is away, while the other resources go on.
func TestStreamWaitsForTheAPI(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	w.api.refuse("/events", http.StatusServiceUnavailable)
	s := w.stream(only("events"))
	s.pause()
	if status := s.worker.Progress()[0]; status.Err == nil || status.Stopped {
		t.Errorf("%+v", status)
	}
	w.api.intercept(nil)
	s.pass()
	w.wantNews("events", "r 1")
	if status := s.worker.Progress()[0]; status.Err != nil || status.Published != 1 || status.Read != 1 {
		t.Errorf("%+v", status)
	}
}

func TestUnreachableBroker(t *testing.T) {
	w := newWorld(t)
	w.seeds = []kgo.Opt{kgo.SeedBrokers("127.0.0.1:1")}
	err := w.try(only("things"))
	var environment *EnvironmentError
	if !errors.As(err, &environment) || !strings.Contains(err.Error(), "KAFKA_BROKERS") {
		t.Errorf("got %v", err)
	}
}

func TestUnknownResource(t *testing.T) {
	w := newWorld(t)
	if _, err := New(Config{Source: w.src, Names: w.names, Resources: []string{"thing"}}); err == nil || !strings.Contains(err.Error(), `"thing"`) {
		t.Errorf("got %v", err)
	}
}

// What keeps a root from being read keeps its substreams from it, too.
func TestSubstreamFailsWithItsRoot(t *testing.T) {
	w := newWorld(t)
	withChildren(w, "events", "notes", -3600)
	w.api.refuse("/events", http.StatusForbidden)
	failures := w.failures(w.try(only("events", "notes")))
	if failures["events"] == nil || failures["notes"] == nil {
		t.Errorf("failures: %v", failures)
	}
}
