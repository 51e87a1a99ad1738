package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// dayFilter matches by calendar day in the workspace's time zone: = is the whole day, > begins with the next day, < ends
// with the day before.
func (q compiler) dayFilter(f field, operator string, wanted any) match {
	second, ok := wanted.(int64)
	if !ok { // null: the field is not set
		return func(c *candidate) bool { return operator == "=" && len(c.values(f)) == 0 }
	}
	y, m, d := time.Unix(second, 0).In(q.zone).Date()
	start, next := time.Date(y, m, d, 0, 0, 0, 0, q.zone).Unix(), time.Date(y, m, d+1, 0, 0, 0, 0, q.zone).Unix()
	fits := func(at int64) bool {
		return operator == "=" && at >= start && at < next || operator == ">" && at >= next || operator == "<" && at < start
	}
	if f.row != nil {
		return func(c *candidate) bool { return fits(f.row(c.object)) }
	}
	return func(c *candidate) bool {
		return slices.ContainsFunc(c.values(f), func(v any) bool {
			at, whole := v.(int64)
			return whole && fits(at)
		})
	}
}

// rowFilter compares a date that every record has, without rendering the record.
func rowFilter(f field, operator string, bound int64) match {
	if operator == "!=" || operator == "NIN" {
		return func(c *candidate) bool { return f.row(c.object) != bound }
	}
	return func(c *candidate) bool { return compareWhole(operator, f.row(c.object), bound) }
}

// compareWhole compares whole numbers; operators without an order compare for equality.
func compareWhole(operator string, a, b int64) bool {
	switch operator {
	case "<":
		return a < b
	case ">":
		return a > b
	case "<=":
		return a <= b
	case ">=":
		return a >= b
	}
	return a == b
}

// comparison returns the test of a field's values against the operands. A negative operator holds where no value fits.
func comparison(operator string, kind fieldKind, wanted []any) func([]any) bool {
	if operator == "!=" || operator == "NIN" || operator == "!~" {
		positive := comparison(map[string]string{"!=": "=", "NIN": "IN", "!~": "~"}[operator], kind, wanted)
		return func(values []any) bool { return !positive(values) }
	}
	return func(values []any) bool {
		for _, want := range wanted {
			if want == nil && len(values) == 0 {
				return true
			}
			if slices.ContainsFunc(values, func(v any) bool { return holds(operator, kind, v, want) }) {
				return true
			}
		}
		return false
	}
}

func holds(operator string, kind fieldKind, value, want any) bool {
	if a, ok := value.(int64); ok {
		if b, ok := want.(int64); ok {
			return compareWhole(operator, a, b)
		}
	}
	a, b := strings.ToLower(fmt.Sprint(value)), strings.ToLower(fmt.Sprint(want))
	switch operator {
	case "=", "IN":
		if kind == wordsField {
			return slices.Contains(strings.FieldsFunc(a, func(r rune) bool { return strings.ContainsRune(" <>/.,;:!?“”()", r) }), b)
		}
		return a == b
	case "~":
		return strings.Contains(a, b)
	case "^":
		return strings.HasPrefix(a, b)
	case "$":
		return strings.HasSuffix(a, b)
	}
	return false
}
