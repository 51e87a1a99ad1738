package avro

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// checkLimit: a member that is not declared has a field only where there was room. Siblings come without asking, so they are not
// counted here.
func checkLimit(t testing.TB, s *Subject) {
	t.Helper()
	v := s.current.Load()
	if v == nil || s.declared.MaxFields == 0 {
		return
	}
	if n := firstFields(s.declared, v.root, nil); n > s.declared.MaxFields {
		t.Fatalf("%d members that are not declared have a field, at most %d may: %s", n, s.declared.MaxFields, v.Schema)
	}
}

func firstFields(d *declaration, n *node, path []string) int {
	count := 0
	for _, f := range n.fields {
		below := append(path[:len(path):len(path)], f.jsonName)
		if !d.declares(below) && f.variant != restVariant && (f.variant == baseVariant || !n.has(f.jsonName, baseVariant)) {
			count++
		}
		if r := f.typ.innermost(); r.kind == recordKind {
			count += firstFields(d, r, below)
		}
	}
	return count
}

// Each batch is one call of Encode under a limit of four inferred fields.
func TestLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		columns []Column
		batches [][]string
		want    string
		decoded []string
	}{
		{"up to it", nil, [][]string{{`{"id":"1","a":1,"b":{"c":1,"d":1}}`}}, "{id string*, a long, b {c long, d long}}", nil},
		{"members of the root", nil, [][]string{{`{"id":"1","a":1,"b":1,"c":1,"d":1,"e":1.50,"f":{"g":null,"h":[{}]},"z":[],"y":{"x":{}}}`}},
			"{id string*, a long, b long, c long, d long, other_members json}", []string{`{"id":"1","a":1,"b":1,"c":1,"d":1,"other_members":{"e":1.50,"f":{"g":null,"h":[{}]}}}`}},
		{"an object that has no room becomes JSON text", nil, [][]string{{`{"id":"1","a":1,"b":{"c":1,"d":1,"e":1}}`}},
			"{id string*, a long, b json}", []string{`{"id":"1","a":1,"b":{"c":1,"d":1,"e":1}}`}},
		{"so do objects in arrays", nil, [][]string{{`{"id":"1","a":1,"b":[[{"c":1,"d":1},{"e":1}]]}`}},
			"{id string*, a long, b json}", []string{`{"id":"1","a":1,"b":[[{"c":1,"d":1},{"e":1}]]}`}},
		{"what appears later goes to its own record's field", nil, [][]string{{`{"id":"1","b":{"c":1,"d":1},"l":[1]}`}, {`{"id":"1","b":{"c":2,"e":1,"f":[]},"l":[2],"m":[null]}`}},
			"{id string*, b {c long, d long, other_members json}, l []long, other_members json}", []string{`{"id":"1","b":{"c":2,"other_members":{"e":1}},"l":[2],"other_members":{"m":[null]}}`}},
		{"an item's goes with the item", nil, [][]string{{`{"id":"1","l":[{"a":1,"b":1,"c":1}]}`}, {`{"id":"1","l":[{"a":2,"x":1},{"y":[1,"2"]},{"c":3}]}`}},
			"{id string*, l []{a long, b long, c long, other_members json}}", []string{`{"id":"1","l":[{"a":2,"other_members":{"x":1}},{"other_members":{"y":[1,"2"]}},{"c":3}]}`}},
		{"what has a field keeps its siblings", nil, [][]string{{`{"id":"1","a":1,"b":1,"c":1,"d":1,"e":1}`}, {`{"id":"2","a":"x","e":"y"}`}},
			"{id string*, a long, a__string string, b long, c long, d long, other_members json}", []string{`{"id":"2","a__string":"x","other_members":{"e":"y"}}`}},
		{"declared fields do not count", []Column{{"x.y", "text", ""}, {"z", "bigint", ""}, {"j", "json", ""}}, [][]string{{`{"id":7,"a":1,"b":1,"c":1,"d":1,"x":{"y":"1","w":1},"z":1,"j":{"k":1}}`}},
			"{id string*, id__long long, x {y string, other_members json}, z long, j json, a long, b long, c long, d long}",
			[]string{`{"id":"7","id__long":7,"x":{"y":"1","other_members":{"w":1}},"z":1,"j":{"k":1},"a":1,"b":1,"c":1,"d":1}`}},
		{"a declared field that shows objects", []Column{{"z", "bigint", ""}}, [][]string{{`{"id":"1","z":{"a":1,"b":1,"c":1,"d":1,"e":1}}`}},
			"{id string*, z long, z__json json}", nil},
		{"patterns are no declared fields", []Column{{"*_at", "timestamp", ""}}, [][]string{{`{"id":"1","a_at":0,"b_at":0,"c_at":0,"d_at":0,"e_at":0}`}},
			"{id string*, a_at timestamp, b_at timestamp, c_at timestamp, d_at timestamp, other_members json}", nil},
		{"a member of that name", nil, [][]string{{`{"id":"1","other_members":1,"b":1,"c":1,"d":1}`}, {`{"id":"1","other_members":"x","e":1}`}},
			"{id string*, b long, c long, d long, other_members long, other_members__string string, other_members_2 json}", []string{`{"id":"1","other_members__string":"x","other_members_2":{"e":1}}`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			checkRules(t, Declaration{Columns: test.columns, MaxFields: 4}, test.batches, test.want, test.decoded)
		})
	}
}

// An API that makes a name of every record: few versions, and every value comes back.
func TestNamesWithoutEnd(t *testing.T) {
	t.Parallel()
	for _, page := range []int{1, 100} {
		t.Run(fmt.Sprint(page, " a page"), func(t *testing.T) {
			t.Parallel()
			const limit = 20
			reg := &strictRegistry{}
			d := Declaration{Name: "headwater.test.R", Key: []string{"id"}, MaxFields: limit}
			s := NewSubject(reg, "r-value", d, nil)
			dice := rand.New(rand.NewPCG(1, uint64(page)))
			values := []string{`1`, `"x"`, `{"a":{"b":1}}`, `[1,"x"]`, `true`, `1e400`, `[{"%d":null}]`, `{"z":[{"q":"%d"}]}`}
			for from := 0; from < 10_000; from += page {
				var records []string
				for i := from; i < from+page; i++ {
					v := strings.ReplaceAll(values[dice.IntN(len(values))], "%d", fmt.Sprint(i))
					records = append(records, fmt.Sprintf(`{"id":"%d","k%d":%s,"o":{"n%d":%s},"l":[{"m%d":%s}]}`, i, i, v, i, v, i, v))
				}
				if from/page%97 == 50 {
					s = NewSubject(reg, "r-value", d, nil) // another process
				}
				for i, e := range encodeAll(t, s, records...) {
					if (from+i)%25 == 0 { // the schema is parsed each time
						checkRecord(t, reg, []byte(records[i]), e)
					}
				}
			}
			checkLimit(t, s)
			if len(reg.versions) > limit+3 {
				t.Errorf("%d versions", len(reg.versions))
			}
		})
	}
}

// Workers that reach the limit at once, with names of their own, end with one line of versions that none of them has to leave.
func TestWorkersReachTheLimitAtOnce(t *testing.T) {
	t.Parallel()
	fake := srfake.New()
	defer fake.Close()
	d := Declaration{Name: "headwater.test.R", Key: []string{"id"}, MaxFields: 6}
	const workers = 3
	var subjects [workers]*Subject
	var batches [workers][]string
	var ready, wg sync.WaitGroup
	ready.Add(workers)
	for i := range subjects {
		reg := newRegistry(t, RegistryConfig{URL: fake.URL()})
		var first sync.Once
		subjects[i] = NewSubject(gated{reg, func() { first.Do(func() { ready.Done(); ready.Wait() }) }}, "r-value", d, nil)
		for n := range 4 {
			batches[i] = append(batches[i], fmt.Sprintf(`{"id":"%d","a%d%d":1,"b%d%d":"x","same":{"c%d%d":1,"d%d%d":1}}`, i, i, n, i, n, i, n, i, n))
		}
		wg.Go(func() {
			for _, r := range batches[i] {
				checkRecord(t, reg, []byte(r), encodeAll(t, subjects[i], r)[0])
			}
		})
	}
	wg.Wait()
	reg := newRegistry(t, RegistryConfig{URL: fake.URL()})
	versions, err := reg.Versions(t.Context(), "r-value")
	if err != nil {
		t.Fatal(err)
	}
	latest, err := parseSchema(versions[len(versions)-1].Schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		if root, _ := parseSchema(v.Schema); !latest.holds(root) {
			t.Errorf("the latest version lacks what version %d has:\n%s\n%s", v.Version, v.Schema, versions[len(versions)-1].Schema)
		}
	}
	if most := workers * (4 + 8); len(versions) > most {
		t.Errorf("%d versions", len(versions))
	}
	next := NewSubject(reg, "r-value", d, func(c Change) { t.Errorf("%+v", c) })
	for _, b := range batches {
		encodeAll(t, next, b...)
	}
}

// Room that several records compete for is given in the order of their paths, so that two workers that see the same make the same.
func TestRoomIsGivenInOrder(t *testing.T) {
	t.Parallel()
	for range 20 { // a map's order shows only now and then
		checkRules(t, Declaration{MaxFields: 6}, [][]string{{`{"id":"1","a":{"x":1},"b":{"x":1},"m":1}`}, {`{"id":"1","b":{"y":1},"a":{"y":1}}`}},
			"{id string*, a {x long, y long}, b {other_members json, x long}, m long}", []string{`{"id":"1","a":{"y":1},"b":{"other_members":{"y":1}}}`})
	}
}
