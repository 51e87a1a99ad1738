package avro

import (
	"context"
	"testing"
)

// A plain value is the record's text, its numbers and strings as they are spelled, on one line and in UTF-8; digest, key and refusals are a Subject's.
func TestPlain(t *testing.T) {
	t.Parallel()
	p := NewPlain(Declaration{Name: "headwater.test.R", Key: []string{"id"}})
	records := []string{
		"{ \"id\" : 7,\n \"n\":1.0, \"big\":18446744073709551617, \"far\":1e400, \"none\":null, \"s\":\"a \\ud800 \\u00e9 <&>\", \"e\":{}, \"l\":[ ] }",
		"{\"id\":\"b\",\"s\":\"\xff\xfe\",\"\xe9\":\"\\ud800\"}",
		`{"n":1}`, `[]`, `{"id":`, `{"id":1.5}`,
	}
	want := []string{`{"id":7,"n":1.0,"big":18446744073709551617,"far":1e400,"none":null,"s":"a \ud800 \u00e9 <&>","e":{},"l":[]}`,
		"{\"id\":\"b\",\"s\":\"\ufffd\ufffd\",\"\ufffd\":\"\\ud800\"}"}
	texts := make([][]byte, len(records))
	for i, r := range records {
		texts[i] = []byte(r)
	}
	subject, err := NewSubject(&strictRegistry{}, "r-value", p.declared.Declaration, nil).Encode(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Encode(context.Background(), texts)
	if err != nil || len(got) != len(records) {
		t.Fatalf("%d outcomes, %v", len(got), err)
	}
	for i, e := range got {
		if i < len(want) && (e.Err != nil || string(e.Value) != want[i]) {
			t.Errorf("value\n got %s (%v)\nwant %s", e.Value, e.Err, want[i])
		}
		if i >= len(want) && (e.Err == nil || e.Value != nil) {
			t.Errorf("%s: %s (%v), want an error", records[i], e.Value, e.Err)
		}
		if e.Digest != subject[i].Digest || e.Path != subject[i].Path {
			t.Errorf("%s: digest %x at %q, a subject says %x at %q", records[i], e.Digest, e.Path, subject[i].Digest, subject[i].Path)
		}
	}
}
