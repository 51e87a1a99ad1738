package avro

import (
	"cmp"
	"math"
	"slices"
)

// grower adds the fields that records ask for, as far as there is room.
type grower struct {
	*declaration
	strict bool // under a contract: only what is declared
}

// restName is the Avro name of a record's field of restVariant, where that is free.
const restName = "other_members"

// room is how many more inferred fields root may get.
func (g grower) room(root *node) int {
	switch {
	case g.strict:
		return 0
	case g.MaxFields <= 0:
		return math.MaxInt
	}
	return g.MaxFields - g.inferred(root, nil)
}

// fill adds the fields that misses ask for, and reports whether it added any: not where they are the contract's.
func (g grower) fill(root *node, misses []miss) bool {
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
		wants[w][m.jsonName] = append(wants[w][m.jsonName], m.member.value)
	}
	order := make([]want, 0, len(wants))
	for w := range wants {
		order = append(order, w)
	}
	slices.SortFunc(order, func(a, b want) int {
		return cmp.Or(cmp.Compare(a.variant, b.variant), slices.Compare(a.record.path, b.record.path))
	})
	room, added := g.room(root), false
	for _, w := range order {
		for _, name := range sortedNames(wants[w]) {
			added = g.add(w.record, name, w.variant, wants[w][name], &room) || added
		}
	}
	return added
}

// add adds a field for one member of n: a sibling in any case, because a member has few of them; a member's first field if there is
// room, otherwise one for all members of n that have none.
func (g grower) add(n *node, jsonName string, v variant, vs []value, room *int) bool {
	path := append(slices.Clip(n.path), jsonName)
	if v != baseVariant && n.has(jsonName, baseVariant) {
		if g.strict && !g.isKey(path) {
			return false
		}
		g.insert(n, jsonName, v, &node{kind: v.kind()})
		return true
	}
	typ := &node{kind: jsonKind}
	if v == baseVariant {
		typ = g.infer(path, vs)
	}
	if typ = g.fit(path, typ, room); typ != nil {
		g.insert(n, jsonName, v, typ)
		return true
	}
	if g.strict {
		return false
	}
	if !slices.ContainsFunc(n.fields, func(f *field) bool { return f.variant == restVariant && f.typ.kind == jsonKind }) {
		g.insert(n, restName, restVariant, &node{kind: jsonKind})
	}
	return true
}

// fit returns typ, inferred for path, if there is room for its fields; else, of a record, what is declared of it, or JSON text; nil if
// there is no room for that either.
func (g grower) fit(path []string, typ *node, room *int) *node {
	if size := g.size(path, typ); size <= *room {
		*room -= size
		return typ
	}
	if typ = g.reduced(path, typ); typ == nil {
		return nil
	}
	size := g.size(path, typ)
	if size > *room {
		return nil
	}
	*room -= size
	return typ
}

// reduced is what remains of a type without inferred fields below it; nil: nothing yet.
func (g grower) reduced(path []string, typ *node) *node {
	record := typ.innermost()
	switch {
	case record.kind != recordKind:
		return typ
	case !g.declaresBelow(path):
		return &node{kind: jsonKind}
	}
	record.fields = slices.DeleteFunc(record.fields, func(f *field) bool {
		below := append(slices.Clip(path), f.jsonName)
		if f.variant != baseVariant || !g.declares(below) {
			return true
		}
		f.typ = g.reduced(below, f.typ)
		return f.typ == nil
	})
	if len(record.fields) == 0 {
		return nil
	}
	return typ
}

// size is how many inferred fields a field of that type at path brings. What is not the record below which something is declared is as good
// as a field of its own.
func (g grower) size(path []string, typ *node) int {
	record := typ.innermost()
	switch {
	case record.kind == recordKind && g.declares(path):
		return g.inferred(record, path)
	case record.kind == recordKind:
		return 1 + g.inferred(record, path)
	case g.declares(path) && !g.onlyBelow(path):
		return 0
	}
	return 1
}

// inferred counts the fields of n, the record at path, and below that are not declared. One of restVariant does not count: it comes
// when there is no room.
func (g grower) inferred(n *node, path []string) int {
	count := 0
	for _, f := range n.fields {
		if f.variant != restVariant {
			count += g.size(append(slices.Clip(path), f.jsonName), f.typ)
		}
	}
	return count
}
