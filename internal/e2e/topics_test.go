package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// all are the thirteen resources.
func all() []string { return sandbox.Resources() }

// cursor is the member that says when a record of the resource last changed; "" where it has none.
func cursor(resource string) string {
	switch resource {
	case "admins", "tags", "teams":
		return ""
	case "activity_logs":
		return "created_at"
	}
	return "updated_at"
}

// incremental says that the resource is searched by time, not listed.
func incremental(resource string) bool {
	return slices.Contains([]string{"activity_logs", "contacts", "conversations", "tickets"}, resource)
}

// keyFields are the members that a resource's key is made of.
func keyFields(resource string) []string {
	switch resource {
	case "company_attributes", "contact_attributes":
		return []string{"full_name"}
	case "conversation_parts":
		return []string{"conversation_id", "id"}
	case "company_segments":
		return []string{"company_id", "id"}
	}
	return []string{"id"}
}

// equalsTruth checks that the topics of resources hold what the API holds, and that they got there in good order.
func (w *world) equalsTruth(resources ...string) {
	w.t.Helper()
	for _, difference := range w.differences(resources...) {
		w.t.Error(difference)
	}
}

// differences compares topics with the API's truth, a few differences a resource.
func (w *world) differences(resources ...string) []string {
	w.t.Helper()
	topics := w.read(w.topics(resources)...)
	var wrong []string
	for _, r := range resources {
		truth := w.truth(r)
		found := w.judge(r, topics[w.topic(r)], truth)
		if n := len(found); n > 6 {
			found = append(found[:6], fmt.Sprintf("%s: and %d more", r, n-6))
		}
		wrong = append(wrong, found...)
	}
	return wrong
}

// judge says what is wrong with the records of one topic.
func (w *world) judge(resource string, records []record, truth map[string]json.RawMessage) []string {
	var wrong []string
	last := map[string]record{}
	for _, r := range records {
		if err := w.inOrder(r, last); err != "" {
			wrong = append(wrong, fmt.Sprintf("%s: %s: %s", resource, r.key, err))
		}
		last[r.key] = r
	}
	for _, key := range eitherKeys(last, truth) {
		wrong = append(wrong, w.differs(resource, key, last, truth)...)
	}
	return wrong
}

// eitherKeys are the keys that a topic or the API knows, sorted.
func eitherKeys[A, B any](last map[string]A, truth map[string]B) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(last)), maps.Keys(truth))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// differs says what is wrong with the last record of a key.
func (w *world) differs(resource, key string, last map[string]record, truth map[string]json.RawMessage) []string {
	r, there := last[key]
	wrong := func(text string) []string { return []string{fmt.Sprintf("%s: %s%s", resource, key, text)} }
	switch {
	case !there:
		return wrong(" is in the API, but not in the topic")
	case r.value == nil && truth[key] == nil:
		return nil
	case r.value == nil:
		return wrong(" is deleted, but the API has it")
	case truth[key] == nil:
		return wrong(" is in the topic, but not in the API")
	}
	differing, err := w.differing(resource, r, truth[key])
	if err != nil {
		return wrong(": " + err.Error())
	}
	var all []string
	for _, d := range append(differing, headers(resource, r, truth[key])...) {
		all = append(all, wrong(d)...)
	}
	return all
}

// differing says in what a value is not the API's record.
func (w *world) differing(resource string, r record, truth json.RawMessage) ([]string, error) {
	if w.plain {
		if got := parseJSON(r.value); !reflect.DeepEqual(got, parseJSON(truth)) || bytes.Contains(r.value, []byte("\n")) {
			return []string{fmt.Sprintf(": is %s, want %s on one line", r.value, truth)}, nil
		}
		return nil, nil
	}
	s, got, err := w.decode(r.value)
	if err != nil {
		return nil, err
	}
	return compare(s, got, truth, keyFields(resource)), nil
}

// inOrder checks what must hold of a record after the one with the same key before it.
func (w *world) inOrder(r record, last map[string]record) string {
	before, again := last[r.key]
	switch op := r.headers["op"]; {
	case r.value == nil && (op != "d" || len(r.headers) != 1):
		return fmt.Sprintf("a tombstone carries %v, want op d alone", r.headers)
	case r.value != nil && op != "r" && op != "u":
		return fmt.Sprintf("op is %q, want r or u", op)
	case r.value != nil && again && before.value != nil && op != "u":
		return "a change carries op " + op
	}
	if !again {
		if r.value == nil {
			return "a tombstone for a key that was never published"
		}
		return ""
	}
	switch {
	case before.partition != r.partition:
		return fmt.Sprintf("in partitions %d and %d", before.partition, r.partition)
	case before.value == nil && r.value == nil:
		return "deleted twice"
	case before.value != nil && r.value != nil && before.headers["digest"] == r.headers["digest"]:
		return fmt.Sprintf("published twice, offsets %d and %d", before.offset, r.offset)
	case before.value != nil && r.value != nil && number(before.headers["ts"]) > number(r.headers["ts"]):
		return fmt.Sprintf("goes back in time: ts %s, then %s", before.headers["ts"], r.headers["ts"])
	}
	return ""
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{16}$`)

// headers checks the headers of a key's last record.
func headers(resource string, r record, truth json.RawMessage) []string {
	var wrong []string
	if d := r.headers["digest"]; !hexDigest.MatchString(d) {
		wrong = append(wrong, fmt.Sprintf(": digest is %q, want 16 hex digits", d))
	}
	want, carries := "", 2
	if name := cursor(resource); name != "" {
		object, _ := parseJSON(truth).(map[string]any)
		if seconds, ok := object[name].(json.Number); ok {
			want, carries = seconds.String()+"000", 3
		}
	}
	if ts := r.headers["ts"]; ts != want || len(r.headers) != carries {
		wrong = append(wrong, fmt.Sprintf(": headers are %v, want op, digest and ts %q", r.headers, want))
	}
	return wrong
}

// holdings is the truth of several resources at one moment.
type holdings map[string]map[string]json.RawMessage

func (w *world) holdings(resources ...string) holdings {
	w.t.Helper()
	h := holdings{}
	for _, r := range resources {
		h[r] = w.truth(r)
	}
	return h
}

// changes are the keys of which the truth differs between before and now: op by key.
func changes(before, now map[string]json.RawMessage) map[string]string {
	ops := map[string]string{}
	for key, doc := range now {
		switch old, was := before[key]; {
		case !was:
			ops[key] = "r"
		case !equalJSON(parseJSON(old), parseJSON(doc)):
			ops[key] = "u"
		}
	}
	for key := range before {
		if now[key] == nil {
			ops[key] = "d"
		}
	}
	return ops
}

// appended checks that what came into the topics since m is what changed since before: these keys, each once.
func (w *world) appended(m mark, before holdings) {
	w.t.Helper()
	resources := slices.Sorted(maps.Keys(before))
	topics := w.since(m, w.topics(resources)...)
	for _, r := range resources {
		want := changes(before[r], w.truth(r))
		var got []string
		for _, rec := range topics[w.topic(r)] {
			got = append(got, rec.headers["op"]+" "+rec.key)
		}
		var wanted []string
		for key, op := range want {
			if op == "r" && incremental(r) && slices.Contains(got, "u "+key) {
				op = "u" // a run knows the topic's tail only: it cannot tell that the key is new
			}
			wanted = append(wanted, op+" "+key)
		}
		slices.Sort(got)
		slices.Sort(wanted)
		if !slices.Equal(got, wanted) {
			w.t.Errorf("%s: %d records were appended, want %d\n got: %s\nwant: %s", r, len(got), len(wanted), brief(got), brief(wanted))
		}
	}
}

func brief(list []string) string {
	text := strings.Join(list, ", ")
	if len(text) > 1500 {
		text = text[:1500] + " …"
	}
	return text
}

// nothingSince checks that nothing was appended to the data topics and the dead letters since m.
func (w *world) nothingSince(m mark) {
	w.t.Helper()
	topics := append(w.topics(all()), w.topic("_dead_letters"))
	for topic, records := range w.since(m, topics...) {
		w.t.Errorf("%s: %d records were appended, want none; the first: %s %v", topic, len(records), records[0].key, records[0].headers)
	}
}

// noDeadLetters checks that everything could be published.
func (w *world) noDeadLetters() {
	w.t.Helper()
	for _, r := range w.read(w.topic("_dead_letters"))[w.topic("_dead_letters")] {
		w.t.Errorf("dead letter %s: %v", r.key, r.headers)
	}
}

// states are the last values in the state topic, by key.
func (w *world) states() map[string]map[string]any {
	w.t.Helper()
	states := map[string]map[string]any{}
	for _, r := range w.read(w.topic("_state"))[w.topic("_state")] {
		var v map[string]any
		if err := json.Unmarshal(r.value, &v); err != nil {
			w.t.Errorf("state record %q: %v in %q", r.key, err, r.value)
		}
		states[r.key] = v
	}
	return states
}
