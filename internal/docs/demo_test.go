package docs

import (
	"regexp"
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
