package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const quickstart = "docs/quickstart.md"

// The quickstart works when its commands are run one after another, and they print what it shows.
func TestQuickstart(t *testing.T) {
	d := startDemo(t)
	folder := t.TempDir()
	source := filepath.Join(folder, "shop.yaml")
	var env []string
	printed, commands, shown := "", 0, 0
	for _, b := range blocks(quickstart, documents(t)[quickstart]) {
		switch {
		case b.language == "sh" && b.mark == "quickstart":
			printed = ""
			for _, line := range b.lines {
				if assignment, ok := strings.CutPrefix(line, "export "); ok {
					env = append(env, d.here(assignment))
					continue
				}
				commands++
				p := startIn(t, folder, d.here(line), env)
				if err := p.cmd.Wait(); err != nil {
					t.Fatalf("%s: %v\n%s%s", line, err, p.stdout, p.stderr)
				}
				printed += d.documented(p.stdout.String() + p.stderr.String())
			}
		case b.mark == "shop.yaml":
			text, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			before, _, _ := strings.Cut(string(text), "\nresources:\n")
			if err := os.WriteFile(source, []byte(before+"\n"+strings.Join(b.lines, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		case b.language == "" && b.mark == "":
			for _, line := range b.lines {
				shown++
				if !strings.Contains(alike("\n"+printed), alike("\n"+line+"\n")) {
					t.Errorf("this is shown, and not printed:\n%s\nbut\n%s", line, printed)
				}
			}
		}
	}
	if commands < 10 || shown < 15 {
		t.Errorf("%d commands, %d lines shown", commands, shown)
	}
}

var (
	told = regexp.MustCompile(`"(name|id|key)":"[^"]*"`)
	some = regexp.MustCompile(` *\d+`)
)

// alike is a text without what differs from run to run: times, numbers and the space before them, names and ids of records.
func alike(text string) string {
	return some.ReplaceAllString(told.ReplaceAllString(moment.ReplaceAllString(text, "<time>"), `"$1":"…"`), " #")
}
