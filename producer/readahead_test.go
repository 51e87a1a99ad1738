package producer

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/headwater-stream/headwater/avro"
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

// told passes on what is to be encoded, and tells of it.
type told struct {
	encoder
	begun chan struct{}
}

func (e told) Encode(ctx context.Context, records [][]byte) ([]avro.Encoded, error) {
	e.begun <- struct{}{}
	return e.encoder.Encode(ctx, records)
}

// A page is encoded while the one before it is committed.
func TestEncodingDoesNotWaitForTheCommit(t *testing.T) {
	w := newWorld(t)
	w.api.pageSize = 2
	w.api.put("books", "a", ids(1, 5)...)
	begun, held := make(chan struct{}, 16), false
	w.kafka.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
		w.kafka.KeepControl()
		if len(begun) > 0 && !held {
			held = true
			for range 2 {
				select {
				case <-begun:
				case <-time.After(deadline):
					t.Error("the second page is not encoded while the first is committed")
				}
			}
		}
		return nil, nil, false
	})
	worker := w.newWorker(only("books"))
	worker.encoders["books"] = told{worker.encoders["books"], begun}
	if err := worker.Run(w.context()); err != nil || !held {
		t.Fatal(err, held)
	}
	w.wantNews("books", "r 01, r 02, r 03, r 04, r 05")
}

// What is ready together is one commit, which ends where the last of its pages does.
func TestPagesThatAreReadyAreJoined(t *testing.T) {
	page := func(token string, first bool, keys ...string) arrival {
		h := haul{Page: extract.Page{Read: len(keys), First: first, After: extract.Position{Token: token}}, bytes: int64(len(keys))}
		for _, key := range keys {
			h.Records, h.encoded = append(h.Records, extract.Record{Key: key}), append(h.encoded, avro.Encoded{Value: []byte(key)})
		}
		h.pages = 1
		return arrival{haul: h}
	}
	many := ids(1, maxGroupRecords-1)
	failed := page("", false)
	failed.err = errAllStopped
	ready := make(chan arrival, 16)
	for _, one := range []arrival{page("a", true, "1"), page("b", false, "2", "3"), page("c", false), page("d", true, "4"), page("e", false, "5"), failed,
		page("f", false, many...), page("g", false, "6"), page("h", false, "7"), page("i", false, "8")} {
		ready <- one
	}
	close(ready)
	a, room := (*runner)(nil).newAhead(), haul{}
	var got []string
	next := a.await(ready)
	for next != nil {
		one := next
		if next = nil; one.err == nil {
			next = a.join(one, ready, &room)
		}
		keys := ""
		for i, rec := range one.Records {
			if string(one.encoded[i].Value) != rec.Key {
				t.Errorf("%s has the value of %s", rec.Key, one.encoded[i].Value)
			}
			if i < 4 {
				keys += rec.Key + " "
			}
		}
		if next == nil {
			next = a.await(ready)
		}
		got = append(got, fmt.Sprintf("%d pages to %q: %s%d %v", one.pages, one.After.Token, keys, one.Read, one.err))
	}
	want := []string{`3 pages to "c": 1 2 3 3 <nil>`, `2 pages to "e": 4 5 2 <nil>`, `1 pages to "": 0 no resource can go on`,
		fmt.Sprintf(`2 pages to "g": %s %s %s %s %d <nil>`, many[0], many[1], many[2], many[3], maxGroupRecords), `2 pages to "i": 7 8 2 <nil>`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if a.inLine != -10 || a.wants {
		t.Errorf("%d in line, wants %v", a.inLine, a.wants)
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
	for h, err := range r.newAhead().read(ctx, extract.Position{Phase: extract.PhaseSnapshot}) {
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
		if held := worker.inFlight.Load() - maxAhead; held < h.Held() || h.Held() == 0 {
			t.Errorf("page %d: %d bytes are reckoned in flight, its buffer has %d", pages, held, h.Held())
		}
	}
	if pages != 3 {
		t.Errorf("%d pages", pages)
	}
}

// A page whose records are all encoded and can all be published holds no more than their values. Where one becomes a dead letter, for itself
// or for a value, its JSON is needed until then.
func TestWhatIsEncodedIsShed(t *testing.T) {
	for name, c := range map[string]struct {
		second avro.Encoded
		keyErr error
		kept   bool
	}{
		"all can be published":    {second: avro.Encoded{Value: []byte("55555")}},
		"one is not wanted":       {},
		"one cannot be encoded":   {second: avro.Encoded{Err: errAllStopped}, kept: true},
		"one has no key":          {second: avro.Encoded{Value: []byte("55555")}, keyErr: errAllStopped, kept: true},
		"one is too large":        {second: avro.Encoded{Value: make([]byte, 1000)}, kept: true},
		"a value of one is wrong": {second: avro.Encoded{Value: []byte("55555"), Discarded: []avro.Discarded{{}}}, kept: true},
	} {
		a := (&runner{session: &session{Worker: &Worker{}}}).newAhead()
		page := extract.Page{Records: []extract.Record{{Key: "1", JSON: []byte("{}")}, {Key: "2", JSON: []byte("{}"), KeyErr: c.keyErr}}}
		one := arrival{haul: haul{Page: page, pages: 1, held: []extract.Page{page}, encoded: []avro.Encoded{{Value: []byte("333")}, c.second}, bytes: 700}}
		a.holds(one.bytes)
		a.shed(&one, 900)
		want := int64(3 + len(c.second.Value))
		if c.kept {
			want = 700
		}
		if kept := len(one.held) > 0; kept != c.kept || one.bytes != want || a.mine.Load() != want || a.inFlight.Load() != want {
			t.Errorf("%s: the buffer is kept %t, %d bytes are held, %d noted", name, kept, one.bytes, a.mine.Load())
		}
		if gone := page.Records[0].JSON == nil; gone == c.kept {
			t.Errorf("%s: the JSON is still there: %t", name, !gone)
		}
	}
}
