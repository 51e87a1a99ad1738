package avro

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// maxGrowth bounds the rounds in which a schema grows for one set of records. Base fields come in the first round, siblings in the
// second; what is declared deep within an object for which there is no room comes one level a round.
const maxGrowth = 2 * maxDepth

// grow returns a schema's tree that holds all of have (nil: nothing is registered), what is declared, and every value of
// objects; under a contract that does not let have grow, of these what is declared. have is not changed. Equal fields come out in
// equal order.
func (d *declaration) grow(have *node, objects []value) (*node, error) {
	root := have.clone()
	if root == nil {
		root = &node{kind: recordKind, name: d.Name, doc: d.Doc}
	}
	g := grower{declaration: d, strict: have != nil && d.Contract != Evolve}
	d.addKeys(root, have == nil)
	d.addDeclared(root, membersOf(objects))
	for range maxGrowth {
		root.index(nil)
		misses := root.misses(objects)
		if !g.fill(root, misses) {
			d.finish(root)
			return root, nil
		}
	}
	return nil, errors.New("grow schema: values keep asking for fields")
}

// misses lists what n, a record, lacks for objects. What cannot be encoded asks for nothing; that record's error is told when it is
// encoded for good.
func (n *node) misses(objects []value) []miss {
	e := encoder{}
	for _, o := range objects {
		before := len(e.misses)
		if _, err := e.appendRecord(nil, n, o); err != nil {
			e.misses = e.misses[:before]
		}
	}
	return e.misses
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
	if a.field.variant == restVariant {
		return "no room for another field → members without one go to " + a.field.name
	}
	base := a.record.get(a.field.jsonName, baseVariant)
	if a.field.variant == baseVariant || base == nil {
		return "new field"
	}
	return "was " + base.typ.kind.String() + ", now " + a.field.variant.String() + " → new field " + a.field.name
}
