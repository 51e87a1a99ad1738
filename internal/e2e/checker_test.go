package e2e

import (
	"strings"
	"testing"
)

const sampleSchema = `{"type":"record","name":"R","namespace":"n","fields":[
	{"name":"id","type":"string"},
	{"name":"id__long","type":["null","long"],"default":null,"jsonName":"id","variant":"long"},
	{"name":"name","type":["null","string"],"default":null},
	{"name":"utm_source","type":["null","string"],"default":null,"jsonName":"utm-source"},
	{"name":"created_at","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},
	{"name":"seen_at","type":["null","long"],"default":null},
	{"name":"spend","type":["null","double"],"default":null},
	{"name":"count","type":["null","long"],"default":null},
	{"name":"count__string","type":["null","string"],"default":null,"jsonName":"count","variant":"string"},
	{"name":"custom","type":["null","string"],"default":null,"contentType":"application/json"},
	{"name":"tags","type":["null",{"type":"array","items":{"type":"record","name":"R__tags","fields":[
		{"name":"id","type":["null","string"],"default":null}]}}],"default":null}]}`

// The suite is worth what its checker sees: every kind of difference, once.
func TestCheckerSeesDifferences(t *testing.T) {
	t.Parallel()
	s, err := parseSchema(sampleSchema)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, got, truth, want string }{
		{"equal", `{"id":"7","id__long":7,"name":"é","utm_source":"x","created_at":5000,"spend":1.5,"count":9007199254740993,"custom":"{\"a\":[1,null]}","tags":[{"id":"1"}]}`,
			`{"id":7,"name":"é","utm-source":"x","created_at":5,"spend":1.5,"count":9007199254740993,"custom":{"a":[1.0,null]},"tags":[{"id":"1"}]}`, ""},
		{"what is blank equals absent", `{"id":"7"}`, `{"id":"7","name":null,"tags":[],"custom":{"a":null},"other":{}}`, ""},
		{"sibling", `{"id":"7","count__string":"12345678901234567890"}`, `{"id":"7","count":12345678901234567890}`, ""},
		{"too long for a number", `{"id":"7","name":"12345678901234567890"}`, `{"id":"7","name":12345678901234567890}`, ""},
		{"number as text", `{"id":"7","name":"12"}`, `{"id":"7","name":12}`, ".name: string 12, want 12"},
		{"lost value", `{"id":"7"}`, `{"id":"7","name":"x"}`, ".name: 0 fields hold x"},
		{"no field", `{"id":"7"}`, `{"id":"7","colour":"red"}`, ".colour: no field for red"},
		{"value of nothing", `{"id":"7","name":"x"}`, `{"id":"7"}`, ".name: name holds x, want nothing"},
		{"value of null", `{"id":"7","name":"x"}`, `{"id":"7","name":null}`, ".name: name holds x"},
		{"value in two fields", `{"id":"7","count":5,"count__string":"5"}`, `{"id":"7","count":5}`, ".count: 2 fields hold 5"},
		{"other text", `{"id":"7","name":"x"}`, `{"id":"7","name":"y"}`, `.name: string x, want "y"`},
		{"other key", `{"id":"8"}`, `{"id":"7"}`, `.id: 8, want the key field "7"`},
		{"rounded integer", `{"id":"7","count":9007199254740992}`, `{"id":"7","count":9007199254740993}`, ".count: int64"},
		{"rounded number", `{"id":"7","spend":1.5}`, `{"id":"7","spend":1.50000000000000001}`, ".spend: float64"},
		{"seconds as milliseconds", `{"id":"7","created_at":5}`, `{"id":"7","created_at":5}`, ".created_at: timestamp"},
		{"time as number", `{"id":"7","seen_at":5}`, `{"id":"7","seen_at":5}`, ".seen_at: a time has to be a timestamp"},
		{"other JSON text", `{"id":"7","custom":"{\"a\":1}"}`, `{"id":"7","custom":{"a":2}}`, ".custom: JSON text"},
		{"item missing", `{"id":"7","tags":[{"id":"1"}]}`, `{"id":"7","tags":[{"id":"1"},{"id":"2"}]}`, ".tags: []interface {}"},
		{"item differs", `{"id":"7","tags":[{"id":"1"},{"id":"1"}]}`, `{"id":"7","tags":[{"id":"1"},{"id":"2"}]}`, ".tags[1].id: string 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			encoded, err := s.decoder.Encode(parseJSON([]byte(c.got)))
			if err != nil {
				t.Fatal(err)
			}
			var decoded map[string]any
			if _, err := s.decoder.Decode(encoded, &decoded); err != nil {
				t.Fatal(err)
			}
			wrong := strings.Join(compare(s, decoded, []byte(c.truth), []string{"id"}), "\n")
			if (c.want == "") != (wrong == "") || !strings.Contains(wrong, c.want) {
				t.Errorf("compare says %q, want %q", wrong, c.want)
			}
		})
	}
}

// What must hold of a topic's records as a sequence.
func TestCheckerSeesDisorder(t *testing.T) {
	t.Parallel()
	value := func(op, digest, ts string) record {
		return record{key: "k", value: []byte{0}, headers: map[string]string{"op": op, "digest": digest, "ts": ts}}
	}
	gone := record{key: "k", headers: map[string]string{"op": "d"}}
	for _, c := range []struct {
		name    string
		records []record
		want    string
	}{
		{"in order", []record{value("r", "a", "1"), value("u", "b", "2"), gone, value("u", "b", "2")}, ""},
		{"twice", []record{value("r", "a", "1"), value("u", "a", "1")}, "published twice"},
		{"back in time", []record{value("r", "a", "2"), value("u", "b", "1")}, "goes back"},
		{"first twice", []record{value("r", "a", "1"), value("r", "b", "2")}, "a change carries op r"},
		{"deleted twice", []record{value("r", "a", "1"), gone, gone}, "deleted twice"},
		{"tombstone of nothing", []record{gone}, "never published"},
		{"tombstone with more", []record{value("r", "a", "1"), {key: "k", headers: map[string]string{"op": "d", "digest": "a"}}}, "op d alone"},
		{"no op", []record{value("", "a", "1")}, "want r or u"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, last, wrong := &world{}, map[string]record{}, ""
			for _, r := range c.records {
				wrong += w.inOrder(r, last)
				last[r.key] = r
			}
			if (c.want == "") != (wrong == "") || !strings.Contains(wrong, c.want) {
				t.Errorf("the checker says %q, want %q", wrong, c.want)
			}
		})
	}
}
