package docs

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/internal/realstack"
)

// block is a fenced one of a document. What stands behind its language says who runs it, if not this package: the name of a file
// (internal/e2e does), or "untested" (nobody does, and the reader is told).
type block struct {
	document, language, mark string
	lines                    []string
}

// command of a document: a line of a sh block, or what stands between backquotes and begins like one.
type command struct {
	document, text string
	exports        []string // NAME=value, by the lines before it in its block
}

var fence = regexp.MustCompile("(?ms)^```([a-z]*) ?([^\n`]*)\n(.*?)^```$")

func blocks(document, text string) []block {
	var all []block
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		all = append(all, block{document, m[1], m[2], strings.Split(strings.TrimSuffix(m[3], "\n"), "\n")})
	}
	return all
}

// notRun are the commands that no test runs, and why.
var notRun = map[string]string{
	"HEADWATER_SOURCE=docs/examples/github.yaml SOURCE_TOKEN=… SOURCE_ORGANIZATION=acme SOURCE_REPOSITORY=rockets bin/headwater run --once": "it asks the real API; internal/e2e runs it on a stand-in",
	"HEADWATER_SOURCE=docs/examples/pagerduty.yaml SOURCE_API_KEY=… SOURCE_START_DATE=2026-01-01 bin/headwater run --once":                  "likewise",
	"git clone https://github.com/headwater-stream/headwater && cd headwater":                                                               "nothing is published there yet",
}

var inline = regexp.MustCompile("`((?:curl|kcat|bin/headwater|make|git clone|docker|go) [^`]+)`")

func commands(t *testing.T) []command {
	t.Helper()
	var all []command
	for document, text := range documents(t) {
		for _, b := range blocks(document, text) {
			if b.language != "sh" || b.mark != "" {
				continue
			}
			var exports []string
			for _, line := range b.lines {
				if assignment, ok := strings.CutPrefix(line, "export "); ok {
					assignment, _, _ = strings.Cut(assignment, " ")
					exports = append(exports, assignment)
				} else if line != "" && !strings.HasPrefix(line, "#") {
					all = append(all, command{document, line, slices.Clone(exports)})
				}
			}
		}
		for _, m := range inline.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			all = append(all, command{document: document, text: strings.Join(strings.Fields(m[1]), " ")})
		}
	}
	return all
}

// Every command of the documents does what its reader expects, on a demo and on servers that this test starts.
func TestCommands(t *testing.T) {
	d := startDemo(t)
	found := 0
	for _, c := range commands(t) {
		if _, ok := notRun[c.text]; ok {
			continue
		}
		found++
		t.Run(c.document+": "+c.text, func(t *testing.T) {
			words := strings.Fields(c.text)
			for _, program := range []string{"kcat", "curl", "jq"} {
				if slices.Contains(words, program) {
					need(t, program)
				}
			}
			switch {
			case words[0] == "make":
				wantTarget(t, words[1:])
			case c.text == "bin/headwater run":
				runsOnServers(t, d.program, c.exports)
			case c.text == "bin/headwater check" && slices.ContainsFunc(c.exports, isKafka):
				checksServers(t, d.program, c.exports)
			case slices.Contains(words, "-f") && words[1] == "cat": // kcat's -f is its format
				p := start(t, d.here(c.text), nil)
				p.wait(t, p.stdout, "\n")
				p.interrupt(t)
			case words[1] == "dead-letters":
				p := start(t, d.here(c.text), nil)
				if err := p.cmd.Wait(); err != nil || p.stdout.String()+p.stderr.String() == "" { // where there are none it says that
					t.Errorf("%s: %v\n%s%s", d.here(c.text), err, p.stdout, p.stderr)
				}
			default:
				p := start(t, d.here(c.text), d.exported(c.exports))
				err := p.cmd.Wait()
				output := p.stdout.String()
				if words[1] == "run" || words[1] == "init" { // which tell people what they do, and have no data to print
					output = p.stderr.String()
				}
				refused := words[0] == "curl" && strings.Contains(p.stdout.String(), `"error`) // curl does not mind
				if err != nil || output == "" || refused {
					t.Errorf("%s: %v\n%s%s", d.here(c.text), err, p.stdout, p.stderr)
				}
			}
		})
	}
	if found < 10 {
		t.Errorf("only %d commands are found in the documents", found)
	}
}

// need skips a test whose program is not there, but not in CI.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	mode, err := realstack.ModeFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if mode == realstack.Required {
		t.Fatalf("%s is not installed, and E2E=required", program)
	}
	t.Skipf("%s is not installed", program)
}

// wantTarget checks what make would do: the tests run as a part of it, and the demo is the one that startDemo starts.
func wantTarget(t *testing.T, args []string) {
	t.Helper()
	cmd := exec.CommandContext(deadline(t), "make", append([]string{"-n"}, args...)...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if args[0] == "run" {
		want := "bin/headwater demo"
		if len(args) > 1 {
			want += " " + strings.TrimPrefix(args[1], "ARGS=")
		}
		if !strings.Contains(string(out), want) || !strings.Contains(string(out), "build") {
			t.Errorf("make %v does not build and run %q:\n%s", args, want, out)
		}
	}
}

// Commands that are exempt are in the documents.
func TestExemptCommandsExist(t *testing.T) {
	t.Parallel()
	var all []string
	for _, c := range commands(t) {
		all = append(all, c.text)
	}
	for text := range notRun {
		if !slices.Contains(all, text) {
			t.Errorf("no document has %q any more", text)
		}
	}
}

// What a reader may copy from docs/consumers.md was run, by this package or by internal/e2e, or says that it was not.
func TestConsumerBlocksAreRunOrMarked(t *testing.T) {
	t.Parallel()
	const document = "docs/consumers.md"
	text := documents(t)[document]
	_, untested, found := strings.Cut(text, "\n## Not tested\n")
	if !found {
		t.Fatal(document + ` has no section "Not tested"`)
	}
	run := strings.TrimSuffix(text, untested)
	for _, b := range blocks(document, run) {
		shown := b.language == "sh" || b.language == "text"
		if shown != (b.mark == "") || b.mark == "untested" {
			t.Errorf("who runs the block %q %q?\n%s", b.language, b.mark, strings.Join(b.lines, "\n"))
		}
	}
	marked := blocks(document, untested)
	for _, b := range marked {
		if b.mark != "untested" {
			t.Errorf("this block of \"Not tested\" is not marked as untested:\n%s", strings.Join(b.lines, "\n"))
		}
	}
	if n := strings.Count(untested, "Source:"); n < len(marked)-1 { // the settings that all sinks share have none of their own
		t.Errorf("%d blocks of \"Not tested\", %d sources", len(marked), n)
	}
}
