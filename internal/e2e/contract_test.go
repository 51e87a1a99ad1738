package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// kept is a world's runs under a source file that is Intercom's with another line in the defaults.
func (w *world) kept(line string) (env map[string]string) {
	w.t.Helper()
	text, err := os.ReadFile("../../sources/intercom.yaml")
	if err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.t.TempDir(), "intercom.yaml")
	write(w.t, path, strings.Replace(string(text), "\nresource_defaults:\n", "\nresource_defaults:\n  "+line+"\n", 1))
	return map[string]string{"HEADWATER_SOURCE": path}
}

// onceUnder runs once under a source file.
func (w *world) onceUnder(env map[string]string, code int, resources ...string) *process {
	w.t.Helper()
	p := w.startWith(env, append(append([]string{"run"}, resources...), "--once")...)
	p.ends(code, once)
	return p
}

// letter is a line of dead-letters --json.
type letter struct {
	Resource, Key, Reason, Path, Digest string
	At                                  time.Time
	Size                                int
	JSON                                json.RawMessage
}

func (w *world) letters(resources ...string) []letter {
	w.t.Helper()
	p := w.start(append([]string{"dead-letters", "--json"}, resources...)...)
	p.ends(0, 30*time.Second)
	var all []letter
	for _, line := range p.stdout.lines() {
		var l letter
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			w.t.Fatalf("%s: %v", line, err)
		}
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b letter) int { return strings.Compare(a.Resource+a.Key+a.Path, b.Resource+b.Key+b.Path) })
	return all
}

// What a contract keeps out is a dead letter; once the contract is changed and the resource reset, the topics hold what the API holds.
func TestContractAndReplay(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 141, Size: 40})
		selection := []string{"tags", "contacts", "conversations", "conversation_parts"}
		evolve, discard := w.kept("schema_contract: evolve"), w.kept("schema_contract: discard_value")
		w.onceUnder(discard, 0, selection...)
		w.equalsTruth(selection...)

		keys := map[string]string{}
		for _, r := range []string{"tags", "contacts", "conversation_parts"} {
			keys[r] = slices.Sorted(maps.Keys(w.truth(r)))[0]
			w.set(r, keys[r], "loyalty", `{"tier":"gold\u0007","points":1e400}`)
		}
		w.set("contacts", keys["contacts"], "has_hard_bounced", `"perhaps"`)
		m := w.marks(w.topics(selection)...)
		w.onceUnder(discard, 0, selection...)
		for range 2 { // nothing is repeated
			w.onceUnder(discard, 0, selection...)
		}
		letters := w.letters()
		if len(letters) != 4 {
			t.Fatalf("%d dead letters: %+v", len(letters), letters)
		}
		for i, want := range []letter{
			{Resource: "contacts", Path: "has_hard_bounced", Reason: "schema_contract discard_value: was boolean, now string", JSON: json.RawMessage(`"perhaps"`)},
			{Resource: "contacts", Path: "loyalty"}, {Resource: "conversation_parts", Path: "loyalty"}, {Resource: "tags", Path: "loyalty"},
		} {
			if want.JSON == nil {
				want.JSON, want.Reason = json.RawMessage(`{"tier":"gold\u0007","points":1e400}`), "schema_contract discard_value: new field record"
			}
			got := letters[i]
			if got.Resource != want.Resource || got.Key != keys[want.Resource] || got.Path != want.Path || got.Reason != want.Reason || string(got.JSON) != string(want.JSON) ||
				got.Size != len(got.JSON) || len(got.Digest) != 16 || time.Since(got.At) > time.Hour {
				t.Errorf("%+v", got)
			}
		}
		if got := w.since(m, w.topics(selection)...); len(got[w.topic("tags")]) != 0 || len(got[w.topic("conversation_parts")]) != 1 || len(got[w.topic("contacts")]) != 1 { // a tag has no updated_at that moved
			t.Errorf("published: %v", got)
		}
		p := w.start("dead-letters", "contacts", "-n", "1")
		p.ends(0, 30*time.Second)
		lines := p.stdout.lines()
		if len(lines) != 1 || !strings.Contains(lines[0], "  contacts/"+keys["contacts"]+"  ") || !strings.Contains(p.stderr.String(), "state reset contacts") {
			t.Errorf("%q\n%s", lines, p.stderr)
		}

		for _, r := range []string{"tags", "contacts", "conversation_parts"} {
			w.prints("state", "reset", r)
		}
		m = w.marks(w.topics(selection)...)
		w.onceUnder(evolve, 0, selection...)
		w.equalsTruth(selection...)
		published := 0
		for _, records := range w.since(m, w.topics(selection)...) {
			published += len(records)
		}
		if published != 3 {
			t.Errorf("%d records are published, want the three that lacked something", published)
		}
		if n := len(w.letters()); n != 4 {
			t.Errorf("%d dead letters", n)
		}
	})
}

// A frozen resource stops with the difference shown, the others go on, and it goes on where it stood when the contract is changed.
func TestFrozenResource(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 142, Size: 20})
		frozen, evolve := w.kept("schema_contract: freeze"), w.kept("schema_contract: evolve")
		w.onceUnder(frozen, 0, "tags", "teams")
		key := slices.Sorted(maps.Keys(w.truth("tags")))[0]
		w.set("tags", key, "custom", `{"plan":"x"}`)
		w.set("tags", key, "name", `5`)
		w.edit("change", "teams", "n=1")
		p := w.onceUnder(frozen, 1, "tags", "teams")
		if line := p.lastLine(); !strings.HasPrefix(line, "headwater: tags: schema of "+w.topic("tags")+"-value is frozen: custom: new field record; name: was string, now long → set schema_contract: evolve") {
			t.Errorf("last line %q", line)
		}
		w.equalsTruth("teams")
		w.onceUnder(evolve, 0, "tags", "teams")
		w.equalsTruth("tags", "teams")
		w.noDeadLetters()
	})
}

// Beyond the limit nothing is lost: what has no field is in its record's last one.
func TestLimitOfInferredFields(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 143, Size: 40})
		selection := []string{"contacts", "companies", "tickets", "activity_logs"}
		limited := w.kept("max_inferred_fields: 10")
		w.onceUnder(limited, 0, selection...)
		w.equalsTruth(selection...)
		for _, r := range selection {
			for i, key := range slices.Sorted(maps.Keys(w.truth(r))) {
				if r != "activity_logs" {
					w.set(r, key, "made_up_"+string(rune('a'+i%26)), `{"x":[1,"y"]}`)
				}
			}
		}
		w.onceUnder(limited, 0, selection...)
		w.equalsTruth(selection...)
		for _, r := range selection {
			if n := len(w.versions(r)); n > 4 {
				t.Errorf("%s has %d versions", r, n)
			}
		}
		w.noDeadLetters()
	})
}
