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
	if n.items == nil {
		return nil
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

// addField adds to n the base field that values ask for, or f__json where they have items but no type ([null], [{}]).
func (d *declaration) addField(n *node, jsonName string, vs []value) {
	path := append(slices.Clip(n.path), jsonName)
	if typ := d.infer(path, vs); typ != nil {
		d.insert(n, jsonName, baseVariant, typ)
		return
	}
	if slices.ContainsFunc(vs, value.untyped) {
		d.insert(n, jsonName, jsonVariant, &node{kind: jsonKind})
	}
}

// addDeclared adds what columns without stars declare right below n. A column is taken for a scalar unless the values
// that were seen are arrays.
func (d *declaration) addDeclared(n *node, values map[string][]value) {
	for _, name := range d.children(n.path) {
		path := append(slices.Clip(n.path), name)
		if n.has(name, baseVariant) {
			continue
		}
		typ := d.infer(path, values[name])
		if typ == nil {
			c, _ := d.column(path)
			typ = &node{kind: columnKinds[c.Type]}
			if typ.kind != jsonKind && slices.ContainsFunc(values[name], func(v value) bool { return v.kind == arrayValue }) {
				typ = &node{kind: arrayKind, items: typ}
			}
		}
		d.insert(n, name, baseVariant, typ)
	}
}

func (n *node) has(jsonName string, v variant) bool {
	return slices.ContainsFunc(n.fields, func(f *field) bool { return f.jsonName == jsonName && f.variant == v })
}

// insert adds a nullable field under a free name. n.path has to be set.
func (d *declaration) insert(n *node, jsonName string, v variant, typ *node) {
	taken := make(map[string]bool, len(n.fields))
	name := fieldName(jsonName)
	for _, f := range n.fields {
		taken[strings.ToLower(f.name)] = true
		if f.jsonName == jsonName && f.variant == baseVariant {
			name = f.name
		}
	}
	if v != baseVariant {
		name += "__" + v.String()
	}
	f := &field{name: freeName(name, taken), jsonName: jsonName, variant: v, typ: typ}
	f.doc = d.doc(append(slices.Clip(n.path), jsonName), f)
	n.fields = append(n.fields, f)
}

// doc says of a field what a reader of the schema cannot see from its name and type.
func (d *declaration) doc(path []string, f *field) string {
	var parts []string
	if c, ok := d.column(path); ok && c.Doc != "" {
		parts = append(parts, c.Doc)
	}
	if f.variant == baseVariant && f.jsonName != f.name {
		parts = append(parts, "JSON name: "+f.jsonName+".")
	}
	if f.variant != baseVariant {
		parts = append(parts, "Values of "+f.jsonName+" that its own field cannot hold: "+variantDocs[f.variant]+".")
	}
	if f.typ.kind == jsonKind {
		parts = append(parts, "Holds JSON text.")
	}
	return strings.Join(parts, " ")
}

var variantDocs = map[variant]string{
	stringVariant: "strings, and numbers by their digits", longVariant: "integers", doubleVariant: "numbers",
	booleanVariant: "booleans", jsonVariant: "objects and arrays",
}
