package extract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	s := &search{list: "conversations", perPage: 2, rows: rowsAt(-900, -800, -700)}
	b := newBench(t, s.ServeHTTP)
	p, err := b.c.Probe(t.Context(), b.src.Resource("conversations"), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	want := Probe{Total: 3, PageSize: 2, More: true, Earliest: epoch.Add(-900 * time.Second), End: epoch, Clock: epoch}
	if p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	if got := s.made()[0].Query.Value[0].Value.String(); got != "0" {
		t.Errorf("an open beginning is asked from %s", got)
	}
}

func TestProbeOfWhatIsSortedDescending(t *testing.T) {
	t.Parallel()
	next := `null`
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, `{"activity_logs":[{"id":"b","created_at":1773140000},{"id":"a","created_at":1773130000}],"pages":{"next":%s}}`, next)
	})
	p, err := b.c.Probe(t.Context(), b.src.Resource("activity_logs"), time.Time{})
	if err != nil || p.Total != -1 || p.More || p.Earliest != time.Unix(1773130000, 0).UTC() {
		t.Errorf("%+v, %v", p, err)
	}
	next = `"/admins/activity_logs?page=2"`
	p, err = b.c.Probe(t.Context(), b.src.Resource("activity_logs"), time.Time{})
	if err != nil || !p.More || !p.Earliest.IsZero() {
		t.Errorf("%+v, %v", p, err)
	}
}

// A plan is made of the first page: an answer that holds nothing, or less than it counts, must not become a plan of nothing.
func TestProbeOfAnswersThatLack(t *testing.T) {
	t.Parallel()
	const one = `{"conversations":[{"id":"a","updated_at":1773130000}],"total_count":%d,"pages":{"next":null}}`
	const none = `{"conversations":[],"total_count":7,"pages":{"next":%s}}`
	later := func(n int) string { return fmt.Sprintf(none, fmt.Sprintf(`{"starting_after":"%d"}`, n)) }
	for name, test := range map[string]struct {
		answer   func(n int) string
		requests int
		kind     Kind
		words    string
	}{
		"nothing, but it counts some":      {func(int) string { return fmt.Sprintf(none, "null") }, 2, KindIncomplete, "counts 7 records but lists 0, twice"},
		"less than it counts":              {func(int) string { return fmt.Sprintf(one, 2) }, 2, KindIncomplete, "counts 2 records but lists 1, twice"},
		"less at once":                     {func(n int) string { return fmt.Sprintf(one, 3-n) }, 2, 0, ""},
		"the first pages are empty":        {func(n int) string { return map[bool]string{true: later(n), false: fmt.Sprintf(one, 1)}[n < 9] }, 9, 0, ""},
		"all are empty, and there is more": {later, maxIdle, KindProtocol, "lead on"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
				n++
				reply(w, 200, "%s", test.answer(n))
			})
			p, err := b.c.Probe(t.Context(), b.src.Resource("conversations"), time.Time{})
			if n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
			if test.kind != 0 {
				wantKind(t, err, test.kind, "conversations", test.words)
			} else if err != nil || p.PageSize != 1 || p.Total != 1 || p.More || p.Earliest.Unix() != 1773130000 {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}

func TestNowIsTheAPIsClock(t *testing.T) {
	t.Parallel()
	requests := 0
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("Date", epoch.Add(time.Hour).Format(http.TimeFormat))
		reply(w, 200, noAdmins)
	})
	for i := range 2 {
		now, err := b.c.Now(t.Context(), b.src.Resource("companies"))
		if want := epoch.Add(time.Hour + time.Duration(i)*time.Minute); err != nil || now != want {
			t.Errorf("got %v, %v, want %v", now, err, want)
		}
		_ = b.clock.Sleep(t.Context(), time.Minute)
	}
	if requests != 2 { // an hour is not believed at once
		t.Errorf("%d requests", requests)
	}
}

// One answer with a wrong Date moves nothing; a clock that is really off is believed with the second answer.
func TestOneWrongDateIsNotBelieved(t *testing.T) {
	t.Parallel()
	var c apiClock
	tell := func(ahead time.Duration) {
		c.learn(http.Header{"Date": {epoch.Add(ahead).Format(http.TimeFormat)}}, epoch)
	}
	want := func(ahead time.Duration, known bool) {
		t.Helper()
		if now, k := c.now(epoch); !now.Equal(epoch.Add(ahead)) || k != known {
			t.Errorf("got %v %v, want %v ahead, %v", now.Sub(epoch), k, ahead, known)
		}
	}
	tell(48 * time.Hour)
	want(0, false)
	tell(2 * time.Second)
	want(2*time.Second, true)
	tell(48 * time.Hour)
	want(2*time.Second, true)
	tell(-time.Hour)
	want(2*time.Second, true)
	tell(-time.Hour)
	want(-time.Hour, true)
}

func TestNowWithoutDate(t *testing.T) {
	t.Parallel()
	requests := 0
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header()["Date"] = nil
		reply(w, 200, noAdmins)
	})
	for range 2 {
		if now, err := b.c.Now(t.Context(), b.src.Resource("admins")); err != nil || now != epoch {
			t.Errorf("got %v, %v", now, err)
		}
	}
	if requests != 1 { // it is known now that there is none to be learnt
		t.Errorf("%d requests", requests)
	}
}

func TestCheckOpensNoScroll(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "scroll") {
			t.Error("a scroll was opened")
		}
		reply(w, 401, `{"errors":[{"code":"unauthorized","message":"Access Token Invalid"}]}`)
	})
	for _, r := range b.src.Resources {
		wantKind(t, b.c.Check(t.Context(), r), KindUnauthorized, "Access Token Invalid")
	}
}

// An API that ignores the order that is asked for would have the backfill begin in the middle.
func TestProbeOfAnAPIThatIgnoresTheOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, `{"tickets":[{"id":"b","updated_at":1773140000},{"id":"a","updated_at":1773130000}],"total_count":9,"pages":{"next":{"starting_after":"x"}}}`)
	})
	p, err := b.c.Probe(t.Context(), b.src.Resource("tickets"), time.Time{})
	if err != nil || !p.More || !p.Earliest.IsZero() {
		t.Errorf("%+v, %v", p, err)
	}
}
