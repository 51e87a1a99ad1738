package avro

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// notJSON are texts that parsers of JSON have been seen to take, and jsonTexts some that they have been seen to refuse.
var (
	notJSON = []string{
		"", " ", "a", "nul", "nulll", "null1", "True", "tru", "-", "+1", "01", "-01", "1.", ".5", "1.e5", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", "- 1", "1 2",
		`"`, `"a`, `"\"`, `"\x"`, `"\u12"`, `"\u12G4"`, "\"\n\"", "\"\t\"", "\"\x00\"", "'a'", "\x00", "1\x00", "\ufeff1",
		"[", "]", "[1", "[1,", "[,", "[,1]", "[1,]", "[1,,2]", "[1 2]", "[1:2]", "[1}", "[\"a\" \"b\"]", "[]]", "[][]",
		"{", "}", "{1:2}", "{a:1}", `{"a"}`, `{"a":}`, `{"a" 1}`, `{"a":1,}`, `{,"a":1}`, `{"a":1,,"b":2}`, `{"a":1 "b":2}`, `{"a":1]`, `{"a":1,"b"}`, `{"a"::1}`, `{"a":1}}`, `{}{}`,
		"/**/1", "1//", "[1]x", `{"a":1}#`,
	}
	jsonTexts = []string{
		"0", "-0", "-0.0", "1e5", "1E+5", "1e-05", "123456789012345678901234567890", "0.1e1", " \t\n\r1 \t\n\r", "null", "true", "false", `""`, `"\u0000"`, `"\ud800"`, `"\udc00\ud800"`,
		`"\/\\\"\b\f\n\r\t"`, "\"\xff\"", "\"\u2028\x7f\"", `"\ud83d\ude00"`, "[]", "[ ]", "[[]]", "[1 , 2]", "{}", "{ }", `{"":0}`, `{"a":1,"a":2}`, `{"a":{"b":[{}]} , "c":null}`,
	}
)

// The parser takes what encoding/json takes and nothing else, and finds the same values.
func TestParserIsEncodingJSONs(t *testing.T) {
	t.Parallel()
	for _, text := range notJSON {
		if v, err := parseValue([]byte(text)); err == nil {
			t.Errorf("%q is taken for %s", text, v.appendJSON(nil))
		} else if !strings.HasPrefix(err.Error(), "parse JSON: ") || strings.HasSuffix(err.Error(), "<nil>)") {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range append(jsonTexts, notJSON...) {
		sameAsEncodingJSON(t, []byte(text))
	}
}

func sameAsEncodingJSON(t *testing.T, text []byte) {
	t.Helper()
	v, err := parseValue(text)
	if (err == nil) != json.Valid(text) {
		if err != nil && strings.Contains(err.Error(), "nest deeper") {
			return
		}
		t.Fatalf("%q: %v, encoding/json says %v", text, err, json.Valid(text))
	}
	if err != nil {
		return
	}
	want, got := decoded(t, text), decoded(t, v.appendJSON(nil))
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%q: %v, want %v", text, got, want)
	}
}

// decoded is what encoding/json makes of a text, numbers as they are spelled.
func decoded(t *testing.T, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func FuzzParser(f *testing.F) {
	for _, text := range append(jsonTexts, notJSON...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { sameAsEncodingJSON(t, text) })
}
