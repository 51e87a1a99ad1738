package docs

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/sources"
)

// What the README shows has the form of what the program prints: words and columns; numbers and times differ.
func TestShownOutput(t *testing.T) {
	d := startDemo(t)
	shown := shownBlock(t, "this is the whole job on this machine: ")
	var want, got []string
	for _, l := range shown {
		want = append(want, form(l))
	}
	for l := range strings.Lines(d.documented(d.process.stderr.String())) {
		if !strings.HasPrefix(l, "{") { // log lines: the README shows what a terminal shows
			got = append(got, form(strings.TrimSuffix(l, "\n")))
		}
	}
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Errorf("the README shows another output than the program prints (-README +program):\n%s", diff)
	}
	t.Run("state topic", func(t *testing.T) {
		need(t, "kcat")
		p := start(t, d.here(`kcat -b 127.0.0.1:9092 -C -e -t intercom._state -f '%k\t%s\n'`), nil)
		if err := p.cmd.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, p.stderr)
		}
		for _, l := range shownBlock(t, "tags\t{") {
			unit, value, _ := strings.Cut(l, "\t")
			last := ""
			for line := range strings.Lines(p.stdout.String()) {
				if key, v, _ := strings.Cut(line, "\t"); key == unit && strings.Contains(v, `"done":true`) {
					last = v
				}
			}
			if diff := cmp.Diff(members(t, value), members(t, last)); diff != "" {
				t.Errorf("%s (-README +topic):\n%s", unit, diff)
			}
		}
	})
}

// shownBlock is the README's block that begins so.
func shownBlock(t *testing.T, first string) []string {
	t.Helper()
	for _, b := range blocks("README.md", documents(t)["README.md"]) {
		if b.language == "" && strings.HasPrefix(b.lines[0], first) {
			return b.lines
		}
	}
	t.Fatalf("the README has no block that begins with %q", first)
	return nil
}

var (
	moment  = regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	counts  = regexp.MustCompile(`\d+ records`)
	id      = regexp.MustCompile(`\(id \d+\) *`)
	aligned = regexp.MustCompile(` +\d+ (upserts|deletes)`)
)

// form takes the numbers out of a line and leaves its columns: a number at its column's end becomes as many signs.
func form(line string) string {
	line = counts.ReplaceAllString(moment.ReplaceAllString(line, "<time>"), "# records")
	line = id.ReplaceAllStringFunc(line, func(s string) string { return strings.Repeat("#", len(s)) })
	return aligned.ReplaceAllStringFunc(line, func(s string) string {
		number, word := s[:len(s)-len(" upserts")], s[len(s)-len(" upserts"):]
		return strings.Repeat("#", len(number)) + word
	})
}

func members(t *testing.T, object string) []string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(object), &m); err != nil {
		t.Fatalf("%q: %v", object, err)
	}
	return slices.Sorted(maps.Keys(m))
}

// The table of resources names every resource of the source, its key and nothing else.
func TestResourceTable(t *testing.T) {
	t.Parallel()
	text, err := sources.Open("intercom")
	if err != nil {
		t.Fatal(err)
	}
	src, err := extract.Load("sources/intercom.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, r := range src.Resources {
		var key []string
		for _, k := range r.Key {
			key = append(key, k.Name)
		}
		want[r.Name] = strings.Join(key, "/")
	}
	got := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `intercom\\.(\\w+)` \\| `([^`]+)`").FindAllStringSubmatch(documents(t)["README.md"], -1) {
		got[m[1]] = m[2]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-source +README):\n%s", diff)
	}
}

// Links between the documents lead to files.
func TestLinks(t *testing.T) {
	t.Parallel()
	for document, text := range documents(t) {
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(text, -1) {
			path := filepath.Join(root, filepath.Dir(document), m[1])
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s: %v", document, m[1], err)
			}
		}
	}
}
