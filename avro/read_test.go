package avro

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// notJSON are texts that parsers of JSON have been seen to take, and jsonTexts some that they have been seen to refuse: the cases of the JSON
// test suite (nst/JSONTestSuite). What RFC 8259 leaves to a parser is decided so: of names that come twice the last one counts; surrogates
// without a partner, and bytes that are not UTF-8, are U+FFFD; a number has any size; a byte order mark is no JSON; 128 levels are the most.
var (
	notJSON = []string{
		`nulx`, `nxll`, `trux`, `falsx`,
		"", " ", "a", "nul", "nulll", "null1", "True", "tru", "-", "+1", "01", "-01", "1.", ".5", "1.e5", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", "- 1", "1 2",
		`"`, `"a`, `"\"`, `"\x"`, `"\u12"`, `"\u12G4"`, "\"\n\"", "\"\t\"", "\"\x00\"", "'a'", "\x00", "1\x00", "\ufeff1",
		"[", "]", "[1", "[1,", "[,", "[,1]", "[1,]", "[1,,2]", "[1 2]", "[1:2]", "[1}", "[\"a\" \"b\"]", "[]]", "[][]",
		"{", "}", "{1:2}", "{a:1}", `{"a"}`, `{"a":}`, `{"a" 1}`, `{"a":1,}`, `{,"a":1}`, `{"a":1,,"b":2}`, `{"a":1 "b":2}`, `{"a":1]`, `{"a":1,"b"}`, `{"a"::1}`, `{"a":1}}`, `{}{}`,
		"/**/1", "1//", "[1]x", `{"a":1}#`,
		"2.e3", "2.e-3", "0.e1", "1.0e", "1.0e-", "1eE2", "0.1.2", "0e", "0E+", "-.1", "-2.", "-NaN", "++1", "+Inf", "1+2", "0x42", "-01.0", "-foo", "1 000", "012", "1a", "1e1.5", "\uff11", ".2e-3", "-1x", "1.2a-3", "1.8011670033376514H-308",
		`"\\"x"`, `"\u`, `"\u00A`, `"\uD834\uDd`, `"\uD800\u1x"`, `"\u{1F4A9}"`, `"\a"`, `"\'"`, `"\0"`, `"\x00"`, `"\"`, `"\\\"`, `"\ud800\"`, "\"a\x00a\"", "\"new\nline\"", `\u0020"a"`, `"` + "\x1f" + `"`, `"a" "b"`, `'`,
		"[1,,]", "[,", "[x", `["x"`, `["": 1]`, `["a",` + "\n" + `4`, "[1,\n1\n,1", `[""`, "[*]", "[3[4]]", "[\"\va\\f\"]", "[\f]", "[nul]", "[tru]", "[fals]", "[True]", "[- 1]", "[-]", "[0e+]", "[a", "[\xe5]", "[1]]", "[1\x00]", "\u00a0[]", "[\u2060]", "[<null>]",
		`{"a":"b"}/**/`, `{"a":/*c*/"b"}`, `{"a":"b"}//`, `{"a":"b",,"c":"d"}`, `{"a" b}`, `{"a":"a" 123}`, `{key:"value"}`, `{"x"::"b"}`, `{"x", null}`, `{9999E9999:1}`, `{null:null}`, `{"id":0,,,,,}`, `{'a':0}`, `{"id":0,}`, `{"a":"b"}#{}`, `{[: "x"}`, `{"a`, `{"a":"a`, `{"a":1 true}`, `{"a":` + "\xa0" + `1}`, `{"\u00Z":1}`, `{"":`, `{"a":"b"`,
	}
	jsonTexts = []string{
		"0", "-0", "-0.0", "1e5", "1E+5", "1e-05", "123456789012345678901234567890", "0.1e1", " \t\n\r1 \t\n\r", "null", "true", "false", `""`, `"\u0000"`, `"\ud800"`, `"\udc00\ud800"`,
		`"\/\\\"\b\f\n\r\t"`, "\"\xff\"", "\"\u2028\x7f\"", `"\ud83d\ude00"`, "[]", "[ ]", "[[]]", "[1 , 2]", "{}", "{ }", `{"":0}`, `{"a":1,"a":2}`, `{"a":{"b":[{}]} , "c":null}`,
		"0e+1", "0e1", "20e1", "-123", "-1", "-0.000000000000000000000000000000000000000000000000000000000000000000000000000001", "1E22", "1E-2", "123e45", "123.456e78", "123.456789", "0.4e00669999999999999999999999999999999999999999", "-1e+9999", "1.5e+9999", "-123123123123123123123123123123",
		`"\u0060\u012a\u12AB"`, `"\uD801\udc37"`, `"\ud83d\ude39\ud83d\udc8d"`, `"\\u0000"`, `"\""`, `"a/*b*/c/*d//e"`, `"\\a"`, `"\\n"`, `"\u0012"`, `"\uFFFF"`, `"\uDBFF\uDFFF"`, `"\u002c"`, "\"\u2028\u2029\"", "\"\U0010ffff\"", `"\uFDD0"`, `"\uDADA"`, `"\uD800\uD800\n"`, `"\uDd1ea"`, `"\uD83F\u0020"`,
		"\"\xe6\x97\xa5\xd1\x88\xfa\"", "\"\xc0\xaf\"", "\"\xfc\x83\xbf\xbf\xbf\xbf\"", "\"\xed\xa0\x80\"", "\"\x81\"", "\"\xf4\xbf\xbf\xbf\"", "\"\u007f\"", "[[]   ]", `[""]`, "[]", `["a"]`, "[false]", `[null, 1, "1", {}]`, "[1\n]", " [1]", "[1,null,null,null,2]", "[2] ",
		`{"asd":"sdf","dfg":"fgh"}`, `{"a":"b","a":"c"}`, `{"a":"b","a":"b"}`, `{"":0,"\u0000":1}`, `{"foo\u0000bar": 42}`, `{"min": -1.0e+28, "max": 1.0e+28}`, `{"x":[{"id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}], "id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`, `{"title":"\u041f\u043e"}`, "{\n\"a\": \"b\"\n}",
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
