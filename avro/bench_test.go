package avro

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/linkedin/goavro/v2"

	"github.com/headwater-stream/headwater/internal/bench/contacts"
)

const (
	benchPages   = 64 // so many that neither a cache nor a branch predictor learns them
	benchPerPage = 150
)

var contactColumns = []Column{{"**.*_at", "timestamp", ""}, {"custom_attributes", "json", ""}}

// contactPages are pages of contacts, each of which spell has written in another way.
func contactPages(pages int, spell func(i int, v value) []byte) [][][]byte {
	set := contacts.New(pages*benchPerPage, time.Unix(1_700_000_000, 0))
	all := make([][][]byte, pages)
	for p := range all {
		for i := range benchPerPage {
			text := set.Append(nil, p*benchPerPage+i)
			if spell != nil {
				v, _ := parseValue(text)
				text = spell(p*benchPerPage+len(all[p]), v)
			}
			all[p] = append(all[p], text)
		}
		oneBuffer(all[p])
	}
	return all
}

// oneBuffer puts records into one buffer, where those of an answer are.
func oneBuffer(page [][]byte) {
	text := bytes.Join(page, []byte{','})
	at := 0
	for i, r := range page {
		page[i] = text[at : at+len(r)]
		at += len(r) + 1
	}
}

func contactSubject(t testing.TB, e Encoder) *Subject {
	t.Helper()
	s := NewSubject(&strictRegistry{}, "contacts-value", Declaration{Name: "headwater.test.Contacts", Key: []string{"id"}, Columns: contactColumns, Encoder: e}, nil)
	for _, page := range contactPages(2, nil) {
		if _, err := s.Encode(t.Context(), page); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// inOrder sorts members as the fields of n are.
func inOrder(n *node, v value) value {
	switch {
	case v.kind == objectValue && n.kind == recordKind:
		v.members = slices.Clone(v.members)
		at := func(m member) int {
			return slices.IndexFunc(n.fields, func(f *field) bool { return f.jsonName == m.name })
		}
		slices.SortStableFunc(v.members, func(a, b member) int { return at(a) - at(b) })
		for i, m := range v.members {
			if f := n.get(m.name, baseVariant); f != nil {
				v.members[i].value = inOrder(f.typ, m.value)
			}
		}
	case v.kind == arrayValue && n.kind == arrayKind:
		v.items = slices.Clone(v.items)
		for i, item := range v.items {
			v.items[i] = inOrder(n.items, item)
		}
	}
	return v
}

// contactBenchmarks are the ways in which contacts are spelled. Text that was respelled has no more \uXXXX escapes.
func contactBenchmarks(root *node) map[string]func(i int, v value) []byte {
	ordered := func(_ int, v value) []byte { return inOrder(root, v).appendJSON(nil) }
	return map[string]func(i int, v value) []byte{
		"schema-ordered": ordered,
		"api-ordered":    nil,
		"unknown-10pct": func(i int, v value) []byte {
			v = inOrder(root, v)
			if i%10 == 0 {
				v.members = append(v.members, member{"unknown_list", value{kind: arrayValue}}, member{"unknown_object", value{kind: objectValue, members: []member{{"none", value{}}}}})
			}
			return v.appendJSON(nil)
		},
		"whitespace": func(_ int, v value) []byte {
			var b bytes.Buffer
			_ = json.Indent(&b, inOrder(root, v).appendJSON(nil), "", "  ")
			return b.Bytes()
		},
	}
}

// BenchmarkEncode encodes contacts, page by page, digests included: an operation is a record.
func BenchmarkEncode(b *testing.B) {
	compiled := contactSubject(b, Compiled)
	root := compiled.current.Load().root
	spellings := contactBenchmarks(root)
	for _, name := range []string{"schema-ordered", "api-ordered", "unknown-10pct", "whitespace"} {
		b.Run(name, func(b *testing.B) { benchmarkEncode(b, compiled, contactPages(benchPages, spellings[name])) })
	}
	b.Run("library", func(b *testing.B) {
		benchmarkEncode(b, contactSubject(b, Library), contactPages(benchPages, spellings["schema-ordered"]))
	})
	b.Run("goavro-maps", func(b *testing.B) {
		now, _ := compiled.Current()
		benchmarkGoavro(b, root, now.Schema, contactPages(benchPages, spellings["schema-ordered"]))
	})
}

func benchmarkEncode(b *testing.B, s *Subject, pages [][][]byte) {
	b.ReportAllocs()
	b.SetBytes(recordSize(pages))
	b.ResetTimer()
	cpu := cpuTime()
	for i := 0; i < b.N; i += benchPerPage {
		if _, err := s.Encode(b.Context(), pages[i/benchPerPage%len(pages)]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N), "cpu-ns/op")
}

func recordSize(pages [][][]byte) int64 {
	size, n := 0, 0
	for _, page := range pages {
		for _, r := range page {
			size, n = size+len(r), n+1
		}
	}
	return int64(size / n)
}

// benchmarkGoavro encodes as a program does that has not been told to be fast: encoding/json to maps, goavro from them. No digest.
func benchmarkGoavro(b *testing.B, root *node, schema string, pages [][][]byte) {
	codec, err := goavro.NewCodec(schema)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(recordSize(pages))
	b.ResetTimer()
	cpu := cpuTime()
	for i := range b.N {
		page := pages[i/benchPerPage%len(pages)]
		var v any
		d := json.NewDecoder(bytes.NewReader(page[i%benchPerPage]))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			b.Fatal(err)
		}
		if _, err := codec.BinaryFromNative(nil, goavroNative(root, v)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N), "cpu-ns/op")
}

// goavroNative is a decoded JSON value in the form that goavro takes.
func goavroNative(n *node, v any) any {
	switch x := v.(type) {
	case map[string]any:
		if n.kind == jsonKind {
			text, _ := json.Marshal(x)
			return string(text)
		}
		native := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			member := x[f.jsonName]
			switch {
			case f.variant != baseVariant || member == nil:
			case f.null < 0:
				native[f.name] = goavroNative(f.typ, member)
			default:
				native[f.name] = goavro.Union(goavroBranch(f.typ), goavroNative(f.typ, member))
			}
		}
		return native
	case []any:
		items := make([]any, len(x))
		for i, item := range x {
			items[i] = goavroNative(n.items, item)
		}
		return items
	case json.Number:
		if n.kind == doubleKind {
			f, _ := x.Float64()
			return f
		}
		i, _ := x.Int64()
		if n.kind == timestampKind {
			return time.Unix(i, 0)
		}
		return i
	}
	return v
}

// BenchmarkDigest digests contacts alone: an operation is a record.
func BenchmarkDigest(b *testing.B) {
	pages := contactPages(benchPages, nil)
	b.ReportAllocs()
	b.SetBytes(recordSize(pages))
	b.ResetTimer()
	for i := range b.N {
		if _, err := Digest(pages[i/benchPerPage%len(pages)][i%benchPerPage]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlain makes JSON values of contacts: an operation is a record.
func BenchmarkPlain(b *testing.B) {
	pages := contactPages(benchPages, nil)
	p := NewPlain(Declaration{Key: []string{"id"}})
	b.ReportAllocs()
	b.SetBytes(recordSize(pages))
	b.ResetTimer()
	for i := 0; i < b.N; i += benchPerPage {
		if _, err := p.Encode(b.Context(), pages[i/benchPerPage%len(pages)]); err != nil {
			b.Fatal(err)
		}
	}
}

// goavroBranch is how goavro names a type in a union.
func goavroBranch(n *node) string {
	switch n.kind {
	case timestampKind:
		return "long.timestamp-millis"
	case dateKind:
		return "int.date"
	case recordKind:
		return n.name
	case jsonKind:
		return "string"
	}
	return n.kind.String()
}
