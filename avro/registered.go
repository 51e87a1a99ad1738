package avro

import "slices"

// FieldsOf lists the fields of a registered schema in its order, each record before its own. A type that this program does not write is
// shown as the schema's text has it. The error tells that the schema is no record.
func FieldsOf(schema string) ([]Field, error) {
	root, err := parseSchema(schema)
	if err != nil {
		return nil, err
	}
	return fieldsOf(root, "", nil), nil
}

// NewDraftOn returns a Draft of a subject that has versions already, oldest first. It grows under every contract: it tells what records
// ask for.
func NewDraftOn(d Declaration, versions []Registered) *Draft {
	d.Contract = Evolve
	known := NewDesk()
	for _, v := range versions {
		known.add(d.Name, v)
	}
	return &Draft{NewSubject(known, d.Name, d, nil)}
}

// Conflicts lists where a registered schema is not what is declared. A Subject never changes a registered type, so none of these
// declarations has an effect: all of them are called breaking.
func (d Declaration) Conflicts(schema string) ([]Difference, error) {
	root, err := parseSchema(schema)
	if err != nil {
		return nil, err
	}
	declared := newDeclaration(d)
	var found []Difference
	for _, key := range d.Key {
		if f := root.get(key, baseVariant); f != nil && f.null >= 0 {
			found = append(found, Difference{f.name, TypeChanged, typeText(f.typ), "string, required", true, "the source file makes it part of the key; " + keepsType})
		}
	}
	return declared.conflicts(root, "", found), nil
}

const keepsType = "run keeps the registered type, and puts what does not fit into sibling fields; to have it as declared, give the topics another prefix"

func (d *declaration) conflicts(n *node, above string, found []Difference) []Difference {
	for _, f := range n.fields {
		path, name := append(slices.Clip(n.path), f.jsonName), below(above, f.name)
		key := len(path) == 1 && slices.Contains(d.Key, path[0])
		if c, ok := d.column(path); ok && f.variant == baseVariant && !key {
			have, want := f.typ, columnKinds[c.Type]
			if want != jsonKind {
				have = have.innermost() // a column is of the items
			}
			if have.kind != want {
				found = append(found, Difference{name, TypeChanged, typeText(f.typ), want.String(), true, "the source file declares it so; " + keepsType})
				continue
			}
		}
		if r := f.typ.innermost(); r.kind == recordKind {
			found = d.conflicts(r, name, found)
		}
	}
	return found
}
