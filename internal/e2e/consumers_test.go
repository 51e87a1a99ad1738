package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// The snippets of docs/consumers.md, as they stand there, read every topic and agree with the API field by field, with libraries of
// their own languages and none of ours.
func TestConsumers(t *testing.T) {
	t.Parallel()
	s := realServers(t)
	programs := snippets(t)
	w := newWorld(t, s, sandbox.APIConfig{Seed: 53, Size: 80})
	truths := []holdings{w.plantAndRun(oddities())}
	between := w.marks(w.topics(all())...)
	for _, resource := range aborted {
		w.abortRecords(resource)
		w.edit("change", resource, "n=40") // behind the aborted records, for who skips those to come by here
	}
	w.edit("change", "conversations", "n=5")
	for _, resource := range []string{"tags", "segments", "company_segments"} {
		w.edit("delete", resource, "n=2")
	}
	truths = append(truths, w.plantAndRun(drifted()))
	w.deadLetterForEmptyKey()
	published := w.published(between, truths)
	for _, p := range programs {
		t.Run(p.file, func(t *testing.T) {
			t.Parallel()
			p.judge(t, w, published)
		})
	}
}

// plantAndRun sets members of records and has all be published. It returns what the API held meanwhile.
func (w *world) plantAndRun(values []oddity) holdings {
	w.t.Helper()
	for _, o := range values {
		keys := slices.Sorted(maps.Keys(w.truth(o.resource)))
		key := keys[o.record]
		w.set(o.resource, key, o.field, strings.ReplaceAll(o.value, "KEY", key))
	}
	truth := w.holdings(all()...)
	w.once()
	return truth
}

// deadLetterForEmptyKey checks that the record whose id is empty, which no key can be made of, was not lost.
func (w *world) deadLetterForEmptyKey() {
	w.t.Helper()
	for _, r := range w.read(w.topic("_dead_letters"))[w.topic("_dead_letters")] {
		if strings.Contains(fmt.Sprint(r.headers)+string(r.value), "is empty") {
			return
		}
	}
	w.t.Error("there is no dead letter for the contact whose id is empty")
}

// aborted are the topics that hold records of a transaction that was aborted.
var aborted = []string{"contacts", "tags"}

// abortRecords writes records into every partition of a topic in a transaction that is aborted.
func (w *world) abortRecords(resource string) {
	w.t.Helper()
	topic := w.topic(resource)
	client := w.kafka(w.t, kgo.TransactionalID(w.prefix+"somebody-else"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer client.Close()
	if err := client.BeginTransaction(); err != nil {
		w.t.Fatal(err)
	}
	for partition := range w.marks(topic)[topic] {
		r := &kgo.Record{Topic: topic, Partition: partition, Key: []byte("aborted"), Value: []byte("nobody may see this")}
		if err := client.ProduceSync(w.t.Context(), r).FirstErr(); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := client.EndTransaction(w.t.Context(), kgo.TryAbort); err != nil {
		w.t.Fatal(err)
	}
}

// publication is a record as a topic has it, and what the API held when it was published.
type publication struct {
	record
	schema *schema         // nil: deleted
	truth  json.RawMessage // nil: deleted
}

// published reads all topics: by topic and key, in order. What lies before the mark was published of the first truth.
func (w *world) published(between mark, truths []holdings) map[string]map[string][]publication {
	w.t.Helper()
	all := map[string]map[string][]publication{}
	for _, resource := range sandbox.Resources() {
		topic := w.topic(resource)
		all[topic] = map[string][]publication{}
		later := map[int32]bool{}
		deletions := 0
		for _, r := range w.read(topic)[topic] {
			truth := truths[0]
			if r.offset >= between[topic][r.partition] {
				truth, later[r.partition] = truths[1], true
			}
			doc := truth[resource][r.key]
			p := publication{record: r, truth: doc}
			if r.value == nil {
				deletions++
			} else if s, err := w.schemaOf(r.value); err != nil {
				w.t.Fatalf("%s: %s: %v", topic, r.key, err)
			} else {
				p.schema = s
			}
			if (r.value == nil) != (doc == nil) {
				w.t.Errorf("%s: %s is published with %d bytes, the API has %s", topic, r.key, len(r.value), doc)
			}
			all[topic][r.key] = append(all[topic][r.key], p)
		}
		for key := range truths[1][resource] {
			if all[topic][key] == nil && !emptyID(truths[1][resource][key]) {
				w.t.Errorf("%s: %s is not published", topic, key)
			}
		}
		if slices.Contains(aborted, resource) && len(later) < len(between[topic]) {
			w.t.Errorf("%s: records follow the aborted ones in partitions %v alone, of %d", topic, later, len(between[topic]))
		}
		if resource == "tags" && deletions == 0 {
			w.t.Error("there is no tombstone to be read")
		}
	}
	return all
}

func emptyID(doc json.RawMessage) bool {
	object, _ := parseJSON(doc).(map[string]any)
	return object["id"] == ""
}

// judge runs the program until it has printed every record, and compares.
func (p snippet) judge(t *testing.T, w *world, published map[string]map[string][]publication) {
	topics := w.topics(all())
	if p.oneTopic {
		topics = topics[slices.Index(topics, w.topic("tags")):][:1]
	}
	want := 0
	for _, topic := range topics {
		for _, records := range published[topic] {
			want += len(records)
		}
	}
	running := startProgram(t, p.command[0], w.env(nil), nil, append(p.command[1:], topics...)...)
	eventually(t, 2*time.Minute, "print every record", func() (bool, string) {
		n := len(running.stdout.lines())
		if n < want && !running.running() {
			t.Fatalf("it ended by itself after %d of %d records", n, want)
		}
		return n >= want, fmt.Sprintf("%d of %d", n, want)
	})
	got := map[string]map[string][]printed{}
	for _, text := range running.stdout.lines() {
		columns := strings.Split(text, "\t")
		if len(columns) != 4 {
			t.Fatalf("%d columns, want 4: %s", len(columns), text)
		}
		topic, key := columns[0], columns[1]
		if got[topic] == nil {
			got[topic] = map[string][]printed{}
		}
		got[topic][key] = append(got[topic][key], printed{op: columns[2], value: columns[3]})
	}
	for _, topic := range topics {
		resource := strings.TrimPrefix(topic, w.prefix)
		for _, key := range eitherKeys(got[topic], published[topic]) {
			for _, difference := range p.differences(resource, got[topic][key], published[topic][key]) {
				t.Errorf("%s: %s: %s", resource, key, difference)
			}
		}
	}
}

// printed is what a program tells of one record.
type printed struct{ op, value string }

// differences says in what the printed records of one key differ from the published ones.
func (p snippet) differences(resource string, got []printed, want []publication) []string {
	if len(got) != len(want) {
		return []string{fmt.Sprintf("%d records, want %d", len(got), len(want))}
	}
	var wrong []string
	for i, r := range want {
		if op := r.headers["op"]; got[i].op != op && !p.noHeaders {
			wrong = append(wrong, fmt.Sprintf("op %q, want %q", got[i].op, op))
		}
		if r.value == nil || got[i].value == "null" {
			if r.value != nil || got[i].value != "null" {
				wrong = append(wrong, fmt.Sprintf("%s of a value with %d bytes", got[i].value, len(r.value)))
			}
			continue
		}
		value, err := p.spelling.read(r.schema.root, parseJSON([]byte(got[i].value)))
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		wrong = append(wrong, compare(r.schema, value.(map[string]any), r.truth, keyFields(resource))...)
	}
	return wrong
}

// The page says which versions it was tested with, and they are the pinned ones.
func TestConsumersPageNamesVersions(t *testing.T) {
	t.Parallel()
	page := consumersPage(t)
	for library, version := range pinnedVersions(t) {
		if !strings.Contains(page, library+" "+version) {
			t.Errorf("docs/consumers.md does not name %s %s", library, version)
		}
	}
}

// What a program prints is read as strictly as what it stands for.
func TestSpellings(t *testing.T) {
	t.Parallel()
	s, err := parseSchema(sampleSchema)
	if err != nil {
		t.Fatal(err)
	}
	const rest = `"id__long":null,"name":null,"utm_source":null,"seen_at":null,"custom":null,"tags":null`
	for _, c := range []struct {
		name, text string
		as         spelling
		want       string
	}{
		{"as it should be", `{"id":"7","created_at":"2026-01-02T03:04:05Z","spend":1.5,"count":9007199254740993,"count__string":null,` + rest + `}`, spelling{}, ""},
		{"long as text", `{"id":"7","created_at":null,"spend":1.5,"count":"9007199254740993","count__string":null,` + rest + `}`, spelling{longAsText: true}, ""},
		{"long as text of a program that has longs", `{"id":"7","created_at":null,"spend":1.5,"count":"9007199254740993","count__string":null,` + rest + `}`, spelling{}, "count: string 9007199254740993"},
		{"long as number of a program that has none", `{"id":"7","created_at":null,"spend":1.5,"count":9007199254740993,"count__string":null,` + rest + `}`, spelling{longAsText: true}, "count: json.Number"},
		{"long with a fraction", `{"id":"7","created_at":null,"spend":1.5,"count":9007199254740992.0,"count__string":null,` + rest + `}`, spelling{}, "count: "},
		{"timestamp as number", `{"id":"7","created_at":5,"spend":1.5,"count":null,"count__string":null,` + rest + `}`, spelling{}, "created_at: json.Number 5"},
		{"timestamp without a zone", `{"id":"7","created_at":"2026-01-02T03:04:05","spend":1.5,"count":null,"count__string":null,` + rest + `}`, spelling{}, "created_at: "},
		{"dropped sibling", `{"id":"7","created_at":null,"spend":1.5,"count":null,` + rest + `}`, spelling{}, "count__string is not there"},
		{"field that is in no schema", `{"id":"7","created_at":null,"spend":1.5,"count":null,"count__string":null,"other":1,` + rest + `}`, spelling{}, "other is in no schema"},
		{"null key", `{"id":null,"created_at":null,"spend":1.5,"count":null,"count__string":null,` + rest + `}`, spelling{}, "id: null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			value, err := c.as.read(s.root, parseJSON([]byte(c.text)))
			switch {
			case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want %q", err, c.want)
			case c.want == "":
				count := value.(map[string]any)["count"]
				if diff := cmp.Diff(int64(9007199254740993), count); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}
