package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwater-stream/headwater/internal/consumers"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// evolutions each ask for something that the schema does not have yet: what is set in one record, one after the other.
var evolutions = []struct{ field, value string }{
	{"a", `1`},
	{"a", `"text"`},
	{"b", `{"c":1}`},
	{"b", `{"c":1.5,"d":[1,2]}`},
	{"b", `{"d":[null,2]}`},
	{"items", `[{"x":1},{"x":2}]`},
	{"items", `[{"x":1,"y":"z"},{"x":"t"},{}]`},
	{"items", `[{"x":1,"sub":{"p":true}}]`},
	{"items", `[{"sub":{"p":"no","q":[{"r":1}]}},{"y":"z"}]`},
	{"items", `[{"sub":{"q":[{"r":1,"s":[{"t":1}]},{"r":2}]}}]`},
	{"nulls", `[null,1,null]`},
	{"nulls", `[null,"x"]`},
	{"big", `9007199254740993`},
	{"big", `18446744073709551617`},
	{"seen_at", `1700000000`},
	{"seen_at", `"never"`},
	{"flag", `true`},
	{"flag", `{"deep":{"er":[{"z":1e300}]}}`},
	{"utm-source", `"x"`},
	{"odd", `{"":{"é":[true,null]}}`},
}

// Whatever version of a schema a reader was built with, it decodes what was written with any other, and both agree on what both
// know: two libraries that are not ours read every version with every other, over twenty changes by the running program.
func TestReadersOfAnyVersion(t *testing.T) {
	t.Parallel()
	python, java := fetched(t, consumers.Python()), fetched(t, consumers.Java())
	if python == "" && java == "" {
		t.Skip("there is no library to read with")
	}
	w := newWorld(t, embedded(t), sandbox.APIConfig{Seed: 57, Size: 40})
	history := w.evolve("tags")
	if n := len(history.Schemas); n != len(evolutions)+1 {
		t.Fatalf("%d versions of the schema, want %d", n, len(evolutions)+1)
	}
	file := filepath.Join(t.TempDir(), "history.json")
	text, err := json.Marshal(history)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if python != "" {
		t.Run("fastavro", func(t *testing.T) {
			t.Parallel()
			history.judge(t, filepath.Join(python, "bin", "python"), "testdata/Pairs.py", file)
		})
	}
	if java != "" {
		t.Run("org.apache.avro", func(t *testing.T) {
			t.Parallel()
			command := append(javaCommand(t, java, "testdata/Pairs.java"), "Pairs", file)
			history.judge(t, command[0], command[1:]...)
		})
	}
}

// history is all that was registered and published for one resource.
type history struct {
	Schemas []string // by version, from the first
	Records []written
	schemas []*schema
}

type written struct {
	Version int    // index of the schema that the value was written with
	Value   string // without its frame, base64
	truth   json.RawMessage
}

// evolve has the program follow a listing while one record changes, each change asking for another version of the schema.
func (w *world) evolve(resource string) *history {
	w.t.Helper()
	key := slices.Sorted(maps.Keys(w.truth(resource)))[0]
	truths := []map[string]json.RawMessage{w.truth(resource)}
	p := w.startWith(map[string]string{"HEADWATER_SNAPSHOT_INTERVAL": "50ms"}, "run", resource)
	published := func() []record { return w.read(w.topic(resource))[w.topic(resource)] }
	first := len(truths[0])
	arrives := func(n int) {
		w.t.Helper()
		eventually(w.t, 30*time.Second, fmt.Sprintf("publish %d records", n), func() (bool, string) {
			return len(published()) >= n, fmt.Sprint(len(published()))
		})
	}
	arrives(first)
	for i, e := range evolutions {
		w.set(resource, key, e.field, e.value)
		truths = append(truths, w.truth(resource))
		arrives(first + i + 1)
	}
	p.terminate()
	h := &history{}
	index := map[uint32]int{}
	seen := 0 // of the record that changes: one for each state of it
	for _, r := range published() {
		id := uint32(r.value[1])<<24 | uint32(r.value[2])<<16 | uint32(r.value[3])<<8 | uint32(r.value[4])
		if _, known := index[id]; !known {
			index[id] = len(h.Schemas)
			var answer struct{ Schema string }
			w.get(fmt.Sprintf("%s/schemas/ids/%d", w.registry, id), &answer)
			h.Schemas = append(h.Schemas, answer.Schema)
		}
		truth := truths[0]
		if r.key == key {
			truth = truths[seen]
			seen++
		}
		h.Records = append(h.Records, written{index[id], base64.StdEncoding.EncodeToString(r.value[5:]), truth[r.key]})
	}
	for _, text := range h.Schemas {
		s, err := parseSchema(text)
		if err != nil {
			w.t.Fatal(err)
		}
		h.schemas = append(h.schemas, s)
	}
	return h
}

// judge has a program read every record with every version, and compares: with the API where a record is read by the schema that
// it was written with, and else with that.
func (h *history) judge(t *testing.T, name string, args ...string) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(lines) != len(h.Records)*len(h.Schemas) {
		t.Fatalf("%d lines of %d records and %d versions", len(lines), len(h.Records), len(h.Schemas))
	}
	for i, r := range h.Records {
		byVersion := lines[i*len(h.Schemas):][:len(h.Schemas)]
		whole, err := spelling{}.read(h.schemas[r.Version].root, parseJSON(byVersion[r.Version]))
		if err != nil {
			t.Errorf("record %d by its own version %d: %v", i, r.Version+1, err)
			continue
		}
		for _, difference := range compare(h.schemas[r.Version], whole.(map[string]any), r.truth, []string{"id"}) {
			t.Errorf("record %d of version %d: %s", i, r.Version+1, difference)
		}
		for version, line := range byVersion {
			got, err := spelling{}.read(h.schemas[version].root, parseJSON(line))
			if err != nil {
				t.Errorf("record %d of version %d by version %d: %v", i, r.Version+1, version+1, err)
				continue
			}
			if diff := cmp.Diff(common(whole, h.schemas[version].root), got); diff != "" {
				t.Errorf("record %d of version %d by version %d (-want +got):\n%s", i, r.Version+1, version+1, diff)
			}
		}
	}
}

// common is what a reader's schema leaves of a value: the fields that it knows, and nothing in those that the value has not.
func common(v any, reader *typ) any {
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for _, f := range reader.fields {
			all[f.name] = common(v[f.name], f.typ)
		}
		return all
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = common(v[i], reader.items)
		}
		return items
	}
	return v
}
