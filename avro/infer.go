package avro

import (
	"slices"
	"strings"
)

// infer returns the type for values seen at path, nulls among them or not: what a column declares, or else what they
// show; nil if they show none. It depends on the set of values, not on their order.
func (d *declaration) infer(path []string, vs []value) *node {
	var seen [objectValue + 1][]value
	for _, v := range vs {
		seen[v.kind] = append(seen[v.kind], v)
	}
	scalars := len(seen[stringValue]) + len(seen[numberValue]) + len(seen[trueValue]) + len(seen[falseValue])
	array := d.inferArray(path, seen[arrayValue])
	if c, ok := d.column(path); ok {
		switch kind := columnKinds[c.Type]; {
		case kind == jsonKind && len(seen[nullValue]) == len(vs):
			return nil
		case kind == jsonKind || scalars > 0 || array == nil && !allBlank(seen[objectValue]):
			return &node{kind: kind}
		default:
			return array
		}
	}
	if array != nil && array.kind == jsonKind {
		return array
	}
	if record := d.inferRecord(path, seen[objectValue]); record != nil {
		return record
	}
	switch {
	case array != nil:
		return array
	case len(seen[stringValue]) > 0:
		return &node{kind: stringKind}
	case len(seen[numberValue]) > 0:
		return &node{kind: inferNumber(seen[numberValue])}
	case scalars > 0:
		return &node{kind: booleanKind}
	}
	return nil
}

func allBlank(vs []value) bool {
	return !slices.ContainsFunc(vs, func(v value) bool { return !v.blank() })
}

// inferNumber looks at spelling, not at size: an integer that no long holds keeps its digits in a sibling.
func inferNumber(vs []value) kind {
	for _, v := range vs {
		if !integerLiteral(v.text) {
			return doubleKind
		}
	}
	return longKind
}

// inferArray returns an array whose items all arrays' items fit, JSON text where they are mixed, nil where they show no
// type.
func (d *declaration) inferArray(path []string, arrays []value) *node {
	var items []value
	for _, a := range arrays {
		items = append(items, a.items...)
	}
	if len(items) == 0 {
		return nil
	}
	n := &node{kind: arrayKind, items: d.infer(path, items)}
	switch {
	case n.items == nil:
		return nil
	case n.items.kind == jsonKind: // mixed further inside; JSON text is a matter of fields, not of items
		return n.items
	}
	for _, item := range items {
		if item.kind == nullValue {
			n.nullItems = true
		} else if !n.items.fits(item) {
			return &node{kind: jsonKind}
		}
	}
	return n
}

// inferRecord returns a record of all members that objects have and of what is declared below path; nil if no member
// shows a type.
func (d *declaration) inferRecord(path []string, objects []value) *node {
	values := membersOf(objects)
	n := &node{kind: recordKind, path: path}
	for _, name := range sortedNames(values) {
		d.addField(n, name, values[name])
	}
	if len(n.fields) == 0 {
		return nil
	}
	d.addDeclared(n, values)
	return n
}

func membersOf(objects []value) map[string][]value {
	values := map[string][]value{}
	for _, o := range objects {
		for _, m := range o.members {
			values[m.name] = append(values[m.name], m.value)
		}
	}
	return values
}

// sortedNames sorts JSON names: those that are Avro names as they stand come first, so that they stay what they are.
func sortedNames(values map[string][]value) []string {
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if plainA, plainB := fieldName(a) == a, fieldName(b) == b; plainA != plainB {
			if plainA {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}
