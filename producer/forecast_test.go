package producer

import (
	"testing"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// A window whose request has to ask for more than it takes reads again what its neighbours hold.
func TestForecastOfWindows(t *testing.T) {
	t.Parallel()
	from := time.Unix(1_700_000_000, 0)
	day := 24 * time.Hour
	for name, test := range map[string]struct {
		windows int
		margin  time.Duration
		pages   Span
		want    Span
	}{
		"one":                      {1, 2 * day, exactly(90), exactly(90)},
		"exact":                    {10, time.Second, exactly(90), Span{90, 95, 100}},
		"more windows than pages":  {48, time.Second, exactly(6), Span{48, 51, 54}},
		"two days on both sides":   {10, 2 * day, exactly(90), Span{90, 95 + 36, 100 + 72 + 10}},
		"how many is not known":    {10, 0, Span{20, 40, -1}, Span{20, 45, -1}},
		"nothing is known to be":   {10, 0, Span{0, 0, -1}, Span{10, 10, -1}},
		"the margin of one second": {10, 1, exactly(90), Span{90, 95, 100}},
	} {
		s := sight{cut: backfill{from: from, t0: from.Add(100 * day), windows: test.windows}}
		got := s.windowed(&extract.Resource{Incremental: &extract.Incremental{QueryMargin: test.margin}}, &Forecast{Windows: test.windows}, test.pages)
		if got != test.want {
			t.Errorf("%s: %+v, not %+v", name, got, test.want)
		}
	}
}

// Of a listing that does not say how long it is, the times of the records that were seen tell.
func TestForecastByDensity(t *testing.T) {
	t.Parallel()
	from := time.Unix(1_700_000_000, 0)
	day := 24 * time.Hour
	page := []extract.Record{{Cursor: from.Add(90 * day)}, {Cursor: from.Add(100 * day)}}
	s := sight{sample: extract.Sample{Pages: [][]extract.Record{page, page}, Records: 4, Read: 4, Total: -1, More: true}, cut: backfill{from: from, t0: from.Add(100 * day), windows: 1}}
	to := &Forecast{}
	if got, want := s.pages(&extract.Resource{Incremental: &extract.Incremental{}}, to), (Span{2, 20, -1}); got != want || to.Records.Likely != 40 || len(to.Unsure) != 1 {
		t.Errorf("%+v, not %+v: %+v", got, want, to)
	}
}
