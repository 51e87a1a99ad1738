package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// demo is what `make run` starts, and where it listens here.
type demo struct {
	program               string
	process               *process
	api, broker, registry string // host:port
	metrics               string // likewise
}

func startDemo(t *testing.T) *demo {
	t.Helper()
	d := &demo{program: build(t)}
	d.process = start(t, d.program+" demo", nil)
	t.Cleanup(func() { d.process.interrupt(t) })
	d.process.wait(t, d.process.stderr, "Ctrl-C ends it\n")
	for name, where := range map[string]*string{"sample API": &d.api, "Kafka": &d.broker, "schema registry": &d.registry} {
		m := regexp.MustCompile(`(?m)^  ` + name + ` +(?:http://)?(\S+)`).FindStringSubmatch(d.process.stderr.String())
		if m == nil {
			t.Fatalf("the demo does not say where its %s is:\n%s", name, d.process.stderr)
		}
		*where = m[1]
	}
	m := regexp.MustCompile(`metrics at http://(\S+)`).FindStringSubmatch(d.process.stderr.String())
	if m == nil {
		t.Fatalf("the demo does not say where its metrics are:\n%s", d.process.stderr)
	}
	d.metrics = m[1]
	return d
}

// here is a document's command for this machine.
func (d *demo) here(command string) string {
	if strings.HasPrefix(command, "bin/headwater ") {
		command = "KAFKA_BROKERS=127.0.0.1:9092 SCHEMA_REGISTRY_URL=http://127.0.0.1:8081 " + command
		command = "env " + command // exec takes no assignments
	}
	return strings.NewReplacer("127.0.0.1:8080", d.api, "127.0.0.1:9092", d.broker, "127.0.0.1:8081", d.registry, "127.0.0.1:9464", d.metrics, "bin/headwater", d.program).Replace(command)
}

// exported are a document's exports for this machine.
func (d *demo) exported(exports []string) []string {
	var all []string
	for _, assignment := range exports {
		all = append(all, d.here(assignment))
	}
	return all
}

// documented is an output of this machine as documents show it: at the usual ports.
func (d *demo) documented(text string) string {
	text = strings.ReplaceAll(text, "  (its usual port is taken)", "")
	text = regexp.MustCompile(`KAFKA_BROKERS=\S+ `).ReplaceAllString(text, "")
	text = regexp.MustCompile(`SCHEMA_REGISTRY_URL=\S+ `).ReplaceAllString(text, "")
	return strings.NewReplacer(d.api, "127.0.0.1:8080", d.broker, "127.0.0.1:9092", d.registry, "127.0.0.1:8081", d.metrics, "127.0.0.1:9464", d.program, "bin/headwater").Replace(text)
}

// printed are the commands that the demo prints, as they stand there, with what stands above each.
func (d *demo) printed() (commands []string, above map[string]string) {
	above = map[string]string{}
	what := ""
	for line := range strings.Lines(d.process.stderr.String()) {
		line = strings.TrimSuffix(line, "\n")
		if command, ok := strings.CutPrefix(line, "    "); ok {
			commands = append(commands, command)
			above[command] = what
		} else if text, ok := strings.CutPrefix(line, "  "); ok {
			what = text
		}
	}
	return commands, above
}

// Every command that the demo prints works as it is printed: it ends well and shows something.
func TestDemoCommands(t *testing.T) {
	d := startDemo(t)
	commands, above := d.printed()
	var programs []string
	for _, command := range commands {
		words := strings.Fields(command)
		for i, word := range words {
			if strings.HasSuffix(word, "headwater") || word == "kcat" || word == "curl" {
				programs = append(programs, begins(words[i:]))
				break
			}
		}
		t.Run(command, func(t *testing.T) {
			for _, program := range []string{"kcat", "curl"} {
				if slices.Contains(words, program) {
					need(t, program)
				}
			}
			if above[command] == "" {
				t.Error("it is not said what it shows")
			}
			if words[len(words)-1] == "-f" { // does not end by itself
				p := start(t, "env "+command, nil)
				p.wait(t, p.stdout, "\n")
				p.interrupt(t)
				return
			}
			p := start(t, "sh -c "+shellQuoted(command), nil)
			err := p.cmd.Wait()
			output := p.stdout.String()
			if slices.Contains(words, "init") { // the file is its output; what to do with it is said
				output = p.stderr.String()
			}
			if err != nil || output == "" || strings.Contains(output, `"error`) {
				t.Errorf("%v\n%s%s", err, p.stdout, p.stderr)
			}
		})
	}
	for i := range programs {
		programs[i] = strings.ReplaceAll(programs[i], d.program, "headwater")
	}
	want := []string{"headwater cat", "headwater cat", "headwater state", "headwater schema", "kcat -b", "kcat -b", "kcat -b", "curl", "curl", "curl", "curl -X", "curl -X", "headwater cat", "headwater init"}
	if !slices.Equal(programs, want) {
		t.Errorf("the demo prints\n%q, not\n%q", programs, want)
	}
}

// begins is a program with its first argument, if that is a word of its own.
func begins(words []string) string {
	if len(words) == 1 || strings.Contains(words[1], "://") {
		return words[0]
	}
	return words[0] + " " + words[1]
}

func shellQuoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
