package avro

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// bothWays are two Subjects that are alike, one for each encoder, with registries of their own.
type bothWays struct {
	compiled, library *Subject
	reg               [2]*strictRegistry
}

func newBothWays(d Declaration) *bothWays {
	b := &bothWays{reg: [2]*strictRegistry{{}, {}}}
	d.Encoder = Compiled
	b.compiled = NewSubject(b.reg[0], "r-value", d, nil)
	d.Encoder = Library
	b.library = NewSubject(b.reg[1], "r-value", d, nil)
	return b
}

// encode encodes records in both ways. Whatever comes out has to be the same: bytes, digests, errors, paths, what was discarded, schemas. And
// each value is what two decoders and encoding/json say of it.
func (b *bothWays) encode(t testing.TB, records ...[]byte) []Encoded {
	t.Helper()
	kept := make([][]byte, len(records))
	for i, r := range records {
		kept[i] = bytes.Clone(r)
	}
	got, err := b.compiled.Encode(t.Context(), records)
	want, wantErr := b.library.Encode(t.Context(), kept)
	if fmt.Sprint(err) != fmt.Sprint(wantErr) || len(got) != len(want) {
		t.Fatalf("%v, the library's way %v", err, wantErr)
	}
	for i, w := range want {
		g := got[i]
		if !bytes.Equal(records[i], kept[i]) {
			t.Fatalf("%q was written to: %q", kept[i], records[i])
		}
		if !bytes.Equal(g.Value, w.Value) || g.Digest != w.Digest || g.Path != w.Path || fmt.Sprint(g.Err) != fmt.Sprint(w.Err) || !reflect.DeepEqual(g.Discarded, w.Discarded) {
			t.Fatalf("%q\nby the walk    %x %x %v %q %v\nby the library %x %x %v %q %v", records[i], g.Value, g.Digest, g.Err, g.Path, g.Discarded, w.Value, w.Digest, w.Err, w.Path, w.Discarded)
		}
		if g.Err == nil {
			checkRecord(t, b.reg[0], records[i], g)
		}
	}
	if !slices.Equal(b.reg[0].versions, b.reg[1].versions) {
		t.Fatalf("schemas differ: %v, %v", b.reg[0].versions, b.reg[1].versions)
	}
	return got
}

// walked reports whether a walk has no doubt of a record, with the version that is current.
func (b *bothWays) walked(record string) bool {
	v := b.compiled.current.Load()
	w, _ := v.program.walks.Get().(*walk)
	defer v.program.walks.Put(w)
	_, _, ok := w.encode([]byte(record))
	return ok
}

// TestCompiledIsLibrary encodes records that drift, are spelled in many ways and are no JSON at times, and those of before once more.
func TestCompiledIsLibrary(t *testing.T) {
	t.Parallel()
	walked, all := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		d := Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns, MaxFields: rapid.IntRange(0, 12).Draw(rt, "limit"),
			Contract: rapid.SampledFrom([]Contract{Evolve, Evolve, Freeze, DiscardValue, DiscardRecord}).Draw(rt, "contract")}
		b := newBothWays(d)
		var seen [][]byte
		for range rapid.IntRange(1, 4).Draw(rt, "pages") {
			var page [][]byte
			for range rapid.IntRange(1, 3).Draw(rt, "records") {
				page = append(page, []byte(withKey(drawKey(rt), respell(rt, value{kind: objectValue, members: drawMembers(rt, 4)}))))
			}
			if rapid.IntRange(0, 3).Draw(rt, "breaks") == 0 {
				page = append(page, mistake(rt, page[0]))
			}
			b.encode(adapter{t, rt}, page...)
			seen = append(seen, page...)
		}
		b.encode(adapter{t, rt}, seen...)
		if b.compiled.current.Load() == nil {
			return
		}
		for _, r := range seen {
			if all++; b.walked(string(r)) {
				walked++
			}
		}
	})
	if walked*4 < all { // many have a name twice, or are broken
		t.Errorf("of %d records %d were encoded in a walk: the test shows little", all, walked)
	}
}

// mistake changes a byte of a text, or takes some away, or puts one in.
func mistake(t *rapid.T, text []byte) []byte {
	at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
	b := rapid.SampledFrom([]byte("{}[]:,\"\\ \x00\x1f\xff0-.eEnt1")).Draw(t, "byte")
	switch rapid.IntRange(0, 3).Draw(t, "mistake") {
	case 0:
		return text[:at]
	case 1:
		return slices.Delete(slices.Clone(text), at, at+1)
	case 2:
		return slices.Insert(slices.Clone(text), at, b)
	}
	text = slices.Clone(text)
	text[at] = b
	return text
}

func FuzzCompiled(f *testing.F) {
	seeds := []string{`{"id":"1"}`, `{"id":1,"a":[1,"x",null],"b":{"c_at":0}}`, `{"id":"1","n":1e400,"n":"\ud800"}`, `[]`, `{"id":null}`, "{\"id\":\"\xff\",\"\":[[[{}]]]}",
		`{"id":"3","s":"a string that is longer than sixteen bytes","created_at":"2024-06-27T12:52:14Z","o":{"p":[{"q":1.5,"r":true},{"r":null,"q":-2}]},"1st":{"x":[1,"\n"]}}`,
		`{"o":{"p":[]}, "id" : "4" , "s":1, "b":0.1 ,"l":[9007199254740993,123456789012],"é":{"a":"\u00e9"}}`, drifted, firstVersion}
	for i, one := range seeds {
		for c := range DiscardRecord + 1 {
			f.Add([]byte(one), []byte(seeds[(i+1)%len(seeds)]), byte(c), byte(3*(1-c%2)))
		}
	}
	for _, text := range append(jsonTexts, notJSON...) {
		f.Add([]byte(firstVersion), []byte(`{"id":"1","tags":`+text+`}`), byte(0), byte(0))
	}
	f.Fuzz(func(t *testing.T, one, two []byte, contract, limit byte) {
		b := newBothWays(Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns, Contract: Contract(contract) % (DiscardRecord + 1), MaxFields: int(limit)})
		for _, page := range [][][]byte{{one}, {two}, {two, one, two}} {
			b.encode(t, page...)
		}
		plain, err := NewPlain(b.compiled.declared.Declaration).Encode(t.Context(), [][]byte{one, two})
		want, wantErr := NewPlain(b.library.declared.Declaration).Encode(t.Context(), [][]byte{one, two})
		if fmt.Sprintf("%+v %v", plain, err) != fmt.Sprintf("%+v %v", want, wantErr) {
			t.Fatalf("plain: %+v\nby the library %+v", plain, want)
		}
		for _, text := range [][]byte{one, two} {
			digest, ok := walkDigest(text)
			if v, err := parseValue(text); ok && (err != nil || v.digest() != digest) {
				t.Fatalf("%q: digest %x, and parsed %v", text, digest, err)
			}
		}
	})
}

// kindsVersion has a field of every kind, with every sibling.
const kindsVersion = `{"id":1,"s":"x","l":1,"d":1.5,"b":true,"t_at":1,"1st":{"x":1},"o":{"m":"y"},"as":["x"],"an":[null,1],"ao":[{"m":1}],"aa":[[1.5]]}`

func kindsSubject(t testing.TB) *bothWays {
	b := newBothWays(Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns})
	b.encode(t, []byte(kindsVersion))
	var page [][]byte
	for _, name := range []string{"s", "l", "d", "b", "t_at", "o", "as", "an", "ao", "aa"} {
		for _, other := range []string{`"text"`, `7`, `7.5`, `1e400`, `false`, `[[{"z":[]},7],"x"]`} {
			page = append(page, []byte(`{"id":"1","`+name+`":`+other+`}`))
		}
	}
	b.encode(t, page...)
	return b
}

// TestWalkTakesWhatJSONIs: of each text, in a field of each kind, in none, and in the place of the record, a walk takes what
// encoding/json takes and nothing else. The lists of texts follow the cases of the JSON test suite.
func TestWalkTakesWhatJSONIs(t *testing.T) {
	t.Parallel()
	b := kindsSubject(t)
	for _, text := range append(jsonTexts, notJSON...) {
		if _, ok := walkDigest([]byte(text)); ok && !json.Valid([]byte(text)) {
			t.Errorf("%q is digested in a walk", text)
		}
		for _, name := range []string{"s", "l", "d", "b", "t_at", "1st", "o", "as", "an", "ao", "aa"} {
			record := `{"id":"1","` + name + `":` + text + `,"l":2}`
			if name == "l" {
				record = `{"id":"1","` + name + `":` + text + `}`
			}
			if b.encode(t, []byte(record)); b.walked(record) && !json.Valid([]byte(record)) {
				t.Errorf("%q is walked", record)
			}
		}
		for _, record := range []string{text, `{"id":"1","s":"x"}` + text, text + `{"id":"1"}`, `{"id":"1",` + text + `}`, `{"id":"1",` + text + `:1}`, `{"id":"1","as":["x"` + text + `]}`, `{"id":"1","1st":{"x":1` + text + `}}`, `{"id":"1","1st":[` + text + `]}`} {
			if b.encode(t, []byte(record)); b.walked(record) && !json.Valid([]byte(record)) {
				t.Errorf("%q is walked", record)
			}
		}
	}
}

// TestWalkIsSure: what sources have in every record is encoded in the walk, and what only values can decide is not.
func TestWalkIsSure(t *testing.T) {
	t.Parallel()
	b := kindsSubject(t)
	limited := newBothWays(Declaration{Name: "headwater.test.R", Key: []string{"id"}, MaxFields: 1})
	limited.encode(t, []byte(`{"id":"1","a":"x","b":1,"c":{"x":1}}`))
	for _, c := range []struct {
		b    *bothWays
		text string
		sure bool
	}{
		{b, kindsVersion, true},
		{b, ` { "s" : "y" , "id" : "2" } `, true},
		{b, `{"id":"2","aa":[[1.5]],"s":"y","b":null,"o":{"m":null}}`, true},
		{b, `{"id":2,"s":7,"l":"x","d":"x","b":1,"t_at":"never","o":[[1]],"as":[1],"an":["x"],"ao":"x","aa":{"x":1}}`, true},
		{b, `{"id":"2","t_at":"2024-06-27T12:52:14.5+02:00","l":1.0,"d":12345678,"s":1.5}`, true},
		{b, `{"id":"2","l":99999999999999999999,"d":0.1000000000000000055511151231257827,"s":1e400}`, true},
		{b, `{"id":"2","an":[null],"as":[],"o":{},"ao":[{"m":2},{}],"s":{},"l":[],"d":{"x":null}}`, true},
		{b, `{"id":"2","new":null,"none":[],"nothing":{"x":[{}]}}`, false}, // [{}] tells no type, but has an item
		{b, `{"id":"2","new":null,"none":[],"nothing":{"x":[]}}`, true},
		{b, "{\"id\":\"\\ud800\",\"s\":\"\xff\\ud83d\\ude00\"}", true},
		{b, `{"\u0069d":"2","1st":{"a":1,"b":[1,{"c":"\n"}]}}`, true},
		{limited, `{"id":"2","a":"z","b":{"x":[1, "\u0041"]},"d":"y","e":null}`, true},
		{b, `{"id":"2","new":1}`, false},
		{b, `{"id":"2","o":{"new":1}}`, false},
		{b, `{"id":"2","s":"x","s":"y"}`, false},
		{b, `{"id":"2","s":"x","\u0073":null}`, false},
		{b, `{"id":"2","new":null,"new":null}`, false},
		{b, `{"id":"2","1st":{"x":1,"x":2}}`, false},
		{b, `{"id":"2","o":{"m":"x","m":"y"}}`, false},
		{b, `{"id":1.5}`, false}, {b, `{"id":true}`, false}, {b, `{"id":null}`, false}, {b, `{}`, false}, {b, `[]`, false}, {b, `{"id":{}}`, false},
		{b, `{"id":"2"}x`, false}, {b, `{"id":"2",}`, false}, {b, `{"id":"2"`, false}, {b, `{"id":"2" "s":"x"}`, false},
		{b, `{"id":"2","1st":` + strings.Repeat("[", 127) + strings.Repeat("]", 127) + `}`, true},
		{b, `{"id":"2","1st":` + strings.Repeat("[", 128) + strings.Repeat("]", 128) + `}`, false},
		{b, `{"id":"2","1st":` + strings.Repeat(`{"x":`, 126) + "{}" + strings.Repeat("}", 126) + `}`, true},
		{b, `{"id":"2","1st":` + strings.Repeat(`{"x":`, 127) + "{}" + strings.Repeat("}", 127) + `}`, false},
		{b, `{"id":"2","1st":` + manyNames(200, "") + `}`, true},
		{b, `{"id":"2","1st":` + manyNames(200, `,"n3":1`) + `}`, false},
	} {
		if c.b.walked(c.text) != c.sure {
			t.Errorf("%.200s: walked %v", c.text, !c.sure)
		}
		c.b.compiled.walkOnly(t, c.text, c.sure)
	}
	for _, text := range []string{`{"id":"2","1st":` + manyNames(200, `,"n3":1`) + `}`, `{"id":"2","new":null,"new":null}`, `{"id":"2","s":"x","\u0073":null}`} {
		b.encode(t, []byte(text))
	}
}

// TestWalkTellsLongNames that begin alike apart, also where the other one was to be expected.
func TestWalkTellsLongNamesApart(t *testing.T) {
	t.Parallel()
	b := newBothWays(Declaration{Name: "headwater.test.R", Key: []string{"id"}})
	for length := range 40 {
		first, second := strings.Repeat("n", length)+"1", strings.Repeat("n", length)+"2"
		one, other := fmt.Sprintf(`{"id":"1",%q:"x",%q:"y"}`, first, second), fmt.Sprintf(`{"id":"1",%q:"x",%q:"y"}`, second, first)
		for range 3 {
			b.encode(t, []byte(one), []byte(other), []byte(one))
		}
	}
}

// TestWalkEndsAtTheDepth that records may have, although another producer's schema goes deeper.
func TestWalkEndsAtTheDepth(t *testing.T) {
	t.Parallel()
	n := &node{kind: recordKind}
	for range maxDepth {
		n = &node{kind: recordKind, fields: []*field{{jsonName: "r", typ: n}}}
	}
	array := &node{kind: arrayKind, items: &node{kind: stringKind}}
	for range maxDepth {
		array = &node{kind: arrayKind, items: array}
	}
	n.fields = append(n.fields, &field{jsonName: "a", typ: array})
	n.index(nil)
	w := newWalk(compile(n, nil))
	for _, depth := range []int{maxDepth, maxDepth + 1} {
		for _, text := range []string{
			strings.Repeat(`{"r":`, depth) + "{}" + strings.Repeat("}", depth),
			`{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`,
		} {
			if _, _, ok := w.encode([]byte(text)); ok {
				t.Errorf("%.20s… of %d levels is taken", text, depth+1)
			}
		}
	}
}

// TestWalkLeavesWhatARequiredFieldLacks to the way that words the error: nothing can stand for such a field.
func TestWalkLeavesWhatARequiredFieldLacks(t *testing.T) {
	t.Parallel()
	n := &node{kind: recordKind, fields: []*field{{jsonName: "id", typ: &node{kind: stringKind}, null: -1}, {jsonName: "must", typ: &node{kind: longKind}, null: -1}}}
	n.index(nil)
	w := newWalk(compile(n, []string{"id"}))
	for text, want := range map[string]bool{`{"id":"1","must":2}`: true, `{"must":2,"id":"1"}`: true, `{"id":"1"}`: false, `{"id":"1","must":null}`: false} {
		if _, _, ok := w.encode([]byte(text)); ok != want {
			t.Errorf("%s: taken %v", text, ok)
		}
	}
}

// TestWalkCounts items, of which many take another size of number.
func TestWalkCounts(t *testing.T) {
	t.Parallel()
	b := kindsSubject(t)
	for _, count := range []int{0, 1, 63, 64, 65, 127, 128, 9000} {
		items := strings.TrimSuffix(strings.Repeat(`"x",`, count), ",")
		b.encode(t, []byte(`{"id":"1","as":[`+items+`]}`))
	}
}

// walkOnly counts what Encode leaves to values.
func (s *Subject) walkOnly(t *testing.T, text string, sure bool) {
	t.Helper()
	if !json.Valid([]byte(text)) || strings.Contains(text, "new") || strings.Contains(text, "{}]") {
		return
	}
	before := s.Doubtful()
	if _, err := s.Encode(t.Context(), [][]byte{[]byte(text)}); err != nil {
		t.Fatal(err)
	}
	if (s.Doubtful() == before) != sure {
		t.Errorf("%.200s: %d records of doubt", text, s.Doubtful()-before)
	}
}

func manyNames(n int, more string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"n%d":%d`, i, i)
	}
	return "{" + b.String()[1:] + more + "}"
}

// TestWalkStrings has strings of every length, with something special at every place, in fields, items and JSON text.
func TestWalkStrings(t *testing.T) {
	t.Parallel()
	b := newBothWays(Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns})
	b.encode(t, []byte(`{"id":"1","s":"x","as":["x"],"1st":{"x":1}}`))
	v := b.compiled.current.Load()
	w := newWalk(v.program)
	specials := []string{"", `\n`, `\"`, `\u00e9`, `\ud83d\ude00`, `\ud800`, `\/`, "é", "€", "😀", "\xff", "\xe2\x82", "\x7f"}
	for length := range 200 {
		for _, special := range specials {
			for at := 0; at <= length; at += 1 + length/24 {
				text := `"` + strings.Repeat("abcdefghi ", 20)[:at] + special + strings.Repeat("jklmnopqr ", 20)[:length-at] + `"`
				var want string
				if err := json.Unmarshal([]byte(text), &want); err != nil {
					t.Fatal(err)
				}
				for _, record := range []string{`{"id":` + text + `}`, `{"id":"1","s":` + text + `}`, `{"id":"1","as":[` + text + `]}`, `{"id":"1","1st":` + text + `}`, `{"id":"1","1st":{` + text + `:` + text + `}}`} {
					got, digest, ok := w.encode([]byte(record))
					o, err := parseValue([]byte(record))
					if err != nil {
						t.Fatal(err)
					}
					bytesWanted, err := (&encoder{}).appendRecord(nil, v.root, o)
					if err != nil || !ok || !bytes.Equal(got, bytesWanted) || digest != o.digest() || !strings.Contains(string(got), lastText(want, record)) {
						t.Fatalf("%q: %x %x %v, want %x %x", record, got, digest, ok, bytesWanted, o.digest())
					}
				}
			}
		}
	}
	for c := range byte(' ') {
		for at := range 20 {
			for _, before := range []string{"", `\n`, "é"} {
				record := `{"id":"` + before + strings.Repeat("a", at) + string([]byte{c}) + `aaaaaaaaaa"}`
				if _, _, ok := w.encode([]byte(record)); ok {
					t.Fatalf("%q is taken", record)
				}
			}
		}
	}
}

// lastText is what a record holds of a text: as it is, or within JSON text.
func lastText(want, record string) string {
	if strings.Contains(record, "1st") {
		return string(appendJSONString(nil, want))
	}
	return want
}

// TestWalkNumbers holds numbers to strconv, in their fields and as the digest has them.
func TestWalkNumbers(t *testing.T) {
	t.Parallel()
	b := newBothWays(Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns})
	b.encode(t, []byte(`{"id":"1","l":1,"d":1.5,"t_at":1,"s":"x"}`))
	b.encode(t, []byte(`{"id":"1","l":1.5,"d":1e400,"t_at":1.00005,"s":1}`), []byte(`{"id":"1","l":1e400,"t_at":1e400,"s":1.5}`), []byte(`{"id":"1","t_at":9999999999999}`))
	v := b.compiled.current.Load()
	w := newWalk(v.program)
	check := func(t *rapid.T, literal string) {
		for _, name := range []string{"l", "d", "t_at", "s", "id"} {
			record := []byte(`{"id":"1","` + name + `":` + literal + `}`)
			if name == "id" {
				record = []byte(`{"id":` + literal + `}`)
			}
			o, err := parseValue(record)
			if err != nil {
				t.Fatal(err)
			}
			e := encoder{}
			want, err := e.appendRecord(nil, v.root, o)
			got, digest, ok := w.encode(record)
			if !ok && (err != nil || len(e.misses) > 0 || v2check(b, o) != nil) {
				continue
			}
			if !ok || err != nil || !bytes.Equal(got, want) || digest != o.digest() {
				t.Fatalf("%s: %x %x %v, want %x %x %v", record, got, digest, ok, want, o.digest(), err)
			}
		}
		n, end := scanNumber([]byte(literal), 0)
		f, err := strconv.ParseFloat(literal, 64)
		if end != len(literal) {
			t.Fatalf("%s ends at %d", literal, end)
		}
		if d, ok := n.double([]byte(literal)); ok && (err != nil || d != f) {
			t.Fatalf("%s is %v, strconv says %v %v", literal, d, f, err)
		}
		i, err := strconv.ParseInt(literal, 10, 64)
		if l, ok := n.long([]byte(literal)); n.integer && (ok != (err == nil) || ok && l != i) {
			t.Fatalf("%s is %d %v, strconv says %d %v", literal, l, ok, i, err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		f := math.Float64frombits(rapid.Uint64().Draw(rt, "bits"))
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			check(rt, strconv.FormatFloat(f, rapid.SampledFrom([]byte("efg")).Draw(rt, "format"), rapid.IntRange(-1, 20).Draw(rt, "precision"), 64))
		}
		check(rt, strconv.FormatInt(rapid.Int64().Draw(rt, "long"), 10))
		check(rt, strconv.FormatInt(rapid.Int64().Draw(rt, "long")%1e15, 10))
		check(rt, strconv.FormatFloat(float64(rapid.IntRange(-1e9, 1e9).Draw(rt, "cents"))/1e4, 'f', -1, 64))
		check(rt, rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,5})?`).Draw(rt, "number"))
		check(rt, numbers.Draw(rt, "odd"))
	})
}

func v2check(b *bothWays, o value) error { return b.compiled.declared.check(o) }

// TestWalkAllocates nothing, once it knows the records; a page costs its outcomes and one buffer of values.
func TestWalkAllocates(t *testing.T) {
	s := contactSubject(t, Compiled)
	pages := contactPages(4, nil)
	v := s.current.Load()
	w := newWalk(v.program)
	for _, page := range pages {
		for _, r := range page {
			if _, _, ok := w.encode(r); !ok {
				t.Fatalf("%s is in doubt", r)
			}
		}
	}
	i := 0
	if n := testing.AllocsPerRun(400, func() {
		w.encode(pages[i/benchPerPage%4][i%benchPerPage])
		i++
	}); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
	if n := testing.AllocsPerRun(20, func() {
		if _, err := s.Encode(t.Context(), pages[i%4]); err != nil {
			t.Error(err)
		}
		i++
	}); n > 2 && !raceDetector {
		t.Errorf("%v allocations a page", n)
	}
	odd := [][]byte{[]byte(`{"id":77,"s":"2024-06-27T12:52:14Z","t_at":"2024-06-27T12:52:14.5+02:00"}`), []byte(`{"id":"7","d":0.30000000000000004}`), []byte(`{"id":"7","l":12.50e1}`),
		[]byte(`{"id":"7","s":1234567890123456789,"l":1.000,"d":-12.75e-3}`),
		[]byte(`{"l":"x","s":"a\nb","1st":{"x":["\u00e9 of more than thirty-two bytes, so that no room on the stack holds it", 1.5 ]},"id":"1","b":"y"}`), []byte(`{"id":"2","as":[1,"x"],"none":[],"o":[]}`)}
	b := kindsSubject(t)
	w = newWalk(b.compiled.current.Load().program)
	for _, r := range odd {
		if n := testing.AllocsPerRun(50, func() {
			if _, _, ok := w.encode(r); !ok {
				t.Errorf("%s is in doubt", r)
			}
		}); n != 0 {
			t.Errorf("%v allocations for %s", n, r)
		}
	}
}

// TestTextHash holds the ways of hashing a text to the words of Digest.
func TestTextHash(t *testing.T) {
	t.Parallel()
	slow := func(seed uint64, b []byte) uint64 {
		h := new(big.Int).SetUint64(seed + uint64(len(b)))
		word := func(b []byte) *big.Int {
			slices.Reverse(b)
			return new(big.Int).SetBytes(b)
		}
		one := new(big.Int).Lsh(big.NewInt(1), 64)
		for first := true; first || len(b) > 0; first = false {
			var block [16]byte
			b = b[copy(block[:], b):]
			x, y := word(block[:8]), word(block[8:])
			x.Xor(x, new(big.Int).SetUint64(0xa0761d6478bd642f))
			y.Xor(y, h).Xor(y, new(big.Int).SetUint64(0xe7037ed1a0b428db))
			hi, lo := new(big.Int).DivMod(x.Mul(x, y), one, new(big.Int))
			h = hi.Xor(hi, lo)
		}
		return h.Uint64()
	}
	text := []byte(strings.Repeat("0123456789 abcdefghijklmnopqrstuvwxyz é ", 4))
	w := &walk{}
	for n := range 100 {
		want := slow(stringSeed, text[:n])
		if got := textHash(stringSeed, text[:n]); got != want {
			t.Errorf("textHash of %d bytes: %x, want %x", n, got, want)
		}
		w.src = fmt.Appendf(nil, "%q, and what is behind it", text[:n])
		if size, x, y := w.short(0); size != n && n < 16 || size >= 0 && (n >= 16 || wordsHash(stringSeed, size, x, y) != want) {
			t.Errorf("short of %d bytes: %d, %x, %x", n, size, x, y)
		}
	}
}

// TestEncodersByName: what an operator writes.
func TestEncodersByName(t *testing.T) {
	t.Parallel()
	for _, e := range []Encoder{Compiled, Library} {
		if got, err := ParseEncoder(e.String()); got != e || err != nil {
			t.Errorf("%v, %v", got, err)
		}
	}
	if _, err := ParseEncoder("fast"); err == nil {
		t.Error("fast is taken")
	}
}

// A record that is much larger than the others of its page asks for room for itself, not for as much for each of them.
func TestOneLargeRecord(t *testing.T) {
	const large = 2 << 20
	for _, known := range []bool{false, true} { // what values of the page before had
		s := NewSubject(&strictRegistry{}, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}}, nil)
		page := [][]byte{[]byte(`{"id":"0","s":"` + strings.Repeat("x", large) + `"}`)}
		for i := range 100 {
			page = append(page, fmt.Appendf(nil, `{"id":"%d","s":"short"}`, i+1))
		}
		if _, err := s.Encode(t.Context(), page[1:2]); err != nil {
			t.Fatal(err)
		}
		if !known {
			s.size.Store(0)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		out, err := s.Encode(t.Context(), page)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; err != nil || took > 16*large {
			t.Errorf("size known %v: %d bytes allocated for a page of %d, %v", known, took, large, err)
		}
		for i := range out {
			if out[i].Err != nil || len(out[i].Value) == 0 {
				t.Errorf("record %d: %v", i, out[i].Err)
			}
		}
	}
}
