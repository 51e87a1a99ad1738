package avro

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func contracted(reg Registry, c Contract, columns ...Column) *Subject {
	return NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: columns, Contract: c}, nil)
}

// firstVersion is what the tests of contracts have registered.
const firstVersion = `{"id":"1","amount":1,"custom":{"plan":"x"},"parts":[{"n":1}],"tags":["a"]}`

// drifted asks for a new field, a sibling, and both in nested records and arrays.
const drifted = `{"id":"2","amount":"many","custom":{"plan":true,"tier":2},"parts":[{"n":1},{"n":2,"m":{"x":null}},{"n":"3","m":"y"}],"tags":["b",1],"new":[{"a":1.50}],"":0}`

func TestFreeze(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	encodeAll(t, contracted(reg, Freeze), firstVersion)
	for name, s := range map[string]*Subject{"the same process": contracted(reg, Freeze), "a new process": contracted(reg, Freeze)} {
		if name == "the same process" {
			encodeAll(t, s, firstVersion)
		}
		out, err := s.Encode(t.Context(), [][]byte{[]byte(firstVersion), []byte(drifted), []byte(`{"amount":{"no":"key"}}`), []byte(`{"id":"3","new":2}`)})
		var frozen *FrozenError
		if out != nil || !errors.As(err, &frozen) || frozen.Subject != "r-value" {
			t.Fatalf("%s: %v, %v", name, out, err)
		}
		want := []Lack{{`[""]`, "new field long"}, {"amount", "was long, now string"}, {"custom.plan", "was string, now boolean"}, {"custom.tier", "new field long"},
			{"new", "new field array of record"}, {"new", "new field long"}, {"parts.m", "new field string"}, {"parts.n", "was long, now string"}, {"tags", "was array of string, now json"}}
		if !slices.Equal(frozen.Lacks, want) {
			t.Errorf("%s: %v\nwant %v", name, frozen.Lacks, want)
		}
		text := err.Error()
		if !strings.HasPrefix(text, `schema of r-value is frozen: [""]: new field long; amount: was long, now string; `) || !strings.Contains(text, "→ set schema_contract: evolve") {
			t.Error(text)
		}
		encodeAll(t, s, firstVersion) // what it has a place for it takes as before
	}
	if len(reg.versions) != 1 {
		t.Errorf("%d versions", len(reg.versions))
	}
	// After the contract was changed it grows on.
	checkRecord(t, reg, []byte(drifted), encodeAll(t, contracted(reg, Evolve), drifted)[0])
	encodeAll(t, contracted(reg, Freeze), drifted)
	many := &FrozenError{Lacks: make([]Lack, 1000)}
	if n := len(many.Error()); n > 500 {
		t.Errorf("the message of 1000 differences has %d bytes", n)
	}
}

func TestDiscardValue(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	s := contracted(reg, DiscardValue)
	encodeAll(t, s, firstVersion)
	out := encodeAll(t, s, firstVersion, drifted)
	if len(out[0].Discarded) > 0 {
		t.Errorf("discarded %+v", out[0].Discarded)
	}
	checkRecord(t, reg, []byte(drifted), out[1])
	var got []string
	for _, d := range out[1].Discarded {
		got = append(got, d.Path+": "+d.What+": "+string(d.JSON))
		if digest, err := Digest(d.JSON); err != nil || digest != d.Digest {
			t.Errorf("%s: digest %x", d.JSON, d.Digest)
		}
	}
	want := []string{`amount: was long, now string: "many"`, `tags: was array of string, now json: ["b",1]`, `new: new field array of record: [{"a":1.50}]`, `[""]: new field long: 0`,
		`custom.plan: was string, now boolean: true`, `custom.tier: new field long: 2`, `parts[2].n: was long, now string: "3"`, `parts[2].m: new field string: "y"`}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	rest := `{"id":"2","custom":{},"parts":[{"n":1},{"n":2,"m":{"x":null}},{}]}`
	if digest, _ := Digest([]byte(rest)); digest != out[1].Digest {
		t.Error("the digest is not that of what was published")
	}
	if line, err := NewDecoder(reg).JSON(t.Context(), out[1].Value); err != nil || string(line) != `{"id":"2","custom":{},"parts":[{"n":1},{"n":2},{}]}` {
		t.Errorf("%s, %v", line, err)
	}
	if len(reg.versions) != 1 {
		t.Errorf("%d versions", len(reg.versions))
	}
	// The replay: the whole record, with another digest.
	whole := encodeAll(t, contracted(reg, Evolve), drifted)[0]
	checkRecord(t, reg, []byte(drifted), whole)
	if digest, _ := Digest([]byte(drifted)); whole.Digest != digest || whole.Digest == out[1].Digest || len(whole.Discarded) > 0 {
		t.Errorf("%+v", whole)
	}
}

func TestDiscardRecord(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	s := contracted(reg, DiscardRecord)
	encodeAll(t, s, firstVersion)
	out, err := s.Encode(t.Context(), [][]byte{[]byte(drifted), []byte(firstVersion), []byte(`{"id":"3","parts":[{},{"o":{"p":"q"}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	var why *DiscardedError
	if !errors.As(out[0].Err, &why) || len(why.Lacks) != 8 || out[0].Path != "amount" || out[0].Value != nil || out[0].Discarded != nil {
		t.Errorf("%+v", out[0])
	}
	if digest, _ := Digest([]byte(drifted)); out[0].Digest != digest {
		t.Error("the digest is not the record's")
	}
	if out[2].Err == nil || out[2].Path != "parts[1].o" || out[2].Err.Error() != "parts[1].o: new field record" {
		t.Errorf("%+v", out[2])
	}
	if out[1].Err != nil || len(reg.versions) != 1 {
		t.Errorf("%v, %d versions", out[1].Err, len(reg.versions))
	}
	checkRecord(t, reg, []byte(firstVersion), out[1])
	checkRecord(t, reg, []byte(drifted), encodeAll(t, contracted(reg, Evolve), drifted)[0])
}

// What a contract says nothing of: keys, columns without stars, and what other workers have registered.
func TestContractsLetComeWhatIsDeclared(t *testing.T) {
	t.Parallel()
	for _, c := range []Contract{Freeze, DiscardValue, DiscardRecord} {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			reg := &strictRegistry{}
			encodeAll(t, contracted(reg, c), firstVersion)
			s := contracted(reg, c, Column{"custom.since", "timestamp", ""}, Column{"address.city", "text", ""}, Column{"note", "text", ""}, Column{"**.*_at", "timestamp", ""})
			declared := `{"id":7,"custom":{"since":5},"address":{"city":"Cork"},"note":"x"}`
			e := encodeAll(t, s, declared)[0]
			checkRecord(t, reg, []byte(declared), e)
			now, _ := s.Current()
			if want := "{id string*, id__long long, custom {since timestamp, plan string}, address {city string}, note string, amount long, parts []{n long}, tags []string}"; len(e.Discarded) > 0 || shape(t, now.Schema) != want {
				t.Errorf("%s\nwant %s", shape(t, now.Schema), want)
			}
			for _, governed := range []string{`{"id":"1","closed_at":5}`, `{"id":"1","note":5}`, `{"id":"1","address":{"town":"x"}}`} {
				out, err := s.Encode(t.Context(), [][]byte{[]byte(governed)})
				if err == nil && out[0].Err == nil && len(out[0].Discarded) != 1 {
					t.Errorf("%s: %+v", governed, out[0])
				}
			}
			before := len(reg.versions)
			theirs := `{"id":"1","new":1,"custom":{"tier":"gold"}}`
			encodeAll(t, contracted(reg, Evolve), theirs)
			if e := encodeAll(t, s, theirs)[0]; len(e.Discarded) > 0 {
				t.Errorf("%+v", e.Discarded)
			}
			if len(reg.versions) != before+1 {
				t.Errorf("%d versions, there were %d", len(reg.versions), before)
			}
		})
	}
}

// A contract lets in what is declared and the record above it. That is all: of what else stands there, it lets in nothing.
func TestContractKnowsNoOtherParent(t *testing.T) {
	t.Parallel()
	for parent, versions := range map[string]int{`"x"`: 1, `7`: 1, `[1]`: 1, `{"b":1}`: 2, `{"a":"x","b":1}`: 2} {
		reg := &strictRegistry{}
		s := NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: []Column{{"box.a", "text", ""}}, Contract: DiscardValue}, nil)
		encodeAll(t, s, `{"id":"1"}`)
		e := encodeAll(t, s, `{"id":"2","box":`+parent+`}`)[0]
		if len(e.Discarded) != 1 || len(reg.versions) != versions {
			t.Errorf("%s: %d values were discarded, %d versions registered", parent, len(e.Discarded), len(reg.versions))
		}
	}
}

// What was discarded once is not looked for in the registry with every page; what is new is, up to a bound.
func TestDiscardingAsksSeldom(t *testing.T) {
	t.Parallel()
	asked := 0
	s := contracted(counting{&strictRegistry{}, &asked}, DiscardValue)
	encodeAll(t, s, firstVersion)
	asked = 0
	for range 5 {
		encodeAll(t, s, drifted, `{"id":"3","new":2}`)
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	asked = 0
	for i := range 2 * maxSettled {
		encodeAll(t, s, fmt.Sprintf(`{"id":"1","k%d":1}`, i))
	}
	if asked > maxSettled || asked < maxSettled/2 {
		t.Errorf("asked %d times", asked)
	}
}

type counting struct {
	Registry
	asked *int
}

func (c counting) Versions(ctx context.Context, subject string) ([]Registered, error) {
	*c.asked++
	return c.Registry.Versions(ctx, subject)
}

// A registry of several nodes that does not list the version that records are encoded with: it is there all the same.
func TestContractWhereVersionsLagBehind(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	s := contracted(blind{reg}, DiscardValue)
	encodeAll(t, s, firstVersion)
	if e := encodeAll(t, s, drifted)[0]; len(e.Discarded) != 8 || len(reg.versions) != 1 {
		t.Errorf("%d discarded, %d versions", len(e.Discarded), len(reg.versions))
	}
}

// TestContractDrift: records that drift at random under a contract. What is decoded, with what was discarded, is the JSON; the digest
// is that of what was published; nothing is registered but the first version and what keys need.
func TestContractDrift(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		reg := &strictRegistry{}
		c := rapid.SampledFrom([]Contract{Freeze, DiscardValue, DiscardRecord}).Draw(rt, "contract")
		d := Declaration{Name: "headwater.test.R", Key: []string{"id"}, Columns: driftColumns, Contract: c, MaxFields: rapid.IntRange(0, 8).Draw(rt, "limit")}
		s := NewSubject(reg, "r-value", d, nil)
		for range rapid.IntRange(2, 5).Draw(rt, "batches") {
			var records [][]byte
			for range rapid.IntRange(1, 4).Draw(rt, "records") {
				records = append(records, []byte(withKey(drawKey(rt), respell(rt, value{kind: objectValue, members: drawMembers(rt, 3)}))))
			}
			if rapid.Bool().Draw(rt, "restart") {
				s = NewSubject(reg, "r-value", d, nil)
			}
			out, err := s.Encode(t.Context(), records)
			var frozen *FrozenError
			if c == Freeze && errors.As(err, &frozen) && len(frozen.Lacks) > 0 {
				continue
			}
			if err != nil || c == Freeze && len(out) == 0 {
				rt.Fatal(err)
			}
			for i, e := range out {
				checkContract(adapter{t, rt}, reg, c, records[i], e)
			}
		}
		if len(reg.versions) > 3 { // the first, id__long, and é.a, which a column declares
			rt.Fatalf("%d versions: %v", len(reg.versions), reg.versions)
		}
	})
}

func checkContract(t testing.TB, reg Registry, c Contract, record []byte, e Encoded) {
	t.Helper()
	var why *DiscardedError
	switch {
	case e.Err != nil && (c != DiscardRecord || !errors.As(e.Err, &why) || len(why.Lacks) == 0):
		t.Fatal(e.Err)
	case e.Err != nil:
		return
	case c != DiscardValue && len(e.Discarded) > 0:
		t.Fatalf("discarded %+v under %s", e.Discarded, c)
	}
	checkRecord(t, reg, record, e)
	left := fromJSON(t, record)
	for _, d := range e.Discarded {
		left, _ = without(left, d.Path)
	}
	text, err := json.Marshal(left)
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := Digest(text); err != nil || digest != e.Digest {
		t.Fatalf("%s: digest %x, of what was published %x %v", record, e.Digest, digest, err)
	}
}

// What discover shows is what would be registered first, whatever the contract: it grows with every page.
func TestDraftKnowsNoContract(t *testing.T) {
	t.Parallel()
	for _, c := range []Contract{Freeze, DiscardValue, DiscardRecord} {
		d := NewDraft(Declaration{Name: "headwater.test.R", Key: []string{"id"}, Contract: c})
		for _, record := range []string{firstVersion, drifted} {
			out, err := d.Add(t.Context(), [][]byte{[]byte(record)})
			if err != nil || out[0].Err != nil || len(out[0].Discarded) > 0 {
				t.Errorf("%v: %+v, %v", c, out, err)
			}
		}
		if !strings.Contains(d.Schema(), `"name":"new"`) {
			t.Errorf("%v: %s", c, d.Schema())
		}
	}
}
