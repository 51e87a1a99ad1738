package avro

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/linkedin/goavro/v2"
	twmb "github.com/twmb/avro"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// strictRegistry is a Registry in memory that refuses what a real one under FULL_TRANSITIVE refuses; another
// implementation of Avro judges.
type strictRegistry struct {
	mu       sync.Mutex
	versions []Registered
	before   func(schema string) // called before a registration is looked at
}

func (r *strictRegistry) Versions(context.Context, string) ([]Registered, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Registered(nil), r.versions...), nil
}

func (r *strictRegistry) Register(_ context.Context, subject, schema string) (Registered, error) {
	if r.before != nil {
		r.before(schema)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.versions {
		if v.Schema == schema {
			return v, nil
		}
	}
	refuse := func(status int, err error) (Registered, error) {
		return Registered{}, &RegistryError{Op: "register schema", Subject: subject, Status: status, Err: err}
	}
	ours, err := twmb.Parse(schema)
	if err != nil {
		return refuse(http.StatusUnprocessableEntity, err)
	}
	for _, v := range r.versions {
		theirs := twmb.MustParse(v.Schema)
		if err := twmb.CheckCompatibility(ours, theirs); err != nil {
			return refuse(http.StatusConflict, err)
		}
		if err := twmb.CheckCompatibility(theirs, ours); err != nil {
			return refuse(http.StatusConflict, err)
		}
	}
	n := Registered{ID: 100 + len(r.versions), Version: len(r.versions) + 1, Schema: schema}
	r.versions = append(r.versions, n)
	return n, nil
}

func (r *strictRegistry) ByID(_ context.Context, id int) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.versions {
		if v.ID == id {
			return v.Schema, nil
		}
	}
	return "", fmt.Errorf("no schema %d", id)
}

// encodeAll encodes records that all have to succeed.
func encodeAll(t testing.TB, s *Subject, records ...string) []Encoded {
	t.Helper()
	raw := make([][]byte, len(records))
	for i, r := range records {
		raw[i] = []byte(r)
	}
	out, err := s.Encode(context.Background(), raw)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range out {
		if e.Err != nil {
			t.Fatalf("record %s: %v", records[i], e.Err)
		}
	}
	return out
}

// shape lists a schema's fields as "name type", nested ones in braces; a star stands for required.
func shape(t testing.TB, schema string) string {
	t.Helper()
	root, err := parseSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	return shapeOf(root)
}

func shapeOf(n *node) string {
	switch n.kind {
	case arrayKind:
		if n.nullItems {
			return "[]?" + shapeOf(n.items)
		}
		return "[]" + shapeOf(n.items)
	case recordKind:
		var fields []string
		for _, f := range n.fields {
			s := f.name + " " + shapeOf(f.typ)
			if f.null < 0 {
				s += "*"
			}
			fields = append(fields, s)
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return n.kind.String()
}

// checkRecord verifies an encoded record against its JSON with two independent decoders: both accept all its bytes,
// goavro gives the same bytes for the values it read, and no value is lost.
func checkRecord(t testing.TB, reg Registry, record []byte, e Encoded) {
	t.Helper()
	original := fromJSON(t, record)
	for _, d := range e.Discarded {
		var cut any
		if original, cut = without(original, d.Path); sameJSON(cut, fromJSON(t, d.JSON)) != nil {
			t.Fatalf("%s: discarded %s at %s, where %v is", record, d.JSON, d.Path, cut)
		}
	}
	id := int(e.Value[1])<<24 | int(e.Value[2])<<16 | int(e.Value[3])<<8 | int(e.Value[4])
	text, err := reg.ByID(context.Background(), id)
	if err != nil || e.Value[0] != 0 {
		t.Fatalf("frame %x: %v", e.Value[:5], err)
	}
	codec, schema := decodersOf(t, text)
	native, rest, err := codec.NativeFromBinary(e.Value[5:])
	if err != nil || len(rest) > 0 {
		t.Fatalf("goavro: %v, %d bytes left, for %s by %s", err, len(rest), record, text)
	}
	again, err := codec.BinaryFromNative(nil, native)
	if err != nil || string(again) != string(e.Value[5:]) {
		t.Fatalf("goavro encodes %x (%v), not %x, for %s", again, err, e.Value[5:], record)
	}
	var decoded any
	if rest, err := schema.Decode(e.Value[5:], &decoded); err != nil || len(rest) > 0 {
		t.Fatalf("twmb/avro: %v, %d bytes left", err, len(rest))
	}
	root, err := parseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := sameRecord(root, decoded, original); err != nil {
		t.Fatalf("%s: %v\nschema %s\ndecoded %v", record, err, text, decoded)
	}
}

// decoders are those of the schema that was asked for last: most records of a test have one.
var decoders atomic.Pointer[schemaDecoders]

type schemaDecoders struct {
	text   string
	goavro *goavro.Codec
	twmb   *twmb.Schema
}

func decodersOf(t testing.TB, text string) (*goavro.Codec, *twmb.Schema) {
	t.Helper()
	d := decoders.Load()
	if d == nil || d.text != text {
		codec, err := goavro.NewCodec(text)
		if err != nil {
			t.Fatal(err)
		}
		d = &schemaDecoders{text, codec, twmb.MustParse(text)}
		decoders.Store(d)
	}
	return d.goavro, d.twmb
}

func fromJSON(t testing.TB, text []byte) any {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// without takes the member at a path out of a JSON value. Where nothing is at the path it returns nil for it.
func without(v any, path string) (rest, cut any) {
	segment, below := cutSegment(path)
	switch x := v.(type) {
	case map[string]any:
		if below == "" {
			cut = x[segment]
			delete(x, segment)
			return x, cut
		}
		x[segment], cut = without(x[segment], below)
	case []any:
		if i, err := strconv.Atoi(segment); err == nil && i < len(x) {
			x[i], cut = without(x[i], below)
		}
	}
	return v, cut
}

// cutSegment returns a path's first name or index and the path behind it.
func cutSegment(path string) (segment, below string) {
	path = strings.TrimPrefix(path, ".")
	if !strings.HasPrefix(path, "[") {
		i := strings.IndexAny(path, ".[")
		if i < 0 {
			i = len(path)
		}
		return path[:i], path[i:]
	}
	path = path[1:]
	if quoted, err := strconv.QuotedPrefix(path); err == nil {
		name, _ := strconv.Unquote(quoted)
		return name, path[len(quoted)+1:]
	}
	segment, below, _ = strings.Cut(path, "]")
	return segment, below
}
