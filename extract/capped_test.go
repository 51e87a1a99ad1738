package extract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// events serves ?since=&until=&offset= over seconds after the epoch, in pages of two, as far as an API shows them.
type events struct {
	at    []int // in the order of the listing
	shows int
	asked []string
	total int             // what it counts; 0: nothing
	moves func(e *events) // after each answer
}

func (e *events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.asked = append(e.asked, r.URL.RawQuery)
	offset, since := asked(r, "offset", 0), asked(r, "since", 0)
	var rows []string
	for i, at := range e.at {
		if unix := int(epoch.Unix()) + at; unix >= since && unix < asked(r, "until", 1<<40) {
			id := fmt.Sprint("e", at)
			if i > 0 && e.at[i-1] == at {
				id += string(rune('a' + i))
			}
			rows = append(rows, fmt.Sprintf(`{"id":%q,"at":%d}`, id, unix))
		}
	}
	if offset+2 > e.shows {
		reply(w, 400, `{"error":"offset and limit are %d at most"}`, e.shows)
		return
	}
	page := rows[min(offset, len(rows)):min(offset+2, len(rows))]
	reply(w, 200, `{"events":[%s],"more":%t,"total":%d}`, strings.Join(page, ","), offset+2 < len(rows), e.total)
	if e.moves != nil {
		e.moves(e)
	}
}

func newEvents(t *testing.T, incremental, paginator string, e *events) *bench {
	t.Helper()
	src, err := Load("events.yaml", []byte(`name: log
client: { base_url: "{{ config.base_url }}" }
settings: { base_url: { type: url } }
resources:
  - name: events
    primary_key: id
    endpoint: { path: /events, data_selector: events, total_path: total, paginator: { type: offset, limit: 2, has_more_path: more, `+paginator+` } }
    incremental: { cursor_path: at, start_param: since, end_param: until, lookback: 0s, `+incremental+` }
`))
	if err != nil {
		t.Fatal(err)
	}
	return newBenchOf(t, src, "", e.ServeHTTP)
}

// Where the API shows only so much of a window, the rest of it is asked for from the time that was reached: it must not pass for read.
func TestCappedWindowGoesOn(t *testing.T) {
	t.Parallel()
	e := &events{at: []int{1, 2, 3, 4, 4, 5, 33}, shows: 4}
	b := newEvents(t, "row_order: asc", "maximum_offset: 4, shifting: false", e)
	var got []string
	pages := b.mustRead("events", Position{Phase: PhaseBackfill, Window: window(0, 40)})
	for _, p := range pages {
		for _, r := range p.Records {
			got = append(got, r.Key)
		}
		if p.Capped {
			t.Error("the listing is told to be capped, although it goes on")
		}
	}
	// What has the time that was reached is asked for again: there may be more of it.
	if want := "e1 e2 e3 e4 e4 e4e e5 e33"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	after := pages[1].After
	if want := epoch.Add(4 * time.Second); after.Done || after.Token != "" || !after.Window.Start.Equal(want) || !after.Watermark.Equal(want) {
		t.Errorf("after the cap the position is %v", after)
	}
	if again := b.mustRead("events", after); keys(again) != "e4 e4e e5 e33" {
		t.Errorf("resumed behind the cap it reads %s", keys(again))
	}
}

// A listing that goes on is one of its own: its end, what it counts and its readings are not those of the one before.
func TestCappedWindowGoesOnByItself(t *testing.T) {
	t.Parallel()
	e := &events{at: []int{1, 2, 3, 41, 42, 43}, shows: 4}
	b := newEvents(t, "row_order: asc, query_margin: 9s", "maximum_offset: 4, shifting: false", e)
	b.mustRead("events", Position{Phase: PhaseBackfill, Window: window(0, 40)})
	if len(e.asked) != 2 {
		t.Errorf("the whole window was shown, and yet %d requests were made", len(e.asked))
	}
	e = &events{at: []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, shows: 4}
	b = newEvents(t, "row_order: asc", "maximum_offset: 4", e)
	if pages := b.mustRead("events", Position{Phase: PhaseBackfill, Window: window(0, 40)}); keys(pages) != "e10 e11" {
		t.Errorf("the last reading holds %s", keys(pages))
	}
	e = &events{at: []int{1, 2, 3, 4, 5}, shows: 4, total: 9}
	b = newEvents(t, "row_order: asc", "maximum_offset: 4, shifting: false", e)
	_, err := b.read("events", Position{Phase: PhaseBackfill, Window: window(0, 40)})
	wantKind(t, err, KindIncomplete, "counts 9 records but lists 2, twice")
	if len(e.asked) > 5 {
		t.Errorf("%d requests", len(e.asked))
	}
}

// Where nothing tells what was held back, the window is not read, and says so.
func TestCappedWindowIsNoSuccess(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		incremental string
		at          []int
	}{
		"in no order":       {"row_order: none", []int{3, 1, 2, 4, 5, 6}},
		"the newest first":  {"row_order: desc", []int{6, 5, 4, 3, 2, 1}},
		"all of one second": {"row_order: asc", []int{1, 1, 1, 1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newEvents(t, test.incremental, "maximum_offset: 4, shifting: false", &events{at: test.at, shows: 4})
			pages, err := b.read("events", Position{Phase: PhaseBackfill, Window: window(1, 40)})
			wantKind(t, err, KindIncomplete, "lists 4 records", "step")
			if last := pages[len(pages)-1]; last.After.Done || !last.Capped {
				t.Errorf("the last page is %v, capped %t", last.After, last.Capped)
			}
			// A sweep only compares what it is shown.
			if pages := b.mustRead("events", Position{Phase: PhaseSnapshot, Window: window(1, 40)}); !pages[len(pages)-1].Capped {
				t.Error("a sweep is not told of the cap")
			}
		})
	}
}

// A whole listing that is longer than the API shows is capped, not short: it publishes what there is, and deletes nothing.
func TestCappedListingIsNotShort(t *testing.T) {
	t.Parallel()
	l := &listed{ids: ids(5), answer: numbered(`{$data,"total":$total}`)}
	b := paged(t, "total_path: total\npaginator: { type: offset, limit: 2, maximum_offset: 4, shifting: false }", l)
	pages := b.mustRead("things", Position{})
	if got := keys(pages); got != "a b c d" || !pages[len(pages)-1].Capped {
		t.Errorf("got %s from %v", got, l.asked)
	}
}

// Rows that move push others over a page's edge. While only one reading was made, a crash must not leave a watermark, or a token,
// behind which something was missed.
func TestShiftingPagesDoNotMoveTheWatermark(t *testing.T) {
	t.Parallel()
	e := &events{at: []int{1, 2, 3, 4, 5}, shows: 100}
	e.moves = func(e *events) {
		if len(e.asked) == 1 { // e1 changes: it goes to the end, and e3 to the first page
			e.at = []int{2, 3, 4, 5, 30}
		}
	}
	b := newEvents(t, "row_order: asc", "", e)
	begin := Position{Phase: PhaseLive, Window: window(0, 40), Watermark: epoch}
	pages := b.mustRead("events", begin)
	for i, p := range pages[:len(pages)-1] {
		if !p.After.Watermark.Equal(epoch) || p.After.Token != "" {
			t.Errorf("page %d leaves %v", i, p.After)
		}
	}
	if got := keys(pages); got != "e2 e3 e4 e5 e30" {
		t.Errorf("the last reading holds %s", got)
	}
}
