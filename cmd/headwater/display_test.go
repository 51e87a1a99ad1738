package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/producer"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestStatusLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status producer.Status
		want   string
	}{
		{producer.Status{Resource: "tags", State: "starting"},
			"tags               starting          0       0     0"},
		{producer.Status{Resource: "contacts", State: "backfill", Windows: [2]int{3, 12}, Pages: 1234, Published: 184950, Rate: 3312.4},
			"contacts           backfill 3/12  1234  184950  3312"},
		{producer.Status{Resource: "contacts", State: "live", Windows: [2]int{12, 12}, Pages: 7, Published: 12, Watermark: noon.Add(-304 * time.Second), Waiting: "next pass", Until: noon.Add(29 * time.Second), Rate: 0.4},
			"contacts           live              7      12     0   5m4s  next pass (29s)"},
		{producer.Status{Resource: "conversation_parts", State: "live", Pages: 9, Published: 3, Deleted: 2, Dead: 1, Waiting: "for the\nnext cycle", Err: errors.New("503\n\x1b[31m upstream"), Rate: 1},
			"conversation_parts live              9       3     1         the next cycle  2 deleted  1 dead letter  ! 503 [31m upstream"},
	} {
		if got := statusLine(c.status, noon); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	if statusHeader != "RESOURCE           STATE         PAGES RECORDS REC/S    AGE  WAITING FOR" {
		t.Errorf("the columns have no names: %s", statusHeader)
	}
}

func TestAge(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Minute: "0s", 0: "0s", 400 * time.Millisecond: "0s", 4 * time.Second: "4s", 12*time.Minute + 5*time.Second: "12m5s",
		time.Hour - 300*time.Millisecond: "1h0m", 3*time.Hour + 20*time.Minute: "3h20m", 51*time.Hour + time.Minute: "2d3h",
	} {
		if got := age(d); got != want {
			t.Errorf("%v: %s, not %s", d, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line    string
		columns int
		want    string
	}{
		{"exact", 5, "exact"}, {"longer", 5, "long…"}, {"", 5, ""},
		{"会社 名", 7, "会社 名"}, {"会社名前", 7, "会社名…"}, {"会社名前", 6, "会社…"}, {"ab🚀", 3, "ab…"},
		{"e\u0301e\u0301", 2, "e\u0301e\u0301"},
	} {
		got := cut(c.line, c.columns)
		used := 0
		for _, r := range got {
			used += columnsOf(r)
		}
		if got != c.want || used > c.columns {
			t.Errorf("%q in %d: %q, %d columns", c.line, c.columns, got, used)
		}
	}
}

// drawn is a display on a screen; its statuses are the test's to change.
func drawn(s *screen, status *[]producer.Status) *display {
	d := newDisplay(s, &Config{LogLevel: "info", LogFormat: "text"}, true, func() time.Time { return noon })
	d.size = func() (int, int) { return s.width, s.height }
	d.tick = func(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }
	d.start(func() []producer.Status { return *status })
	return d
}

func TestDisplayOnATerminal(t *testing.T) {
	t.Parallel()
	s := newScreen(60, 24)
	fmt.Fprint(s, "$ headwater run\n")
	status := []producer.Status{{Resource: "tags", State: "listing"}, {Resource: "teams", State: "starting"}}
	d := drawn(s, &status)
	want := func(step string, lines ...string) {
		t.Helper()
		if diff := cmp.Diff(lines, s.lines()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step, diff)
		}
	}
	const (
		header   = "RESOURCE           STATE         PAGES RECORDS REC/S    AG…"
		listing  = "tags               listing           0       0     0"
		starting = "teams              starting          0       0     0"
		done     = "tags               done              3      15    15     0…"
	)
	d.show()
	want("first", "$ headwater run", header, listing, starting)
	d.show()
	want("redrawn", "$ headwater run", header, listing, starting)
	d.logger().Info("a log line", "of", "several words that are longer than the window is wide")
	d.show()
	if got := s.lines(); len(got) != 6 || !strings.Contains(got[1], "INF a log line") || got[3] != header || got[4] != listing || got[5] != starting {
		t.Errorf("a log line is not above the block: %q", got)
	}
	fmt.Fprint(s, "^C") // the terminal's echo
	status[0] = producer.Status{Resource: "tags", State: "done", Pages: 3, Published: 15, Rate: 15, Watermark: noon, Waiting: "nothing in particular"}
	d.show()
	if got := s.lines(); len(got) != 6 || got[3] != header || got[4] != done || got[5] != starting {
		t.Errorf("after ^C: %q", got)
	}
	d.stop()
	if got := s.lines(); len(got) != 3 {
		t.Errorf("the block stays: %q", got)
	}
	d.logger().Info("later")
	if got := s.lines(); len(got) != 4 || !strings.Contains(got[3], "later") {
		t.Errorf("after the end: %q", got)
	}
}

// A window that is too low for all resources shows the first ones and says so; nothing of older blocks is left above.
func TestDisplayInALowWindow(t *testing.T) {
	t.Parallel()
	var status []producer.Status
	for i := range 13 {
		status = append(status, producer.Status{Resource: fmt.Sprintf("r%d", i), State: "live"})
	}
	for height, resources := range map[int]int{3: 0, 5: 2, 14: 11, 15: 13, 24: 13} {
		s := newScreen(20, height)
		fmt.Fprint(s, "above\n")
		d := drawn(s, &status)
		for range 5 {
			d.show()
		}
		got := s.lines()
		more := ""
		if resources < 13 {
			more = got[len(got)-1]
			got = got[:len(got)-1]
		}
		if len(got) != 2+resources || got[0] != "above" || (more != "") != (resources < 13) || more != "" && !strings.HasPrefix(more, fmt.Sprintf("… and %d more", 13-resources)) {
			t.Errorf("height %d: %q %q", height, got, more)
		}
		d.stop()
	}
}

// Without a terminal a line for each resource is logged every few seconds, as JSON unless text is asked for.
func TestDisplayWithoutATerminal(t *testing.T) {
	t.Parallel()
	status := []producer.Status{
		{Resource: "tags", State: "done", Pages: 1, Published: 15, Rate: 15, Waiting: "for the next cycle", Dead: 3, Discarded: 2, Changes: make([]avro.Change, 4)},
		{Resource: "contacts", State: "live", Windows: [2]int{2, 2}, Pages: 4, Published: 70, Rate: 70, Watermark: noon.Add(-time.Minute), Waiting: "next pass", Until: noon.Add(time.Minute), Err: errors.New("503")},
	}
	for format, want := range map[string][]string{
		"": {
			`{"level":"INFO","msg":"progress","resource":"tags","state":"done","pages":1,"records":15,"records_per_second":15,"deleted":0,"dead_letters":3,"discarded_values":2,"schema_changes":4,"waiting":"for the next cycle"}`,
			`{"level":"INFO","msg":"progress","resource":"contacts","state":"live","pages":4,"records":70,"records_per_second":70,"deleted":0,"dead_letters":0,"windows_done":2,"windows":2,"watermark":"2026-11-24T11:59:00Z","watermark_age":"1m0s","waiting":"next pass","until":"2026-11-24T12:01:00Z","err":"503"}`,
		},
		"text": {
			`INF progress resource=tags state=done pages=1 records=15 records_per_second=15 deleted=0 dead_letters=3 discarded_values=2 schema_changes=4 waiting="for the next cycle"`,
			`INF progress resource=contacts state=live pages=4 records=70 records_per_second=70 deleted=0 dead_letters=0 windows_done=2 windows=2 watermark=2026-11-24T11:59:00Z watermark_age=1m0s waiting="next pass" until=2026-11-24T12:01:00Z err=503`,
		},
	} {
		out, ticks := newOutput(), make(chan time.Time)
		d := newDisplay(out, &Config{LogLevel: "info", LogFormat: format}, false, func() time.Time { return noon })
		var every time.Duration
		d.tick = func(period time.Duration) (<-chan time.Time, func()) { every = period; return ticks, func() {} }
		d.start(func() []producer.Status { return status })
		ticks <- noon
		d.stop()
		if every != 10*time.Second {
			t.Errorf("logs every %v", every)
		}
		var got []string
		for _, l := range lines(out) {
			if format == "" && !json.Valid([]byte(l)) {
				t.Errorf("not JSON: %s", l)
			}
			got = append(got, stamp.ReplaceAllString(l, ""))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("format %q (-want +got):\n%s", format, diff)
		}
	}
}

var stamp = regexp.MustCompile(`"time":"[^"]*",|^\d\d:\d\d:\d\d `)

func TestLogLevel(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1, "WARN": 2} {
		out := newOutput()
		log := newDisplay(out, &Config{LogLevel: level}, false, time.Now).logger()
		for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			log.Log(t.Context(), l, "x")
		}
		if got := len(lines(out)); got != want {
			t.Errorf("%s logs %d of 4 lines", level, got)
		}
	}
}
