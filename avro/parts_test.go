package avro

import (
	"context"
	"os"
	"strings"
	"testing"
)

func TestMatchPath(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, path string
		want          bool
	}{
		{"a", "a", true}, {"a", "A", false}, {"a", "a.b", false}, {"a.b", "a", false}, {"*", "abc", true}, {"*", "a.b", false},
		{"*_at", "created_at", true}, {"*_at", "_at", true}, {"*_at", "created_at_", false}, {"a*b*c", "aXbYc", true}, {"a*b*c", "abc", true},
		{"a*b*c", "acb", false}, {"a*a", "a", false}, {"*.*", "a.b", true}, {"**", "a.b.c", true}, {"**.*_at", "created_at", true},
		{"**.*_at", "statistics.last_close_at", true}, {"**.*_at", "a.b.c_at", true}, {"**.*_at", "created_at.x", false}, {"a.**", "a", true},
		{"a.**.c", "a.c", true}, {"a.**.c", "a.b.b.c", true}, {"a.**.c", "a.b", false}, {"**.a.**", "x.a.y.z", true}, {"é*", "éa", true},
	}
	for _, test := range tests {
		if got := matchPath(strings.Split(test.pattern, "."), strings.Split(test.path, ".")); got != test.want {
			t.Errorf("%s on %s: %v", test.pattern, test.path, got)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200)
	for json, want := range map[string]string{
		"utm-source": "utm_source", "1st": "_1st", "": "_", "a": "a", "_a": "_a", "é": "_u00E9", "Größe": "Gr_u00F6_u00DFe", "😀": "_u1F600",
		"a.b c": "a_b_c", "9": "_9", "-9": "_9", long: "",
	} {
		got := fieldName(json)
		if json == long {
			if len(got) != 138 || got == fieldName(long+"x") {
				t.Error(got)
			}
			continue
		}
		if got != want || !legalName(got) {
			t.Errorf("%q: %s, want %s", json, got, want)
		}
	}
	for _, test := range [][3]string{
		{"intercom", "company_attributes", "headwater.intercom.CompanyAttributes"}, {"my-app", "tags", "headwater.my_app.Tags"},
		{"1x", "2nd-things", "headwater._1x._2ndThings"}, {"é", "ümlaut", "headwater._u00E9._u00FCmlaut"}, {"a.b", "", "headwater.a_b._"},
	} {
		if got := RecordName(test[0], test[1]); got != test[2] {
			t.Errorf("RecordName(%q, %q) = %s, want %s", test[0], test[1], got, test[2])
		}
	}
}

// Nested records have names of their own, even where paths joined in another way would be equal.
func TestNestedNames(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, path := range [][]string{{"a"}, {"a", "b"}, {"a_b"}, {"a__b"}, {"a_", "b"}, {"a", "_b"}, {"a", "b", "c"}, {"a__b", "c"}, {"a", "b__c"}, {"a_", "_b"}} {
		name := strings.ToLower(nestedName("R", path))
		if other := seen[name]; other != nil || !legalName(name) {
			t.Errorf("%v and %v: %s", path, other, name)
		}
		seen[name] = path
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	long := &node{kind: longKind}
	record := func(name string, fields ...*field) *node { return &node{kind: recordKind, name: name, fields: fields} }
	f := func(name, json string, typ *node) *field { return &field{name: name, jsonName: json, typ: typ} }
	tests := []struct {
		root *node
		want []string
	}{
		{record("a.R", f("x", "x", long)), nil},
		{record("a-b.R", f("x", "x", long)), []string{"the root", `"a-b.R"`}},
		{record("R", f("o", "ö", record("R_o", f("a.b", "a.b", long)))), []string{`ö["a.b"]`, `"a.b"`}},
		{record("R", f("1", "1", long)), []string{"field at 1"}},
		{record("R", f("x", "x-1", long), f("x", "x", long)), []string{"field at x:", "taken by x-1"}},
		{record("R", f("a", "a", long), f("A", "A", long)), []string{"field at A:", "taken by a"}},
		{record("R", f("a", "a", record("N", f("x", "x", long))), f("b", "b", &node{kind: arrayKind, items: record("N", f("y", "y", long))})), []string{"records at a and b", "N"}},
	}
	for _, test := range tests {
		test.root.index(nil)
		err := validate(test.root, schemaText(test.root))
		if (err == nil) != (test.want == nil) {
			t.Errorf("%s: %v", schemaText(test.root), err)
			continue
		}
		for _, part := range test.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v does not tell %q", err, part)
			}
		}
	}
	bad := &node{kind: opaqueKind, raw: []byte(`"nonsense"`)}
	root := record("R", f("x", "x", bad))
	root.index(nil)
	if err := validate(root, schemaText(root)); err == nil {
		t.Error("goavro was not asked")
	}
}

func TestDecoderErrors(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	s := NewSubject(reg, "r-value", Declaration{Name: "R", Key: []string{"id"}}, nil)
	good := encodeAll(t, s, `{"id":"1","a":[1,2]}`)[0].Value
	bomb := append(append([]byte{}, good[:7]...), 2, 0xfe, 0xff, 0xff, 0xff, 0x0f) // an array of 2^31-1 items
	d := NewDecoder(reg)
	for name, framed := range map[string][]byte{
		"nothing": nil, "no frame": []byte(`{"id":"1"}`), "id unknown": {0, 0, 0, 0, 9, 0}, "cut": good[:len(good)-1], "left over": append(good[:len(good):len(good)], 0), "bomb": bomb,
	} {
		if line, err := d.JSON(context.Background(), framed); err == nil {
			t.Errorf("%s: %s", name, line)
		}
	}
	if line, err := d.JSON(context.Background(), good); err != nil || string(line) != `{"id":"1","a":[1,2]}` {
		t.Errorf("%s, %v", line, err)
	}
}

// What only other producers write can still be read.
func TestDecodeForeign(t *testing.T) {
	t.Parallel()
	tests := []struct {
		schema string
		data   []byte
		want   string
	}{
		{`"string"`, []byte{4, 'h', 0xff}, "\"h�\""},
		{`{"type":"map","values":"int"}`, []byte{4, 2, 'b', 2, 2, 'a', 4, 0}, `{"a":2,"b":1}`},
		{`{"type":"record","name":"R","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["X","Y"]}},{"name":"b","type":"bytes"},{"name":"u","type":["null","string","long"]},{"name":"t","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"f","type":"float"},{"name":"n","type":["null","long"]}]}`,
			[]byte{2, 4, 1, 2, 4, 6, 2, 0, 0, 0xc0, 0x3f, 0}, `{"e":"Y","b":"AQI=","u":{"long":3},"t":"1970-01-01T00:00:00.001Z","f":1.5}`},
		{`{"type":"record","name":"R","fields":[{"name":"d","type":"double"}]}`, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x7f}, `{"d":"+Inf"}`},
		{`{"type":"record","name":"R","fields":[{"name":"j","type":"string","contentType":"application/json"}]}`, []byte{6, '{', '\n', '}'}, `{"j":{}}`},
		{`{"type":"record","name":"R","fields":[{"name":"j","type":"string","contentType":"application/json"}]}`, []byte{2, '{'}, `{"j":"{"}`},
	}
	for _, test := range tests {
		reg := &strictRegistry{versions: []Registered{{ID: 1, Version: 1, Schema: test.schema}}}
		got, err := NewDecoder(reg).JSON(context.Background(), append([]byte{0, 0, 0, 0, 1}, test.data...))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %s (%v), want %s", test.schema, got, err, test.want)
		}
	}
}

// The registered text is a contract with everything that compares schemas: it changes only on purpose.
func TestSchemaGolden(t *testing.T) {
	t.Parallel()
	s := NewSubject(&strictRegistry{}, "intercom.contacts-value", Declaration{
		Name: RecordName("intercom", "contacts"), Key: []string{"id"}, Doc: "People.",
		Columns: []Column{{"updated_at", "timestamp", "When it last changed."}, {"custom_attributes", "json", "Set by the workspace."}, {"**.*_at", "timestamp", ""}},
	}, nil)
	encodeAll(t, s, `{"id":7,"utm-source":"x","location":{"city":"Zürich"},"tags":[{"applied_at":1}],"n":1,"opt":[null,true]}`, `{"id":"8","n":"x"}`)
	now, _ := s.Current()
	want, err := os.ReadFile("testdata/contacts.avsc")
	if err != nil {
		t.Fatal(err)
	}
	if now.Schema+"\n" != string(want) {
		t.Errorf("got\n%s\nwant\n%s", now.Schema, want)
	}
}
