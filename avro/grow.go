package avro

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// maxGrowth bounds the rounds in which a schema grows for one set of records. Base fields come in the first round,
// siblings in the second.
const maxGrowth = 8

// grow returns a schema's tree that holds all of have (nil: nothing is registered), what is declared, and every value of
// objects. have is not changed. Equal fields come out in equal order.
func (d *declaration) grow(have *node, objects []value) (*node, error) {
	root := have.clone()
	if root == nil {
		root = &node{kind: recordKind, name: d.Name, doc: d.Doc}
	}
	d.addKeys(root, have == nil)
	d.addDeclared(root, membersOf(objects))
	root.index(nil)
	for range maxGrowth {
		e := encoder{}
		for _, o := range objects {
			// What cannot be encoded asks for nothing; that record's error is told when it is encoded for good.
			before := len(e.misses)
			if _, err := e.appendRecord(nil, root, o); err != nil {
				e.misses = e.misses[:before]
			}
		}
		if len(e.misses) == 0 {
			d.finish(root)
			return root, nil
		}
		d.fill(e.misses)
		root.index(nil)
	}
	return nil, errors.New("grow schema: values keep asking for fields")
}

// addKeys adds the key fields. To a schema that is registered without them they can come as nullable fields only.
func (d *declaration) addKeys(root *node, fresh bool) {
	for _, key := range d.Key {
		if root.has(key, baseVariant) {
			continue
		}
		d.insert(root, key, baseVariant, &node{kind: stringKind})
		if fresh {
			root.fields[len(root.fields)-1].null = -1
		}
	}
}

// fill adds the fields that misses ask for.
func (d *declaration) fill(misses []miss) {
	type want struct {
		record  *node
		variant variant
	}
	wants := map[want]map[string][]value{}
	for _, m := range misses {
		w := want{m.record, m.variant}
		if wants[w] == nil {
			wants[w] = map[string][]value{}
		}
		wants[w][m.jsonName] = append(wants[w][m.jsonName], m.value)
	}
	order := make([]want, 0, len(wants))
	for w := range wants {
		order = append(order, w)
	}
	// Records do not share names, so only the order within a record counts.
	slices.SortFunc(order, func(a, b want) int { return cmp.Compare(a.variant, b.variant) })
	for _, w := range order {
		for _, name := range sortedNames(wants[w]) {
			if w.variant == baseVariant {
				d.addField(w.record, name, wants[w][name])
			} else {
				d.insert(w.record, name, w.variant, &node{kind: w.variant.kind()})
			}
		}
	}
}

// finish puts fields in order and names the new records.
func (d *declaration) finish(root *node) {
	d.order(root)
	space, short := "", root.name
	if i := strings.LastIndexByte(root.name, '.'); i >= 0 {
		space, short = root.name[:i+1], root.name[i+1:]
	}
	nameRecords(root, space, short, nil)
	root.index(nil)
}

func (d *declaration) order(n *node) {
	rank := make(map[string]int, len(n.fields))
	for _, f := range n.fields {
		rank[f.jsonName] = d.rank(append(slices.Clip(n.path), f.jsonName))
	}
	slices.SortFunc(n.fields, func(a, b *field) int {
		return cmp.Or(cmp.Compare(rank[a.jsonName], rank[b.jsonName]), strings.Compare(a.jsonName, b.jsonName),
			cmp.Compare(a.variant, b.variant), strings.Compare(a.name, b.name))
	})
	for _, f := range n.fields {
		if r := f.typ.innermost(); r.kind == recordKind {
			d.order(r)
		}
	}
}

func nameRecords(n *node, space, root string, path []string) {
	for _, f := range n.fields {
		below := append(slices.Clip(path), f.name)
		if r := f.typ.innermost(); r.kind == recordKind {
			if r.name == "" {
				r.name = space + nestedName(root, below)
			}
			nameRecords(r, space, root, below)
		}
	}
}

// innermost returns the items of an array, of an array of arrays and so on; n itself where it is no array.
func (n *node) innermost() *node {
	for n.kind == arrayKind {
		n = n.items
	}
	return n
}

// added lists the fields that n has and old (nil: nothing) has not; of a new record only the field it stands in.
func added(n, old *node) []addition {
	var found []addition
	for _, f := range n.fields {
		i := -1
		if old != nil {
			i = slices.IndexFunc(old.fields, func(g *field) bool { return g.name == f.name })
		}
		if i < 0 {
			found = append(found, addition{n, f})
			continue
		}
		if r, o := f.typ.innermost(), old.fields[i].typ.innermost(); r.kind == recordKind && o.kind == recordKind {
			found = append(found, added(r, o)...)
		}
	}
	return found
}

type addition struct {
	record *node
	field  *field
}

// path is the JSON path of the member the field is for.
func (a addition) path() string {
	return pathString(append(slices.Clip(a.record.path), a.field.jsonName))
}

func (a addition) String() string {
	base := a.record.get(a.field.jsonName, baseVariant)
	if a.field.variant == baseVariant || base == nil {
		return "new field"
	}
	return "was " + base.typ.kind.String() + ", now " + a.field.variant.String() + " → new field " + a.field.name
}
