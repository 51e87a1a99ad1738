package extract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// stepsOf loads a resource with processing steps.
func stepsOf(t testing.TB, steps string) []step {
	t.Helper()
	src, err := Load("shop.yaml", []byte(withSteps(steps)))
	if err != nil {
		t.Fatal(err)
	}
	return src.Resource("items").steps
}

func withSteps(steps string) string {
	return strings.Replace(shopOf("{ type: none }", ""), "    primary_key: id\n", "    primary_key: id\n    cursor_field: meta.at\n    processing_steps: "+steps+"\n", 1)
}

func TestFilters(t *testing.T) {
	t.Parallel()
	for filter, test := range map[string]struct{ keeps, drops []string }{
		"equals: 1":                        {[]string{"1", "1.0", "10e-1", "0.1E+1", "100e-2"}, []string{"2", `"1"`, "true", "null", "", "-1", "1.0000000000000000000001", "{}"}},
		"equals: 9007199254740993":         {[]string{"9007199254740993", "9007199254740993.0"}, []string{"9007199254740992", "9007199254740994"}},
		"equals: 0":                        {[]string{"0", "-0", "0.000", "0e99999999999999999999"}, []string{"1e-400", "-1e-400"}},
		"equals: abc":                      {[]string{`"abc"`, `"\u0061bc"`}, []string{`"abcd"`, `"ABC"`, "1", ""}},
		`equals: "1"`:                      {[]string{`"1"`}, []string{"1"}},
		"equals: true":                     {[]string{"true"}, []string{"false", `"true"`, "1", "null"}},
		"not_equals: abc":                  {[]string{`"abd"`, "1", "null", "", "[]"}, []string{`"abc"`}},
		"in: [1, a, false]":                {[]string{"1.0", `"a"`, "false"}, []string{"2", `"b"`, "true", "null", ""}},
		"not_in: [1, a]":                   {[]string{"2", "null", "", "{}"}, []string{"1e0", `"a"`}},
		"exists: true":                     {[]string{"0", `""`, "false", "{}"}, []string{"null", ""}},
		"exists: false":                    {[]string{"null", ""}, []string{"0", "[]"}},
		"at_least: 10":                     {[]string{"10", "1e1", "11", "1e400", "10.0000000001", "1e99999999999999999999"}, []string{"9", "9.99999999999999999999", "-11", "0", "null", "", "-1e400", "1e-99999999999999999999"}},
		"less_than: -1.5":                  {[]string{"-1.6", "-2", "-1e9"}, []string{"-1.5", "-1.4", "0", "1", "null", ""}},
		"at_least: 1, less_than: 2":        {[]string{"1", "1.999"}, []string{"2", "0.999"}},
		`at_least: "2026-01-02T00:00:00Z"`: {[]string{`"2026-01-02T00:00:00Z"`, `"2026-01-03T00:00:00Z"`}, []string{`"2026-01-01T23:59:59Z"`, `""`}},
	} {
		steps := stepsOf(t, "[{ filter: { field: a.b, "+filter+" } }]")
		for keep, values := range map[bool][]string{true: test.keeps, false: test.drops} {
			for _, v := range values {
				obj := `{"id":1,"a":{"x":2,"b":` + v + `}}`
				if v == "" {
					obj = `{"id":1,"a":{}}`
				}
				if _, dropped, err := process(steps, []byte(obj)); err != nil || dropped == keep {
					t.Errorf("%s: %s: dropped %v, %v", filter, obj, dropped, err)
				}
			}
		}
	}
	for filter, value := range map[string]string{"at_least: 10": `"11"`, "less_than: a": "5", "at_least: 1": "true", "less_than: 1": "{}"} {
		if _, _, err := process(stepsOf(t, "[{ filter: { field: a, "+filter+" } }]"), []byte(`{"a":`+value+`}`)); err == nil {
			t.Errorf("%s: %s is in an order", filter, value)
		}
	}
}

// TestNumbersAreComparedExactly, with rationals as the oracle.
func TestNumbersAreComparedExactly(t *testing.T) {
	t.Parallel()
	number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		if rapid.Bool().Draw(t, "close") {
			b = a + "0"
			if strings.ContainsAny(a, "eE") || !strings.Contains(a, ".") {
				b = a
			}
		}
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		if got, want := compareScalars(json.RawMessage(a), json.RawMessage(b)), x.Cmp(y); got != want {
			t.Fatalf("%s ? %s: %d, want %d", a, b, got, want)
		}
	})
}

func TestMappings(t *testing.T) {
	t.Parallel()
	for steps, test := range map[string][2]string{
		"[{ map: { rename: { a: b } } }]":                                      {`{"id":1, "a" : [1, 2]}`, `{"id":1,"b":[1, 2]}`},
		"[{ map: { rename: { a: b, b: a } } }]":                                {`{"a":1,"b":2}`, `{"b":1,"a":2}`},
		"[{ map: { rename: { a: b }, remove: [c] } }]":                         {`{"b":2,"c":3}`, `{"b":2}`},
		"[{ map: { rename: { a: b } , remove: [c] } }]":                        {`{"b":2,"\u0061":1,"c":null}`, `{"b":1}`},
		"[{ map: { lift: { city: home.city.name }, remove: [home.city] } }]":   {`{"home":{"city":{"name":"x"},"no":0.70e1}}`, `{"home":{"no":0.70e1},"city":"x"}`},
		"[{ map: { lift: { home: home.city } } }]":                             {`{"home":{"city":"x"}}`, `{"home":"x"}`},
		"[{ map: { lift: { x: no } } }]":                                       {`{"x":1}`, `{"x":1}`},
		"[{ map: { remove: [a.b.c, a.d] } }]":                                  {`{"a":{"b":{"c":1,"e":2},"d":3},"f":[{"b":1}]}`, `{"a":{"b":{"e":2}},"f":[{"b":1}]}`},
		"[{ map: { remove: [a.b] } }, { map: { rename: { a: z } } }]":          {`{"a":{"b":1}}`, `{"z":{}}`},
		"[{ map: { rename: { a: b } } }, { filter: { field: b, equals: 1 } }]": {`{"a":1}`, `{"b":1}`},
	} {
		got, dropped, err := process(stepsOf(t, steps), []byte(test[0]))
		if err != nil || dropped || string(got) != test[1] {
			t.Errorf("%s of %s:\ngot  %s, %v, %v\nwant %s", steps, test[0], got, dropped, err, test[1])
		}
	}
}

var (
	drawName  = rapid.SampledFrom([]string{"a", "b", "c", "d", `q"`, "é"})
	drawValue = rapid.SampledFrom([]string{"1", "1.0", `"x"`, `"\u0061"`, "null", "true", "[]", `[{"a":1}]`, "18446744073709551617"})
)

func drawObject(t *rapid.T, depth int) string {
	var members []string
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		value := drawValue.Draw(t, "value")
		if depth > 0 && rapid.Bool().Draw(t, "nested") {
			value = drawObject(t, depth-1)
		}
		members = append(members, quote(drawName.Draw(t, "name"))+" :\n"+value)
	}
	return "{ " + strings.Join(members, " , ") + "}"
}

// plain is the oracle's way to see a record.
func plain(t *rapid.T, obj []byte) map[string]any {
	d := json.NewDecoder(bytes.NewReader(obj))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", obj, err)
	}
	return v
}

func lookUp(v any, path []string) (any, bool) {
	for _, name := range path {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = object[name]; !ok {
			return nil, false
		}
	}
	return v, true
}

// without is a copy of v that lacks a path.
func without(v any, path []string) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for name, value := range object {
		switch {
		case name != path[0]:
			out[name] = value
		case len(path) > 1:
			out[name] = without(value, path[1:])
		}
	}
	return out
}

// TestMappingsAgainstDecoding: the bytes are changed as the decoded record would be.
func TestMappingsAgainstDecoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		obj := drawObject(t, 2)
		drawPath := rapid.SliceOfN(drawName, 1, 3)
		m := &mapping{}
		given, renames := map[string]bool{}, map[string]bool{}
		for range rapid.IntRange(0, 3).Draw(t, "renames") {
			r := renamed{drawName.Draw(t, "from"), drawName.Draw(t, "to")}
			if !renames[r.from] && !given[r.to] {
				renames[r.from], given[r.to] = true, true
				m.rename = append(m.rename, r)
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "lifts") {
			if to := drawName.Draw(t, "to"); !given[to] {
				given[to] = true
				m.lift = append(m.lift, lifted{to, drawPath.Draw(t, "path")})
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "removed") {
			if path := drawPath.Draw(t, "path"); len(path) > 1 || !renames[path[0]] {
				m.remove = append(m.remove, path)
			}
		}
		before := plain(t, []byte(obj))
		left := any(before)
		for _, path := range m.remove {
			left = without(left, path)
		}
		want := map[string]any{}
		for name, value := range left.(map[string]any) {
			if !renames[name] {
				want[name] = value
			}
		}
		for _, r := range m.rename {
			if value, ok := left.(map[string]any)[r.from]; ok {
				want[r.to] = value
			}
		}
		for _, l := range m.lift {
			if value, ok := lookUp(before, l.path); ok {
				want[l.to] = value
			}
		}
		if diff := cmp.Diff(want, plain(t, m.apply([]byte(obj)))); diff != "" {
			t.Fatalf("%s\n%+v: %s", obj, *m, diff)
		}
	})
}

// TestFilteredRecordsCount: what a filter drops is still there for completeness, and for the guards.
func TestFilteredRecordsCount(t *testing.T) {
	t.Parallel()
	file := strings.Replace(withSteps("[{ filter: { field: open, equals: true } }, { map: { remove: [open] } }]"), "data_selector: items", "data_selector: items, total_path: total", 1)
	s := newShop(t, file, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "" {
			send(w, 200, `{"items":[{"id":1,"open":false},{"id":2,"open":true}],"total":4,"next":"/items?p=2"}`)
			return
		}
		send(w, 200, `{"items":[{"id":3,"open":false},{"id":4}],"total":4}`)
	})
	pages := s.mustRead("items", Position{})
	if len(pages) != 2 || keys(pages) != "2" || pages[0].Read != 2 || pages[1].Read != 2 || !pages[1].After.Done || string(pages[0].Records[0].JSON) != `{"id":2}` {
		t.Errorf("%+v", pages)
	}
}

func TestFilteredRecordsOfIncrementals(t *testing.T) {
	t.Parallel()
	file := strings.Replace(small, "  - name: orders\n", "  - name: orders\n    processing_steps: [{ filter: { field: open, equals: true } }]\n", 1)
	file = strings.Replace(file, "    parent: orders\n", "    parent: orders\n    processing_steps: [{ filter: { field: open, equals: true } }]\n", 1)
	s := newShop(t, strings.Replace(file, "row_order: asc", "row_order: asc, cursor_format: unix", 1), func(w http.ResponseWriter, r *http.Request) {
		at := epoch.Unix()
		send(w, 200, fmt.Sprintf(`{"data":[{"id":1,"open":false,"updated_at":%d},{"id":2,"open":true,"updated_at":%d},{"id":3,"open":false,"updated_at":%d}]}`, at, at+1, at+100))
	})
	pages := s.mustRead("orders", Position{Phase: PhaseBackfill, Window: window(0, 10)})
	if len(pages) != 1 || keys(pages) != "1 2" || !pages[0].Records[0].Filtered || pages[0].Records[1].Filtered {
		t.Errorf("%+v", pages)
	}
	recs, complete, _, err := s.c.Children(t.Context(), s.src.Resource("items"), pages[0].Records[1])
	if err != nil || !complete || len(recs) != 1 || recs[0].Key != "2/2" {
		t.Errorf("children %+v, %v, %v", recs, complete, err)
	}
	s.api = func(w http.ResponseWriter, r *http.Request) {
		send(w, 200, fmt.Sprintf(`{"data":[{"id":1,"updated_at":%d}]}`, epoch.Unix()))
	}
	s.src.Resource("orders").steps[0].filter.atLeast = json.RawMessage(`"x"`)
	s.src.Resource("orders").steps[0].filter.hasIn = false
	s.src.Resource("orders").steps[0].filter.path = []string{"id"}
	_, err = s.read("orders", Position{Phase: PhaseBackfill, Window: window(0, 10)})
	wantKind(t, err, KindProtocol, `record 1: filter: id is a number, which has no order with "x"`)
}

func TestMistakesInSteps(t *testing.T) {
	t.Parallel()
	for steps, want := range map[string]string{
		"{}":                 `processing_steps: want a list, not a mapping`,
		"[{ }]":              `want one of filter and map`,
		"[{ yield_map: x }]": `field "yield_map" of processing step is not supported yet`,
		"[{ filter: { field: a, equals: 1 }, map: { remove: [a] } }]": `want one of filter and map`,
		"[{ filter: { equals: 1 } }]":                                 `filter has no field`,
		"[{ filter: { field: a } }]":                                  `filter has no condition`,
		"[{ filter: { field: a, equal: 1 } }]":                        `unknown field "equal" (did you mean "equals"?)`,
		"[{ filter: { field: \"a[0]\", equals: 1 } }]":                `field: want member names joined with dots`,
		"[{ filter: { field: a, equals: null } }]":                    `nothing equals null`,
		"[{ filter: { field: a, equals: [1] } }]":                     `equals: want text, a number or a boolean, not a list`,
		"[{ filter: { field: a, equals: 0x10 } }]":                    `want a number as JSON spells it`,
		"[{ filter: { field: a, equals: 1, in: [2] } }]":              `equals and in: give one`,
		"[{ filter: { field: a, in: [] } }]":                          `in: want a list of values`,
		"[{ filter: { field: a, in: 1 } }]":                           `in: want a list of values`,
		"[{ filter: { field: a, at_least: true } }]":                  `at_least: want text or a number`,
		"[{ filter: { field: a, exists: 1 } }]":                       `exists: want true or false`,
		"[{ filter: { field: a, equals: \"{{ config.key }}\" } }]":    `expressions are not supported in filters yet`,
		"[{ map: {} }]":                                     `map does nothing`,
		"[{ map: { rename: { id: key } } }]":                `17:43: map: id is part of the key, it cannot be renamed`,
		"[{ map: { rename: { a: id } } }]":                  `map: id is part of the key, it cannot be replaced`,
		"[{ map: { remove: [id] } }]":                       `map: id is part of the key, it cannot be removed`,
		"[{ map: { remove: [meta] } }]":                     `map: meta.at is the cursor field, it cannot be removed`,
		"[{ map: { remove: [meta.at] } }]":                  `map: meta.at is the cursor field, it cannot be removed`,
		"[{ map: { rename: { meta: x } } }]":                `map: meta.at is the cursor field, it cannot be renamed`,
		"[{ map: { lift: { meta: a.b } } }]":                `map: meta.at is the cursor field, it cannot be replaced`,
		"[{ map: { rename: { a: x, b: x } } }]":             `"x" is given twice`,
		"[{ map: { rename: { a: x }, lift: { x: b.c } } }]": `"x" is given twice`,
		"[{ map: { rename: { a: x }, remove: [a] } }]":      `"a" is renamed and removed`,
		"[{ map: { remove: [a..b] } }]":                     `remove: want member names joined with dots`,
	} {
		_, err := Load("shop.yaml", []byte(withSteps(steps)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q in\n%v", steps, want, err)
		}
	}
	if _, err := Load("shop.yaml", []byte(withSteps("[{ map: { remove: [meta.other, metal] } }]"))); err != nil {
		t.Error(err)
	}
	child := strings.Replace(small, "  - name: orders\n", "  - name: orders\n    processing_steps: [{ map: { rename: { number: n } } }]\n", 1)
	child = strings.Replace(child, "stream_slice.id", "stream_slice.number", 1)
	if _, err := Load("shop.yaml", []byte(child)); err == nil || !strings.Contains(err.Error(), `needs the field "number" of orders, whose processing_steps rename or remove it`) {
		t.Error(err)
	}
	if _, err := Load("shop.yaml", []byte(strings.Replace(child, "stream_slice.number", "stream_slice.n", 1))); err != nil {
		t.Error(err)
	}
}
