package extract

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxUnix is the end of the year 9999: what lies behind it is milliseconds taken for seconds.
const maxUnix = 253402300799

// parseCursor reads a cursor field's value.
func parseCursor(v json.RawMessage, format string) (time.Time, error) {
	if n, ok := digitsOf(v); ok {
		switch {
		case format == CursorUnix && n <= maxUnix:
			return time.Unix(n, 0).UTC(), nil
		case format == CursorUnixMillis && n <= maxUnix*1000+999:
			return time.UnixMilli(n).UTC(), nil
		}
	}
	if absent(v) {
		return time.Time{}, fmt.Errorf("is %s", map[bool]string{true: "missing", false: "null"}[v == nil])
	}
	if format == CursorRFC3339 || format == CursorDate {
		var s string
		if err := json.Unmarshal(v, &s); err != nil {
			return time.Time{}, fmt.Errorf("is %s, not text", jsonKind(v))
		}
		if format == CursorDate {
			t, err := time.Parse(time.DateOnly, s)
			if err != nil {
				return time.Time{}, fmt.Errorf("is %q, not a date", s)
			}
			return t, nil
		}
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return time.Time{}, fmt.Errorf("is %q, not an RFC 3339 time", s)
		}
		return t.UTC(), nil
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("is %s, not a whole number of seconds", shown(v))
	case format == CursorUnixMillis && n >= 0 && n <= maxUnix*1000+999:
		return time.UnixMilli(n).UTC(), nil
	case format == CursorUnixMillis:
		return time.Time{}, fmt.Errorf("is %d, out of range for Unix milliseconds", n)
	case n < 0 || n > maxUnix:
		return time.Time{}, fmt.Errorf("is %d, out of range for Unix seconds", n)
	}
	return time.Unix(n, 0).UTC(), nil
}

// digitsOf reads a number of up to 18 digits, as most cursors are.
func digitsOf(v json.RawMessage) (n int64, ok bool) {
	for _, ch := range v {
		if ch -= '0'; ch > 9 {
			return 0, false
		}
		n = 10*n + int64(ch)
	}
	return n, len(v) > 0 && len(v) <= 18
}

// shown returns a value for a message: short ones as they are.
func shown(v json.RawMessage) string {
	if len(v) <= 40 {
		return string(v)
	}
	return jsonKind(v)
}

// belowCursor is the way to the cursor in the member of the record that holds it; nil where it is that member.
func (r *Resource) belowCursor() []string {
	if _, below, nested := strings.Cut(r.CursorPath, "."); nested {
		return strings.Split(below, ".")
	}
	return nil
}

// cursorOf returns the record's cursor; top is what topMembers returned of it, and below the way to the cursor in the member that holds it
// (Resource.belowCursor). For a snapshot it only informs, so whatever is wrong with it is as good as none.
func (r *Resource) cursorOf(top []json.RawMessage, below []string) (time.Time, error) {
	if r.CursorPath == "" {
		return time.Time{}, nil
	}
	v := top[len(r.Key)]
	if below != nil && v != nil {
		v = at(v, below)
	}
	if r.Incremental != nil {
		t, err := parseCursor(v, r.Incremental.CursorFormat)
		if err != nil {
			return t, fmt.Errorf("cursor field %s %w", r.CursorPath, err)
		}
		return t, nil
	}
	if t, err := parseCursor(v, CursorUnix); err == nil {
		return t, nil
	}
	t, err := parseCursor(v, CursorRFC3339)
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // see above
	}
	return t, nil
}

// formatCursor writes a time as the API wants it in a request, as a JSON scalar.
func formatCursor(t time.Time, format string) json.RawMessage {
	if t.Unix() < 0 {
		t = time.Unix(0, 0) // an open beginning, or a margin before 1970
	}
	switch format {
	case CursorRFC3339:
		return json.RawMessage(strconv.Quote(t.UTC().Format(time.RFC3339)))
	case CursorDate:
		return json.RawMessage(strconv.Quote(t.UTC().Format(time.DateOnly)))
	case CursorUnixMillis:
		return json.RawMessage(strconv.FormatInt(t.UnixMilli(), 10))
	}
	return json.RawMessage(strconv.FormatInt(t.Unix(), 10))
}
