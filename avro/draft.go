package avro

import (
	"context"
	"fmt"
	"slices"
)

// Draft is a Subject that nothing is registered for: it takes records and tells the schema that would be. It belongs to one goroutine.
type Draft struct{ subject *Subject }

// NewDraft returns a Draft without records.
func NewDraft(d Declaration) *Draft {
	d.Contract = Evolve // nothing is registered that could be kept to
	return &Draft{NewSubject(&desk{}, d.Name, d, nil)}
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

// desk is a Registry of one subject that nobody else sees.
type desk struct{ versions []Registered }

func (d *desk) Versions(context.Context, string) ([]Registered, error) {
	return slices.Clone(d.versions), nil
}

func (d *desk) Register(_ context.Context, _, schema string) (Registered, error) {
	n := len(d.versions) + 1
	r := Registered{ID: n, Version: n, Schema: schema}
	d.versions = append(d.versions, r)
	return r, nil
}

func (d *desk) ByID(_ context.Context, id int) (string, error) {
	if id < 1 || id > len(d.versions) {
		return "", fmt.Errorf("no schema %d", id)
	}
	return d.versions[id-1].Schema, nil
}
