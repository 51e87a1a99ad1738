package extract

import (
	"encoding/json"
	"strings"
	"testing"
)

// accepted and refused are cases of the kind that the public suites of JSON parsers have, by what a parser is tempted to do wrong.
// Where RFC 8259 leaves it open (lone surrogates, invalid UTF-8, numbers beyond any type) a text is accepted, as by encoding/json.
var accepted = []string{
	`[]`, `{}`, ` [] `, "\t[\r\n]\n", `null`, `true`, `false`, `0`, `""`, `[[]   ]`, `[""]`, `["a"]`, `[false]`, `[null, 1, "1", {}]`, `[1,null,null,null,2]`, `[2] `,
	`[0]`, `[-0]`, `[-1]`, `[123]`, `[0.1]`, `[-0.0]`, `[0e1]`, `[0e+1]`, `[0E0]`, `[1E22]`, `[1E-2]`, `[1e+2]`, `[123e45]`, `[123.456e78]`, `[20e1]`, `[ 4]`, `[-123]`,
	`[1e400]`, `[-1e-999]`, `[123123123123123123123123123123]`, `[0.000000000000000000000000000000000000000000000000000000000001]`,
	`{"a":"b"}`, `{"a":"b","a":"c"}`, `{"a":"b","a":"b"}`, `{"":0}`, `{"a":[]}`, `{"foo\u0000bar": 42}`, `{ "min": -1.0e+28, "max": 1.0e+28 }`, "{\n\"a\": \"b\"\n}",
	`["\u0060\u012a\u12AB"]`, `["\uD801\udc37"]`, `["\ud83d\ude39\ud83d\udc8d"]`, `["\"\\\/\b\f\n\r\t"]`, `["\\u0000"]`, `["\""]`, `["a/*b*/c/*d//e"]`, `["\\a"]`, `["\\n"]`,
	`["\u0012"]`, `["\uFFFF"]`, `[ "asd"]`, `["\uDBFF\uDFFF"]`, `["new\u00A0line"]`, `["\u0000"]`, `["\u002c"]`, `["π"]`, `["𛿿"]`, `["asd "]`, `" "`, `["\u0821"]`,
	`["\u0022"]`, `["\uDBFF\uDFFE"]`, "[\"\u2028\"]", "[\"\u2029\"]", "[\"\x7f\"]", `["€𝄞"]`, `["aa\u007f"]`, `"12345678"`, `"1234567"`, `"123456789"`, `"1234567\""`, `"12345678\""`,
	// open in the RFC
	`["\uD800"]`, `["\uDd1e\uD834"]`, `["\uD800\n"]`, "[\"\xff\"]", "[\"\xe0\xff\"]", "[\"\xed\xa0\x80\"]", "[\"\x81\"]", "[\"\xc0\xaf\"]", "{\"\xb9\":0}",
}

var refused = []string{
	``, ` `, `[1 true]`, "[a\xe5]", `["": 1]`, `[""],`, `[,1]`, `[1,,2]`, `["x",,]`, `["x"]]`, `["",]`, `["x"`, `[x`, `[3[4]]`, "[\xff]", `[1:2]`, `[,]`, `[-]`, `[   , ""]`,
	"[\"a\",\n4\n,1,", `[1,]`, `[1,,]`, "[\"\va\"\\f]", `[*]`, `[""`, `[1,`, "[1,\n1\n,1", `[{}`, `[fals]`, `[nul]`, `[tru]`, `[truth]`, `[True]`, "[null\x00]", "123\x00",
	`[++1234]`, `[+1]`, `[+Inf]`, `[-01]`, `[-1.0.]`, `[-2.]`, `[-NaN]`, `[.-1]`, `[.2e-3]`, `[0.1.2]`, `[0.3e+]`, `[0.3e]`, `[0.e1]`, `[0E+]`, `[0E]`, `[0e+]`, `[0e]`, `[1.0e+]`,
	`[1.0e-]`, `[1.0e]`, `[1 000.0]`, `[1eE2]`, `[2.e+3]`, `[2.e-3]`, `[2.e3]`, `[9.e+]`, `[Inf]`, `[NaN]`, "[\xef\xbc\x91]", `[1+2]`, `[0x1]`, `[0x42]`, `[Infinity]`, `[0e+-1]`,
	`[-123.123foo]`, `[-Infinity]`, `[-foo]`, `[- 1]`, `[-012]`, `[-.123]`, `[-1x]`, `[1ea]`, "[1e\xe5]", `[1.]`, `[.123]`, `[1.2a-3]`, `[1.8011670033376514H-308]`, `[012]`, `[00]`,
	`["x", truth]`, `{[: "x"}`, `{"x", null}`, `{"x"::"b"}`, `{🇨🇭}`, `{"a":"a" 123}`, `{key: 'value'}`, `{"a" b}`, `{:"b"}`, `{"a" "b"}`, `{"a":`, `{"a"`, `{1:1}`, `{9999E9999:1}`,
	`{null:null,null:null}`, `{"id":0,,,,,}`, `{'a':0}`, `{"id":0,}`, `{"a":"b"}/**/`, `{"a":"b"}/**//`, `{"a":"b"}//`, `{"a":"b"}/`, `{"a":"b",,"c":"d"}`, `{a: "b"}`, `{"a":"a`,
	`{ "foo" : "bar", "a" }`, `{"a":"b"}#`, `{`, `{,`, `{]`, `{[`, `{"a"`, `{'a'`, `["a"`, `["a`, `[`, `]`, `}`, `*`, `,`, `[,`, `["`, `"`, `"a`, `'`, `[}`, `[1}`, `{"a":1]`,
	`["\uD800\"]`, `["\uD800\u"]`, `["\uD800\u1"]`, `["\uD800\u1x"]`, `[é]`, "[\"\\\x00\"]", `["\\\"]`, "[\"\\\t\"]", "[\"\\🌀\"]", `["\"]`, `["\u00A"]`, `["\uD834\uDd"]`,
	`["\uD800\uD800\x"]`, "[\"\\u\xe5\"]", `["\a"]`, `["\uqqqq"]`, "[\"\\\xe5\"]", `[\u0020"asd"]`, `[\n]`, `['single quote']`, `abc`, `["\`, "[\"a\x00a\"]", "[\"new\nline\"]",
	"[\"\t\"]", "\"\x1f\"", `"\UA66D"`, `<.>`, `[<null>]`, `[1]x`, `[1]]`, `[][]`, `1]`, `{}}`, `{"":`, `{"a":/*comment*/"b"}`, `{"a": true} "x"`, "[\x0c]", "[\u2060]", "\xef\xbb\xbf[]\xef", "\xe5",
	"\"1234567\x01\"", "\"12345678\x01\"", "\"éééé\x1f\"", `"12345678`, `"1234567\`, `"1234567\u00`, `2@`, `nullnull`, `""""`, `"a"b`, "\v1", "\u00a01",
}

func TestGrammar(t *testing.T) {
	t.Parallel()
	for _, text := range accepted {
		if err := checkJSON([]byte(text)); err != nil || !json.Valid([]byte(text)) {
			t.Errorf("%q is refused: %v", text, err)
		}
	}
	for _, text := range refused {
		if err := checkJSON([]byte(text)); err == nil || json.Valid([]byte(text)) {
			t.Errorf("%q is accepted", text)
		}
	}
	// In every place of the eight bytes that are looked at together.
	for n := range 20 {
		before := strings.Repeat("é", n/2) + strings.Repeat("a", n)
		for _, text := range append(accepted, refused...) {
			text = `{"` + before + `":` + text + `,"` + before + `":"` + before + text + before + `"}`
			compareWalk(t, listAt(before), []byte(text))
		}
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	for _, brackets := range [][2]string{{"[", "]"}, {`{"data":`, "}"}, {`{"data":[`, "]}"}} {
		for _, value := range []string{"[]", "{}", "[1]", `{"data":1}`} {
			for n := maxDepth - 4; n < maxDepth+4; n++ {
				levels := n / (strings.Count(brackets[0], "{") + strings.Count(brackets[0], "["))
				text := strings.Repeat(brackets[0], levels) + value + strings.Repeat(brackets[1], levels)
				deep := strings.Count(text, "{")+strings.Count(text, "[") > maxDepth
				_, err := walked(listAt("data", "data"), []byte(text))
				if check := checkJSON([]byte(text)); deep != (check != nil) || deep != (err != nil) || deep && !strings.HasPrefix(err.Error(), "nested") {
					t.Errorf("%.30s… %d: %v, %v", text, n, check, err)
				}
			}
		}
	}
}
