package avro

import (
	"slices"
	"strings"
	"sync"
)

// Contract says what becomes of values for which a registered schema has no field: new fields, siblings and nested ones alike. The
// first registration, keys, columns without stars, and what other workers registered come under every contract.
type Contract uint8

// The contracts.
const (
	Evolve        Contract = iota // the schema grows
	Freeze                        // Encode ends with a *FrozenError
	DiscardValue                  // the record is encoded without them, and they are in Encoded.Discarded
	DiscardRecord                 // the record is not encoded: its Err is a *DiscardedError
)

// String is the contract's word in a source file.
func (c Contract) String() string {
	return [...]string{"evolve", "freeze", "discard_value", "discard_record"}[c]
}

// Lack is a value for which a schema has no field.
type Lack struct {
	Path string // JSON path
	What string // "new field string", "was long, now string"
}

// FrozenError is what a schema lacks that may not grow. Nothing was encoded.
type FrozenError struct {
	Subject string
	Lacks   []Lack // sorted by path, each once
}

func (e *FrozenError) Error() string {
	return "schema of " + e.Subject + " is frozen: " + lacksText(e.Lacks) +
		" → set schema_contract: evolve for a schema that grows, or discard_value or discard_record to put aside what has no field"
}

// DiscardedError is why a record was discarded under DiscardRecord.
type DiscardedError struct{ Lacks []Lack }

func (e *DiscardedError) Error() string { return lacksText(e.Lacks) }

// maxTold bounds the differences that a message shows.
const maxTold = 20

func lacksText(lacks []Lack) string {
	var parts []string
	for _, l := range lacks[:min(len(lacks), maxTold)] {
		parts = append(parts, l.Path+": "+l.What)
	}
	if len(lacks) > maxTold {
		parts = append(parts, "and more")
	}
	return strings.Join(parts, "; ")
}

// Discarded is a value that was left out of its record.
type Discarded struct {
	Lack
	JSON   []byte // compact, as appendJSON writes it. The caller's
	Digest uint64 // see Digest
}

// lack tells what m asks for. Its path names the items of arrays only where the encoder traced them.
func (d *declaration) lack(m miss) Lack {
	path := append(slices.Clip(m.record.path), m.jsonName)
	l := Lack{Path: m.at}
	if l.Path == "" {
		l.Path = pathString(path)
	}
	if base := m.record.get(m.jsonName, baseVariant); base != nil {
		l.What = "was " + typeText(base.typ) + ", now " + m.variant.String()
		return l
	}
	l.What = "new field json" // items without a type
	if typ := d.infer(path, []value{m.member.value}); typ != nil {
		l.What = "new field " + typeText(typ)
	}
	return l
}

// lacks lists what the version lacks for objects that can be encoded, each path once for each type.
func (v *version) lacks(d *declaration, objects []value) []Lack {
	var all []Lack
	for _, m := range v.root.misses(objects) {
		all = append(all, d.lack(m))
	}
	slices.SortFunc(all, func(a, b Lack) int { return strings.Compare(a.Path+"\x00"+a.What, b.Path+"\x00"+b.What) })
	return slices.Compact(all)
}

// discard fills out for objects whose outcome has no error yet, under a contract that discards. Of objects whose values are discarded
// these become null: that is what the digest is of.
func (v *version) discard(d *declaration, objects []value, out []Encoded) {
	for i := range objects {
		if out[i].Err != nil || objects[i].kind != objectValue {
			continue
		}
		e := encoder{tracing: true}
		buf, err := e.appendRecord(v.frame(nil), v.root, objects[i])
		switch {
		case err != nil:
			out[i].fail(err)
		case len(e.misses) > 0 && d.Contract == DiscardRecord:
			why := &DiscardedError{}
			for _, m := range e.misses {
				why.Lacks = append(why.Lacks, d.lack(m))
			}
			out[i].fail(why)
			out[i].Path = why.Lacks[0].Path
		default:
			out[i].Value = buf
			for _, m := range e.misses {
				out[i].Discarded = append(out[i].Discarded, Discarded{d.lack(m), m.member.value.appendJSON(nil), m.member.value.digest()})
			}
			for _, m := range e.misses {
				m.member.value = value{}
			}
			if len(e.misses) > 0 {
				out[i].Digest = objects[i].digest()
			}
		}
	}
}

// settled are the paths of which a Subject that discards has asked the registry whether another worker has registered them: so that a
// page that is like the one before needs no request. Safe for concurrent use.
type settled struct {
	mu    sync.Mutex
	paths map[string]bool
}

// maxSettled bounds the paths that are held. An API that makes a name of every record is not to have every page ask.
const maxSettled = 1000

// asks reports whether one of lacks is to be looked for in the registry, and notes them all.
func (s *settled) asks(lacks []Lack) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paths == nil {
		s.paths = map[string]bool{}
	}
	news := false
	for _, l := range lacks {
		if id := l.Path + "\x00" + l.What; !s.paths[id] && len(s.paths) < maxSettled {
			s.paths[id], news = true, true
		}
	}
	return news
}
