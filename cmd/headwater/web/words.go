package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// longest is how much is shown of a text from elsewhere, in characters. The log has all of it.
const longest = 400

// clean makes a text from elsewhere fit to be shown: in one line, of a bounded length, and with nothing in it that is not seen but turns
// what stands around it. (That it is no markup is the template's care.)
func clean(text string) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range text {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			space = b.Len() > 0
			continue
		}
		if n++; n > longest {
			b.WriteString("…")
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if unicode.Is(unicode.Bidi_Control, r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// split takes an error apart: what is wrong, and behind the last arrow what a person can do.
func split(text string) (what, remedy string) {
	if i := strings.LastIndex(text, " → "); i >= 0 {
		return clean(text[:i]), clean(text[i+len(" → "):])
	}
	return clean(text), ""
}

// count is a number with its thousands apart.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// rate is records a second, to the digit that says something.
func rate(perSecond float64) string {
	if perSecond > 0 && perSecond < 9.95 {
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return count(int64(perSecond + 0.5))
}

// age is a duration in at most two units: 4 s, 12 min, 3 h 20 min, 2 d 3 h.
func age(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < 0:
		return "0 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}

// clock is a time of day, stamp a whole time, both in UTC.
func clock(t time.Time) string { return t.UTC().Format(time.TimeOnly) }
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
