package expr

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// filters are what can follow |. Their first argument is what they are applied to.
var filters = map[string]function{
	"default": defaultFilter, "d": defaultFilter,
	"string": func(r *run, a arguments) (any, error) {
		v, _, err := r.applied(a)
		if err != nil {
			return nil, err
		}
		return r.str(v)
	},
	"int": intFilter, "float": floatFilter, "abs": absFilter, "round": roundFilter,
	"length": lengthFilter, "count": lengthFilter,
	"lower": textFilter(strings.ToLower), "upper": textFilter(strings.ToUpper),
	"title": textFilter(title), "capitalize": textFilter(capitalize),
	"trim": func(r *run, a arguments) (any, error) {
		v, rest, err := r.applied(a, "chars")
		if err != nil {
			return nil, err
		}
		s, err := r.str(v)
		if err != nil {
			return nil, err
		}
		if chars, ok := rest["chars"].(string); ok {
			return r.text(strings.Trim(s, chars))
		}
		return r.text(strings.TrimSpace(s))
	},
	"replace": func(r *run, a arguments) (any, error) {
		s, err := r.str(a.positional[0])
		if err != nil {
			return nil, err
		}
		return r.replace(s, arguments{a.positional[1:], a.named})
	},
	"join":   joinFilter,
	"tojson": tojson, "urlencode": urlencode,
	"hash": hashFilter, "hmac": hmacFilter,
	"base64encode": encodeFilter, "base64decode": decodeFilter, "base64binascii_decode": decodeFilter,
	"regex_search": regexSearch, "regex_replace": regexReplace,
	"list": listFilter, "first": firstFilter, "last": lastFilter, "reverse": reverseFilter,
	"sort": sortFilter, "unique": uniqueFilter, "sum": sumFilter, "dictsort": dictsortFilter, "items": itemsFilter,
	"max":    func(r *run, a arguments) (any, error) { return extremeFilter(r, a, 1) },
	"min":    func(r *run, a arguments) (any, error) { return extremeFilter(r, a, -1) },
	"select": selecting(true, false), "reject": selecting(false, false),
	"selectattr": selecting(true, true), "rejectattr": selecting(false, true),
	"map": func(r *run, a arguments) (any, error) { return r.mapFilter(a) },
}

var refusedFilters = map[string]string{
	"random":      "the same request could not be made twice",
	"safe":        "nothing is escaped",
	"escape":      "nothing is escaped for HTML",
	"e":           "nothing is escaped for HTML",
	"forceescape": "nothing is escaped for HTML",
	"attr":        "use [ ]",
	"format":      "use '…'.format(…) or '…' % (…)",
	"slice":       "use [start:end]",
	"truncate":    "use [:n]",
	"pprint":      "use tojson",
}

// applied returns what the filter is applied to, and its arguments by name.
func (r *run) applied(a arguments, names ...string) (any, map[string]any, error) {
	rest, err := arguments{a.positional[1:], a.named}.bind(names...)
	return a.positional[0], rest, err
}

// textFilter makes a filter of a function of a text.
func textFilter(f func(string) string) function {
	return func(r *run, a arguments) (any, error) {
		v, _, err := r.applied(a)
		if err != nil {
			return nil, err
		}
		s, err := r.str(v)
		if err != nil {
			return nil, err
		}
		return r.text(f(s))
	}
}

func defaultFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "default_value", "boolean")
	if err != nil {
		return nil, err
	}
	_, missing := v.(*undefined)
	if !missing && (!Truth(rest["boolean"]) || Truth(v)) {
		return v, nil
	}
	if d, given := rest["default_value"]; given {
		return d, nil
	}
	return "", nil
}

func lengthFilter(r *run, a arguments) (any, error) {
	v, _, err := r.applied(a)
	if err != nil {
		return nil, err
	}
	n, err := r.length(v)
	return int64(n), err
}

// intFilter reads a number; what is none gives the default.
func intFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "default", "base")
	if err == nil {
		err = present(v)
	}
	if err != nil {
		return nil, err
	}
	otherwise, given := rest["default"]
	if !given {
		otherwise = int64(0)
	}
	text, isText := v.(string)
	if !isText {
		if i, err := wholeOf(v); err == nil {
			return integer(i)
		}
		return otherwise, nil
	}
	text = strings.TrimSpace(text)
	if len(text) > maxDigits {
		return otherwise, nil
	}
	base := 10
	if b, ok := intOf(rest["base"]); ok && b >= 2 && b <= 36 {
		base = b
		text = strings.TrimPrefix(strings.ToLower(text), map[int]string{16: "0x", 8: "0o", 2: "0b"}[b])
	}
	if i, ok := new(big.Int).SetString(text, base); ok {
		return integer(i)
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && clean(f) == f {
		i, err := wholeOf(f)
		if err != nil {
			return nil, err
		}
		return integer(i)
	}
	return otherwise, nil
}

func floatFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "default")
	if err == nil {
		err = present(v)
	}
	if err != nil {
		return nil, err
	}
	if f, ok := floatOf(v); ok {
		return f, nil
	}
	if text, ok := v.(string); ok && len(text) < maxDigits {
		text = strings.TrimSpace(text)
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f, nil
		}
	}
	if otherwise, given := rest["default"]; given {
		return otherwise, nil
	}
	return 0.0, nil
}

func absFilter(r *run, a arguments) (any, error) {
	v, _, err := r.applied(a)
	if err == nil {
		err = present(v)
	}
	if err != nil {
		return nil, err
	}
	if i, ok := integerOf(v); ok {
		return small(new(big.Int).Abs(i)), nil
	}
	f, ok := floatOf(v)
	if !ok {
		return nil, failuref("want a number, not %s", kindOf(v))
	}
	return math.Abs(f), nil
}

// roundFilter gives a float, as Jinja's does. Halves go to the even digit, as Python's.
func roundFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "precision", "method")
	if err == nil {
		err = present(v)
	}
	if err != nil {
		return nil, err
	}
	f, ok := floatOf(v)
	if !ok {
		return nil, failuref("want a number, not %s", kindOf(v))
	}
	precision := 0
	if p, given := rest["precision"]; given {
		if precision, ok = intOf(p); !ok || precision < -300 || precision > 300 {
			return nil, failure("want a precision between -300 and 300")
		}
	}
	scale := math.Pow(10, float64(precision))
	switch method, _ := rest["method"].(string); {
	case method == "ceil":
		return finite(math.Ceil(f*scale) / scale)
	case method == "floor":
		return finite(math.Floor(f*scale) / scale)
	case method != "" && method != "common":
		return nil, failure("want one of the methods common, ceil and floor")
	}
	if precision < 0 {
		return finite(math.RoundToEven(f*scale) / scale)
	}
	f, err = strconv.ParseFloat(strconv.FormatFloat(f, 'f', precision, 64), 64)
	return f, err
}

func finite(f float64) (any, error) {
	if clean(f) != f {
		return nil, failure("a number too large, or none at all")
	}
	return f, nil
}

func joinFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "d", "attribute")
	if err != nil {
		return nil, err
	}
	between := ""
	if d, given := rest["d"]; given {
		if between, err = r.str(d); err != nil {
			return nil, err
		}
	}
	if attribute, given := rest["attribute"]; given {
		if v, err = r.pluck(v, attribute, nil); err != nil {
			return nil, err
		}
	}
	return r.join(v, between)
}

func (r *run) join(v any, between string) (any, error) {
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(between)
		}
		text, err := r.str(item)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
		if b.Len() > maxText {
			return nil, failure("makes too much: more than 1 MiB of text")
		}
	}
	return r.text(b.String())
}
