package avro

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	var got []string
	d := Declaration{Name: "headwater.test.R", Key: []string{"id"}}
	s := NewSubject(reg, "r-value", d, func(c Change) {
		got = append(got, fmt.Sprintf("%s %s %s v%d id%d", c.Subject, c.Field, c.What, c.Version, c.ID))
	})
	for _, batch := range [][]string{
		{`{"id":"1","amount":1}`}, {`{"id":"2","amount":2}`}, {`{"id":"3","amount":"x","o":{"a":{"b":1}}}`}, {`{"id":"3","amount":true,"o":{"a":{"b":"x"}}}`},
		{`{"id":4}`}, {`{"id":5,"amount":"y"}`},
	} {
		encodeAll(t, s, batch...)
	}
	want := []string{
		"r-value  registered v1 id100",
		"r-value amount was long, now string → new field amount__string v2 id101",
		"r-value o new field v2 id101",
		"r-value amount was long, now boolean → new field amount__boolean v3 id102",
		"r-value o.a.b was long, now string → new field o__string v3 id102",
		"r-value id was string, now long → new field id__long v4 id103",
	}
	want[4] = "r-value o.a.b was long, now string → new field b__string v3 id102"
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// A process that starts again learns what is there and registers nothing.
	again := NewSubject(reg, "r-value", d, func(c Change) { t.Errorf("%+v", c) })
	e := encodeAll(t, again, `{"id":"9","amount":"z"}`)[0]
	if now, ok := again.Current(); !ok || now.Version != 4 || now.ID != 103 || e.Value[4] != 103 {
		t.Errorf("%+v, frame %x", now, e.Value[:5])
	}
}

// Two workers meet fields the other does not know, at once, on a registry without any checks: it ends in one line.
func TestTwoWorkers(t *testing.T) {
	t.Parallel()
	fake := srfake.New()
	defer fake.Close()
	// Both have read the empty subject before either registers.
	var ready sync.WaitGroup
	ready.Add(2)
	var first [2]sync.Once
	var subjects [2]*Subject
	for i := range subjects {
		reg := newRegistry(t, RegistryConfig{URL: fake.URL()})
		gate := gated{reg, func() { first[i].Do(func() { ready.Done(); ready.Wait() }) }}
		subjects[i] = NewSubject(gate, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}}, nil)
	}
	batches := [2][]string{{`{"id":"1","a":1,"f":1,"o":{"x":1},"a-b":1}`, `{"id":"1","l":[1]}`}, {`{"id":"2","b":1,"f":"x","o":{"y":1},"a_b":"s"}`, `{"id":"2","l":["x"]}`}}
	var wg sync.WaitGroup
	for i, s := range subjects {
		wg.Go(func() {
			for _, r := range batches[i] {
				checkRecord(t, s.registry, []byte(r), encodeAll(t, s, r)[0])
			}
		})
	}
	wg.Wait()
	reg := newRegistry(t, RegistryConfig{URL: fake.URL()})
	versions, err := reg.Versions(context.Background(), "r-value")
	if err != nil {
		t.Fatal(err)
	}
	latest, _ := parseSchema(versions[len(versions)-1].Schema)
	for _, s := range subjects {
		now, _ := s.Current()
		if root, _ := parseSchema(now.Schema); !latest.holds(root) {
			t.Errorf("the latest version lacks what a worker uses:\n%s\n%s", now.Schema, versions[len(versions)-1].Schema)
		}
	}
	for _, name := range []string{"a", "b", "o"} {
		if !latest.has(name, baseVariant) {
			t.Errorf("the latest version lacks %s: %s", name, shapeOf(latest))
		}
	}
	if len(versions) > 16 { // four batches, each at most forked, united, and made the latest by each of two
		t.Errorf("%d versions", len(versions))
	}
	// Who comes next has nothing to register.
	next := NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}}, func(c Change) { t.Errorf("%+v", c) })
	encodeAll(t, next, batches[0][0], batches[1][0])
}

// gated calls before ahead of each Register.
type gated struct {
	Registry
	before func()
}

func (g gated) Register(ctx context.Context, subject, schema string) (Registered, error) {
	g.before()
	return g.Registry.Register(ctx, subject, schema)
}

// The same on a registry that refuses the second: it reads again and adds a sibling.
func TestSecondIsRefused(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	d := Declaration{Name: "headwater.test.R", Key: []string{"id"}}
	reg.before = func(string) {
		reg.before = nil
		encodeAll(t, NewSubject(reg, "r-value", d, nil), `{"id":"1","f":1}`)
	}
	s := NewSubject(reg, "r-value", d, nil)
	e := encodeAll(t, s, `{"id":"2","f":"x"}`)[0]
	checkRecord(t, reg, []byte(`{"id":"2","f":"x"}`), e)
	if now, _ := s.Current(); shape(t, now.Schema) != "{id string*, f long, f__string string}" || now.Version != 2 {
		t.Errorf("version %d: %s", now.Version, shape(t, now.Schema))
	}
}

// A registry of several nodes may not list at once what another node registered.
func TestVersionsLagBehind(t *testing.T) {
	t.Parallel()
	s := NewSubject(blind{&strictRegistry{}}, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}}, nil)
	encodeAll(t, s, `{"id":"1","a":1}`)
	if now, _ := s.Current(); now.ID != 100 {
		t.Errorf("%+v", now)
	}
}

type blind struct{ Registry }

func (blind) Versions(context.Context, string) ([]Registered, error) { return nil, nil }

func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	s := NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}}, nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 5 {
				r := fmt.Sprintf(`{"id":"%d","f%d":%d,"same":{"g%d":true}}`, i, i, j, j)
				checkRecord(t, reg, []byte(r), encodeAll(t, s, r)[0])
			}
		})
	}
	wg.Wait()
}

func TestForeignVersions(t *testing.T) {
	t.Parallel()
	foreign := `{"type":"record","name":"R","namespace":"headwater.test","doc":"Theirs.","fields":[
		{"name":"id","type":"string"},
		{"name":"when","type":["null",{"type":"long","logicalType":"timestamp-micros"}],"default":null},
		{"name":"kind","type":["null","string","long"],"default":null},
		{"name":"back","type":["long","null"],"default":5},
		{"name":"labels","type":["null",{"type":"map","values":"string"}],"default":null}]}`
	reg := &strictRegistry{versions: []Registered{{ID: 7, Version: 1, Schema: foreign}}}
	s := NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}}, nil)
	record := `{"id":"1","when":"now","kind":{"a":1},"back":3,"labels":{"x":"y"},"more":true}`
	e := encodeAll(t, s, record)[0]
	checkRecord(t, reg, []byte(record), e)
	got, err := NewDecoder(reg).JSON(context.Background(), e.Value)
	if want := `{"id":"1","back":3,"kind__json":{"a":1},"labels__json":{"x":"y"},"more":true,"when__string":"now"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	for name, schema := range map[string]string{
		"not an Avro record": `"string"`,
		"cannot write":       `{"type":"record","name":"R","fields":[{"name":"id","type":"string"},{"name":"e","type":"bytes"}]}`,
	} {
		reg := &strictRegistry{versions: []Registered{{ID: 7, Version: 1, Schema: schema}}}
		_, err := NewSubject(reg, "r-value", Declaration{Name: "R", Key: []string{"id"}}, nil).Encode(context.Background(), [][]byte{[]byte(`{"id":"1","a":1}`)})
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "r-value") {
			t.Errorf("%v", err)
		}
	}
}

// A record that lacks what another producer made required fails alone, whatever else it holds.
func TestForeignRequired(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{versions: []Registered{{ID: 7, Version: 1, Schema: `{"type":"record","name":"R","fields":[{"name":"id","type":"string"},{"name":"name","type":"string"}]}`}}}
	s := NewSubject(reg, "r-value", Declaration{Name: "R", Key: []string{"id"}}, nil)
	out, err := s.Encode(context.Background(), [][]byte{[]byte(`{"id":"1","new":1}`), []byte(`{"id":"2","name":"x"}`)})
	if err != nil || out[0].Err == nil || out[0].Path != "name" || out[1].Err != nil || len(reg.versions) != 1 {
		t.Errorf("%+v, %v, %d versions", out, err, len(reg.versions))
	}
}

func TestRefusalForGood(t *testing.T) {
	t.Parallel()
	fake := srfake.New()
	defer fake.Close()
	fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, `{"error_code":409,"message":"Incompatible: a at /fields/1"}`)
		return true
	})
	s := NewSubject(newRegistry(t, RegistryConfig{URL: fake.URL()}), "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}}, nil)
	_, err := s.Encode(context.Background(), [][]byte{[]byte(`{"id":"1"}`)})
	var refused *RegistryError
	if !errors.As(err, &refused) || refused.Status != http.StatusConflict || refused.Subject != "r-value" || !strings.Contains(err.Error(), "/fields/1") {
		t.Fatalf("%v", err)
	}
	if _, ok := s.Current(); ok {
		t.Error("has a version")
	}
	fake.ClearInterceptors()
	encodeAll(t, s, `{"id":"1"}`)
	if v, ok := fake.GetSchema("r-value", 1); !ok || v.Type != sr.TypeAvro {
		t.Errorf("%+v", v)
	}
}

// A worker that has not seen the newest version may register an older shape after it. Readers take the latest version, so that has to
// hold everything again, although the text that does is registered already.
func TestLatestVersionHoldsEverything(t *testing.T) {
	t.Parallel()
	fake := srfake.New()
	defer fake.Close()
	reg := newRegistry(t, RegistryConfig{URL: fake.URL()})
	d := Declaration{Name: "headwater.test.R", Key: []string{"id"}}
	encodeAll(t, NewSubject(reg, "r-value", d, nil), `{"id":"1","a":1,"b":1}`)
	older := NewSubject(reg, "older-value", d, nil)
	encodeAll(t, older, `{"id":"1","a":1}`)
	text, _ := older.Current()
	if _, err := reg.Register(t.Context(), "r-value", text.Schema); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to mend
		encodeAll(t, NewSubject(reg, "r-value", d, nil), `{"id":"1","b":1}`)
		versions, err := reg.Versions(t.Context(), "r-value")
		if err != nil || len(versions) != 3 {
			t.Fatalf("%d versions, %v", len(versions), err)
		}
		latest, err := parseSchema(versions[2].Schema)
		if err != nil || !latest.has("b", baseVariant) || !latest.has("a", baseVariant) {
			t.Errorf("the latest is %s, %v", versions[2].Schema, err)
		}
	}
}
