package extract

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestBackfillTakesItsWindow(t *testing.T) {
	t.Parallel()
	// b and g lie on the bounds: the lower one is in, the upper one is not.
	s := &search{list: "conversations", perPage: 2, rows: rowsAt(-1, 0, 0, 10, 10, 20, 30, 31)}
	b := newBench(t, s.ServeHTTP)
	pages := b.mustRead("conversations", Position{Phase: PhaseBackfill, Window: window(0, 30)})
	if got := keys(pages); got != "b c d e f" {
		t.Errorf("got %s", got)
	}
	if !pages[0].First || pages[1].First || pages[0].Read != 2 {
		t.Errorf("first page: %+v", pages[0])
	}
	if got := pages[0].After; got.Watermark != epoch || got.Token == "" || got.Done {
		t.Errorf("after page 1: %v", got)
	}
	if got := pages[1].After.Watermark; got != epoch.Add(10*time.Second) {
		t.Errorf("after page 2: watermark %v", got)
	}
	if got := pages[len(pages)-1].After; got.Watermark != window(0, 30).End || got.Token != "" {
		t.Errorf("at the end: %v", got)
	}
	for _, q := range s.made() {
		if got, _ := q.Query.Value[0].Value.Int64(); got != epoch.Unix()-1 {
			t.Errorf("lower bound %s is not one second before the window", q.Query.Value[0].Value)
		}
	}
}

func TestBackfillResumesAtThePage(t *testing.T) {
	t.Parallel()
	s := &search{list: "tickets", perPage: 2, rows: rowsAt(0, 1, 2, 3, 4, 5, 6)}
	b := newBench(t, s.ServeHTTP)
	start := Position{Phase: PhaseBackfill, Window: window(0, 100)}
	for stop := 0; stop < 3; stop++ {
		var seen []Page
		for p, err := range b.c.Pages(t.Context(), b.src.Resource("tickets"), start) {
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, p)
			if len(seen) > stop {
				break
			}
		}
		stored, err := ParsePosition(seen[len(seen)-1].After.String())
		if err != nil {
			t.Fatal(err)
		}
		rest := b.mustRead("tickets", stored)
		rest[0].First = false
		if got := keys(append(seen, rest...)); got != "a b c d e f g" {
			t.Errorf("stopped after page %d: got %s", stop+1, got)
		}
	}
}

func TestDaySearchLeavesAtTheWindowsEnd(t *testing.T) {
	t.Parallel()
	const day = 86400
	s := &search{list: "data", perPage: 1, byDay: true, rows: rowsAt(-3*day, -day, 0, 5, 9, day, day+1, 2*day)}
	b := newBench(t, s.ServeHTTP)
	pages := b.mustRead("contacts", Position{Phase: PhaseBackfill, Window: window(0, 10)})
	if got := keys(pages); got != "c d e" {
		t.Errorf("got %s", got)
	}
	// b (the day before), c, d, e, and f, which shows that the window is behind; not g.
	if got := len(s.made()); got != 5 {
		t.Errorf("%d requests, want 5", got)
	}
}

func TestDaySearchKeepsToday(t *testing.T) {
	t.Parallel()
	s := &search{list: "data", perPage: 10, byDay: true, rows: rowsAt(-3600, -60, -2)}
	b := newBench(t, s.ServeHTTP)
	pages := b.mustRead("contacts", Position{Phase: PhaseLive, Window: window(-120, 0), Watermark: epoch.Add(-2 * time.Minute)})
	if got := keys(pages); got != "c b" {
		t.Errorf("got %s", got)
	}
}

func TestLiveNewestFirst(t *testing.T) {
	t.Parallel()
	// Lookback is 300 s: c (−290) is below the window but may have become visible late; b is not taken; f is the next pass's.
	s := &search{list: "data", perPage: 1, byDay: true, rows: rowsAt(-7000, -400, -290, -5, -1, 3)}
	b := newBench(t, s.ServeHTTP)
	from := Position{Phase: PhaseLive, Window: window(0, 2), Watermark: epoch}
	pages := b.mustRead("contacts", from)
	if got := keys(pages); got != "e d c" {
		t.Errorf("got %s", got)
	}
	if got := s.made(); len(got) != 5 || got[0].Sort.Order != "descending" {
		t.Errorf("%d requests, order %s", len(got), got[0].Sort.Order)
	}
	for _, p := range pages[:len(pages)-1] {
		if p.After.Token != "" || p.After.Watermark != epoch {
			t.Errorf("moved before the end: %v", p.After)
		}
	}
	if got := pages[len(pages)-1].After.Watermark; got != epoch {
		t.Errorf("watermark %v: want the old one, the lookback would put it back", got)
	}
}

func TestLiveWatermarkStaysBehindTheLookback(t *testing.T) {
	t.Parallel()
	s := &search{list: "conversations", perPage: 1, rows: rowsAt(-3000, -200, -100, -1)}
	b := newBench(t, s.ServeHTTP)
	pages := b.mustRead("conversations", Position{Phase: PhaseLive, Window: window(-3600, 0), Watermark: epoch.Add(-time.Hour)})
	if got := keys(pages); got != "a b c d" {
		t.Errorf("got %s", got)
	}
	limit := epoch.Add(-5 * time.Minute)
	if got := pages[0].After.Watermark; got != epoch.Add(-3000*time.Second) {
		t.Errorf("after page 1: %v", got)
	}
	for _, p := range pages[1:] {
		if p.After.Watermark != limit {
			t.Errorf("watermark %v, want %v", p.After.Watermark, limit)
		}
	}
}

func TestEmptyWindowAsksNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
	if pages := b.mustRead("tickets", Position{Phase: PhaseLive, Window: window(5, 5)}); len(pages) != 1 {
		t.Errorf("%d pages", len(pages))
	}
}

func TestRefusedTokenRestartsAtTheWatermark(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(http.ResponseWriter){
		"400 naming it": func(w http.ResponseWriter) {
			reply(w, 400, `{"errors":[{"code":"parameter_invalid","message":"bad 'starting_after' cursor"}]}`)
		},
		"404":       func(w http.ResponseWriter) { reply(w, 404, `{}`) },
		"500 twice": func(w http.ResponseWriter) { reply(w, 500, ``) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := 0
			s := &search{list: "conversations", perPage: 2, rows: rowsAt(0, 1, 2, 3, 4, 5)}
			s.before = func(w http.ResponseWriter, n int, token string) bool {
				if strings.HasPrefix(token, "4|") && refused < 2 {
					refused++
					if name != "500 twice" {
						refused = 2
					}
					refuse(w)
					return true
				}
				return false
			}
			b := newBench(t, s.ServeHTTP)
			pages := b.mustRead("conversations", Position{Phase: PhaseBackfill, Window: window(0, 50)})
			// From d on, which was the watermark: its second may hold more.
			if got := keys(pages); got != "d e f" {
				t.Errorf("after the restart: %s", got)
			}
			if got := pages[2].After.Window; got != window(3, 50) {
				t.Errorf("window %v does not begin at the watermark", got)
			}
		})
	}
}

// The token of an earlier process may be refused in any words: an API that took it a day ago has forgotten it.
func TestTokenOfAnEarlierProcessIsRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 422} {
		s := &search{list: "conversations", perPage: 10, rows: rowsAt(0, 1, 2, 3)}
		s.before = func(w http.ResponseWriter, _ int, token string) bool {
			if token != "" {
				reply(w, status, `{"errors":[{"code":"bad_request","message":"no"}]}`)
			}
			return token != ""
		}
		b := newBench(t, s.ServeHTTP)
		from := Position{Phase: PhaseBackfill, Window: window(0, 50), Token: "of yesterday", Watermark: window(2, 50).Start}
		if got := keys(b.mustRead("conversations", from)); got != "c d" {
			t.Errorf("%d: got %s, want what lies behind the watermark", status, got)
		}
	}
}

func TestOtherRefusalsAreErrors(t *testing.T) {
	t.Parallel()
	s := &search{list: "conversations", perPage: 1, rows: rowsAt(0, 1, 2)}
	s.before = func(w http.ResponseWriter, _ int, token string) bool {
		if token != "" {
			reply(w, 400, `{"type":"error.list","request_id":"r1","errors":[{"code":"parameter_invalid","message":"Per Page is too big"}]}`)
		}
		return token != ""
	}
	b := newBench(t, s.ServeHTTP)
	pages, err := b.read("conversations", Position{Phase: PhaseBackfill, Window: window(0, 50)})
	e := wantKind(t, err, KindRejected, "conversations: POST ", "400 parameter_invalid: Per Page is too big", `"per_page":150`)
	if len(pages) != 1 || e.RequestID != "r1" {
		t.Errorf("pages %v, error %+v", pages, e)
	}
}

func TestCursorFieldMustBeATime(t *testing.T) {
	t.Parallel()
	for _, member := range []string{``, `,"updated_at":null`, `,"updated_at":"1773144000"`, `,"updated_at":1773144000000`, `,"updated_at":1.5`, `,"updated_at":{}`} {
		b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, 200, `{"conversations":[{"id":"1"%s}]}`, member)
		})
		_, err := b.read("conversations", Position{Phase: PhaseLive, Window: window(-10, 0)})
		wantKind(t, err, KindCursor, "record 1", "updated_at")
	}
}

func TestSnapshotsCursorOnlyInforms(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, `{"segments":[{"id":"1","updated_at":1773144000},{"id":"2"},{"id":"3","updated_at":"soon"}]}`)
	})
	pages := b.mustRead("segments", Position{})
	if r := pages[0].Records; r[0].Cursor != time.Unix(1773144000, 0).UTC() || !r[1].Cursor.IsZero() || !r[2].Cursor.IsZero() {
		t.Errorf("cursors: %v %v %v", r[0].Cursor, r[1].Cursor, r[2].Cursor)
	}
}

func TestShortListingIsReadAgainOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		shortReadings int
		fails         bool
	}{"short once": {1, false}, "short twice": {2, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &search{list: "tickets", perPage: 2, rows: rowsAt(0, 1, 2)}
			s.count = func(n int) int {
				if len(s.requests) <= 2*test.shortReadings {
					return n + 1
				}
				return n
			}
			b := newBench(t, s.ServeHTTP)
			pages, err := b.read("tickets", Position{Phase: PhaseBackfill, Window: window(0, 10)})
			if len(pages) != 4 || !pages[2].First {
				t.Fatalf("%d pages, want two readings of two", len(pages))
			}
			if after := pages[1].After; after.Done || after.Token != "" || !after.Watermark.IsZero() {
				t.Errorf("after the short reading: %v", after)
			}
			if !test.fails {
				if err != nil || !pages[3].After.Done {
					t.Errorf("error %v, after %v", err, pages[3].After)
				}
				return
			}
			wantKind(t, err, KindIncomplete, "counts 4 records but lists 3")
		})
	}
}

func TestDisorderDoesNotMoveTheWatermark(t *testing.T) {
	t.Parallel()
	// The index lists b where it was; its body is newer. Neither may c be lost, nor the watermark pass it.
	s := &search{list: "data", perPage: 2, rows: rowsAt(0, 50, 2, 3, 4)}
	b := newBench(t, s.ServeHTTP)
	pages := b.mustRead("contacts", Position{Phase: PhaseBackfill, Window: window(0, 100)})
	if got := pages[0].After.Watermark; got.After(epoch.Add(50 * time.Second)) {
		t.Errorf("watermark %v", got)
	}
	if got := (windowRule{order: OrderAsc, early: true, take: window(0, 40)}).enough(
		[]Record{{Cursor: epoch}, {Cursor: epoch.Add(time.Minute)}, {Cursor: epoch.Add(time.Second)}, {Cursor: epoch.Add(time.Minute)}}); got {
		t.Error("leaves early after a page that is not in order")
	}
	if got := (windowRule{}).reached([]Record{{Cursor: epoch.Add(9 * time.Second)}, {Cursor: epoch}}); got != epoch {
		t.Errorf("reached %v", got)
	}
}
