package expr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // today_with_timezone works on machines without a database of zones
)

// instant is a time, or a date.
type instant struct {
	t    time.Time
	date bool
}

// interval is a length of time; months have no fixed one.
type interval struct {
	months int
	d      time.Duration
}

// maxDays bounds a length of time: Go's goes to 292 years.
const maxDays = 100_000

// String is Python's str.
func (i instant) String() string {
	if i.date {
		return i.t.Format(time.DateOnly)
	}
	return isoFormat(i.t, " ")
}

func isoFormat(t time.Time, between string) string {
	layout := "2006-01-02" + between + "15:04:05"
	if t.Nanosecond()/1000 != 0 {
		layout += ".000000"
	}
	return t.Format(layout + "-07:00")
}

func (d interval) String() string {
	days := int64(math.Floor(d.d.Hours() / 24))
	rest := d.d - time.Duration(days)*24*time.Hour
	text := fmt.Sprintf("%d:%02d:%02d", int(rest.Hours()), int(rest.Minutes())%60, int(rest.Seconds())%60)
	if days != 0 {
		text = fmt.Sprintf("%d days, %s", days, text)
	}
	if d.months != 0 {
		text = fmt.Sprintf("%d months, %s", d.months, text)
	}
	return text
}

func (i instant) part(name string) (any, bool) {
	n, ok := map[string]int{"year": i.t.Year(), "month": int(i.t.Month()), "day": i.t.Day(), "hour": i.t.Hour(),
		"minute": i.t.Minute(), "second": i.t.Second(), "microsecond": i.t.Nanosecond() / 1000}[name]
	return int64(n), ok
}

func (d interval) part(name string) (any, bool) {
	days := int64(math.Floor(d.d.Hours() / 24))
	switch name {
	case "days":
		return days, true
	case "seconds":
		return int64((d.d - time.Duration(days)*24*time.Hour).Seconds()), true
	}
	return nil, false
}

// computeTime adds and subtracts times.
func computeTime(op string, a, b any) (v any, done bool, err error) {
	at, isTime := a.(instant)
	d, isLength := a.(interval)
	if op != "+" && op != "-" || !isTime && !isLength {
		return nil, false, nil
	}
	sign := 1
	if op == "-" {
		sign = -1
	}
	switch b := b.(type) {
	case interval:
		if isTime {
			v, err = at.add(b, sign)
			return v, true, err
		}
		if days := math.Abs(d.d.Hours()+b.d.Hours()) / 24; days > maxDays {
			return nil, true, failure("a length of time too large")
		}
		return interval{d.months + sign*b.months, d.d + time.Duration(sign)*b.d}, true, nil
	case instant:
		if isTime && op == "-" {
			return interval{d: at.t.Sub(b.t)}, true, nil
		}
		if isLength && op == "+" {
			v, err = b.add(d, 1)
			return v, true, err
		}
	}
	return nil, false, nil
}

// add moves a time. The 31st of a month that has none becomes its last day.
func (i instant) add(d interval, sign int) (any, error) {
	t := i.t
	if d.months != 0 {
		day := t.Day()
		first := t.AddDate(0, 0, 1-day).AddDate(0, sign*d.months, 0)
		last := first.AddDate(0, 1, -1).Day()
		t = first.AddDate(0, 0, min(day, last)-1)
	}
	t = t.Add(time.Duration(sign) * d.d)
	if t.Year() < 1 || t.Year() > 9999 {
		return nil, failure("a time beyond the years 1 to 9999")
	}
	return instant{t, i.date}, nil
}

// parseLength reads an ISO 8601 length of time: P1Y2M3W4DT5H6M7.5S.
func parseLength(text string) (interval, error) {
	var d interval
	rest, sign := strings.TrimPrefix(text, "-"), 1
	if rest != text {
		sign = -1
	}
	rest, ok := strings.CutPrefix(rest, "P")
	wrong := failure("want a length of time such as P30D, P1M or PT1H30M")
	if !ok || rest == "" {
		return d, wrong
	}
	seconds := 0.0
	inTime := false
	for rest != "" {
		if !inTime && rest[0] == 'T' && len(rest) > 1 {
			inTime, rest = true, rest[1:]
		}
		n := strings.IndexFunc(rest, func(c rune) bool { return c != '.' && (c < '0' || c > '9') })
		if n < 1 {
			return d, wrong
		}
		value, err := strconv.ParseFloat(rest[:n], 64)
		if err != nil || value > 1e7 {
			return d, wrong
		}
		unit := rest[n]
		rest = rest[n+1:]
		switch {
		case unit == 'Y' && !inTime && value == math.Trunc(value) && value < 1e4:
			d.months += 12 * int(value)
		case unit == 'M' && !inTime && value == math.Trunc(value) && value < 1e5:
			d.months += int(value)
		case unit == 'W' && !inTime:
			seconds += value * 7 * 86400
		case unit == 'D' && !inTime:
			seconds += value * 86400
		case unit == 'H' && inTime:
			seconds += value * 3600
		case unit == 'M' && inTime:
			seconds += value * 60
		case unit == 'S' && inTime:
			seconds += value
		default:
			return d, wrong
		}
	}
	if seconds > maxDays*86400 {
		return d, failure("a length of time too large")
	}
	return interval{sign * d.months, time.Duration(sign) * time.Duration(math.Round(seconds*1e6)) * time.Microsecond}, nil
}

var readable = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04", "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05-07", "2006-01-02", "2006-01", "20060102T150405Z0700", "20060102"}

// timeOf takes a time, a text in ISO 8601, or Unix seconds. Without a zone it is UTC.
func timeOf(v any) (time.Time, error) {
	switch v := v.(type) {
	case *undefined:
		return time.Time{}, failure(v.missing())
	case instant:
		return v.t, nil
	case string:
		text := strings.TrimSpace(v)
		if text == "" {
			return time.Time{}, failure("want a time, not an empty text")
		}
		if len(text) > 10 && text[10] == ' ' {
			text = text[:10] + "T" + strings.ReplaceAll(text[11:], " ", "")
		}
		for _, layout := range readable {
			if t, err := time.Parse(layout, text); err == nil {
				return t, nil
			}
		}
		return time.Time{}, failure("want a time such as 2026-01-31T08:00:00Z")
	}
	if f, ok := floatOf(v); ok && math.Abs(f) < 2e11 {
		return time.UnixMicro(int64(math.Round(f * 1e6))).UTC(), nil
	}
	return time.Time{}, failuref("want a time, not %s", kindOf(v))
}

// epoch returns Unix seconds as Python's timestamp() does.
func epoch(t time.Time) float64 { return float64(t.Unix()) + float64(t.Nanosecond()/1000)/1e6 }

// strftime writes a time. Beside the directives of C it knows the reference's %ms (Unix milliseconds),
// %s_as_float and %epoch_microseconds.
func strftime(t time.Time, format string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		rest := format[i+1:]
		switch {
		case strings.HasPrefix(rest, "s_as_float"):
			fmt.Fprintf(&b, "%.6f", epoch(t))
			i += len("s_as_float")
			continue
		case strings.HasPrefix(rest, "epoch_microseconds"):
			b.WriteString(strconv.FormatInt(t.UnixMicro(), 10))
			i += len("epoch_microseconds")
			continue
		case strings.HasPrefix(rest, "ms"):
			b.WriteString(strconv.FormatInt(t.UnixMilli(), 10))
			i += 2
			continue
		case rest[0] == '-' && len(rest) > 1:
			text, ok := directive(t, rest[1])
			if !ok {
				return "", failuref("unknown directive %%-%c in a time's format", rest[1])
			}
			if text = strings.TrimLeft(text, "0"); text == "" {
				text = "0"
			}
			b.WriteString(text)
			i += 2
			continue
		}
		text, ok := directive(t, rest[0])
		if !ok {
			return "", failuref("unknown directive %%%c in a time's format", rest[0])
		}
		b.WriteString(text)
		i++
	}
	return b.String(), nil
}

// layouts are the directives that Go has a layout for.
var layouts = map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'I': "03", 'p': "PM", 'y': "06",
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'z': "-0700", 'Z': "MST", 'j': "002", 'F': "2006-01-02",
	'T': "15:04:05", 'R': "15:04", 'D': "01/02/06", 'e': "_2", 'f': "000000", 'x': "01/02/06", 'X': "15:04:05", 'c': "Mon Jan _2 15:04:05 2006"}

func directive(t time.Time, c byte) (string, bool) {
	year, week := t.ISOWeek()
	switch c {
	case '%':
		return "%", true
	case 's':
		return strconv.FormatInt(t.Unix(), 10), true
	case 'f':
		return fmt.Sprintf("%06d", t.Nanosecond()/1000), true
	case 'w':
		return strconv.Itoa(int(t.Weekday())), true
	case 'u':
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1), true
	case 'G':
		return strconv.Itoa(year), true
	case 'V':
		return fmt.Sprintf("%02d", week), true
	}
	layout, ok := layouts[c]
	return t.Format(layout), ok
}

// strptime reads a time in a format.
func strptime(text, format string) (time.Time, error) {
	wrong := failure("the time is not in the format that is given")
	switch format {
	case "%s", "%ms", "%s_as_float", "%epoch_microseconds":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.Abs(f) > 2e17 {
			return time.Time{}, wrong
		}
		f /= map[string]float64{"%s": 1, "%s_as_float": 1, "%ms": 1e3, "%epoch_microseconds": 1e6}[format]
		return time.UnixMicro(int64(math.Round(f * 1e6))).UTC(), nil
	}
	// What is literal in the format must not be taken for a part of Go's layout, so it is compared here and left out.
	var layout, value strings.Builder
	at := 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) || format[i+1] == '%' {
			if at >= len(text) || text[at] != format[i] {
				return time.Time{}, wrong
			}
			at++
			if format[i] == '%' {
				i++
			}
			continue
		}
		i++
		part, ok := layouts[format[i]]
		if !ok || strings.IndexByte("eFTRDxXc", format[i]) >= 0 {
			return time.Time{}, failuref("%%%c cannot be read", format[i])
		}
		n := fieldLength(text[at:], format[i])
		piece := text[at : at+n]
		switch {
		case format[i] == 'f':
			part, piece = ".000000", "."+(piece + "000000")[:6]
		case strings.IndexByte("mdHMSI", format[i]) >= 0 && n == 1:
			piece = "0" + piece
		case format[i] == 'z':
			part, piece = "Z0700", strings.ReplaceAll(piece, ":", "")
		}
		layout.WriteString(part + "\x00")
		value.WriteString(piece + "\x00")
		at += n
	}
	t, err := time.Parse(layout.String(), value.String())
	if err != nil || at != len(text) {
		return time.Time{}, wrong
	}
	return t, nil
}

// fieldLength returns how many bytes of text a directive takes.
func fieldLength(text string, c byte) int {
	widest := map[byte]int{'Y': 4, 'j': 3, 'f': 6, 'A': 9, 'B': 9, 'a': 3, 'b': 3, 'h': 3, 'p': 2, 'z': 6, 'Z': 4}[c]
	if widest == 0 {
		widest = 2
	}
	n := 0
	for n < len(text) && n < widest {
		b := text[n]
		switch c {
		case 'z':
			if !isDigit(b) && strings.IndexByte("+-:Z", b) < 0 {
				return n
			}
			if b == 'Z' {
				return n + 1
			}
		case 'A', 'B', 'a', 'b', 'h', 'p', 'Z':
			if !isLetter(b) {
				return n
			}
		default:
			if !isDigit(b) {
				return n
			}
		}
		n++
	}
	return n
}
