package avro

import (
	"encoding/json"
	"slices"
	"strings"
)

type kind uint8

const (
	longKind kind = iota
	doubleKind
	stringKind
	booleanKind
	timestampKind // long, timestamp-millis
	dateKind      // int, date
	jsonKind      // string that holds JSON text
	arrayKind
	recordKind
	opaqueKind // what another producer registered and this one does not write; only null is
)

func (k kind) String() string {
	return [...]string{"long", "double", "string", "boolean", "timestamp", "date", "json", "array", "record", "foreign type"}[k]
}

// variant says which of a JSON member's fields one is: the base field or a sibling.
type variant uint8

const (
	baseVariant variant = iota
	stringVariant
	longVariant
	doubleVariant
	booleanVariant
	jsonVariant
	restVariant // not of a member, but of the record: an object of the members that have no base field
	variants    // how many there are
)

func (v variant) String() string {
	return [...]string{"", "string", "long", "double", "boolean", "json", "rest"}[v]
}

func (v variant) kind() kind {
	return [...]kind{opaqueKind, stringKind, longKind, doubleKind, booleanKind, jsonKind, jsonKind}[v]
}

// node is a type in a schema's tree. Trees are changed only by the growth that made them, and by nobody once they encode.
type node struct {
	kind kind

	items     *node // array
	nullItems bool  // array of ["null", items]

	name   string // record: full name
	doc    string // record
	fields []*field
	byName map[string]*slots // record: JSON name → fields; kept by index
	rest   int               // record: position of the field of restVariant, -1 for none; kept by index
	path   []string          // record: JSON names from the root; those of an array's items are the array's

	raw json.RawMessage // opaque: the type as it was registered
}

// field is a field of a record.
type field struct {
	name     string // Avro name
	jsonName string
	variant  variant
	doc      string
	null     int // the null branch in the field's union; -1: no union, required
	typ      *node
	deflt    json.RawMessage // of a required field of another producer; else nil
	filler   []byte          // deflt as Avro binary; nil: there is none that can be written alone
}

// slots holds the positions of a JSON member's fields in its record; -1 for none.
type slots [variants]int

var noSlots = slots{-1, -1, -1, -1, -1, -1, -1}

// index prepares n and all below for look-ups, n being the record, or an array of records, at path.
func (n *node) index(path []string) {
	switch n.kind {
	case arrayKind:
		n.items.index(path)
		return
	case recordKind:
	default:
		return
	}
	n.path, n.rest = path, -1
	n.byName = make(map[string]*slots, len(n.fields))
	for i, f := range n.fields {
		if f.variant == restVariant {
			if n.rest < 0 && f.typ.kind == jsonKind {
				n.rest = i
			}
			continue
		}
		s := n.byName[f.jsonName]
		if s == nil {
			fresh := noSlots
			s = &fresh
			n.byName[f.jsonName] = s
		}
		if s[f.variant] < 0 && (f.variant == baseVariant || f.variant.kind() == f.typ.kind) {
			s[f.variant] = i
		}
		f.typ.index(append(slices.Clip(path), f.jsonName))
	}
}

// get returns a JSON member's field of a variant, or nil.
func (n *node) get(jsonName string, v variant) *field {
	if s := n.byName[jsonName]; s != nil && s[v] >= 0 {
		return n.fields[s[v]]
	}
	return nil
}

// clone copies n and all below, without the index.
func (n *node) clone() *node {
	if n == nil {
		return nil
	}
	c := *n
	c.items, c.byName, c.path = n.items.clone(), nil, nil
	c.fields = make([]*field, len(n.fields))
	for i, f := range n.fields {
		g := *f
		g.typ = f.typ.clone()
		c.fields[i] = &g
	}
	return &c
}

// absorb adds to n what o has and n has not, by Avro names. Where they differ n stays: what was registered first holds.
func (n *node) absorb(o *node) {
	if n.kind != o.kind {
		return
	}
	if n.kind == arrayKind {
		n.items.absorb(o.items)
		return
	}
	have := make(map[string]*field, len(n.fields))
	for _, f := range n.fields {
		have[strings.ToLower(f.name)] = f
	}
	for _, f := range o.fields {
		if mine := have[strings.ToLower(f.name)]; mine != nil {
			mine.typ.absorb(f.typ)
			continue
		}
		g := *f
		g.typ = f.typ.clone()
		n.fields = append(n.fields, &g)
	}
}

// holds reports whether everything that o can write n can write in the same way. Docs and order do not count.
func (n *node) holds(o *node) bool {
	if n.kind != o.kind || n.name != o.name {
		return false
	}
	switch n.kind {
	case arrayKind:
		return n.nullItems == o.nullItems && n.items.holds(o.items)
	case opaqueKind:
		return string(n.raw) == string(o.raw)
	}
	have := make(map[string]*field, len(n.fields))
	for _, f := range n.fields {
		have[f.name] = f
	}
	for _, f := range o.fields {
		mine := have[f.name]
		if mine == nil || mine.null != f.null || mine.jsonName != f.jsonName || mine.variant != f.variant || !mine.typ.holds(f.typ) {
			return false
		}
	}
	return true
}

// unite returns the union of trees, oldest first; nil of none.
func unite(trees []*node) *node {
	if len(trees) == 0 {
		return nil
	}
	all := trees[0].clone()
	for _, t := range trees[1:] {
		all.absorb(t)
	}
	all.index(nil)
	return all
}
