package e2e

import (
	"context"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/headwater-stream/headwater/internal/realstack"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// mistake is a set-up that cannot work, and what the program has to say of it.
type mistake struct {
	name string
	args []string
	env  map[string]string
	code int
	says []string                     // all of them, in the one line: the culprit and the remedy
	wrap func(t *testing.T, w *world) // makes the world wrong; nil: env is enough
}

// wrongWithin is how long a wrong set-up may take to be told; a program that looks for data races is slower.
var wrongWithin = 10 * time.Second

// wrongSecrets are what the set-ups give for a secret, beside the world's own token. None is ever shown.
var wrongSecrets = []string{"secret-but-wrong", "secret-word", realstack.Password}

var run = []string{"run", "--once"}

// forProgrammers is what no message may hold.
var forProgrammers = regexp.MustCompile(`(?i)goroutine|panic|0x[0-9a-f]{6}|%!|\.go:\d`)

// Every wrong set-up is answered in less than ten seconds, in one line with the right exit code, and nothing is published. That is one
// line that begins with "headwater: ", names what is wrong and ends with what to do; warnings and the log may stand before it.
func TestWrongSetUps(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	for _, m := range slices.Concat(wrongWords(), wrongVariables(t), wrongFiles(t), wrongServers(t)) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, s, sandbox.APIConfig{Seed: 81, Size: 20})
			w.refused(m)
		})
	}
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		s := realServers(t)
		broker := stack.Kafka(t, realstack.KafkaOptions{Secure: true, Properties: map[string]string{
			"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users": "User:ANONYMOUS",
		}})
		s.brokers = []string{broker.Addr()} // without a login: the broker's own, and ours to set rules with
		for _, m := range slices.Concat(wrongLogins(broker), wrongRights(broker), wrongTopics()) {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				newWorld(t, s, sandbox.APIConfig{Seed: 82, Size: 20}).refused(m)
			})
		}
	})
}

// refused runs a set-up that cannot work.
func (w *world) refused(m mistake) {
	w.t.Helper()
	if m.wrap != nil {
		m.wrap(w.t, w)
	}
	within := wrongWithin
	if raceEnabled {
		within *= 3
	}
	p := start(w.t, w.env(m.env), append([]string{w.token}, wrongSecrets...), m.args...)
	p.ends(m.code, within)
	var said []string
	for _, line := range p.stderr.lines() {
		if strings.HasPrefix(line, "headwater: ") {
			said = append(said, line)
		}
	}
	if len(said) != 1 {
		w.t.Fatalf("%d lines begin with \"headwater: \", want one:\n%s", len(said), p.stderr)
	}
	if last := p.lastLine(); last != said[0] {
		w.t.Errorf("the last line is not the one that says what is wrong:\n%s", p.stderr)
	}
	for _, want := range m.says {
		if !strings.Contains(said[0], want) {
			w.t.Errorf("%q does not say %q", said[0], want)
		}
	}
	if forProgrammers.MatchString(p.stderr.String()) {
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
	w.createTopicOf(3, resource, config)
}

func (w *world) createTopicOf(partitions int32, resource string, config map[string]string) {
	w.t.Helper()
	values := map[string]*string{}
	for name, v := range config {
		values[name] = &v
	}
	client := w.kafka(w.t)
	defer client.Close()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	answer, err := kadm.NewClient(client).CreateTopic(ctx, partitions, 1, values, w.topic(resource))
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
