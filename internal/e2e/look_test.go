package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// What the program shows of its topics: cat and state show.
func TestCatAndStateShow(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 121, Size: 60})
		w.once()
		gone := w.edit("delete", "tags", "n=1")[0]
		w.once("tags")

		lines := w.prints("cat", "tags", "-n", "3")
		if len(lines) != 3 {
			t.Errorf("cat -n 3 prints %d lines", len(lines))
		}
		truth := w.truth("contacts")
		for _, line := range w.prints("cat", "contacts") {
			var shown struct {
				Key, Op, TS string
				Value       map[string]any
			}
			if err := json.Unmarshal([]byte(line), &shown); err != nil {
				t.Fatalf("cat prints %s: %v", line, err)
			}
			object, _ := parseJSON(truth[shown.Key]).(map[string]any)
			if object == nil || shown.Op != "r" || shown.Value["name"] != object["name"] || shown.Value["id"] != shown.Key {
				t.Errorf("cat prints %s\nthe API has %s", line, truth[shown.Key])
			}
		}
		deleted := false
		for _, line := range w.prints("cat", "tags") {
			deleted = deleted || strings.Contains(line, gone) && strings.Contains(line, `"op":"d"`) && strings.Contains(line, `"value":null`)
		}
		if !deleted {
			t.Errorf("cat does not show that %s is deleted", gone)
		}

		table := w.prints("state", "show")
		var view struct{ Units, Plans, Holders []map[string]any }
		if err := json.Unmarshal([]byte(strings.Join(w.prints("state", "show", "--json"), "\n")), &view); err != nil {
			t.Fatal(err)
		}
		if len(view.Plans) != len(all()) || len(view.Holders) != 1 {
			t.Errorf("state show shows the plans %v, held by %v", view.Plans, view.Holders)
		}
		units := map[any]bool{}
		for _, row := range view.Units {
			units[row["unit"]] = true
		}
		for _, r := range except("conversation_parts") {
			if !strings.Contains(strings.Join(table, "\n"), "\n"+r+" ") || !units[r] {
				t.Errorf("state show does not show %s:\n%s", r, strings.Join(table, "\n"))
			}
		}
	})
}

// prints runs a command that looks and ends, and returns the lines on stdout; nothing is on stderr.
func (w *world) prints(args ...string) []string {
	w.t.Helper()
	p := w.start(args...)
	p.ends(0, 30*time.Second)
	if text := p.stderr.String(); text != "" {
		w.t.Errorf("headwater %s says: %s", strings.Join(args, " "), text)
	}
	return p.stdout.lines()
}

// kcat, the tool that people have, lists the topics and reads the state.
func TestKcat(t *testing.T) {
	if _, err := exec.LookPath("kcat"); err != nil {
		if os.Getenv("E2E") == "required" {
			t.Fatal("E2E=required, but this machine has no kcat: install kcat (Debian and macOS: kcat)")
		}
		t.Skip("this machine has no kcat")
	}
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 122, Size: 40})
		w.once()
		listing := w.kcat("-L")
		for _, r := range all() {
			if !strings.Contains(listing, `topic "`+w.topic(r)+`"`) {
				t.Errorf("kcat -L does not list %s:\n%s", w.topic(r), listing)
			}
		}
		plans := 0
		for _, line := range strings.Split(strings.TrimSpace(w.kcat("-C", "-e", "-t", w.topic("_state"), "-f", `%k\t%s\n`)), "\n") {
			key, value, ok := strings.Cut(line, "\t")
			if !ok || !readable.MatchString(key) || !json.Valid([]byte(value)) {
				t.Errorf("state as kcat shows it: %q", line)
			}
			if strings.HasSuffix(key, "/plan") {
				plans++
			}
		}
		if plans < len(all()) {
			t.Errorf("kcat shows %d plans, want %d", plans, len(all()))
		}
		tags := strings.Fields(w.kcat("-C", "-e", "-t", w.topic("tags"), "-f", `%k\n`))
		if truth := w.truth("tags"); len(tags) != len(truth) {
			t.Errorf("kcat shows %d tags, the API has %d", len(tags), len(truth))
		}
	})
}

func (w *world) kcat(args ...string) string {
	w.t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(w.t.Context(), "kcat", append([]string{"-b", w.brokers[0]}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		w.t.Fatalf("kcat %v: %v\n%s", args, err, errs.String())
	}
	return out.String()
}
