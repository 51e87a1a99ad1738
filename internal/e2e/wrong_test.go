package e2e

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// mistake is a set-up that cannot work, and what the program has to say of it.
type mistake struct {
	name string
	args []string
	env  map[string]string
	code int
	says []string // all of them, in the line that begins with "headwater: "
}

// Every wrong set-up is answered soon, in one clear line with the right exit code, and nothing is published.
func TestWrongSetUps(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	away := "127.0.0.1:" + closedPort(t)
	folder := t.TempDir()
	source := filepath.Join(folder, "mine.yaml")
	write(t, source, "name: mine\nclient:\n  base_url: http://127.0.0.1\nresources:\n  - name: things\n    primary_key: id\n    endpoint: { path: /things, data_selctor: data }\n")
	empty := filepath.Join(folder, "empty")
	write(t, empty, "\n")
	run := []string{"run", "--once"}
	for _, m := range []mistake{
		{"wrong token", run, map[string]string{"SOURCE_ACCESS_TOKEN": "secret-but-wrong"}, 3, []string{"401", "Access Token Invalid", "check the token"}},
		{"broker away", run, map[string]string{"KAFKA_BROKERS": away}, 3, []string{away, "KAFKA_BROKERS"}},
		{"registry away", run, map[string]string{"SCHEMA_REGISTRY_URL": "http://" + away}, 3, []string{away, "SCHEMA_REGISTRY_URL"}},
		{"API away", run, map[string]string{"SOURCE_BASE_URL": "http://" + away}, 3, []string{away, "SOURCE_BASE_URL"}},
		{"malformed source file", run, map[string]string{"HEADWATER_SOURCE": source}, 2, []string{source + ":7:32", "data_selector"}},
		{"no such source", run, map[string]string{"HEADWATER_SOURCE": "intercon"}, 2, []string{"HEADWATER_SOURCE", "intercon"}},
		{"unknown resource", []string{"run", "tag", "--once"}, nil, 2, []string{`"tag"`}},
		{"no token", run, map[string]string{"SOURCE_ACCESS_TOKEN": ""}, 2, []string{"SOURCE_ACCESS_TOKEN"}},
		{"token file is empty", run, map[string]string{"SOURCE_ACCESS_TOKEN": "", "SOURCE_ACCESS_TOKEN_FILE": empty}, 2, []string{"SOURCE_ACCESS_TOKEN_FILE", "empty"}},
		{"unknown value format", run, map[string]string{"HEADWATER_VALUE_FORMAT": "xml"}, 2, []string{"HEADWATER_VALUE_FORMAT", "must be avro or json"}},
		{"once in a group", run, map[string]string{"HEADWATER_GROUP": "g"}, 2, []string{"HEADWATER_GROUP", "--once"}},
		{"one resource in a group", []string{"run", "tags"}, map[string]string{"HEADWATER_GROUP": "g"}, 2, []string{"HEADWATER_GROUP", "resources"}},
		{"metrics", run, map[string]string{"HEADWATER_METRICS_ADDR": "localhost"}, 2, []string{"HEADWATER_METRICS_ADDR", "host:port"}},
		{"bad interval", run, map[string]string{"HEADWATER_POLL_INTERVAL": "soon"}, 2, []string{"HEADWATER_POLL_INTERVAL", "soon"}},
		{"bad start date", run, map[string]string{"SOURCE_START_DATE": "yesterday"}, 2, []string{"SOURCE_START_DATE", "yesterday"}},
		{"password without mechanism", run, map[string]string{"KAFKA_SASL_PASSWORD": "secret-word"}, 2, []string{"KAFKA_SASL_MECHANISM"}},
		{"bad prefix", run, map[string]string{"HEADWATER_TOPIC_PREFIX": "a b/"}, 2, []string{"HEADWATER_TOPIC_PREFIX"}},
		{"unknown flag", []string{"run", "--onec"}, nil, 2, []string{"--onec"}},
		{"unknown command", []string{"rnu"}, nil, 2, []string{"rnu"}},
		{"cat without a resource", []string{"cat"}, nil, 2, []string{"resource"}},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, s, sandbox.APIConfig{Seed: 81, Size: 20})
			w.refused(m)
		})
	}
}

// refused runs a set-up that cannot work.
func (w *world) refused(m mistake) {
	w.t.Helper()
	p := start(w.t, w.env(m.env), []string{w.token, "secret-but-wrong", "secret-word"}, m.args...)
	p.ends(m.code, 15*time.Second)
	var said []string
	for _, line := range p.stderr.lines() {
		if strings.HasPrefix(line, "headwater: ") {
			said = append(said, line)
		}
	}
	if len(said) != 1 {
		w.t.Fatalf("%d lines begin with \"headwater: \", want one:\n%s", len(said), p.stderr)
	}
	for _, want := range m.says {
		if !strings.Contains(said[0], want) {
			w.t.Errorf("%q does not say %q", said[0], want)
		}
	}
	if regexp.MustCompile(`(?i)goroutine|panic|0x[0-9a-f]{6}|%!`).MatchString(p.stderr.String()) {
		w.t.Errorf("stderr is not for people:\n%s", p.stderr)
	}
	if out := p.stdout.String(); out != "" {
		w.t.Errorf("stdout: %s", out)
	}
	w.nothingPublished()
}

// nothingPublished checks that no topic of the world holds a record.
func (w *world) nothingPublished() {
	w.t.Helper()
	for topic, records := range w.read(w.existing()...) {
		if len(records) > 0 && topic != w.topic("_state") {
			w.t.Errorf("%s holds %d records", topic, len(records))
		}
	}
}

// The servers that people have answer in their own ways: a wrong token and a topic of the wrong kind on both.
func TestWrongSetUpsOnServers(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 82, Size: 20})
		w.refused(mistake{"wrong token", []string{"run", "--once"}, map[string]string{"SOURCE_ACCESS_TOKEN": "secret-but-wrong"}, 3, []string{"Access Token Invalid"}})
		if topics := w.existing(); len(topics) != 0 {
			t.Errorf("a wrong token leaves topics behind: %v", topics)
		}
		w.createTopic("tags", map[string]string{"cleanup.policy": "delete"})
		w.refused(mistake{"wrong policy", []string{"run", "--once"}, nil, 3,
			[]string{w.topic("tags"), "cleanup.policy", "kafka-configs", "--alter", "cleanup.policy=compact"}})
	})
}

// A topic that was deleted and made anew is empty while the state says done: that is refused, not papered over.
func TestTopicMadeAnew(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 83, Size: 20})
		w.once("tags")
		client := w.kafka(t)
		defer client.Close()
		if _, err := kadm.NewClient(client).DeleteTopic(t.Context(), w.topic("tags")); err != nil {
			t.Fatal(err)
		}
		eventually(t, 20*time.Second, "the topic's end", func() (bool, string) {
			for _, name := range w.existing() {
				if name == w.topic("tags") {
					return false, name
				}
			}
			return true, ""
		})
		p := w.start("run", "tags", "--once")
		p.ends(3, 30*time.Second)
		if line := p.lastLine(); !strings.HasPrefix(line, "headwater: ") || !strings.Contains(line, "tags") {
			t.Errorf("last line %q", line)
		}
		if n := len(w.read(w.topic("tags"))[w.topic("tags")]); n != 0 {
			t.Errorf("%d records were published into a topic that the state does not know", n)
		}
	})
}

func (w *world) createTopic(resource string, config map[string]string) {
	w.t.Helper()
	values := map[string]*string{}
	for name, v := range config {
		values[name] = &v
	}
	client := w.kafka(w.t)
	defer client.Close()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	answer, err := kadm.NewClient(client).CreateTopic(ctx, 3, 1, values, w.topic(resource))
	if err == nil {
		err = answer.Err
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// closedPort is a port at which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
