package avro

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"
	twmb "github.com/twmb/avro"
	"pgregory.net/rapid"
)

var driftColumns = []Column{{"**.*_at", "timestamp", "When."}, {"1st", "json", ""}, {"b", "double", ""}, {"é.a", "text", ""}}

// TestDrift encodes records that drift at random. No value is lost, no registration is refused, every version reads what
// every other wrote, and there are no more versions than batches.
func TestDrift(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		reg := &strictRegistry{}
		var changes []Change
		limit := rapid.IntRange(0, 12).Draw(rt, "limit")
		s := NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns, MaxFields: limit}, func(c Change) { changes = append(changes, c) })
		batches := rapid.IntRange(1, 5).Draw(rt, "batches")
		for range batches {
			var records []string
			for range rapid.IntRange(1, 4).Draw(rt, "records") {
				records = append(records, withKey(drawKey(rt), respell(rt, value{kind: objectValue, members: drawMembers(rt, 3)})))
			}
			if rapid.Bool().Draw(rt, "restart") {
				s = NewSubject(reg, "r-value", s.declared.Declaration, s.onChange)
			}
			for i, e := range encodeAll(adapter{t, rt}, s, records...) {
				checkRecord(adapter{t, rt}, reg, []byte(records[i]), e)
			}
		}
		if len(reg.versions) > batches {
			rt.Fatalf("%d versions after %d batches", len(reg.versions), batches)
		}
		if len(changes) < len(reg.versions) {
			rt.Fatalf("%d changes told of %d versions", len(changes), len(reg.versions))
		}
		checkLimit(adapter{t, rt}, s)
	})
}

func drawKey(t *rapid.T) member {
	if rapid.Bool().Draw(t, "integer key") {
		return member{"id", value{kind: numberValue, text: strconv.FormatInt(rapid.Int64().Draw(t, "id"), 10)}}
	}
	return member{"id", value{kind: stringValue, text: strs.Draw(t, "id")}}
}

// withKey puts the key first into the text of an object; a key's spelling counts.
func withKey(key member, object string) string {
	before, rest, _ := strings.Cut(object, "{")
	if !strings.HasPrefix(strings.TrimSpace(rest), "}") {
		rest = "," + rest
	}
	return before + `{"id":` + string(key.value.appendJSON(nil)) + rest
}

// adapter lets helpers that want a testing.TB fail a rapid test.
type adapter struct {
	testing.TB
	rt *rapid.T
}

func (a adapter) Helper()                   {}
func (a adapter) Fatal(args ...any)         { a.rt.Fatal(args...) }
func (a adapter) Fatalf(f string, v ...any) { a.rt.Fatalf(f, v...) }

// TestOrderDoesNotCount: the same records in another order give the same bytes of schema.
func TestOrderDoesNotCount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var records []string
		limit := rapid.IntRange(0, 8).Draw(rt, "limit")
		for range rapid.IntRange(1, 5).Draw(rt, "records") {
			v := value{kind: objectValue, members: append(drawMembers(rt, 3), drawKey(rt))}
			records = append(records, string(v.appendJSON(nil)))
		}
		var texts [2]string
		for i, order := range [][]string{records, rapid.Permutation(records).Draw(rt, "order")} {
			s := NewSubject(&strictRegistry{}, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns, MaxFields: limit}, nil)
			encodeAll(adapter{t, rt}, s, order...)
			now, _ := s.Current()
			texts[i] = now.Schema
		}
		if texts[0] != texts[1] {
			rt.Fatalf("%s\n%s", texts[0], texts[1])
		}
	})
}

// TestSchemaText: the text of a tree that was read from a text is that text.
func TestSchemaText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := NewSubject(&strictRegistry{}, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns, Doc: "A \"record\"."}, nil)
		v := value{kind: objectValue, members: append(drawMembers(rt, 4), drawKey(rt))}
		encodeAll(adapter{t, rt}, s, string(v.appendJSON(nil)))
		now, _ := s.Current()
		root, err := parseSchema(now.Schema)
		if err != nil || schemaText(root) != now.Schema {
			rt.Fatalf("%v\n%s\n%s", err, now.Schema, schemaText(root))
		}
		if !json.Valid([]byte(now.Schema)) {
			rt.Fatal("not JSON")
		}
	})
}

func FuzzEncode(f *testing.F) {
	for _, seed := range []string{`{"id":"1"}`, `{"id":1,"a":[1,"x",null],"b":{"c_at":0}}`, `{"id":"1","n":1e400,"n":"\ud800"}`, `[]`, `{"id":null}`, "{\"id\":\"\xff\",\"\":[[[{}]]]}"} {
		for c := range DiscardRecord + 1 {
			f.Add([]byte(seed), []byte(`{"id":"2","a":{"x":-0.0},"b":{"y":[null]}}`), byte(c), byte(3*(1-c%2)))
		}
	}
	f.Fuzz(func(t *testing.T, one, two []byte, contract, limit byte) {
		reg := &strictRegistry{}
		c := Contract(contract) % (DiscardRecord + 1)
		s := NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns, Contract: c, MaxFields: int(limit)}, nil)
		for i, record := range [][]byte{one, two} {
			out, err := s.Encode(context.Background(), [][]byte{record})
			var frozen *FrozenError
			if c == Freeze && i > 0 && errors.As(err, &frozen) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if d, err := Digest(record); err == nil && len(out[0].Discarded) == 0 && d != out[0].Digest {
				t.Fatal("digest differs")
			}
			if out[0].Err == nil {
				checkRecord(t, reg, record, out[0])
			}
		}
		checkLimit(t, s)
	})
}

// FuzzSchema reads schemas that others registered: whatever they are, and as they would be written again.
func FuzzSchema(f *testing.F) {
	s := NewSubject(&strictRegistry{}, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns, MaxFields: 4}, nil)
	encodeAll(f, s, `{"id":1,"created_at":1,"1st":{},"b":1.5,"o":{"a":[{"x":true},{"d":[1,null]}]},"é":{"a":"x"},"s":"y","n":5}`)
	now, _ := s.Current()
	for _, text := range []string{now.Schema, `{"type":"record"}`, `"string"`, ``, `{"type":"record","name":"a.b","fields":[{"name":"x","type":["long","null"],"default":5},{"name":"y","type":{"type":"array","items":["null","bytes"]}}]}`,
		`{"type":"record","name":"R","fields":[{"name":"r","type":"string","variant":"rest","contentType":"application/json"}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		root, err := parseSchema(string(text))
		if err != nil {
			return
		}
		again, err := parseSchema(schemaText(root))
		if err != nil || !again.holds(root) {
			t.Skip() // names that no registry takes
		}
		grown, err := newDeclaration(Declaration{Name: "R", Key: []string{"id"}, MaxFields: 2}).grow(root, []value{{kind: objectValue, members: []member{{"a", value{kind: trueValue}}, {"b", value{kind: trueValue}}, {"c", value{kind: trueValue}}}}})
		if err == nil && !grown.holds(root) {
			t.Fatalf("%s lost fields of %s", schemaText(grown), text)
		}
	})
}

func FuzzDecode(f *testing.F) {
	reg := &strictRegistry{}
	s := NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns}, nil)
	for _, e := range encodeAll(f, s, `{"id":"1","created_at":1,"1st":{},"b":1.5,"o":{"a":[{"x":true},{"d":[1,null]}]},"é":{"a":"x"},"s":"y","n":5}`) {
		f.Add(e.Value)
	}
	f.Add([]byte{0, 0, 0, 0, 100, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{0, 0, 0, 0, 100})
	f.Add([]byte(nil))
	d := NewDecoder(reg)
	f.Fuzz(func(t *testing.T, framed []byte) {
		line, err := d.JSON(context.Background(), framed)
		if err == nil && (!json.Valid(line) || strings.Contains(string(line), "\n")) {
			t.Fatalf("%q is not a line of JSON", line)
		}
	})
}

func FuzzDigest(f *testing.F) {
	for _, g := range goldenDigests {
		f.Add([]byte(g.json))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Digest(text)
		if (err == nil) != json.Valid(text) && !strings.Contains(string(text), strings.Repeat("[", 3)) && !strings.Contains(string(text), "{") {
			t.Fatalf("%v for %q", err, text)
		}
		if err != nil {
			return
		}
		v, err := parseValue(text)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Digest(v.appendJSON(nil)); err != nil || again != d {
			t.Fatalf("%x, respelled %x %v", d, again, err)
		}
	})
}

// TestExamples encodes what the API's documentation and recordings show, all of a resource at once and one by one.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"testdata/examples", "../../shared/intercom/examples"} {
		files, err := os.ReadDir(dir)
		if err != nil && strings.HasPrefix(dir, "..") {
			continue // a checkout without its neighbour
		}
		if err != nil || len(files) == 0 {
			t.Fatal(err)
		}
		for _, file := range files {
			resource := strings.TrimSuffix(file.Name(), ".json")
			t.Run(resource, func(t *testing.T) {
				t.Parallel()
				text, err := os.ReadFile(dir + "/" + file.Name())
				if err != nil {
					t.Fatal(err)
				}
				var examples []struct{ Object json.RawMessage }
				if err := json.Unmarshal(text, &examples); err != nil {
					t.Fatal(err)
				}
				var records []string
				for _, e := range examples {
					records = append(records, string(e.Object))
				}
				d := Declaration{Name: RecordName("intercom", resource), Columns: []Column{{"**.*_at", "timestamp", ""}, {"custom_attributes", "json", ""}}}
				together, oneByOne := &strictRegistry{}, &strictRegistry{}
				for i, e := range encodeAll(t, NewSubject(together, "s", d, nil), records...) {
					checkRecord(t, together, []byte(records[i]), e)
				}
				s := NewSubject(oneByOne, "s", d, nil)
				for _, r := range records {
					checkRecord(t, oneByOne, []byte(r), encodeAll(t, s, r)[0])
				}
				checkReaders(t, oneByOne)
			})
		}
	}
}

// checkReaders: a reader of the first version and one of the last each resolve what any version wrote.
func checkReaders(t *testing.T, reg *strictRegistry) {
	t.Helper()
	first, last := reg.versions[0], reg.versions[len(reg.versions)-1]
	for _, v := range reg.versions {
		for _, reader := range []Registered{first, last} {
			if _, err := twmb.Resolve(twmb.MustParse(v.Schema), twmb.MustParse(reader.Schema)); err != nil {
				t.Errorf("version %d read by %d: %v", v.Version, reader.Version, err)
			}
		}
		if _, err := goavro.NewCodec(v.Schema); err != nil {
			t.Error(err)
		}
	}
}

func TestRecordErrors(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	s := NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id", "part"}}, nil)
	deep := `{"id":"1","part":"1","a":{"b":` + strings.Repeat("[", 127) + strings.Repeat("]", 127) + `}}`
	bad := []struct{ record, path string }{
		{`{"part":"1","new":1}`, "id"}, {`{"id":"1","part":null}`, "part"}, {`{"id":1.5,"part":"1"}`, "id"}, {`{"id":1e3,"part":"1"}`, "id"}, {`{"id":{},"part":"1"}`, "id"}, {`{"id":true,"part":"1"}`, "id"},
		{`[]`, ""}, {`null`, ""}, {`{"id":`, ""}, {``, ""}, {deep, "a.b" + strings.Repeat("[0]", 126)},
	}
	raw := [][]byte{[]byte(`{"id":"1","part":2,"x":1}`)}
	for _, b := range bad {
		raw = append(raw, []byte(b.record))
	}
	out, err := s.Encode(context.Background(), raw)
	if err != nil || len(out) != len(raw) {
		t.Fatal(len(out), err)
	}
	if out[0].Err != nil || out[0].Value == nil {
		t.Error(out[0].Err)
	}
	for i, b := range bad {
		if e := out[i+1]; e.Err == nil || e.Value != nil || e.Path != b.path {
			t.Errorf("%.40s: error %v at %q, want at %q", b.record, e.Err, e.Path, b.path)
		}
	}
	if now, _ := s.Current(); shape(t, now.Schema) != "{id string*, part string*, part__long long, x long}" {
		t.Errorf("records with errors changed the schema: %s", shape(t, now.Schema))
	}
	if len(reg.versions) != 1 {
		t.Errorf("%d versions", len(reg.versions))
	}
	var at *recordError
	if !errors.As(out[1].Err, &at) {
		t.Errorf("%T", out[1].Err)
	}
	// Nothing that can be encoded: nothing is registered.
	none := NewSubject(&strictRegistry{before: func(string) { t.Error("registered") }}, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}}, nil)
	if _, err := none.Encode(context.Background(), [][]byte{[]byte(`{}`)}); err != nil {
		t.Error(err)
	}
	if _, ok := none.Current(); ok {
		t.Error("has a version")
	}
}
