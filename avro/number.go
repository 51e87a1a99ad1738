package avro

import (
	"math"
	"strconv"
	"strings"
)

// decimal is a JSON number in exact form: ±digits × 10^exp, digits without leading and trailing zeros; "" is zero, which
// has neither sign nor exponent. An exponent spelled with more than 18 digits is not reckoned with: it stands in huge as
// spelled, and so far equal values of different spelling differ.
type decimal struct {
	negative bool
	digits   string
	exp      int64
	huge     string
}

func parseDecimal(literal string) decimal {
	var d decimal
	rest, negative := strings.CutPrefix(literal, "-")
	mantissa, exponent := rest, ""
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa, exponent = rest[:i], rest[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	d.digits = strings.TrimRight(all, "0")
	if d.digits == "" {
		return decimal{}
	}
	d.negative = negative
	sign := ""
	if strings.HasPrefix(exponent, "-") {
		sign = "-"
	}
	exponent = strings.TrimLeft(exponent, "+-0")
	if len(exponent) > 18 {
		d.digits, d.huge = mantissa, sign+exponent
		return d
	}
	if exponent != "" {
		d.exp, _ = strconv.ParseInt(sign+exponent, 10, 64) // 18 digits fit
	}
	d.exp += int64(len(all)-len(d.digits)) - int64(len(fraction))
	return d
}

// int64 returns the number where it is a whole one within int64.
func (d decimal) int64() (int64, bool) {
	if d.digits == "" {
		return 0, true
	}
	if d.huge != "" || d.exp < 0 || d.exp > 18 || len(d.digits)+int(d.exp) > 19 {
		return 0, false
	}
	text := d.digits + strings.Repeat("0", int(d.exp))
	if d.negative {
		text = "-" + text
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// exactDouble returns the double of a literal where it keeps the literal's value: its shortest text is the same decimal.
// -0 is 0, so that equal values have equal bytes.
func exactDouble(literal string) (float64, bool) {
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, false
	}
	if f == 0 {
		return 0, parseDecimal(literal).digits == ""
	}
	var room [32]byte
	return f, parseDecimal(string(strconv.AppendFloat(room[:0], f, 'e', -1, 64))) == parseDecimal(literal)
}

// integerLiteral reports whether a number is spelled without fraction and exponent.
func integerLiteral(literal string) bool { return !strings.ContainsAny(literal, ".eE") }
