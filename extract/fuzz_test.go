package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"testing"
)

func FuzzLoad(f *testing.F) {
	f.Add([]byte(small))
	if text, err := os.ReadFile("../sources/intercom.yaml"); err == nil {
		f.Add(text)
	}
	f.Add([]byte(withSteps("[{ filter: { field: a, equals: 1, in: [x], exists: } }, { map: { rename: { a: }, lift: { x: }, remove: [a.b, ] } }]")))
	f.Add([]byte(shopOf(authOfRefresh, ", data: { a: }, headers: [], response_actions: [{ when: response.x, status_code: , action: wait, wait: }, ]")))
	f.Add([]byte("name: *a\nresources: [{<<: {}, name: &x y}]"))
	f.Add([]byte("? [a]\n: b"))
	f.Add([]byte("resources: [{endpoint: {body: [}]"))
	f.Add([]byte("resources:\n- \n- name:\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		src, err := Load("fuzz.yaml", text)
		if err != nil {
			var fe *FileError
			if !errors.As(err, &fe) || len(fe.Mistakes) == 0 || err.Error() == "" {
				t.Fatalf("not a FileError: %v", err)
			}
			return
		}
		for _, r := range src.Resources {
			if r.Name == "" || len(r.Key) == 0 || r.request.path == nil {
				t.Fatalf("passes: %+v", r)
			}
		}
	})
}

func FuzzPage(f *testing.F) {
	src := readSource(f)
	c, err := NewClient(src, map[string]string{"access_token": "x"}, Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{
		`{"conversations":[{"id":"1","updated_at":5}],"total_count":1,"pages":{"next":{"starting_after":"x"}}}`,
		`{"segments":[{"id":1}],"pages":{"next":"/x"}}`, `{"type":"error.list","errors":[{}]}`, `{"segments":[{},{"id":[]}]}`,
		`{"data":[{"\u0069d":"1","id":2}]}`, `{"error":"x"}`, `{"pages":{"next":{"page":{}}},"segments":[]}`,
	} {
		f.Add([]byte(text), 0)
	}
	f.Fuzz(func(t *testing.T, text []byte, which int) {
		r := src.Resources[uint(which)%uint(len(src.Resources))]
		page, err := walked(r, text)
		if (err == nil) != (checkJSON(text) == nil) {
			t.Fatalf("%q: the walk says %v", text, err)
		}
		if err != nil {
			return
		}
		q := &request{resource: r, method: "GET", url: c.base}
		var parent *parentFields
		if r.Parent != nil {
			parent = &parentFields{key: "p", names: []string{r.fromParent[0].field}, values: []json.RawMessage{json.RawMessage(`"p"`)}}
		}
		_ = c.refused(q, 400, text).Error()
		a, err := c.parse(q, page, parent)
		if err != nil {
			_ = err.Error()
			return
		}
		for _, record := range a.records {
			if !json.Valid(record.JSON) || record.JSON[0] != '{' || (record.Key == "") != (record.KeyErr != nil) {
				t.Fatalf("record %+v %s", record, record.JSON)
			}
		}
	})
}

// FuzzSteps: whatever the record, what comes out is one object that can be read.
func FuzzSteps(f *testing.F) {
	steps := stepsOf(f, "[{ filter: { field: a.b, not_in: [1, x], less_than: 5 } }, { map: { rename: { a: b }, lift: { c: a.b }, remove: [d.e, f] } }]")
	f.Add([]byte(`{"a":{"b":1e400},"d":{"e":1,"x":[]},"f":null}`))
	f.Add([]byte(`{"\u0061":1,"a":{"b":-0.0}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		obj := at(text, nil)
		if checkJSON(text) != nil || obj[0] != '{' {
			return
		}
		if out, _, _ := process(steps, obj); checkJSON(out) != nil || out[0] != '{' {
			t.Fatalf("%s made of %s", out, text)
		}
		if out := steps[1].mapping.apply(obj); checkJSON(out) != nil || out[0] != '{' {
			t.Fatalf("%s made of %s", out, text)
		}
	})
}

// FuzzCheckJSON: the check takes what encoding/json takes, and nothing else.
func FuzzCheckJSON(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,-0.5e+3,{}],"b":"\u00e4\\","c":null}`, ` [ ] `, `[1,]`, `{,}`, `{"a"}`, `{"a":}`, `[}`, `{]`, `01`, `1.`, `.5`, `-`, `1e`, `1e+`, `+1`, `"`,
		`"\`, `"\u12`, `"\x"`, "\"\x1f\"", "\"\x7f\xff\"", `tru`, `nullx`, `1 2`, `[1]]`, `[[1]`, ``, ` `, "\x00", "1\x00", `{"a":1 "b":2}`, `[1 2]`, `{1:2}`, `{"a":1,}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := checkJSON(text); (err == nil) != json.Valid(text) && bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) <= maxDepth {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
