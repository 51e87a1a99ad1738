package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	maxFilters     = 15 // in one group
	maxGroupLevels = 2
)

type match func(*candidate) bool

// queryNode is a filter (field, operator, value) or a group (operator, value: the members).
type queryNode struct {
	Field    *string         `json:"field"`
	Operator string          `json:"operator"`
	Value    json.RawMessage `json:"value"`
}

// compiler turns the query of a search into a function.
type compiler struct {
	resource string
	zone     *time.Location
}

func (q compiler) compile(text json.RawMessage, level int) (match, *apiError) {
	var node queryNode
	if err := json.Unmarshal(text, &node); err != nil {
		return nil, errorf(http.StatusBadRequest, "parameter_invalid", "query must be a filter or a group of filters")
	}
	if node.Field != nil {
		return q.filter(node)
	}
	return q.group(node, level+1)
}

func (q compiler) group(node queryNode, level int) (match, *apiError) {
	var members []json.RawMessage
	switch {
	case node.Operator != "AND" && node.Operator != "OR":
		return nil, errorf(http.StatusBadRequest, "parameter_invalid", "operator %q must be AND or OR in a group", node.Operator)
	case level > maxGroupLevels:
		return nil, errorf(http.StatusBadRequest, "parameter_invalid", "Search queries can nest at most %d levels", maxGroupLevels)
	case json.Unmarshal(node.Value, &members) != nil || len(members) == 0:
		return nil, errorf(http.StatusBadRequest, "parameter_invalid", "value must be an array of filters in a group")
	case len(members) > maxFilters:
		return nil, errorf(http.StatusBadRequest, "parameter_invalid", "A group can hold at most %d filters", maxFilters)
	}
	var all []match
	for _, m := range members {
		one, err := q.compile(m, level)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if node.Operator == "AND" {
		return func(c *candidate) bool { return !slices.ContainsFunc(all, func(m match) bool { return !m(c) }) }, nil
	}
	return func(c *candidate) bool { return slices.ContainsFunc(all, func(m match) bool { return m(c) }) }, nil
}

func (q compiler) filter(node queryNode) (match, *apiError) {
	f, ok := fieldOf(q.resource, *node.Field)
	if !ok {
		return nil, &apiError{http.StatusBadRequest, "parameter_invalid", fmt.Sprintf("Field '%s' is not searchable", *node.Field), *node.Field}
	}
	byDay := f.kind == dateField && q.resource == contacts
	if !slices.Contains(operators(f.kind, byDay), node.Operator) {
		return nil, &apiError{http.StatusBadRequest, "parameter_invalid", fmt.Sprintf("Operator '%s' is not valid for field '%s'", node.Operator, *node.Field), *node.Field}
	}
	wanted, err := operands(node, f.kind)
	if err != nil {
		return nil, err
	}
	if byDay {
		return q.dayFilter(f, node.Operator, wanted[0]), nil
	}
	if bound, whole := wanted[0].(int64); whole && f.row != nil && len(wanted) == 1 {
		return rowFilter(f, node.Operator, bound), nil
	}
	test := comparison(node.Operator, f.kind, wanted)
	return func(c *candidate) bool { return test(c.values(f)) }, nil
}

// operators lists what a kind of field can be asked with. By calendar day there are three only.
func operators(kind fieldKind, byDay bool) []string {
	switch {
	case byDay:
		return []string{"=", ">", "<"}
	case kind == tagField:
		return []string{"=", "!=", "IN", "NIN"}
	case kind == booleanField:
		return []string{"=", "!=", "IN", "NIN"}
	case kind == integerField || kind == dateField:
		return []string{"=", "!=", "IN", "NIN", "<", ">", "<=", ">="}
	}
	return []string{"=", "!=", "IN", "NIN", "~", "!~", "^", "$"}
}

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
