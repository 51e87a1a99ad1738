package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// With any of the sample API's faults armed, a run ends with the truth in the topics, or with an error that names the resource.
// What these tests look for is a run that reports success with less.

// struck are resources of every shape: a search with a cursor, numbered pages behind links, a scroll, one answer, and two kinds of
// children.
func struck() []string {
	return []string{"contacts", "activity_logs", "companies", "tags", "conversation_parts", "company_segments"}
}

// faulty are the resources that the tests read: those that are struck, and what they need.
func faulty() []string { return append(struck(), "conversations") }

// faultWorld is a world whose program reads in small pages, and gives up on an answer soon.
type faultWorld struct {
	*world
	source string
	last   *process
}

func newFaultWorld(t *testing.T, s servers, cfg sandbox.APIConfig) *faultWorld {
	t.Helper()
	if cfg.Size == 0 {
		cfg.Size = 90
	}
	cfg.ScrollExpiry = time.Second // a scroll that a failed run leaves behind
	text, err := os.ReadFile("../../sources/intercom.yaml")
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "intercom.yaml")
	write(t, source, strings.NewReplacer("\nclient:\n", "\nclient:\n  timeout: 2s\n", "per_page: 150", "per_page: 20",
		// What is gone is believed a lookback after it was last looked for.
		"lookback: 5m", "lookback: 1s",
		// One window, or twenty logs a page would never be more than one page.
		"min_window: 1h", "min_window: 876000h").Replace(string(text)))
	return &faultWorld{world: newWorld(t, s, cfg), source: source}
}

// run runs `run --once` to its end and reports whether it was a good one. A bad one has to name what was struck.
func (w *faultWorld) run(names []string, args ...string) bool {
	w.t.Helper()
	w.last = w.startWith(map[string]string{"HEADWATER_SOURCE": w.source}, append([]string{"run", "--once"}, args...)...)
	timer := time.NewTimer(once)
	defer timer.Stop()
	select {
	case <-w.last.done:
	case <-timer.C:
		w.t.Fatalf("the run does not end within %v", once)
	}
	w.last.inspect()
	if w.last.cmd.ProcessState.ExitCode() == 0 {
		return true
	}
	line := w.last.lastLine()
	if !strings.HasPrefix(line, "headwater: ") || !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(line, name) }) {
		w.t.Errorf("a run that failed names none of %v: %s", names, line)
	}
	return false
}

// arm plans a fault for some resources.
func (w *faultWorld) arm(kind string, resources []string, query string) {
	w.t.Helper()
	for _, r := range resources {
		w.fail("kind=" + kind + "&resource=" + r + "&" + query)
	}
}

// reachesTruth runs at most three times, until a run reports success: then the topics must hold the truth.
func (w *faultWorld) reachesTruth(names, resources []string, more ...string) {
	w.t.Helper()
	for range 3 {
		if w.run(names, append(slices.Clone(resources), more...)...) {
			w.equalsTruth(resources...)
			return
		}
	}
	w.t.Errorf("three runs do not reach the truth: %s", w.last.lastLine())
}

// strikes checks that faults of so many resources did strike.
func (w *faultWorld) strikes(resources []string) {
	w.t.Helper()
	stats := w.stats()
	for _, r := range resources {
		if stats.Faults[r] == 0 {
			w.t.Errorf("no fault has struck %s: %v", r, stats.Faults)
		}
	}
}

// passing are the faults of the transport: an answer that is none, or not whole.
func passing() []string {
	return []string{
		"server_error", "truncated", "error_in_200", "unavailable", "reset", "hang", "bad_gateway", "malformed", "errors_in_200",
		"rate_limited", "reset_midway", "rate_limited_bare", "dropped", "drip",
	}
}

// Every fault of the transport strikes every shape of resource: in each world some of them, one behind the other, so that an
// attempt that is made again meets the next.
func TestTransportFaultsPass(t *testing.T) {
	t.Parallel()
	const row = 3
	kinds := passing()
	for first := 0; first < len(kinds); first += row {
		test := func(t *testing.T, s servers) {
			w := newFaultWorld(t, s, sandbox.APIConfig{Seed: uint64(210 + first)})
			for i, r := range struck() {
				for j := range row {
					w.arm(kinds[(first+2*row*i+j)%len(kinds)], []string{r}, "drip=300ms")
				}
			}
			w.reachesTruth(struck(), faulty())
			w.strikes(struck())
			w.noDeadLetters()
		}
		t.Run(fmt.Sprint("from ", kinds[first]), func(t *testing.T) {
			if first == 0 {
				onBoth(t, test)
				return
			}
			t.Parallel()
			test(t, embedded(t))
		})
	}
}

// Every row of the test above holds other faults for the same resource.
func TestTransportFaultsStrikeEverything(t *testing.T) {
	t.Parallel()
	const row = 3
	kinds := passing()
	for i, r := range struck() {
		met := map[string]bool{}
		for first := 0; first < len(kinds); first += row {
			for j := range row {
				met[kinds[(first+2*row*i+j)%len(kinds)]] = true
			}
		}
		if len(met) != len(kinds) {
			t.Errorf("%s meets %v, want %v", r, slices.Sorted(maps.Keys(met)), kinds)
		}
	}
}

// misled are faults of the content that pass: where they strike, and for how many requests.
type misled struct {
	kind      string
	resources []string
	query     string
}

func TestContentFaultsPass(t *testing.T) {
	t.Parallel()
	searched := []string{"contacts", "conversations", "activity_logs"}
	for _, m := range []misled{
		{"duplicate_page", append([]string{"companies"}, searched...), "n=1"},
		{"looping_cursor", searched, "n=2"},
		{"empty_page", searched, "n=3"},
		{"empty_page", searched, "n=2&after=2"},
		{"early_end", []string{"contacts", "conversations", "conversation_parts"}, "n=1"},
		{"early_end", []string{"contacts", "conversations", "conversation_parts"}, "n=1&after=2"},
		{"text_cursor", searched, "n=1&after=1"},
	} {
		t.Run(m.kind+" "+m.query, func(t *testing.T) {
			t.Parallel()
			w := newFaultWorld(t, embedded(t), sandbox.APIConfig{Seed: 231})
			w.arm(m.kind, m.resources, m.query)
			w.reachesTruth(m.resources, faulty())
			w.strikes(m.resources)
			w.noDeadLetters()
		})
	}
	t.Run("duplicate_page of a scroll", func(t *testing.T) {
		t.Parallel()
		w := newFaultWorld(t, embedded(t), sandbox.APIConfig{Seed: 232, Size: 1500})
		companies := []string{"companies"}
		w.arm("duplicate_page", companies, "n=1")
		w.reachesTruth(companies, companies)
		w.strikes(companies)
	})
}

// lasting are the faults that may not last: of the transport and of the content.
func lasting() []misled {
	return []misled{
		{"server_error", []string{"contacts"}, ""},
		{"unavailable", []string{"tags"}, ""},
		{"bad_gateway", []string{"activity_logs"}, ""},
		{"rate_limited", []string{"contacts"}, ""},
		{"rate_limited_bare", []string{"tags"}, ""},
		{"error_in_200", []string{"contacts"}, ""},
		{"error_in_200", []string{"companies"}, ""},
		{"error_in_200", []string{"conversation_parts"}, ""},
		{"errors_in_200", []string{"company_segments"}, ""},
		{"errors_in_200", []string{"tags"}, ""},
		{"truncated", []string{"activity_logs"}, ""},
		{"malformed", []string{"contacts"}, ""},
		{"dropped", []string{"tags"}, ""},
		{"reset", []string{"contacts"}, ""},
		{"reset_midway", []string{"activity_logs"}, ""},
		{"drip", []string{"contacts"}, "drip=300ms"},
		{"hang", []string{"tags"}, ""},
		{"duplicate_page", []string{"contacts"}, ""},
		{"duplicate_page", []string{"activity_logs"}, ""},
		{"duplicate_page", []string{"companies"}, ""},
		{"looping_cursor", []string{"conversations"}, ""},
		{"looping_cursor", []string{"activity_logs"}, ""},
		{"empty_page", []string{"contacts"}, ""},
		{"empty_page", []string{"activity_logs"}, ""},
		{"early_end", []string{"contacts"}, ""},
		{"early_end", []string{"conversation_parts"}, ""},
		{"text_cursor", []string{"contacts"}, ""},
		{"text_cursor", []string{"activity_logs"}, ""},
	}
}

// What does not pass ends the run with an error, soon: what is asked for again eight times in a reading is asked three times before it,
// and ends the run there.
func TestLastingFaultsEndTheRun(t *testing.T) {
	t.Parallel()
	for _, m := range lasting() {
		t.Run(m.kind+" "+m.resources[0], func(t *testing.T) {
			t.Parallel()
			w := newFaultWorld(t, embedded(t), sandbox.APIConfig{Seed: 241})
			w.arm(m.kind, m.resources, "permanent=1&"+m.query)
			resources := reads(m.resources[0])
			if w.run(m.resources, resources...) {
				w.t.Errorf("the run reports success, of which is true:\n%s", strings.Join(w.differences(resources...), "\n"))
			}
			w.strikes(m.resources)
		})
	}
}

// Every fault that the sample API knows is armed in some test here: a run passes it, or those that last end it. Of four a run
// publishes what there is, however long they last.
func TestEveryFaultIsArmed(t *testing.T) {
	t.Parallel()
	armed := map[string]bool{"no_key": true, "null_key": true, "type_drift": true, "mutate": true} // TestRecordsWithoutKey and those after it
	for _, m := range lasting() {
		armed[m.kind] = true
	}
	w := newFaultWorld(t, embedded(t), sandbox.APIConfig{})
	var list sandbox.FaultList
	w.get(w.api+"/_sandbox/faults", &list)
	if len(list.Kinds) == 0 {
		t.Error("the API knows no faults")
	}
	for _, k := range list.Kinds {
		if !armed[k.Kind] {
			t.Errorf("%s is armed nowhere", k.Kind)
		}
		delete(armed, k.Kind)
	}
	if len(armed) > 0 {
		t.Errorf("the API does not know %v", slices.Sorted(maps.Keys(armed)))
	}
}

// reads are the resources to select for one to be struck.
func reads(resource string) []string {
	switch resource {
	case "conversation_parts":
		return []string{"conversations", resource}
	case "company_segments":
		return []string{"companies", resource}
	}
	return []string{resource}
}

// Records without a key become dead letters, all others are published, and nothing is taken for deleted while any of the missing
// might be among them.
func TestRecordsWithoutKey(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"no_key", "null_key"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newFaultWorld(t, embedded(t), sandbox.APIConfig{Seed: 251})
			w.arm(kind, struck(), "permanent=1")
			if !w.run(nil, faulty()...) {
				t.Fatal(w.last.lastLine())
			}
			w.strikes(struck())
			for _, r := range faulty() {
				w.allButDeadLetters(r)
			}
			gone := w.edit("delete", "tags", "n=1")[0]
			w.edit("delete", "companies", "n=1")
			w.edit("delete", "company_segments", "n=1")
			m := w.marks(w.topics(faulty())...)
			if !w.run(nil, faulty()...) {
				t.Fatal(w.last.lastLine())
			}
			for topic, records := range w.since(m, w.topics(faulty())...) {
				for _, rec := range records {
					if rec.value == nil {
						t.Errorf("%s: %s is deleted, though a record without key may be it", topic, rec.key)
					}
				}
			}
			w.heal()
			w.reachesTruth(nil, []string{"tags", "companies", "company_segments"})
			if last := w.read(w.topic("tags"))[w.topic("tags")]; !slices.ContainsFunc(last, func(r record) bool { return r.key == gone && r.value == nil }) {
				t.Errorf("tag %s is not deleted", gone)
			}
		})
	}
}

// allButDeadLetters compares a topic with the truth less what the dead letters hold: each the raw JSON of one record.
func (w *faultWorld) allButDeadLetters(resource string) {
	w.t.Helper()
	truth, topic := w.truth(resource), w.topic(resource)
	records := w.read(topic)[topic]
	keys := keyFields(resource)
	lost := 0
	if resource == "company_segments" { // a company without id cannot be asked for its segments
		for company := range w.truth("companies") {
			if !slices.ContainsFunc(w.read(w.topic("companies"))[w.topic("companies")], func(r record) bool { return r.key == company }) {
				maps.DeleteFunc(truth, func(key string, _ json.RawMessage) bool { return strings.HasPrefix(key, company+"/") })
			}
		}
	}
	for _, letter := range w.read(w.topic("_dead_letters"))[w.topic("_dead_letters")] {
		if !strings.HasPrefix(letter.key, resource+"/") {
			continue
		}
		if !strings.Contains(letter.headers["reason"], "no usable key") {
			w.t.Errorf("%s: dead letter because of %q", resource, letter.headers["reason"])
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(truth)), func(key string) bool {
			held := slices.ContainsFunc(records, func(r record) bool { return r.key == key })
			if !equalJSON(keyless(truth[key], keys), keyless(letter.value, keys)) {
				return false
			}
			if !held {
				delete(truth, key)
				lost++
			}
			return true
		}) {
			w.t.Errorf("%s: a dead letter is no record of the API: %s", resource, letter.value)
		}
	}
	if slices.Contains(struck(), resource) && lost == 0 {
		w.t.Errorf("%s: no record without key is a dead letter", resource)
	}
	for _, difference := range w.judge(resource, records, truth) {
		w.t.Error(difference)
	}
}

// keyless is a record without the last of its key fields: a parent's id is not the API's.
func keyless(doc json.RawMessage, keys []string) any {
	object, _ := parseJSON(doc).(map[string]any)
	delete(object, keys[len(keys)-1])
	return object
}

// Members whose type differs from record to record are no error: every value arrives, in a field beside the others.
func TestTypesThatDrift(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newFaultWorld(t, s, sandbox.APIConfig{Seed: 261})
		w.arm("type_drift", []string{"activity_logs"}, "n=1") // from the beginning: logs do not change
		w.reachesTruth(nil, faulty())
		drifting := []string{"contacts", "conversation_parts", "companies", "tags", "company_segments"}
		w.edit("change", "conversations", "n=1") // or no parts are asked for
		w.arm("type_drift", drifting, "n=1")
		if !w.run(nil, faulty()...) { // what drifts after its resource was read is the next run's
			t.Fatal(w.last.lastLine())
		}
		w.reachesTruth(nil, faulty())
		w.strikes(struck())
		w.noDeadLetters()
	})
}

// What changes with every request is caught up with when it holds still, and no key goes back meanwhile.
func TestMutationWhileRunning(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newFaultWorld(t, s, sandbox.APIConfig{Seed: 271})
		w.arm("mutate", faulty(), "permanent=1")
		w.run(faulty(), faulty()...)
		w.run(faulty(), faulty()...)
		w.strikes(faulty())
		w.heal()
		for range 3 {
			if w.run(faulty(), append(faulty(), "--sweep")...) && len(w.differences(faulty()...)) == 0 {
				w.noDeadLetters()
				return
			}
		}
		w.equalsTruth(faulty()...)
	})
}
