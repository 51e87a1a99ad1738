package recorded_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/internal/recorded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "s3cret/+="

// reader reads an API by its example, without Kafka.
type reader struct {
	*testing.T
	*recorded.Server
	src   *extract.Source
	api   *extract.Client
	mu    sync.Mutex
	slept []time.Duration
	waits []string
}

func newReader(t *testing.T, example string, server *recorded.Server, settings map[string]string) *reader {
	t.Helper()
	t.Cleanup(server.Close)
	r := &reader{T: t, Server: server}
	path := "../../docs/examples/" + example + ".yaml"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.src, err = extract.Load(path, text); err != nil {
		t.Fatal(err)
	}
	settings["base_url"] = server.URL()
	r.api, err = extract.NewClient(r.src, settings, extract.Options{
		Now: func() time.Time { // the API's, but that sleeping moves it
			r.mu.Lock()
			defer r.mu.Unlock()
			now := recorded.Now
			for _, d := range r.slept {
				now = now.Add(d)
			}
			return now
		},
		Sleep: func(ctx context.Context, d time.Duration) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.slept = append(r.slept, d)
			return ctx.Err()
		},
		OnWait: func(w extract.Wait) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if w.Reason != "" {
				r.waits = append(r.waits, w.Reason)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.api.Close)
	t.Cleanup(func() {
		if refused := server.Refused(); len(refused) > 0 {
			t.Errorf("the API would have refused:\n%s", strings.Join(refused, "\n"))
		}
	})
	return r
}

func newGitHub(t *testing.T) *reader {
	t.Helper()
	return newReader(t, "github", recorded.GitHub(secret), map[string]string{"token": secret, "organization": "acme", "repository": "rockets"})
}

func newPagerDuty(t *testing.T) *reader {
	t.Helper()
	return newReader(t, "pagerduty", recorded.PagerDuty(secret), map[string]string{"api_key": secret, "start_date": "2026-02-01"})
}

// read reads a root resource to its end and returns the records of its last reading.
func (r *reader) read(resource string, pos extract.Position) (records []extract.Record, err error) {
	r.Helper()
	done := false
	for page, err := range r.api.Pages(r.Context(), r.src.Resource(resource), pos) {
		if err != nil {
			return records, err
		}
		if page.First {
			records = nil
		}
		records, done = append(records, page.Records...), page.After.Done
	}
	if !done {
		r.Errorf("%s: the last page does not say that the pass is done", resource)
	}
	return records, nil
}

func (r *reader) mustRead(resource string, pos extract.Position) []extract.Record {
	r.Helper()
	records, err := r.read(resource, pos)
	if err != nil {
		r.Fatal(err)
	}
	return records
}

// reads checks what a reading gives, and the requests that it takes.
func (r *reader) reads(resource string, pos extract.Position, keys string, requests ...string) []extract.Record {
	r.Helper()
	r.Asked()
	records := r.mustRead(resource, pos)
	if got := keysOf(records); got != keys {
		r.Errorf("%s: got %s, want %s", resource, got, keys)
	}
	if got := r.Asked(); !slices.Equal(got, requests) {
		r.Errorf("%s: asked\n%s\nwant\n%s", resource, strings.Join(got, "\n"), strings.Join(requests, "\n"))
	}
	return records
}

func keysOf(records []extract.Record) string {
	var keys []string
	for _, rec := range records {
		if rec.KeyErr != nil {
			keys = append(keys, rec.KeyErr.Error())
			continue
		}
		keys = append(keys, rec.Key)
	}
	return strings.Join(keys, " ")
}

// failsAs checks an error's kind and words; no secret may be in it.
func (r *reader) failsAs(err error, kind extract.Kind, words ...string) {
	r.Helper()
	var e *extract.Error
	if !errors.As(err, &e) || e.Kind != kind {
		r.Fatalf("got %v, want an error of kind %v", err, kind)
	}
	said := e.Error() + " " + e.Hint
	for _, w := range words {
		if !strings.Contains(said, w) {
			r.Errorf("%q does not say %q", said, w)
		}
	}
	if strings.Contains(said, secret) {
		r.Errorf("%q tells the secret", said)
	}
}

func day(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, time.UTC) }

func backfill(start, end time.Time) extract.Position {
	return extract.Position{Phase: extract.PhaseBackfill, Window: extract.Window{Start: start, End: end}}
}

// twice is a list of requests, and once more: a listing that shifts is read until two readings agree.
func twice(requests ...string) []string { return append(requests, requests...) }
