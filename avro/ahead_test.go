package avro

import (
	"context"
	"testing"
)

// The first version is made of what looking ahead shows and of the records at hand together. Nobody looks ahead where there is a version.
func TestLookAhead(t *testing.T) {
	t.Parallel()
	reg, looked := &strictRegistry{}, 0
	subject := func() *Subject {
		s := NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}}, nil)
		s.LookAhead(func(context.Context) [][]byte {
			looked++
			return [][]byte{[]byte(`{"id":"1","n":1.5,"a":[null,1]}`), []byte(`{"id":"2","late":{"x":true}}`), []byte(`{"no key":1}`), []byte(`{`)}
		})
		return s
	}
	s := subject()
	encodeAll(t, s, `{"id":"3","n":1,"own":"x"}`)
	encodeAll(t, s, `{"id":"1","n":1.5,"a":[null,1]}`, `{"id":"2","late":{"x":true}}`)
	encodeAll(t, subject(), `{"id":"4"}`)
	now, _ := s.Current()
	if want := "{id string*, a []?long, late {x boolean}, n double, own string}"; shape(t, now.Schema) != want {
		t.Errorf("schema\n got %s\nwant %s", shape(t, now.Schema), want)
	}
	if len(reg.versions) != 1 || looked != 1 {
		t.Errorf("%d versions, looked ahead %d times, want 1 and 1", len(reg.versions), looked)
	}
}
