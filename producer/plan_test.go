package producer

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headwater-stream/headwater/extract"
)

func TestWindowsAreDisjointAndWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(0, 2e9).Draw(t, "from"), 0).UTC()
		windows := rapid.IntRange(1, maxWindows).Draw(t, "windows")
		least := int64(60)
		if windows == 1 {
			least = 1
		}
		t0 := from.Add(time.Duration(rapid.Int64Range(least*int64(windows), 2e9).Draw(t, "seconds")) * time.Second)
		p := Plan{From: rfc3339(from), T0: rfc3339(t0), Windows: windows}
		at := from
		for n := range windows {
			w, err := p.window(n)
			if err != nil {
				t.Fatal(err)
			}
			if !w.Start.Equal(at) || !w.Start.Before(w.End) {
				t.Fatalf("window %d is %v, want it to begin at %v", n, w, at)
			}
			if w.Start.Nanosecond() != 0 || w.End.Nanosecond() != 0 {
				t.Fatalf("window %d: %v is not of whole seconds", n, w)
			}
			if w.Contains(w.End) || !w.Contains(w.Start) {
				t.Fatalf("window %d: %v is not closed below and open above", n, w)
			}
			at = w.End
		}
		if !at.Equal(t0) {
			t.Fatalf("the last window ends at %v, want %v", at, t0)
		}
	})
}

func TestWindowCount(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, test := range map[string]struct {
		probe       extract.Probe
		span, least time.Duration
		step        time.Duration
		want        int
	}{
		"one page":              {extract.Probe{Total: 100, PageSize: 150}, 365 * day, 0, 0, 1},
		"few pages":             {extract.Probe{Total: 5 * 150, PageSize: 150, More: true}, 365 * day, 0, 0, 1},
		"more than a few":       {extract.Probe{Total: 5*150 + 1, PageSize: 150, More: true}, 365 * day, 0, 0, 48},
		"size unknown":          {extract.Probe{Total: -1, PageSize: 20, More: true}, 365 * day, 0, 0, 48},
		"many":                  {extract.Probe{Total: 49 * 40 * 150, PageSize: 150, More: true}, 365 * day, 0, 0, 64},
		"very many":             {extract.Probe{Total: 1e9, PageSize: 150, More: true}, 3650 * day, 0, 0, 480},
		"too short for the API": {extract.Probe{Total: 1e6, PageSize: 150, More: true}, 365 * day, 480 * time.Hour, 0, 16},
		"hardly long enough":    {extract.Probe{Total: 1e6, PageSize: 150, More: true}, 365 * day, 1200 * time.Hour, 0, 7},
		"shorter than one":      {extract.Probe{Total: 1e6, PageSize: 150, More: true}, 19 * day, 480 * time.Hour, 0, 1},
		"between the multiples": {extract.Probe{Total: 1e6, PageSize: 150, More: true}, 548 * day, 300 * time.Hour, 0, 32},
		"seven pages":           {extract.Probe{Total: 1e3, PageSize: 150, More: true}, 548 * day, 240 * time.Hour, 0, 1},
		"134 pages":             {extract.Probe{Total: 2e4, PageSize: 150, More: true}, 548 * day, 240 * time.Hour, 0, 16},
		"long enough for it":    {extract.Probe{Total: 4e4, PageSize: 150, More: true}, 48 * 480 * time.Hour, 480 * time.Hour, 0, 48},
		"of a given length":     {extract.Probe{Total: 1, PageSize: 150}, 49 * time.Hour, 0, 24 * time.Hour, 3},
		"of seconds":            {extract.Probe{Total: 1, PageSize: 150}, 365 * day, 0, time.Second, 10_000},
		"too short for anybody": {extract.Probe{Total: 1e6, PageSize: 150, More: true}, 47 * time.Minute, 0, 0, 32},
	} {
		got := windowCount(test.probe, test.span, &extract.Incremental{MinWindow: test.least, Step: test.step})
		if got != test.want {
			t.Errorf("%s: got %d windows, want %d", name, got, test.want)
		}
		if test.step == 0 && got > StatePartitions && got%StatePartitions != 0 {
			t.Errorf("%s: %d is not a multiple of the lanes", name, got)
		}
	}
}
