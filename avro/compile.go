package avro

import (
	"encoding/binary"
	"sync"
)

// program is a version's tree compiled for walks: what a walk has to know of a record, its members and its fields, side by side and with
// everything reckoned that does not depend on the data. It is immutable; walks on it are kept in walks.
type program struct {
	root    *recordStep
	records []*recordStep // the root and all below, by their id
	keys    int           // how many members of the root have to be there
	walks   sync.Pool
}

// recordStep is a record.
type recordStep struct {
	id       int
	members  []memberStep // one for each JSON name that has a field
	byName   map[string]int
	fields   []fieldStep
	required []int  // fields that every record has to have a value for
	rest     int    // position of the field of restVariant, -1 for none
	absent   []byte // what stands for fields without a value, one after the other; fieldStep.absent says where
	digest   bool   // members without a field are digested and nothing more: the record is not encoded
}

// fieldStep is a field of a record.
type fieldStep struct {
	branch int // the byte before a value, of the union's branch; -1: no union
	absent int // where in recordStep.absent the bytes begin that stand for it
}

// memberStep is a JSON member for which a record has fields.
type memberStep struct {
	words  [headWords]uint64 // the first bytes of quoted
	masks  [headWords]uint64 // of the bytes that are part of it
	name   uint64            // the name's hash
	slots  [variants]int32
	kind   kind // of the base field; opaqueKind also where there is none
	long   bool // quoted is longer than words
	plain  bool // there is a base field, and it is no part of the key
	base   bool // there is a base field
	key    bool // a part of the key: a string or an integer
	copied bool // the base field is a required string: it has an integer's digits beside the sibling

	quoted string      // the name in quotes with a colon, as it mostly stands in the text
	record *recordStep // of a base field that is a record
	array  *arrayStep  // of a base field that is an array
}

// arrayStep is an array's items.
type arrayStep struct {
	kind      kind
	nullItems bool
	record    *recordStep
	array     *arrayStep
}

// compile makes the program of root, an indexed tree, for records with these key members. It returns nil where the tree is not one that
// a walk can follow: then records are encoded by way of values.
func compile(root *node, key []string) *program {
	p := &program{}
	p.root = p.record(root)
	for i := range p.root.members {
		m := &p.root.members[i]
		for _, k := range key {
			m.key = m.key || m.quoted == quotedName(k)+":"
		}
		if m.key && !m.base {
			return nil
		}
		if m.plain = m.base && !m.key; m.key {
			p.keys++
		}
	}
	distinct := map[string]bool{}
	for _, k := range key {
		distinct[k] = true
	}
	if p.keys != len(distinct) {
		return nil
	}
	p.walks.New = func() any { return newWalk(p) }
	return p
}

// compileKeys makes the program that digests records and looks at their key members, and writes nothing.
func compileKeys(key []string) *program {
	p := &program{}
	r := &recordStep{byName: map[string]int{}, rest: -1, digest: true}
	p.records = append(p.records, r)
	for _, k := range key {
		if _, had := r.byName[k]; !had {
			r.byName[k] = len(r.members)
			r.members = append(r.members, newMember(k, &noSlots))
			r.members[len(r.members)-1].key = true
		}
	}
	r.fields = []fieldStep{{}}
	p.root, p.keys = r, len(r.members)
	p.walks.New = func() any { return newWalk(p) }
	return p
}

func (p *program) record(n *node) *recordStep {
	r := &recordStep{id: len(p.records), byName: make(map[string]int, len(n.byName)), rest: n.rest}
	p.records = append(p.records, r)
	for i, f := range n.fields {
		step := fieldStep{branch: -1, absent: len(r.absent)}
		switch {
		case f.filler != nil:
			r.absent = append(r.absent, f.filler...)
		case f.null < 0:
			r.required = append(r.required, i)
		default:
			r.absent = binary.AppendVarint(r.absent, int64(f.null))
		}
		if f.null >= 0 {
			step.branch = 2 * (1 - f.null) // a branch is 0 or 1, its varint one byte
		}
		r.fields = append(r.fields, step)
		if _, had := r.byName[f.jsonName]; had || f.variant == restVariant {
			continue
		}
		m := newMember(f.jsonName, n.byName[f.jsonName])
		if s := m.slots[baseVariant]; s >= 0 {
			base := n.fields[s]
			m.base, m.kind = true, base.typ.kind
			m.copied = m.kind == stringKind && base.null < 0
			m.plain = true
			m.record, m.array = p.below(base.typ)
		}
		r.byName[f.jsonName] = len(r.members)
		r.members = append(r.members, m)
	}
	r.fields = append(r.fields, fieldStep{absent: len(r.absent)}) // so that every field has one behind it
	return r
}

// below compiles what a record or an array has below it.
func (p *program) below(n *node) (*recordStep, *arrayStep) {
	switch n.kind {
	case recordKind:
		return p.record(n), nil
	case arrayKind:
		a := &arrayStep{kind: n.items.kind, nullItems: n.nullItems}
		a.record, a.array = p.below(n.items)
		return nil, a
	}
	return nil, nil
}

func newMember(name string, s *slots) memberStep {
	m := memberStep{quoted: quotedName(name) + ":", kind: opaqueKind, name: textHash(nameSeed, []byte(name))}
	for v := range s {
		m.slots[v] = int32(s[v])
	}
	m.long = len(m.quoted) > headSize
	var text, mask [headSize]byte
	for i := range copy(text[:], m.quoted) {
		mask[i] = 0xff
	}
	for i := range m.words {
		m.words[i], m.masks[i] = binary.LittleEndian.Uint64(text[8*i:]), binary.LittleEndian.Uint64(mask[8*i:])
	}
	return m
}

// A name of headSize bytes at most, with quotes and colon, is compared as words.
const (
	headWords = 3
	headSize  = 8 * headWords
)

func quotedName(name string) string { return string(appendJSONString(nil, name)) }

// at reports whether the member's name and a colon stand at src[at:].
func (m *memberStep) at(src []byte, at int) bool {
	if len(src)-at < headSize {
		return m.rest(src, at, 0)
	}
	b := src[at : at+headSize]
	if (binary.LittleEndian.Uint64(b)^m.words[0])&m.masks[0]|(binary.LittleEndian.Uint64(b[8:])^m.words[1])&m.masks[1]|
		(binary.LittleEndian.Uint64(b[16:])^m.words[2])&m.masks[2] != 0 {
		return false
	}
	return !m.long || m.rest(src, at, headSize)
}

// rest compares what is behind the first size bytes.
func (m *memberStep) rest(src []byte, at, size int) bool {
	n := len(m.quoted)
	return len(src)-at >= n && string(src[at+size:at+n]) == m.quoted[size:]
}
