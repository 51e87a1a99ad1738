package avro

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Registered is one version of a subject as the registry holds it.
type Registered struct {
	ID      int // what the frame of a value carries
	Version int // from 1; 0: not known
	Schema  string
}

// Registry is what a Subject needs of a schema registry. SchemaRegistry is one. All methods are for concurrent use and
// retry by themselves; an error ends the Encode that asked.
type Registry interface {
	// Versions returns all registered versions of subject, oldest first; none: empty.
	Versions(ctx context.Context, subject string) ([]Registered, error)
	// Register registers schema under subject and returns at least its id. A text that is registered already keeps its
	// id and gets no new version. A refusal for incompatibility is a *RegistryError with status 409.
	Register(ctx context.Context, subject, schema string) (Registered, error)
	// ByID returns the text of the schema with that id.
	ByID(ctx context.Context, id int) (string, error)
}

// Encoded is the outcome for one record.
type Encoded struct {
	Value  []byte // 0x00, the schema id in 4 bytes big-endian, Avro binary; nil with Err. The caller's
	Digest uint64 // see Digest; 0 where the record is not JSON
	Err    error  // this record cannot be encoded, whatever the schema; *DiscardedError: the contract does not let it
	Path   string // where in the record Err arose; "" for the record itself

	Discarded []Discarded // values that the record was encoded without; Digest is that of the record without them
}

// Change is one schema change that was registered.
type Change struct {
	Subject string
	Field   string // JSON path; "" for a first registration
	What    string // "registered", "new field", "was long, now string → new field amount__string"
	Version int    // in which it is; 0: not known
	ID      int
}

// Subject encodes the records of one resource and lets its schema grow. It is safe for concurrent use.
type Subject struct {
	registry Registry
	name     string
	declared *declaration
	onChange func(Change)
	ahead    func(ctx context.Context) [][]byte // nil: no look-ahead

	settled settled
	growing sync.Mutex              // held while the registry is asked
	current atomic.Pointer[version] // replaced under growing
}

// version is a registered schema, ready to encode.
type version struct {
	Registered
	root *node
}

// NewSubject returns the Subject for the values of a topic; subject is "<topic>-value" by convention. The registry is not
// asked before the first Encode. onChange, which may be nil, is called once for each change this Subject registered,
// after that and before a record is encoded with it; calls do not overlap.
func NewSubject(reg Registry, subject string, d Declaration, onChange func(Change)) *Subject {
	if onChange == nil {
		onChange = func(Change) {}
	}
	return &Subject{registry: reg, name: subject, declared: newDeclaration(d), onChange: onChange}
}

// LookAhead has sample give further records when the subject has no version yet: the first one is made of them and of those at hand. Those
// that cannot be encoded do not count. It may be set before the first Encode.
func (s *Subject) LookAhead(sample func(ctx context.Context) [][]byte) { s.ahead = sample }

// Current returns the version that records are encoded with; false before the first one.
func (s *Subject) Current() (Registered, bool) {
	v := s.current.Load()
	if v == nil {
		return Registered{}, false
	}
	return v.Registered, true
}

// parsers are kept for the room that they have made: most of what encoding would take from the heap.
var parsers = sync.Pool{New: func() any { return new(parser) }}

// Encode encodes records, each one JSON object, and returns as many outcomes in the same order. If they hold what the
// schema has no place for, a schema that has it is registered first, or what the contract says is done; so all records at hand should
// be given at once.
//
// The error is the registry's, or a *FrozenError, or tells that the subject holds what this package cannot build on; then nothing is
// encoded. A record that cannot be encoded has its own Err and does not hinder the others.
func (s *Subject) Encode(ctx context.Context, records [][]byte) ([]Encoded, error) {
	out := make([]Encoded, len(records))
	objects := make([]value, len(records))
	good := make([]value, 0, len(records))
	p, _ := parsers.Get().(*parser)
	defer func() { p.again(); parsers.Put(p) }() // no value outlives this call
	for i, r := range records {
		v, err := p.parse(r)
		if err == nil {
			out[i].Digest = v.digest()
			err = s.declared.check(v)
		}
		if err != nil {
			out[i].fail(err)
			continue
		}
		objects[i] = v
		good = append(good, v)
	}
	if len(good) == 0 {
		return out, nil
	}
	v := s.current.Load()
	if v != nil && v.encode(objects, out) {
		return out, nil
	}
	discards := s.declared.Contract == DiscardValue || s.declared.Contract == DiscardRecord
	if v == nil || !discards || s.settled.asks(v.lacks(s.declared, good)) {
		var err error
		if v, err = s.grow(ctx, good); err != nil {
			return nil, err
		}
		if v.encode(objects, out) {
			return out, nil
		}
	}
	if err := s.without(v, good, objects, out); err != nil {
		return nil, err
	}
	return out, nil
}

// without does what the contract says with objects for which v, which has grown as far as it may, lacks fields.
func (s *Subject) without(v *version, good, objects []value, out []Encoded) error {
	switch s.declared.Contract {
	case Freeze:
		return &FrozenError{s.name, v.lacks(s.declared, good)}
	case DiscardValue, DiscardRecord:
		s.settled.asks(v.lacks(s.declared, good)) // another worker's fields are not to be looked for again
		v.discard(s.declared, objects, out)
		return nil
	}
	return fmt.Errorf("encode for %s: schema version %d lacks what it was registered for", s.name, v.Version)
}

func (e *Encoded) fail(err error) {
	e.Value, e.Err = nil, err
	var at *recordError
	if errors.As(err, &at) {
		e.Path = at.path
	}
}

// check refuses what is no object and a record without a usable key: its key fields have to be strings or integers.
func (d *declaration) check(v value) error {
	if v.kind != objectValue {
		return errors.New("record is not a JSON object")
	}
	for _, key := range d.Key {
		switch k := v.member(key); {
		case k.kind == nullValue:
			return &recordError{pathSegment(key), errors.New("key field is missing")}
		case k.kind != stringValue && (k.kind != numberValue || !integerLiteral(k.text)):
			return &recordError{pathSegment(key), errors.New("key field is neither a string nor an integer")}
		}
	}
	return nil
}

// frame appends what stands before the Avro binary.
func (v *version) frame(dst []byte) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 0), uint32(v.ID))
}

// encode fills out for the objects whose outcome has no error yet; false: the schema lacks a field, and what out holds is
// to be overwritten.
func (v *version) encode(objects []value, out []Encoded) bool {
	e := encoder{}
	buf := make([]byte, 0, 512*len(objects))
	for i := range objects {
		if out[i].Err != nil {
			continue
		}
		start := len(buf)
		buf = v.frame(buf)
		var err error
		if buf, err = e.appendRecord(buf, v.root, objects[i]); err != nil {
			buf, e.misses = buf[:start], nil
			out[i].fail(err)
			continue
		}
		if len(e.misses) > 0 {
			return false
		}
		out[i].Value = buf[start:len(buf):len(buf)]
	}
	return true
}
