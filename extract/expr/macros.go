package expr

import (
	"net/url"
	"strings"
	"time"
	"unicode"
)

// macros are the functions that are called by name.
var macros = map[string]function{
	"now_utc": func(r *run, a arguments) (any, error) {
		if _, err := a.bind(); err != nil {
			return nil, err
		}
		now, err := r.now()
		return instant{t: now}, err
	},
	"today_utc": func(r *run, a arguments) (any, error) {
		if _, err := a.bind(); err != nil {
			return nil, err
		}
		now, err := r.now()
		return instant{dateOf(now), true}, err
	},
	"today_with_timezone":      todayInZone,
	"timestamp":                timestamp,
	"str_to_datetime":          strToDatetime,
	"day_delta":                dayDelta,
	"duration":                 duration,
	"format_datetime":          formatDatetime,
	"sanitize_url":             ofText(url.QueryEscape),
	"camel_case_to_snake_case": ofText(snakeCase),
	"max":                      func(r *run, a arguments) (any, error) { return r.extremeOf(a, 1) },
	"min":                      func(r *run, a arguments) (any, error) { return r.extremeOf(a, -1) },
	"dict": func(_ *run, a arguments) (any, error) {
		if len(a.positional) > 0 {
			return nil, failure("dict takes named arguments only")
		}
		d := newDict()
		for _, name := range namesOf(a.named) {
			d.set(name, a.named[name])
		}
		return d, nil
	},
}

// clocks are the macros that ask for the time.
var clocks = map[string]bool{"now_utc": true, "today_utc": true, "today_with_timezone": true, "day_delta": true}

var refusedMacros = map[string]string{
	"generate_uuid": "the same request could not be made twice",
	"range":         "loop over a list of the response or of the settings",
	"namespace":     "a loop cannot change the names around it",
	"cycler":        "use loop.index",
	"joiner":        "use the filter join",
	"lipsum":        "it is for demonstrations",
}

func (r *run) now() (time.Time, error) {
	if r.vars.Now == nil {
		return time.Time{}, failure("there is no clock here")
	}
	return r.vars.Now().UTC().Round(0), nil
}

func dateOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

func todayInZone(r *run, a arguments) (any, error) {
	b, err := a.bind("timezone")
	if err != nil {
		return nil, err
	}
	name, _ := b["timezone"].(string)
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, failure("want a time zone such as Europe/Berlin")
	}
	now, err := r.now()
	return instant{dateOf(now.In(zone)), true}, err
}

func timestamp(_ *run, a arguments) (any, error) {
	b, err := a.bind("dt")
	if err != nil {
		return nil, err
	}
	if isNumber(b["dt"]) {
		i, err := wholeOf(b["dt"])
		if err != nil {
			return nil, err
		}
		return integer(i)
	}
	t, err := timeOf(b["dt"])
	return epoch(t), err
}

func strToDatetime(_ *run, a arguments) (any, error) {
	b, err := a.bind("s")
	if err != nil {
		return nil, err
	}
	t, err := timeOf(b["s"])
	return instant{t: t}, err
}

func dayDelta(r *run, a arguments) (any, error) {
	b, err := a.bind("num_days", "format")
	if err != nil {
		return nil, err
	}
	days, ok := intOf(b["num_days"])
	if !ok || days > maxDays || days < -maxDays {
		return nil, failure("want a number of days")
	}
	format, ok := b["format"].(string)
	if !ok {
		format = "%Y-%m-%dT%H:%M:%S.%f%z"
	}
	now, err := r.now()
	if err != nil {
		return nil, err
	}
	return strftime(now.AddDate(0, 0, days), format)
}

func duration(_ *run, a arguments) (any, error) {
	b, err := a.bind("datestring")
	if err != nil {
		return nil, err
	}
	text, ok := b["datestring"].(string)
	if !ok {
		return nil, failuref("want text such as P30D, not %s", kindOf(b["datestring"]))
	}
	return parseLength(text)
}

func formatDatetime(_ *run, a arguments) (any, error) {
	b, err := a.bind("dt", "format", "input_format")
	if err != nil {
		return nil, err
	}
	format, ok := b["format"].(string)
	if !ok {
		return nil, failure("want a format such as '%Y-%m-%d'")
	}
	var t time.Time
	text, isText := b["dt"].(string)
	if input, given := b["input_format"].(string); given && isText {
		t, err = strptime(text, input)
	} else {
		t, err = timeOf(b["dt"])
	}
	if err != nil {
		return nil, err
	}
	return strftime(t, format)
}

// ofText makes a macro of a function of one text.
func ofText(f func(string) string) function {
	return func(r *run, a arguments) (any, error) {
		b, err := a.bind("value")
		if err != nil {
			return nil, err
		}
		text, err := r.str(b["value"])
		if err != nil {
			return nil, err
		}
		return r.text(f(text))
	}
}

func snakeCase(s string) string {
	var b strings.Builder
	for i, c := range s {
		if i > 0 && 'A' <= c && c <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// extremeOf is max(a, b, …) and max(list).
func (r *run) extremeOf(a arguments, sign int) (any, error) {
	if len(a.named) > 0 {
		return nil, failure("takes no named arguments")
	}
	items := a.positional
	if len(items) == 1 {
		var err error
		if items, err = r.items(items[0]); err != nil {
			return nil, err
		}
	}
	if len(items) == 0 {
		return nil, failure("of nothing")
	}
	return r.extreme(items, sign, func(v any) (any, error) { return v, nil })
}

// extreme returns the largest (sign 1) or smallest (-1) item; the first of equals.
func (r *run) extreme(items []any, sign int, key func(any) (any, error)) (any, error) {
	best := items[0]
	bestKey, err := key(best)
	for _, item := range items[1:] {
		if err != nil {
			return nil, err
		}
		var k any
		if k, err = key(item); err != nil {
			return nil, err
		}
		var c int
		if c, err = r.order(k, bestKey); c*sign > 0 {
			best, bestKey = item, k
		}
	}
	return best, err
}
