package avro

import (
	"strings"
)

// jsonContent marks, as the property contentType, a string field that holds JSON text.
const jsonContent = "application/json"

// schemaText is the text of a record's tree. Equal trees have equal texts: nothing in it depends on time or history
// beyond the fields, their order and their docs.
func schemaText(root *node) string {
	namespace := ""
	if i := strings.LastIndexByte(root.name, '.'); i >= 0 {
		namespace = root.name[:i]
	}
	w := schemaWriter{}
	w.record(root, namespace, true)
	return string(w.text)
}

type schemaWriter struct{ text []byte }

func (w *schemaWriter) raw(s string) { w.text = append(w.text, s...) }

func (w *schemaWriter) property(name, value string) {
	w.raw(`,"` + name + `":`)
	w.text = appendJSONString(w.text, value)
}

func (w *schemaWriter) record(n *node, namespace string, root bool) {
	w.raw(`{"type":"record"`)
	short, same := strings.CutPrefix(n.name, namespace+".")
	switch {
	case namespace != "" && same && !strings.Contains(short, "."):
		w.property("name", short)
		if root {
			w.property("namespace", namespace)
		}
	default:
		w.property("name", n.name)
	}
	if n.doc != "" {
		w.property("doc", n.doc)
	}
	w.raw(`,"fields":[`)
	for i, f := range n.fields {
		if i > 0 {
			w.raw(",")
		}
		w.field(f, namespace)
	}
	w.raw(`]}`)
}

func (w *schemaWriter) field(f *field, namespace string) {
	w.raw(`{"name":`)
	w.text = appendJSONString(w.text, f.name)
	w.raw(`,"type":`)
	switch {
	case f.typ.kind == opaqueKind || f.null < 0:
		w.typ(f.typ, namespace)
	case f.null == 0:
		w.raw(`["null",`)
		w.typ(f.typ, namespace)
		w.raw(`]`)
	default:
		w.raw(`[`)
		w.typ(f.typ, namespace)
		w.raw(`,"null"]`)
	}
	switch {
	case f.deflt != nil:
		w.raw(`,"default":` + string(f.deflt))
	case f.null == 0:
		w.raw(`,"default":null`)
	}
	if f.doc != "" {
		w.property("doc", f.doc)
	}
	if f.jsonName != f.name {
		w.property("jsonName", f.jsonName)
	}
	if f.variant != baseVariant {
		w.property("variant", f.variant.String())
	}
	if f.typ.kind == jsonKind {
		w.property("contentType", jsonContent)
	}
	w.raw(`}`)
}

func (w *schemaWriter) typ(n *node, namespace string) {
	switch n.kind {
	case opaqueKind:
		w.raw(string(n.raw))
	case recordKind:
		w.record(n, namespace, false)
	case arrayKind:
		w.raw(`{"type":"array","items":`)
		if n.nullItems {
			w.raw(`["null",`)
			w.typ(n.items, namespace)
			w.raw(`]}`)
			return
		}
		w.typ(n.items, namespace)
		w.raw(`}`)
	case timestampKind:
		w.raw(`{"type":"long","logicalType":"timestamp-millis"}`)
	case dateKind:
		w.raw(`{"type":"int","logicalType":"date"}`)
	case jsonKind:
		w.raw(`"string"`)
	default:
		w.raw(`"` + n.kind.String() + `"`)
	}
}
