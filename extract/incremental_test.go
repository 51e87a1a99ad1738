package extract

import (
	"strings"
	"testing"
	"time"
)

// loadOrders reads a file of one incremental resource.
func loadOrders(t *testing.T, incremental string) *Source {
	t.Helper()
	src, err := Load("orders.yaml", []byte(`name: shop
client: { base_url: "https://api.example.com" }
settings: { until: { type: datetime } }
resources:
  - name: orders
    primary_key: id
    endpoint: { path: /orders, data_selector: data, incremental: { `+incremental+` } }
`))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// What is asked encloses the window in the API's own units; start_param and end_param carry it.
func TestTimesInRequests(t *testing.T) {
	t.Parallel()
	window := Window{Start: time.Date(2026, 3, 1, 10, 0, 0, 5e8, time.UTC), End: time.Date(2026, 3, 2, 11, 30, 0, 5e8, time.UTC)}
	for name, test := range map[string]struct{ incremental, want string }{
		"unix":       {"cursor_path: at", "since=1772359200&until=1772451001"},
		"unix_ms":    {"cursor_path: at, cursor_format: unix_ms", "since=1772359200000&until=1772451001000"},
		"rfc3339":    {"cursor_path: at, cursor_format: rfc3339", "since=2026-03-01T10%3A00%3A00Z&until=2026-03-02T11%3A30%3A01Z"},
		"date":       {"cursor_path: at, cursor_format: date", "since=2026-03-01&until=2026-03-03"},
		"open":       {"cursor_path: at, range_start: open", "since=1772359199&until=1772451001"},
		"open date":  {"cursor_path: at, range_start: open, cursor_format: date", "since=2026-02-28&until=2026-03-03"},
		"and margin": {"cursor_path: at, query_margin: 1h", "since=1772355600&until=1772454601"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := loadOrders(t, test.incremental+", start_param: since, end_param: until")
			r := src.Resources[0]
			c, err := NewClient(src, nil, Options{})
			if err != nil {
				t.Fatal(err)
			}
			q, err := c.request(r, r.rule(Position{Phase: PhaseBackfill, Window: window}).variables(r), "")
			if err != nil {
				t.Fatal(err)
			}
			if got := q.url.RawQuery; got != test.want {
				t.Errorf("asked %s, want %s", got, test.want)
			}
		})
	}
}

func TestCursorFormats(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ format, text, want string }{
		{CursorUnix, "1772359200", "2026-03-01T10:00:00Z"},
		{CursorUnixMillis, "1772359200123", "2026-03-01T10:00:00.123Z"},
		{CursorUnixMillis, "253402300799999", "9999-12-31T23:59:59.999Z"},
		{CursorUnixMillis, "253402300800000", "out of range"},
		{CursorUnixMillis, "-1", "out of range"},
		{CursorUnix, "1772359200123", "out of range"},
		{CursorRFC3339, `"2026-03-01T11:00:00.5+01:00"`, "2026-03-01T10:00:00.5Z"},
		{CursorDate, `"2026-03-01"`, "2026-03-01T00:00:00Z"},
		{CursorDate, `"2026-03-01T10:00:00Z"`, "not a date"},
		{CursorDate, `20260301`, "not text"},
	} {
		at, err := parseCursor([]byte(test.text), test.format)
		if err != nil && !strings.Contains(err.Error(), test.want) || err == nil && at.Format(time.RFC3339Nano) != test.want {
			t.Errorf("%s %s: got %v, %v, want %s", test.format, test.text, at, err, test.want)
		}
	}
}

// A day is not over before it is over: its records all carry its beginning.
func TestLookbackOfDates(t *testing.T) {
	t.Parallel()
	if got := loadOrders(t, "cursor_path: at, cursor_format: date, start_param: s, lag: 60").Resources[0].Incremental.Lookback; got != 24*time.Hour+time.Minute {
		t.Errorf("lookback %v", got)
	}
	if got := loadOrders(t, "cursor_path: at, start_param: s, lag: 60").Resources[0].Incremental.Lookback; got != time.Minute {
		t.Errorf("lookback %v", got)
	}
}
