package avro

import (
	"strings"
	"time"
)

// fits reports whether n can hold v without losing any of it. Null fits nothing: it is a matter of the union around n.
func (n *node) fits(v value) bool {
	switch n.kind {
	case longKind:
		if v.kind != numberValue {
			return false
		}
		_, ok := parseDecimal(v.text).int64()
		return ok
	case doubleKind:
		if v.kind != numberValue {
			return false
		}
		_, ok := exactDouble(v.text)
		return ok
	case stringKind:
		return v.kind == stringValue
	case booleanKind:
		return v.kind == trueValue || v.kind == falseValue
	case timestampKind:
		_, ok := millis(v)
		return ok
	case dateKind:
		_, ok := days(v)
		return ok
	case jsonKind:
		return v.kind != nullValue
	case recordKind:
		return v.kind == objectValue
	case arrayKind:
		if v.kind != arrayValue {
			return false
		}
		for _, item := range v.items {
			if item.kind == nullValue && !n.nullItems || item.kind != nullValue && !n.items.fits(item) {
				return false
			}
		}
		return true
	}
	return false
}

// sibling says which sibling takes v when the base field, of kind base, cannot; opaqueKind where there is none.
func sibling(base kind, v value) variant {
	switch v.kind {
	case stringValue:
		return stringVariant
	case trueValue, falseValue:
		return booleanVariant
	case numberValue:
	default:
		return jsonVariant
	}
	if base == doubleKind {
		return stringVariant
	}
	if integerLiteral(v.text) {
		if _, ok := parseDecimal(v.text).int64(); ok {
			return longVariant
		}
		return stringVariant
	}
	if _, ok := exactDouble(v.text); ok {
		return doubleVariant
	}
	return stringVariant
}

// place says which of a JSON member's fields takes v, which is not null; skip: v equals absent there. base is nil where
// the member has no base field yet.
func place(base *node, v value) (target variant, skip bool) {
	if base == nil {
		if v.untyped() {
			return jsonVariant, false
		}
		return baseVariant, v.blank()
	}
	if base.fits(v) {
		return baseVariant, false
	}
	if v.blank() {
		return baseVariant, true
	}
	target = sibling(base.kind, v)
	if target.kind() == base.kind {
		return baseVariant, false // digits into a string
	}
	return target, false
}

// earliest and latest are the Unix seconds of the years 0001 and 9999: what RFC 3339 can write.
const (
	earliest = -62135596800
	latest   = 253402300799
)

// millis returns the milliseconds since 1970 of a declared timestamp, Unix seconds or RFC 3339, if they tell all of it.
func millis(v value) (int64, bool) {
	switch v.kind {
	case numberValue:
		d := parseDecimal(v.text)
		if d.digits == "" {
			return 0, true
		}
		d.exp += 3
		ms, ok := d.int64()
		return ms, ok && ms >= earliest*1000 && ms < (latest+1)*1000
	case stringValue:
		return millisOf(v.text)
	}
	return 0, false
}

// millisOf is millis of RFC 3339.
func millisOf(text string) (int64, bool) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || finerThanMillis(text) {
		return 0, false
	}
	return t.UnixMilli(), t.Unix() >= earliest && t.Unix() <= latest
}

// finerThanMillis reports whether a time that parsed has digits below the millisecond; the parser drops some silently.
func finerThanMillis(text string) bool {
	_, fraction, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	for i := 0; i < len(fraction) && fraction[i] >= '0' && fraction[i] <= '9'; i++ {
		if i >= 3 && fraction[i] != '0' {
			return true
		}
	}
	return false
}

// days returns the days since 1970 of a declared date, "2006-01-02".
func days(v value) (int32, bool) {
	if v.kind != stringValue {
		return 0, false
	}
	return daysOf(v.text)
}

func daysOf(text string) (int32, bool) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Unix() < earliest {
		return 0, false
	}
	s := t.Unix()
	return int32(s / 86400), true // a whole number of days, before 1970 too
}
