package avro

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	twmb "github.com/twmb/avro"
	"pgregory.net/rapid"
)

// recordOf is a schema of a key and the fields that are given.
func recordOf(fields string) string {
	if fields != "" {
		fields = "," + fields
	}
	return `{"type":"record","name":"R","namespace":"n","fields":[{"name":"id","type":"string"}` + fields + `]}`
}

const (
	nullableLong = `{"name":"a","type":["null","long"],"default":null}`
	millisField  = `{"name":"a","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null}`
	textField    = `{"name":"a","type":["null","string"],"default":null}`
	enumField    = `{"name":"a","type":{"type":"enum","name":"E","symbols":[%s]%s}}`
)

// compatibleEither says what Avro's own rules say, as another implementation of them has it.
func compatibleEither(t testing.TB, from, to string) bool {
	t.Helper()
	a, err := twmb.Parse(from)
	if err != nil {
		t.Fatalf("%s: %v", from, err)
	}
	b, err := twmb.Parse(to)
	if err != nil {
		t.Fatalf("%s: %v", to, err)
	}
	return twmb.CheckCompatibility(a, b) == nil && twmb.CheckCompatibility(b, a) == nil
}

// Every pair is compared both ways. A pair that readers cannot resolve is breaking; let marks what they can, and still breaks here.
func TestDiff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, from, to string
		want           string // the first difference, without its reason
		breaking       bool
		let            bool // registries let it pass although it is breaking
	}{
		{"nullable field", recordOf(""), recordOf(nullableLong), "field a: added, long", false, false},
		{"nullable field is gone", recordOf(nullableLong), recordOf(""), "field a: removed, long", false, false},
		{"required field", recordOf(""), recordOf(`{"name":"a","type":"long"}`), "field a: added, long, required", true, false},
		{"required field with a default", recordOf(""), recordOf(`{"name":"a","type":"bytes","default":""}`), "field a: added, bytes, required", false, false},
		{"nullable without default", recordOf(""), recordOf(`{"name":"a","type":["null","long"]}`), "field a: added, long", true, true}, // Java's registries refuse it
		{"another type", recordOf(nullableLong), recordOf(textField), "field a: type changed, long → string", true, false},
		{"a wider type", recordOf(nullableLong), recordOf(`{"name":"a","type":["null","double"],"default":null}`), "field a: type changed, long → double", true, false},
		{"long to timestamp", recordOf(nullableLong), recordOf(millisField), "field a: type changed, long → timestamp", true, true},
		{"timestamp to long", recordOf(millisField), recordOf(nullableLong), "field a: type changed, timestamp → long", true, true},
		{"millis to micros", recordOf(millisField), recordOf(strings.Replace(millisField, "millis", "micros", 1)), "field a: type changed, timestamp → long timestamp-micros", true, true},
		{"int to date", recordOf(`{"name":"a","type":"int","default":0}`), recordOf(`{"name":"a","type":{"type":"int","logicalType":"date"},"default":0}`), "field a: type changed, int → date", true, true},
		{"decimal's scale", recordOf(`{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}}`), recordOf(`{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":3}}`), "field a: type changed, bytes decimal → bytes decimal", true, false},
		{"timestamps in an array", recordOf(`{"name":"a","type":["null",{"type":"array","items":"long"}],"default":null}`), recordOf(`{"name":"a","type":["null",{"type":"array","items":{"type":"long","logicalType":"timestamp-millis"}}],"default":null}`), "field a: type changed, long → timestamp", true, true},
		{"string to bytes", recordOf(textField), recordOf(`{"name":"a","type":["null","bytes"],"default":null}`), "field a: type changed, string → bytes", true, true},
		{"string to JSON text", recordOf(textField), recordOf(strings.Replace(textField, "}", `,"contentType":"application/json"}`, 1)), "field a: meaning changed, string → json", true, true},
		{"jsonName", recordOf(strings.Replace(nullableLong, "}", `,"jsonName":"a-"}`, 1)), recordOf(nullableLong), "field a: meaning changed, jsonName a- → a", true, true},
		{"variant", recordOf(strings.Replace(nullableLong, "}", `,"variant":"long"}`, 1)), recordOf(nullableLong), "field a: meaning changed, variant long → none", true, true},
		{"nullable to required", recordOf(nullableLong), recordOf(`{"name":"a","type":"long","default":0}`), "field a: type changed, long, nullable → long", true, false},
		{"required to nullable", recordOf(`{"name":"a","type":"long","default":0}`), recordOf(nullableLong), "field a: type changed, long → long, nullable", true, false},
		{"null elsewhere", recordOf(nullableLong), recordOf(`{"name":"a","type":["long","null"],"default":1}`), "field a: order only", false, false},
		{"doc", recordOf(nullableLong), recordOf(strings.Replace(nullableLong, "}", `,"doc":"A."}`, 1)), "field a: doc only", false, false},
		{"record's doc", recordOf(""), strings.Replace(recordOf(""), `,"fields"`, `,"doc":"R.","fields"`, 1), "schema: doc only", false, false},
		{"property of the record", recordOf(""), strings.TrimSuffix(recordOf(""), "}") + `,"unites":3}`, "schema: doc only", false, false},
		{"default", recordOf(`{"name":"a","type":"long","default":0}`), recordOf(`{"name":"a","type":"long","default":1}`), "field a: default changed, 0 → 1", false, false},
		{"order", recordOf(nullableLong + `,{"name":"b","type":["null","long"],"default":null}`), recordOf(`{"name":"b","type":["null","long"],"default":null},` + nullableLong), "schema: order only", false, false},
		{"the record's name", recordOf(""), strings.Replace(recordOf(""), `"R"`, `"S"`, 1), "schema: record renamed, n.R → n.S", true, false},
		{"the record's namespace", recordOf(""), strings.Replace(recordOf(""), `"n"`, `"m"`, 1), "schema: record renamed, n.R → m.R", true, true},
		{"nested", recordOf(`{"name":"o","type":["null",{"type":"record","name":"O","fields":[{"name":"x","type":["null","long"],"default":null}]}],"default":null}`), recordOf(`{"name":"o","type":["null",{"type":"record","name":"O","fields":[{"name":"x","type":["null","string"],"default":null}]}],"default":null}`), "field o.x: type changed, long → string", true, false},
		{"in an array", recordOf(`{"name":"o","type":{"type":"array","items":{"type":"record","name":"O","fields":[]}},"default":[]}`), recordOf(`{"name":"o","type":{"type":"array","items":{"type":"record","name":"O","fields":[{"name":"x","type":"long"}]}},"default":[]}`), "field o.x: added, long, required", true, false},
		{"in a map", recordOf(`{"name":"m","type":{"type":"map","values":"long"},"default":{}}`), recordOf(`{"name":"m","type":{"type":"map","values":"string"},"default":{}}`), "field m: type changed, long → string", true, false},
		{"by reference", recordOf(`{"name":"x","type":{"type":"enum","name":"E","symbols":["A"]}},{"name":"y","type":"E"}`), recordOf(`{"name":"y","type":{"type":"enum","name":"E","symbols":["A"]}},{"name":"x","type":"E"}`), "schema: order only", false, false},
		{"symbol", recordOf(fmt.Sprintf(enumField, `"A"`, "")), recordOf(fmt.Sprintf(enumField, `"A","B"`, "")), "field a: type changed, symbols B", true, false},
		{"symbol with a default", recordOf(fmt.Sprintf(enumField, `"A"`, `,"default":"A"`)), recordOf(fmt.Sprintf(enumField, `"A","B"`, `,"default":"A"`)), "field a: type changed, symbols B", false, false},
		{"symbol is gone", recordOf(fmt.Sprintf(enumField, `"A","B"`, "")), recordOf(fmt.Sprintf(enumField, `"A"`, "")), "field a: type changed, symbols B", true, false},
		{"union", recordOf(nullableLong), recordOf(`{"name":"a","type":["null","long","string"],"default":null}`), "field a: type changed, long → long or string or null", true, false},
		{"fixed", recordOf(`{"name":"a","type":{"type":"fixed","name":"F","size":4}}`), recordOf(`{"name":"a","type":{"type":"fixed","name":"F","size":5}}`), "field a: type changed, fixed F → fixed F", true, false},
		{"no record", `"string"`, `"long"`, "schema: type changed, string → long", true, false},
		{"the same", recordOf(nullableLong), recordOf(nullableLong), "", false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			all, err := Diff(test.from, test.to)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(all) > 0 {
				got = strings.TrimSuffix(all[0].String(), ": "+all[0].Reason)
			}
			if got != test.want || (len(Breaking(all)) > 0) != test.breaking {
				t.Errorf("%v\nwant %s, breaking %v", all, test.want, test.breaking)
			}
			if good := compatibleEither(t, test.from, test.to); good != (!test.breaking || test.let) {
				t.Errorf("Avro's rules let it pass: %v", good)
			}
			back, err := Diff(test.to, test.from)
			if err != nil || (len(Breaking(back)) > 0) != test.breaking {
				t.Errorf("the other way: %v %v", back, err)
			}
			for _, d := range all {
				if d.Reason == "" || strings.Contains(d.String(), "\n") {
					t.Errorf("%+v", d)
				}
			}
		})
	}
	for _, bad := range []string{"", "{", `{"type":"record"}`} {
		if _, err := Diff(bad, recordOf("")); err == nil || !strings.Contains(err.Error(), "first") {
			t.Errorf("%q: %v", bad, err)
		}
		if _, err := Diff(recordOf(""), bad); err == nil || !strings.Contains(err.Error(), "second") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A type may contain itself: the walk ends.
func TestDiffOfRecursiveTypes(t *testing.T) {
	t.Parallel()
	tree := func(typ string) string {
		return `{"type":"record","name":"T","fields":[{"name":"v","type":"` + typ + `"},{"name":"next","type":["null","T"],"default":null}]}`
	}
	all, err := Diff(tree("long"), tree("string"))
	if err != nil || len(all) != 1 || all[0].Field != "v" {
		t.Errorf("%v %v", all, err)
	}
}

// What this program's growth makes of a schema is never breaking, between any two of twenty versions. Twenty lines of versions, drawn at
// random, the same ones each time: more would take long.
func TestGrowthIsNeverBreaking(t *testing.T) {
	t.Parallel()
	lines := rapid.Custom(drawVersions)
	for seed := range 20 {
		versions := lines.Example(seed)
		if len(versions) != 20 {
			t.Fatalf("seed %d: %d versions", seed, len(versions))
		}
		parsed := make([]*described, len(versions))
		for i, text := range versions {
			var err error
			if parsed[i], err = parseForDiff(text); err != nil {
				t.Fatal(err)
			}
		}
		for i, from := range parsed {
			for j, to := range parsed[i+1:] {
				all := append(differences(to, from), differences(from, to)...)
				if broken := Breaking(all); len(broken) > 0 {
					t.Fatalf("seed %d, versions %d and %d: %v\n%s\n%s", seed, i+1, i+j+2, broken, versions[i], versions[i+j+1])
				}
				if len(all) == 0 {
					t.Fatalf("seed %d, versions %d and %d do not differ", seed, i+1, i+j+2)
				}
			}
		}
	}
}

// drawVersions are twenty versions of a schema that grows by records drawn at random.
func drawVersions(rt *rapid.T) []string {
	draft := NewDraft(Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns})
	var versions []string
	for evolution := 0; len(versions) < 20 && evolution < 60; evolution++ {
		record := withKey(drawKey(rt), respell(rt, value{kind: objectValue, members: drawMembers(rt, 3)}))
		if evolution > 20 { // what is drawn may ask for nothing new
			record = fmt.Sprintf(`{"id":"1","more_%d":%d}`, evolution, evolution)
		}
		if _, err := draft.Add(context.Background(), [][]byte{[]byte(record)}); err != nil {
			rt.Fatal(err)
		}
		if text := draft.Schema(); text != "" && !slices.Contains(versions, text) {
			versions = append(versions, text)
		}
	}
	return versions
}

// Schemas in which nothing is breaking can be read with each other, whoever wrote them.
func TestNotBreakingIsCompatible(t *testing.T) {
	t.Parallel()
	types := []string{`"long"`, `"int"`, `"double"`, `"string"`, `"bytes"`, `["null","long"]`, `["long","null"]`, `["null","string","long"]`, `{"type":"long","logicalType":"timestamp-millis"}`,
		`{"type":"array","items":"long"}`, `{"type":"array","items":["null","long"]}`, `{"type":"map","values":"long"}`, `{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}`, `{"type":"enum","name":"E","symbols":["B"]}`,
		`{"type":"record","name":"O","fields":[{"name":"x","type":"long","default":0}]}`, `{"type":"record","name":"O","fields":[{"name":"y","type":"long"}]}`}
	defaults := map[string]string{`"long"`: "1", `"int"`: "1", `"double"`: "1.5", `"string"`: `"s"`, `"bytes"`: `"b"`, `["null","long"]`: "null", `["long","null"]`: "2"}
	draw := func(rt *rapid.T, label string) string {
		fields := ""
		names := rapid.Permutation([]string{"a", "b", "c"}).Draw(rt, label+" order")
		used := false // E and O are defined once in a schema
		for _, name := range names[:rapid.IntRange(0, 3).Draw(rt, label+" fields")] {
			typ := rapid.SampledFrom(types).Draw(rt, label+" type")
			if strings.Contains(typ, `"name"`) {
				if used {
					continue
				}
				used = true
			}
			f := `{"name":"` + name + `","type":` + typ
			if d, ok := defaults[typ]; ok && rapid.Bool().Draw(rt, label+" default") {
				f += `,"default":` + d
			}
			fields += "," + f + "}"
		}
		return recordOf(strings.TrimPrefix(fields, ","))
	}
	rapid.Check(t, func(rt *rapid.T) {
		from, to := draw(rt, "from"), draw(rt, "to")
		all, err := Diff(from, to)
		if err != nil {
			rt.Fatal(err)
		}
		if len(Breaking(all)) == 0 && !compatibleEither(adapter{t, rt}, from, to) {
			rt.Fatalf("%v is called compatible:\n%s\n%s", all, from, to)
		}
	})
}
