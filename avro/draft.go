package avro

import (
	"context"
	"slices"
)

// Draft is a Subject that nothing is registered for: it takes records and tells the schema that would be. It belongs to one goroutine.
type Draft struct{ subject *Subject }

// NewDraft returns a Draft without records.
func NewDraft(d Declaration) *Draft {
	d.Contract = Evolve // nothing is registered that could be kept to
	return &Draft{NewSubject(NewDesk(), d.Name, d, nil)}
}

// Add encodes records as Subject.Encode does, and lets the schema grow. As there, records that come at once are typed together: give
// all that a Subject would have at hand for its first version.
func (d *Draft) Add(ctx context.Context, records [][]byte) ([]Encoded, error) {
	return d.subject.Encode(ctx, records)
}

// Schema is the text that a Subject would have registered last; "" before the first record that can be encoded.
func (d *Draft) Schema() string {
	current, _ := d.subject.Current()
	return current.Schema
}

// Field is one field of a schema.
type Field struct {
	Name     string `json:"name"`           // Avro names from the root, joined with dots
	Type     string `json:"type"`           // long, double, string, boolean, timestamp, date, json, record, or "array of …"
	Required bool   `json:"required"`       // not nullable: a field of the key
	JSON     string `json:"json,omitempty"` // path of the JSON member that it holds, where that is not Name
	Doc      string `json:"doc,omitempty"`
}

// Fields lists the fields of Schema in its order, each record before its own.
func (d *Draft) Fields() []Field {
	v := d.subject.current.Load()
	if v == nil {
		return nil
	}
	return fieldsOf(v.root, "", nil)
}

func fieldsOf(n *node, above string, path []string) []Field {
	var all []Field
	for _, f := range n.fields {
		below := append(slices.Clip(path), f.jsonName)
		one := Field{Name: above + f.name, Type: typeText(f.typ), Required: f.null < 0, Doc: f.doc}
		if json := pathString(below); json != one.Name {
			one.JSON = json
		}
		all = append(all, one)
		if r := f.typ.innermost(); r.kind == recordKind {
			all = append(all, fieldsOf(r, one.Name+".", below)...)
		}
	}
	return all
}

func typeText(n *node) string {
	if n.kind == arrayKind {
		return "array of " + typeText(n.items)
	}
	if n.kind == opaqueKind {
		return string(n.raw)
	}
	return n.kind.String()
}
