package producer

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/headwater-stream/headwater/extract"
)

// The next page is asked for before the commit of the one before it has ended: otherwise the API would wait for the broker, and the
// broker for the API.
func TestPagesAndCommitsOverlap(t *testing.T) {
	for resource, before := range map[string]int32{"books": 1, "events": 2} { // the second time is after the plan's question
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			w.api.pageSize = 2
			for i, id := range ids(1, 5) {
				w.api.put("books", "a", id)
				w.api.event("events", id, "a", int64(i)-340) // so near to the end of the backfill that it is one window
			}
			var begun atomic.Int32
			second := make(chan struct{}, 16)
			w.api.intercept(func(r *http.Request) (int, string) {
				if strings.HasPrefix(r.URL.Path, "/"+resource) && r.URL.Query().Get("after") == "" {
					begun.Add(1)
				} else if strings.HasPrefix(r.URL.Path, "/"+resource) {
					second <- struct{}{}
				}
				return 0, ""
			})
			commits := 0
			w.kafka.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
				w.kafka.KeepControl()
				if commits++; begun.Load() < before {
					commits = 0
				}
				if commits == 1 {
					select {
					case <-second:
					case <-time.After(deadline):
						t.Error("the second page is not asked for while the first is committed")
					}
				}
				return nil, nil, false
			})
			w.once(only(resource))
			w.wantNews(resource, "r 01, r 02, r 03, r 04, r 05")
		})
	}
}

// What waits is bounded by its bytes: beyond them a page is asked for when it is wanted.
func TestPagesThatWaitAreBounded(t *testing.T) {
	w := newWorld(t)
	w.api.pageSize = 1
	w.api.put("books", "a", ids(1, 3)...)
	worker := w.newWorker(only("books"))
	worker.inFlight.Store(maxAhead)
	r := newRunner(&session{Worker: worker}, w.src.Resource("books"))
	ctx, cancel := context.WithCancel(w.context())
	defer cancel()
	pages := 0
	for _, err := range r.newAhead().read(ctx, extract.Position{Phase: extract.PhaseSnapshot}) {
		if err != nil {
			t.Fatal(err)
		}
		for range 20 { // time enough for a request that should not be made
			if err := worker.cfg.API.Check(ctx, w.src.Resource("things")); err != nil {
				t.Fatal(err)
			}
		}
		if pages++; w.api.requests("/books") != pages {
			t.Errorf("page %d: %d requests", pages, w.api.requests("/books"))
		}
	}
	if pages != 3 {
		t.Errorf("%d pages", pages)
	}
}
