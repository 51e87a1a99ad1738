package avro

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Golden digests: they stand in topics' headers, so a change of any is a change of the format.
var goldenDigests = []struct{ json, digest string }{
	{`null`, "66700266a97f2202"}, {`false`, "0a1a7fe8b7ad705e"}, {`true`, "b123280dadc03984"}, {`0`, "1d39e2ffb0ef64a2"},
	{`-1200`, "a53cb460902ef96d"}, {`0.5`, "adff24af24ffcda7"}, {`9007199254740993`, "a4b8c8eb3706b937"}, {`1e400`, "7160985473c39050"},
	{`1e1000000000000000000`, "9b78eb8bbdfe39c6"}, {`""`, "4d61826fc0bca2f3"}, {`"null"`, "a50a0e1f716743a3"},
	{`"é😀\u0000"`, "20934f63f15d43b5"}, {`"\ud800"`, "1b4309aa9ca88531"}, {`[]`, "f3051f493b3903f5"}, {`[null]`, "b9a681fc685251aa"},
	{`[1,2]`, "34e1c52e3e9d2b56"}, {`[2,1]`, "47caca049ad53550"}, {`{}`, "defcccef7b29c78c"}, {`{"a":1}`, "490b6cdd9e29f5cd"},
	{`{"a":{}}`, "04b4b25b0d54046a"}, {`{"a":[{"b":null}]}`, "9248a68e1824c026"},
	{`{"id":"1","tags":["a","b"],"owner":{"name":"Ada","score":-0.25},"open":true}`, "72ef4e120f35e80b"},
	{`9999999999999999999`, "3215680553658d59"}, {`-18446744073709551616`, "135be1ff5be7aa6e"}, {`12345678901234567890123`, "e5cf54fc15d94d98"},
	{`-1.25e-30`, "83356551fe4cbee3"}, {`"0123456789abcdef"`, "8094b5c7c48f1eb1"}, {`"between sixteen and thirty-two"`, "faab6585cda860aa"},
	{`"éééééééééééééééééééééééééééééééééééééééé"`, "4058e38abe758966"},
}

func TestDigestGolden(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, g := range goldenDigests {
		d, err := Digest([]byte(g.json))
		if got := fmt.Sprintf("%016x", d); err != nil || got != g.digest {
			t.Errorf("Digest(%s) = %s, %v; want %s", g.json, got, err, g.digest)
		}
		if other := seen[g.digest]; other != "" {
			t.Errorf("%s and %s have the same digest", g.json, other)
		}
		seen[g.digest] = g.json
	}
}

func TestDigestEqual(t *testing.T) {
	t.Parallel()
	for _, group := range [][]string{
		{`1`, `1.0`, `1e0`, ` 1`, `10E-1`, `0.1e+1`, `1.000e00`},
		{`0`, `-0`, `0.0`, `-0.0e9`, `0e999999999999999999999999`},
		{`-1200`, `-12e2`, `-0.12E+4`, `-1200.00`},
		{`1e-7`, `0.0000001`}, {`5000000000000000000`, `5e18`, `0.05e20`}, {`9900000000000000000`, `99e17`}, {`10000000000000000000`, `1e19`},
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, ` { "b" : 2e0 , "c":null, "a":1 }`, `{"a":3,"b":2,"a":1}`},
		{`{}`, `{"a":null}`, `{"a":1,"a":null}`},
		{`{"a":{"b":{}}}`, `{"a":{"b":{"c":null},"d":null}}`},
		{`"\u0041"`, `"A"`}, {`"�"`, `"\ud800"`, "\"\xff\"", `"\udc00"`}, {`{"\u0061":1}`, `{"a":1}`},
	} {
		first, _ := Digest([]byte(group[0]))
		for _, other := range group[1:] {
			if d, err := Digest([]byte(other)); err != nil || d != first {
				t.Errorf("Digest(%s) = %x, %v; Digest(%s) = %x", other, d, err, group[0], first)
			}
		}
	}
}

func TestDigestDiffers(t *testing.T) {
	t.Parallel()
	seen := map[uint64]string{}
	for _, text := range []string{
		`1`, `"1"`, `-1`, `10`, `true`, `"true"`, `9007199254740993`, `9007199254740992`, `0.1`, `0.1000000000000000055511151231257827`,
		`[]`, `{}`, `""`, `null`, `[[]]`, `[{}]`, `[null]`, `[null,null]`, `[1,[2]]`, `[[1],2]`, `[1,2]`, `[12]`,
		`{"a":{"b":1}}`, `{"b":{"a":1}}`, `{"a":"b"}`, `{"b":"a"}`, `{"a":[]}`, `{"a":1,"b":1}`, `{"a":1,"c":1}`, `{"a":{"x":1},"b":{"y":2}}`,
		`{"a":{"y":2},"b":{"x":1}}`, `1e1000000000000000000`, `1e1000000000000000001`, `1e-1000000000000000000`,
	} {
		d, err := Digest([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if seen[d] != "" {
			t.Errorf("%s and %s have the same digest", text, seen[d])
		}
		seen[d] = text
	}
}

func TestDigestErrors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `{`, `[1,]`, `{"a":1,}`, `01`, `+1`, `1 2`, `nul`, "\"\n\"", strings.Repeat("[", 129) + strings.Repeat("]", 129)} {
		if _, err := Digest([]byte(text)); err == nil {
			t.Errorf("Digest(%.20s) gives no error", text)
		}
	}
	if _, err := Digest([]byte(strings.Repeat("[", 128) + strings.Repeat("]", 128))); err != nil {
		t.Error(err)
	}
}

// TestDigestSpelling writes one value in two ways that must not count, and once with a change that must.
func TestDigestSpelling(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := drawValue(t, 3)
		plain, _ := Digest(v.appendJSON(nil))
		text := respell(t, v)
		if d, err := Digest([]byte(text)); err != nil || d != plain {
			t.Fatalf("%s has digest %x, %s has %x (%v)", v.appendJSON(nil), plain, text, d, err)
		}
		changed := change(t, v)
		if d, _ := Digest([]byte(respell(t, changed))); d == plain {
			t.Fatalf("%s and %s have the same digest", v.appendJSON(nil), changed.appendJSON(nil))
		}
	})
}

var (
	names   = rapid.SampledFrom([]string{"a", "b", "A", "a-b", "a_b", "é", "", "1st", "created_at", "x__string", "id2"})
	strs    = rapid.SampledFrom([]string{"", "x", "1", "null", "é😀", "\x00\"\\\n", "�", "2024-06-27T12:52:14Z", "9007199254740993"})
	numbers = rapid.SampledFrom([]string{"0", "-0.0", "1", "1.0", "-7", "0.1", "1.5", "9007199254740993", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
		"18446744073709551617", "1e400", "1e-400", "1E3", "1719492734", "1719492734.25", "123456789.123456789123"})
)

// drawValue draws any JSON value; objects have no duplicate names.
func drawValue(t *rapid.T, depth int) value {
	kinds := 7
	if depth == 0 {
		kinds = 5
	}
	v := value{kind: valueKind(rapid.IntRange(0, kinds-1).Draw(t, "kind"))}
	switch v.kind {
	case numberValue:
		v.text = numbers.Draw(t, "number")
	case stringValue:
		v.text = strs.Draw(t, "string")
	case arrayValue:
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			v.items = append(v.items, drawValue(t, depth-1))
		}
	case objectValue:
		v.members = drawMembers(t, depth-1)
	}
	return v
}

func drawMembers(t *rapid.T, depth int) []member {
	var ms []member
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		ms = append(ms, member{names.Draw(t, "name"), drawValue(t, depth)})
	}
	return lastOfEach(ms)
}

// respell writes v with other whitespace, member order, number spelling, escapes, null members and duplicates.
func respell(t *rapid.T, v value) string {
	space := rapid.SampledFrom([]string{"", " ", "\n\t", "\r\n "})
	s := func() string { return space.Draw(t, "space") }
	switch v.kind {
	case numberValue:
		return s() + respellNumber(t, v.text) + s()
	case stringValue:
		return s() + respellString(t, v.text) + s()
	case arrayValue:
		var items []string
		for _, item := range v.items {
			items = append(items, respell(t, item))
		}
		return s() + "[" + strings.Join(items, ",") + s() + "]"
	case objectValue:
		var ms []string
		for _, m := range rapid.Permutation(v.members).Draw(t, "order") {
			if rapid.Bool().Draw(t, "duplicate") {
				ms = append(ms, respellString(t, m.name)+":"+`["overridden"]`)
			}
			ms = append(ms, s()+respellString(t, m.name)+s()+":"+respell(t, m.value))
		}
		if rapid.Bool().Draw(t, "null") {
			ms = append([]string{`"a null member":null`}, ms...)
		}
		return s() + "{" + strings.Join(ms, ",") + s() + "}"
	}
	return s() + string(v.appendJSON(nil)) + s()
}

func respellString(t *rapid.T, s string) string {
	if !rapid.Bool().Draw(t, "escape") {
		return string(appendJSONString(nil, s))
	}
	var b strings.Builder
	for _, r := range s {
		if r > 0xffff {
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04X`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return `"` + b.String() + `"`
}

func respellNumber(t *rapid.T, literal string) string {
	d := parseDecimal(literal)
	if d.digits == "" {
		return rapid.SampledFrom([]string{"0", "-0", "0.00", "0e5"}).Draw(t, "zero")
	}
	sign := ""
	if d.negative {
		sign = "-"
	}
	zeros := rapid.IntRange(0, 3).Draw(t, "zeros")
	return fmt.Sprintf("%s%s%s.%se%d", sign, d.digits, strings.Repeat("0", zeros), strings.Repeat("0", zeros+1), d.exp-int64(zeros))
}

// change returns v with one value in it changed in a way that counts.
func change(t *rapid.T, v value) value {
	switch v.kind {
	case arrayValue:
		if len(v.items) > 0 && rapid.Bool().Draw(t, "inside") {
			i := rapid.IntRange(0, len(v.items)-1).Draw(t, "item")
			c := value{kind: arrayValue, items: append([]value{}, v.items...)}
			c.items[i] = change(t, v.items[i])
			return c
		}
		return value{kind: arrayValue, items: append(append([]value{}, v.items...), value{})}
	case objectValue:
		if len(v.members) > 0 && rapid.Bool().Draw(t, "inside") {
			i := rapid.IntRange(0, len(v.members)-1).Draw(t, "member")
			c := value{kind: objectValue, members: append([]member{}, v.members...)}
			c.members[i].value = change(t, v.members[i].value)
			return c
		}
		return value{kind: objectValue, members: append(append([]member{}, v.members...), member{"a new member", value{kind: objectValue}})}
	case numberValue:
		x, ok := new(big.Rat).SetString(v.text)
		if !ok {
			return value{kind: stringValue, text: v.text}
		}
		return value{kind: numberValue, text: x.Add(x, big.NewRat(1, 8)).FloatString(500)}
	case stringValue:
		return value{kind: stringValue, text: v.text + rapid.SampledFrom([]string{" ", "\x00", "x"}).Draw(t, "more")}
	case nullValue:
		return value{kind: falseValue}
	case trueValue:
		return value{kind: falseValue}
	}
	return value{kind: trueValue}
}
