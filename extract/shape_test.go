package extract

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// behind is what stands behind the records in a test: so much that the walk looks at several bytes at once until it is there.
var behind = `"` + strings.Repeat("behind ", 9) + `"`

// everyKind is a record with a value of every kind that the walk has a way of its own for, and of those near them.
const everyKind = `{"id":"1","é":"Zoë","n":null,"yes":true,"no":false,"":0,"o":{"a":1,"o":{},"p":{"b":"x"},"c":-3},"l":[],"m":[{"a":1},{"a":2},[{"a":3}],"x"],` +
	`"i":1234567,"j":12345678,"k":1700000000,"d":123456789012345,"e":1234567890123456,"f":0.5,"g":1234.5678901,"h":1e5,"q":"","r":"12345678","s":"123456789012345",` +
	`"t":"1234567890123456","u":"https://example.com/avatars/0123456789.png","v":"a\"b\\","name_of_16_by":1,"a_name_of_twenty_seven_bytes":1,"a_name_of_seventeen":2,"a_name_of_more_than_thirty_two_bytes":3,"at":{"s":5}}`

// What was expected and is not there, byte by byte: encoding/json says what is right.
func TestRecordThatDiffersFromTheLast(t *testing.T) {
	t.Parallel()
	r, before := listAt("data"), everyKind+","+everyKind+"," // the first of all is not remembered
	for i := range len(everyKind) {
		for _, ch := range []string{"", `"`, `\`, "\x00", "\x1f", "\x7f", "\x80", "\xff", " ", "\n", ",", ":", "{", "}", "[", "]", "0", "9", "-", ".", "e", "a", "A", "/", "!", "#"} {
			compareWalk(t, r, []byte(`{"data":[`+before+everyKind[:i]+ch+everyKind[i+1:]+`,`+behind+`]}`))
		}
		for _, ch := range []string{`"`, " ", ",", "}", "0"} {
			compareWalk(t, r, []byte(`{"data":[`+before+everyKind[:i]+ch+everyKind[i:]+`],"a":`+behind+`}`))
		}
		compareWalk(t, r, []byte(`{"data":[`+before+everyKind[:i]))
	}
}

// Wherever an answer ends, even where nothing but closing brackets has come for a while.
func TestAnswerThatEndsInARecord(t *testing.T) {
	t.Parallel()
	for levels := range 60 {
		record := strings.Repeat(`{"id":`, levels) + `{"id":1}` + strings.Repeat("}", levels)
		text := `[` + record + `,` + record + `,` + record + `]`
		for end := range text {
			compareWalk(t, listAt(), []byte(text[:end]))
		}
	}
}

// The members of records come, stay away, move and are spelled otherwise.
func TestRecordsOfManyShapes(t *testing.T) {
	t.Parallel()
	names := []string{"id", "é", "at", `\u0069d`, "a", "b", "an_ordinary_name", "name_of_16_by", "a_name_of_seventeen", "a_name_of_more_than_thirty_two_bytes", "a_name_of_more_than_thirty_two_bits"}
	rapid.Check(t, func(rt *rapid.T) {
		var object func(depth int) string
		value := func(depth int) string {
			kind := rapid.IntRange(0, 7).Draw(rt, "kind")
			if depth == 0 {
				kind %= 5
			}
			switch kind {
			case 0, 1:
				return rapid.SampledFrom([]string{"null", "true", "false", "0", "-1", "1700000000", "0.25", "12345678.5", "1E4", `""`, `"short"`, "[]"}).Draw(rt, "plain")
			case 2, 3:
				return `"` + strings.Repeat("x", rapid.IntRange(0, 40).Draw(rt, "length")) + rapid.SampledFrom([]string{"", `\n`, "é", `\u00e9x`}).Draw(rt, "end") + `"`
			case 4:
				return drawJSON(rt, 1)
			case 5:
				return "[" + object(depth-1) + "," + object(depth-1) + "]"
			}
			return object(depth - 1)
		}
		comma, colon := ",", ":"
		if rapid.Bool().Draw(rt, "spaced") {
			comma, colon = rapid.SampledFrom([]string{", ", ",\n  "}).Draw(rt, "comma"), ": "
		}
		object = func(depth int) string {
			var members []string
			for _, name := range names {
				if rapid.IntRange(0, 9).Draw(rt, "there") < 7 {
					members = append(members, `"`+name+`"`+colon+value(depth))
				}
			}
			if rapid.IntRange(0, 5).Draw(rt, "shuffled") == 0 {
				members = rapid.Permutation(members).Draw(rt, "order")
			}
			return "{" + strings.Join(members, comma) + "}"
		}
		var rows []string
		for range rapid.IntRange(1, 8).Draw(rt, "rows") {
			rows = append(rows, object(2))
		}
		text := `{"data":[` + strings.Join(append(rows, behind), ",") + `]}`
		if rapid.Bool().Draw(rt, "broken") {
			at := rapid.IntRange(0, len(text)-1).Draw(rt, "at")
			text = text[:at] + rapid.SampledFrom([]string{"", `"`, `\`, "\x01", " ", ",", ":", "{", "}", "[", "]", "0", "x"}).Draw(rt, "instead") + text[at+1:]
		}
		compareWalk(t, listAt("data"), []byte(text))
	})
}

// More members than a shape has room for, in the same order and in another one.
func TestMoreMembersThanAreExpected(t *testing.T) {
	t.Parallel()
	var rows []string
	for row := range 6 {
		var members []string
		for i := range 300 {
			name := fmt.Sprintf("m%d", i*(2*row/2*7+1)%300)
			members = append(members, fmt.Sprintf(`"%s":{"%s":%d}`, name, name, i))
		}
		rows = append(rows, `{`+strings.Join(members, ",")+`,"id":`+fmt.Sprint(row)+`,"at":{"id":{"id":1}},"é":"x"}`)
	}
	compareWalk(t, listAt("data"), []byte(`{"data":[`+strings.Join(rows, ",")+`],"a":`+behind+`}`))
}

// The last member that a shape has room for, and the first that it has none for, are taken from a record and found in an object in it.
func TestShapeThatIsJustFull(t *testing.T) {
	t.Parallel()
	for n := 240; n < 260; n++ {
		var row strings.Builder
		row.WriteString(`{`)
		for i := range n {
			fmt.Fprintf(&row, `"m%d":1,`, i)
		}
		for _, end := range []string{`"id":1,"é":2,"o":{"x":1},"p":{"id":{"id":3}}}`, `"o":{"id":1,"é":2},"id":3,"é":4}`, `"o":{"x":1},"id":2,"p":{"é":5},"é":{"é":6}}`} {
			rows := strings.Repeat(row.String()+end+",", 3) + `{"o":{"id":7}},{"q":{"é":8}},`
			compareWalk(t, listAt(), []byte(`[`+rows+behind+`]`))
		}
	}
}

// Names are expected where that spares reading them, and nowhere else: not of a single record, and no longer where others come.
func TestWhereNamesAreExpected(t *testing.T) {
	t.Parallel()
	var same, other []string
	for i := range 300 {
		same = append(same, everyKind)
		var members []string
		for n := range 20 {
			members = append(members, fmt.Sprintf(`"m%d_%d":1`, i, n))
		}
		other = append(other, "{"+strings.Join(members, ",")+"}")
	}
	for name, c := range map[string]struct {
		rows            []string
		learnt, strange int // at least, at most
	}{
		"one record":       {same[:1], 0, 0},
		"the same members": {same, 30, 60},
		"always others":    {other, 200, 2000}, // of 6000
	} {
		page, err := walked(listAt(), []byte(`[`+strings.Join(c.rows, ",")+`]`))
		if err != nil {
			t.Fatal(name, err)
		}
		s := page.sheet.shape
		if learnt := s.used - aRecord - 1; learnt < c.learnt || s.strange > c.strange || c.learnt == 0 && learnt > 0 {
			t.Errorf("%s: %d members are expected, %d names were looked for in vain", name, learnt, s.strange)
		}
	}
}

// A record that was met before, at the limit of depth.
func TestDepthOfWhatIsExpected(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"1", "{}", "[]", `{"a":1}`, `{"a":{}}`, `[{"a":1}]`} {
		for levels := maxDepth - 6; levels < maxDepth+3; levels++ {
			record := strings.Repeat(`{"a":`, levels) + value + strings.Repeat("}", levels)
			asDeepAsMayBe := strings.Repeat(`{"a":`, maxDepth-2) + "1" + strings.Repeat("}", maxDepth-2)
			deep := levels+strings.Count(value, "{")+strings.Count(value, "[")+2 > maxDepth
			_, err := walked(listAt("data"), []byte(`{"data":[`+asDeepAsMayBe+`,`+asDeepAsMayBe+`,`+record+`,`+behind+`]}`))
			if deep != (err != nil) || deep && !strings.HasPrefix(err.Error(), "nested") {
				t.Errorf("%d levels of %s: %v", levels, value, err)
			}
		}
	}
}

// What follows a nested object is no member of it, and the other way round.
func TestMembersOfAnObjectAreItsOwn(t *testing.T) {
	t.Parallel()
	rows := []string{
		`{"o":{"b":1},"id":2}`, `{"id":3,"o":{"b":1,"id":9}}`, `{"o":{"b":1,"id":9},"é":2}`, `{"o":{"b":1},"id":4,"é":5}`, `{"id":3,"é":6,"o":{"b":1,"id":9,"é":10}}`,
		`{"o":{"p":{"b":1},"c":1},"id":2}`, `{"id":3,"o":{"p":{"b":1,"id":9},"c":1,"id":9}}`, `{"l":[{"b":1},{"b":2}],"id":4}`, `{"id":3,"l":[{"b":1},{"b":2,"id":9},{"id":9}]}`,
	}
	for _, row := range rows {
		for _, other := range rows {
			for _, comma := range []string{",", ", ", " ,"} {
				text := strings.Join([]string{row, row, other, row, other, behind}, ",")
				compareWalk(t, listAt(), []byte(`[`+strings.ReplaceAll(text, ",", comma)+`]`))
				compareWalk(t, listAt(), []byte(`[`+strings.ReplaceAll(text, "}", " }")+`]`))
			}
		}
	}
}

// A resource whose cursor is a part of its key has both.
func TestMemberThatIsTakenTwice(t *testing.T) {
	t.Parallel()
	r := &Resource{Name: "rows", Key: []KeyField{{Name: "day"}, {Name: "id"}}, CursorPath: "day"}
	compareWalk(t, r, []byte(`[{"day":"2026-01-01","id":1},{"id":2},{"id":3,"day":"2026-01-02"},{"id":4,"day":"2026-01-03"},{"day":"x","day":"y"},`+behind+`]`))
}

// A sheet that another answer was in before expects nothing of it.
func TestNothingIsExpectedOfAnotherAnswer(t *testing.T) {
	t.Parallel()
	s := &sheet{}
	text := `[{"id":1,"day":2,"at":{"s":1}},{"id":3,"day":4,"at":{"s":2}},{"id":5,"day":6,"at":{"s":3}},` + behind + `]`
	for _, name := range []string{"id", "day"} {
		s.body = []byte(text)
		r := &Resource{Name: "rows", Key: []KeyField{{Name: name}}}
		if err := r.walk(s); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if got, want := string(s.text(s.taken[2*i])), string(at(s.text(s.rows[i]), []string{name})); got != want {
				t.Errorf("%s of row %d is %q, want %q", name, i, got, want)
			}
		}
	}
}
