package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/headwater-stream/headwater/internal/bench/contacts"
)

// walked is an answer as it comes from the API.
func walked(r *Resource, text []byte) (fetched, error) {
	s := &sheet{body: text}
	return fetched{sheet: s}, r.walk(s)
}

// listAt is a resource that has a composite key and a cursor in an object.
func listAt(path ...string) *Resource {
	r := &Resource{Name: "rows", Key: []KeyField{{Name: "id"}, {Name: "é"}}, CursorPath: "at.s"}
	r.request.selector = path
	return r
}

// membersOf is encoding/json's idea of an object: of repeated names the last counts.
func membersOf(t testing.TB, v json.RawMessage) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if len(v) == 0 || v[0] != '{' {
		return nil
	}
	if err := json.Unmarshal(v, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// compareWalk has encoding/json take the answer apart too.
func compareWalk(t testing.TB, r *Resource, text []byte) {
	t.Helper()
	page, err := walked(r, text)
	var whole json.RawMessage
	switch wrong := json.Unmarshal(text, &whole); {
	case err == nil && wrong != nil:
		t.Fatalf("%q is taken for JSON: %v", text, wrong)
	case err != nil && wrong == nil && bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) <= maxDepth:
		t.Fatalf("%q is refused: %v", text, err)
	}
	if err != nil {
		return
	}
	s, value := page.sheet, json.RawMessage(bytes.Trim(text, " \t\r\n"))
	for name, want := range membersOf(t, value) {
		if got := s.at(name); !bytes.Equal(got, want) && !strings.ContainsRune(name, utf8.RuneError) { // nobody asks for a name that is broken
			t.Fatalf("%q: %q is %q, want %q", text, name, got, want)
		}
	}
	for _, name := range r.request.selector {
		value = membersOf(t, value)[name]
	}
	if got := s.text(s.found); !bytes.Equal(got, value) {
		t.Fatalf("%q: %q is found, want %q", text, got, value)
	}
	var rows []json.RawMessage
	if isList := len(value) > 0 && value[0] == '['; isList != s.isList {
		t.Fatalf("%q: a list: %v", text, s.isList)
	} else if isList && json.Unmarshal(value, &rows) != nil || len(rows) != len(s.rows) {
		t.Fatalf("%q: %d rows, want %d", text, len(s.rows), len(rows))
	}
	names := r.takes()
	for i, row := range rows {
		if got := s.text(s.rows[i]); !bytes.Equal(got, row) {
			t.Fatalf("%q: row %q, want %q", text, got, row)
		}
		members := membersOf(t, row)
		for k, name := range names {
			if got := s.text(s.taken[i*len(names)+k]); !bytes.Equal(got, members[name]) {
				t.Fatalf("%q: %q of row %d is %q, want %q", text, name, i, got, members[name])
			}
		}
	}
}

var walks = [][]string{nil, {"data"}, {"data", "rows"}}

// oddAnswers are answers in which it is easy to go wrong.
var oddAnswers = []string{
	`{"data":[{"id":1,"é":"a","at":{"s":5}},{"at":6,"id":"x","id":"y"}],"next":null}`, `[{"id":1}]`, ` [ ] `, `{}`, `{"data":{"rows":[{"id":1},[],7,null,"x"]}}`,
	`{"data":[{"id":1}],"data":7}`, `{"data":7,"d\u0061ta":[{"\u0069d":1,"\u00e9":2}]}`, `{"data":{"rows":[1]},"data":{"rows":2}}`, `{"data":{"rows":[1],"rows":[2]}}`,
	`{"data":{"rows":[1]},"data":{}}`, `{"data":[],"next":{"data":[1]}}`, `{"data":{"x":{"rows":[1]}}}`, `{"":1,"data":[{"":1,"id":{"id":2}}]}`, `{"data":[{"id":1},]}`,
	`{"data":[{"id":1,}]}`, `{"data":[{"id":1}{"id":2}]}`, `{"data":[,{"id":1}]}`, `{"data":[{"id":1}]]}`, `{"data":[{"id":1}]`, `{"data":[{"id":1}]}}`, `{"data":[{"id" 1}]}`,
	"{\"data\" : [ { \"id\" :\t1 } ,\r\n{ } ] }", `"data"`, `{"data":"[{}]"}`, `{"data":[{"id":"\ud800"}]}`, "{\"data\":[{\"i\xff\":1,\"id\":\"\xff\"}]}",
}

func TestWalkAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	for _, path := range walks {
		for _, text := range append(oddAnswers, string(contactsPage(contacts.New(3, time.Unix(1_700_000_000, 0)), 0, 3))) {
			compareWalk(t, listAt(path...), []byte(text))
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"id", "é", "at", `i\u0064`, "data", "x", "identity"})
		draw := func() string {
			var row []string
			for range rapid.IntRange(0, 4).Draw(rt, "members") {
				row = append(row, `"`+name.Draw(rt, "name")+`":`+drawJSON(rt, 2))
			}
			return "{" + strings.Join(row, " , ") + "}"
		}
		var rows []string
		for range rapid.IntRange(0, 4).Draw(rt, "rows") {
			rows = append(rows, draw())
		}
		text := "[" + strings.Join(rows, ",") + "]"
		path := rapid.SampledFrom(walks).Draw(rt, "path")
		for i := len(path) - 1; i >= 0; i-- {
			text = `{"a":` + drawJSON(rt, 2) + `,"` + path[i] + `":` + text + `,"` + name.Draw(rt, "after") + `":` + drawJSON(rt, 2) + "}"
		}
		if cut := rapid.IntRange(-20, len(text)).Draw(rt, "cut"); cut >= 0 && rapid.Bool().Draw(rt, "less") {
			text = text[:cut] + text[min(cut+1, len(text)):]
		}
		compareWalk(t, listAt(path...), []byte(text))
	})
}

// FuzzWalk: what is taken for JSON, and what is found in it, is what encoding/json says.
func FuzzWalk(f *testing.F) {
	for i, text := range oddAnswers {
		f.Add([]byte(text), uint8(i))
	}
	f.Fuzz(func(t *testing.T, text []byte, path uint8) {
		compareWalk(t, listAt(walks[int(path)%len(walks)]...), text)
	})
}

// A sheet that was used before shows nothing of that.
func TestSheetIsUsedAgain(t *testing.T) {
	t.Parallel()
	s := &sheet{}
	for _, text := range []string{`{"data":[{"id":1},{"id":2}],"a":1}`, `{"data":{}}`, `{"data":[{}]}`, `[1]`, `{"data":[1`, `{"b":2}`} {
		err := s.read(iotest.OneByteReader(strings.NewReader(text)), -1, 1000)
		if err != nil || string(s.body) != text {
			t.Fatalf("%q, %v", s.body, err)
		}
		want, wrong := walked(listAt("data"), []byte(text))
		if err := listAt("data").walk(s); (err == nil) != (wrong == nil) {
			t.Fatal(text, err)
		}
		if wrong != nil {
			continue
		}
		for _, name := range []string{"data", "a", "b"} {
			if got, want := s.at(name), want.sheet.at(name); !bytes.Equal(got, want) {
				t.Errorf("%s: %s is %q, want %q", text, name, got, want)
			}
		}
		if len(s.rows) != len(want.sheet.rows) || s.isList != want.sheet.isList || s.found != want.sheet.found || len(s.taken) != len(want.sheet.taken) {
			t.Errorf("%s: %+v, want %+v", text, s, want.sheet)
		}
	}
}

func TestSheetReadsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	for _, length := range []int64{-1, 0, 10, 1 << 40} {
		s := &sheet{}
		if err := s.read(strings.NewReader("0123456789"), length, 10); err != nil || string(s.body) != "0123456789" {
			t.Errorf("%q, %v", s.body, err)
		}
		if err := s.read(io.MultiReader(strings.NewReader("0123456789x"), iotest.ErrReader(errors.New("too far"))), length, 10); err != nil || len(s.body) != 11 {
			t.Errorf("%q, %v", s.body, err)
		}
		if err := s.read(io.MultiReader(strings.NewReader("01"), iotest.ErrReader(io.ErrUnexpectedEOF)), length, 10); !errors.Is(err, io.ErrUnexpectedEOF) || string(s.body) != "01" {
			t.Errorf("%q, %v", s.body, err)
		}
	}
}
