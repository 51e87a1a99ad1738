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

	size    atomic.Int64 // of a value, about
	doubts  atomic.Int64
	settled settled
	growing sync.Mutex              // held while the registry is asked
	current atomic.Pointer[version] // replaced under growing
}

// version is a registered schema, ready to encode.
type version struct {
	Registered
	root    *node
	program *program // nil: records are encoded by way of values
}

func newVersion(r Registered, root *node, d *declaration) *version {
	v := &version{Registered: r, root: root}
	if d.Encoder == Compiled {
		v.program = compile(root, d.Key)
	}
	return v
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

// Encode encodes records, each one JSON object, and returns as many outcomes in the same order. If they hold what the
// schema has no place for, a schema that has it is registered first, or what the contract says is done; so all records at hand should
// be given at once. The records are not written to, and nothing of them is kept.
//
// The error is the registry's, or a *FrozenError, or tells that the subject holds what this package cannot build on; then nothing is
// encoded. A record that cannot be encoded has its own Err and does not hinder the others.
func (s *Subject) Encode(ctx context.Context, records [][]byte) ([]Encoded, error) {
	out := make([]Encoded, len(records))
	v := s.current.Load()
	if v != nil && v.program != nil {
		doubtful := v.walk(records, out, &s.size)
		if doubtful == 0 {
			return out, nil
		}
		s.doubts.Add(int64(doubtful))
	}
	if err := s.byValues(ctx, v, records, out); err != nil {
		return nil, err
	}
	return out, nil
}

// Doubtful is how many records so far were not encoded in a walk, although there was a version to do it with: they were new in some way, or
// odd. Where it grows with every page, a source has something in all records that the walk does not know, and they cost many times more.
func (s *Subject) Doubtful() int64 { return s.doubts.Load() }

// byValues fills out for the records that have no outcome yet, by way of values: what v, which is nil before the first version, could not
// encode in a walk.
func (s *Subject) byValues(ctx context.Context, v *version, records [][]byte, out []Encoded) error {
	objects := make([]value, len(records))
	good := s.parse(records, out, objects)
	if len(good) == 0 {
		return nil
	}
	if v != nil && v.encode(objects, out) {
		return nil
	}
	discards := s.declared.Contract == DiscardValue || s.declared.Contract == DiscardRecord
	if v == nil || !discards || s.settled.asks(v.lacks(s.declared, good)) {
		for i := range out {
			out[i].Value = nil // a schema grows by all records at hand, also by those that ask for nothing
		}
		good = s.parse(records, out, objects)
		var err error
		if v, err = s.grow(ctx, good); err != nil {
			return err
		}
		if v.encode(objects, out) {
			return nil
		}
	}
	return s.without(v, good, objects, out)
}

// parse makes the values of records that have no outcome yet; objects holds what was parsed before. It returns the values of all records
// that can be encoded.
func (s *Subject) parse(records [][]byte, out []Encoded, objects []value) (good []value) {
	for i, r := range records {
		if out[i].Err != nil || out[i].Value != nil {
			continue
		}
		if objects[i].kind != objectValue {
			v, err := parseValue(r)
			if err == nil {
				out[i].Digest = v.digest()
				err = s.declared.check(v)
			}
			if err != nil {
				out[i].fail(err)
				continue
			}
			objects[i] = v
		}
		good = append(good, objects[i])
	}
	return good
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

const frameSize = 5

// frame appends what stands before the Avro binary.
func (v *version) frame(dst []byte) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 0), uint32(v.ID))
}

// encode fills out for the objects that are there and have no error yet; false: the schema lacks a field, and what out holds of them is to
// be overwritten.
func (v *version) encode(objects []value, out []Encoded) bool {
	e := encoder{}
	for i := range objects {
		if out[i].Err != nil || objects[i].kind != objectValue {
			continue
		}
		buf, err := e.appendRecord(v.frame(make([]byte, 0, 512)), v.root, objects[i])
		if err != nil {
			e.misses = nil
			out[i].fail(err)
			continue
		}
		if len(e.misses) > 0 {
			return false
		}
		out[i].Value = buf
	}
	return true
}

// walk fills out for the records that a walk has no doubt of, and returns how many are left. size is about how many bytes a value had on
// the page before.
func (v *version) walk(records [][]byte, out []Encoded, size *atomic.Int64) (doubtful int) {
	w, _ := v.program.walks.Get().(*walk)
	defer v.program.walks.Put(w)
	var buf []byte
	done, total, expected, left := 0, 0, int(size.Load()), 0
	for _, r := range records {
		left += len(r)
	}
	for i, r := range records {
		left -= len(r)
		binary, digest, ok := w.encode(r)
		if !ok {
			continue
		}
		need := frameSize + len(binary)
		if cap(buf)-len(buf) < need {
			each := expected
			if each == 0 {
				each = need + need/8
			}
			// Room for those that follow as well, but no more than their texts have: one large record says nothing of the others.
			buf = make([]byte, 0, need+min((len(records)-i-1)*each, left))
		}
		start := len(buf)
		buf = append(v.frame(buf), binary...)
		out[i].Value, out[i].Digest = buf[start:len(buf):len(buf)], digest
		done, total = done+1, total+need
	}
	if done > 0 {
		size.Store(int64(total/done*9/8 + 1))
	}
	return len(records) - done
}
