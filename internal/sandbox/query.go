package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
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
