package producer

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

func TestUnchangedIsNotPublishedAgain(t *testing.T) {
	for _, resource := range []string{"things", "books", "boxes"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			w.api.put(resource, "a", "1", "2", "3")
			s := w.stream(only(resource))
			s.pause()
			w.wantNews(resource, "r 1, r 2, r 3")
			s.pass() // the next listing
			w.wantNews(resource, "")
			w.api.put(resource, "b", "2")
			s.pass()
			w.wantNews(resource, "u 2")
			if err := s.stop(); err != nil {
				t.Error(err)
			}
			w.once(only(resource)) // another process
			w.wantNews(resource, "")
			w.api.set(resource, "3", `{"v": "a", "id": "3", "n": null}`) // the same value, written otherwise
			w.once(only(resource))
			w.wantNews(resource, "")
		})
	}
}

func TestOverlapIsNotPublishedAgain(t *testing.T) {
	for _, resource := range []string{"events", "logs"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			for i, id := range []string{"1", "2", "3"} {
				w.api.event(resource, id, "a", int64(i)-200) // within the lookback: of the live pass
			}
			w.api.event(resource, "0", "a", -3600)
			s := w.stream(only(resource))
			s.pause()
			got := w.news(resource)
			for range 5 { // each overlaps the one before
				s.pass()
				w.wantNews(resource, "")
			}
			w.api.event(resource, "4", "a", 0)
			w.api.event(resource, "2", "b", 0)
			s.pass()
			got += "; " + w.news(resource)
			if err := s.stop(); err != nil {
				t.Error(err)
			}
			w.once(only(resource))
			w.wantNews(resource, "")
			want := "r 0, u 1, u 2, u 3; u 2, u 4"
			if resource == "logs" {
				want = "r 0, u 3, u 2, u 1; u 2, u 4"
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A key that comes back after its deletion begins anew, whoever remembers it.
func TestRecordThatComesBack(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint("restart ", restart), func(t *testing.T) {
			w := newWorld(t)
			w.api.put("things", "a", "1", "2")
			s := w.stream(only("things"))
			s.pause()
			w.api.remove("things", "1")
			s.pass()
			w.api.put("things", "a", "1")
			if restart {
				s.cancel()
				s.waitEnd()
				w.once(only("things"))
			} else {
				s.pass()
			}
			w.wantNews("things", "r 1, r 2, d 1, r 1")
		})
	}
}

func TestHeadersOfWhatIsPublished(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	w.api.put("things", "a", "1")
	w.once(only("events", "things"))
	event, thing := w.records("shop.events")[0], w.records("shop.things")[0]
	text := w.api.lists["events"]["1"]
	digest, err := avro.Digest([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if header(event, "ts") != strconv.FormatInt(cursorOf(text)*1000, 10) || header(event, "digest") != fmt.Sprintf("%016x", digest) || len(event.Headers) != 3 {
		t.Errorf("event: %s", event.Headers)
	}
	if header(thing, "ts") != "" || len(header(thing, "digest")) != 16 || len(thing.Headers) != 2 {
		t.Errorf("thing without cursor field: %s", thing.Headers)
	}
}

// Compaction keeps the last offset, not the newest record: an API that shows an older copy again must not bring it back.
func TestOlderCopyIsDropped(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	s := w.stream(only("events"))
	s.pause()
	w.wantNews("events", "r 1")
	w.api.event("events", "1", "new", -100)
	s.pass()
	w.wantNews("events", "u 1")
	w.api.event("events", "1", "of before", -140) // still within the lookback of the next pass
	s.pass()
	w.wantNews("events", "")
	w.api.set("events", "1", fmt.Sprintf(`{"id":"1","v":"same time, asked for later","updated_at":%d}`, lastTS(w, "events")/1000))
	s.pass()
	w.wantNews("events", "u 1")
}

func lastTS(w *world, resource string) int64 {
	w.Helper()
	all := w.records(w.names.Data(resource))
	ts, err := strconv.ParseInt(header(all[len(all)-1], headerTS), 10, 64)
	if err != nil {
		w.Fatal(err)
	}
	return ts
}

func TestKeyTwiceOnAPage(t *testing.T) {
	w := newWorld(t)
	now := w.clock.Now().Unix()
	w.api.set("things", "a", `{"id":"1","v":"first"}`)
	w.api.set("things", "b", `{"id":"1","v":"second"}`)
	w.api.pageSize = 3
	w.api.set("logs", "a", fmt.Sprintf(`{"id":"1","v":"newer","updated_at":%d}`, now-3600))
	w.api.set("logs", "b", fmt.Sprintf(`{"id":"1","v":"older","updated_at":%d}`, now-3700))
	w.once(only("things", "logs"))
	w.wantNews("things", "r 1")
	w.wantNews("logs", "r 1")
	if got, want := w.holds("things"), `1 {"id":"1","v":"second"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := w.holds("logs"), fmt.Sprintf(`1 {"id":"1","updated_at":%d,"v":"newer"}`, now-3600); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What memory cannot hold may be published again, is never lost, and is not deleted by absence.
func TestMemoryLimit(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", ids(1, 5)...)
	limited := func(c *Config) { c.MemoryKeys = 3 }
	w.once(only("things"), limited)
	w.wantNews("things", "r 01, r 02, r 03, r 04, r 05")
	w.once(only("things"), limited)
	w.wantNews("things", "u 04, u 05")
	w.api.remove("things", "01")
	w.api.put("things", "b", "02")
	w.once(only("things"), limited)
	w.wantNews("things", "u 02, u 04, u 05")
	w.once(only("things")) // with enough of it
	w.wantNews("things", "d 01")
}

// The registry is asked before the transaction begins: if it is away, nothing of the page is published.
func TestRegistryComesFirst(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.registry = awayRegistry(t)
	failures := w.failures(w.try(only("things")))
	if failures["things"] == nil {
		t.Errorf("%v", failures)
	}
	w.wantNews("things", "")
	if u := w.unit("things"); u.Phase != "" {
		t.Errorf("the state moved: %+v", u)
	}
}

func awayRegistry(t *testing.T) *avro.SchemaRegistry {
	t.Helper()
	api := newShopAPI(t, newClock())
	api.intercept(func(*http.Request) (int, string) {
		return http.StatusUnprocessableEntity, `{"error_code":42201,"message":"no"}`
	})
	registry, err := avro.NewRegistry(avro.RegistryConfig{URL: api.server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	return registry
}

// A live pass that begins a lookback before T0 meets what the last window has just published.
func TestWindowAndLivePassOverlap(t *testing.T) {
	w := newWorld(t)
	w.api.event("logs", "1", "a", -400)
	w.once(only("logs"))
	w.wantNews("logs", "r 1")
	if n := w.api.requests("/logs"); n < 3 {
		t.Errorf("%d requests: no live pass was made", n)
	}
}

// What a commit did not decide is not known: it is read again, and must not seem unchanged then.
func TestMemoryLearnsAfterTheCommit(t *testing.T) {
	t.Parallel()
	lost := &lane{requests: make(chan *commitRequest), served: make(chan struct{})}
	close(lost.served)
	clock := newClock()
	worker := &Worker{cfg: Config{Now: clock.Now}, progress: newProgress([]string{"things"}, FormatAvro, clock.Now), dead: newDeadLetters("dead", strings.Clone)}
	r := &runner{session: &session{Worker: worker, held: map[int32]*tenure{0: {lane: lost}}, board: newBoard()}, root: &extract.Resource{Name: "things"}}
	memory, b := newPublished(0), newBatch()
	b.publish("things", "things", reading{Record: &extract.Record{Key: "1"}}, memory)
	if err := r.newPass("things", 0, UnitState{}, memory).save(t.Context(), b, UnitState{}); !errors.Is(err, errLaneLost) {
		t.Fatalf("got %v, want errLaneLost", err)
	}
	if memory.len() != 0 {
		t.Error("memory knows what was not committed")
	}
}
