package avro

import (
	"slices"
	"strings"
)

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
	if v != baseVariant && v != restVariant {
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
	switch {
	case f.variant == restVariant:
		return "Members that have no field of their own, because the record has as many inferred fields as it may have. Holds JSON text."
	case f.variant == longVariant && d.isKey(path):
		parts = append(parts, "Typed copy of "+f.jsonName+" where that is an integer.")
	case f.variant != baseVariant:
		parts = append(parts, "Values of "+f.jsonName+" that its own field does not hold: "+variantDocs[f.variant]+".")
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
