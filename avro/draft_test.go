package avro

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A draft tells what a Subject registers for the same pages, and nothing of it goes anywhere.
func TestDraftIsWhatIsRegistered(t *testing.T) {
	t.Parallel()
	d := Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: []Column{
		{Path: "**.*_at", Type: "timestamp"}, {Path: "spent", Type: "double", Doc: "In euros."}, {Path: "extra", Type: "json"},
	}}
	pages := [][]string{
		{`{"id":"1","utm-source":"x","created_at":1,"n":1}`, `{"id":2,"extra":{"a":1},"n":null}`},
		{`{"id":"3","n":1.5,"o":{"a":[{"b":"x"}],"seen_at":5}}`},
		{`{"id":"4","n":2}`},
	}
	reg := &strictRegistry{}
	s, draft := NewSubject(reg, "r-value", d, nil), NewDraft(d)
	if draft.Schema() != "" || draft.Fields() != nil {
		t.Errorf("a draft without records has a schema: %s %v", draft.Schema(), draft.Fields())
	}
	for _, page := range pages {
		encodeAll(t, s, page...)
		raw := make([][]byte, len(page))
		for i, r := range page {
			raw[i] = []byte(r)
		}
		if _, err := draft.Add(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
		now, _ := s.Current()
		if diff := cmp.Diff(now.Schema, draft.Schema()); diff != "" {
			t.Fatalf("(-registered +draft):\n%s", diff)
		}
	}
	want := []Field{
		{Name: "id", Type: "string", Required: true},
		{Name: "id__long", Type: "long", JSON: "id", Doc: "Typed copy of id where that is an integer."},
		{Name: "spent", Type: "double", Doc: "In euros."},
		{Name: "extra", Type: "json", Doc: "Holds JSON text."},
		{Name: "created_at", Type: "timestamp"},
		{Name: "n", Type: "long"},
		{Name: "n__double", Type: "double", JSON: "n", Doc: "Values of n that its own field does not hold: numbers."},
		{Name: "o", Type: "record"},
		{Name: "o.a", Type: "array of record"},
		{Name: "o.a.b", Type: "string"},
		{Name: "o.seen_at", Type: "timestamp"},
		{Name: "utm_source", Type: "string", JSON: "utm-source", Doc: "JSON name: utm-source."},
	}
	if diff := cmp.Diff(want, draft.Fields()); diff != "" {
		t.Errorf("(-want +draft):\n%s", diff)
	}
}

// A record that cannot be encoded is told, and the others count.
func TestDraftTellsWhatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	draft := NewDraft(Declaration{Name: "headwater.test.R", Key: []string{"id"}})
	got, err := draft.Add(t.Context(), [][]byte{[]byte(`{"a":1}`), []byte(`{"id":"1"}`)})
	if err != nil || got[0].Err == nil || got[1].Err != nil || len(draft.Fields()) != 1 {
		t.Errorf("%+v %v %v", got, err, draft.Fields())
	}
}
