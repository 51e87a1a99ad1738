package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

func TestExitCode(t *testing.T) {
	t.Parallel()
	api := &extract.Error{Kind: extract.KindUnauthorized, Message: "no"}
	environment := &producer.EnvironmentError{Op: "reach Kafka", Err: errors.New("refused")}
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("anything else"), 1},
		{api, 1},
		{&producer.FailedError{Resources: map[string]error{"tags": api}}, 1},
		{&producer.FailedError{Resources: map[string]error{"tags": environment}}, 1},
		{&producer.FailedError{Resources: map[string]error{"tags": api}, Nothing: true}, 3},
		{&producer.FailedError{Resources: map[string]error{"tags": &avro.FrozenError{}}, Nothing: true}, 1},
		{&producer.FailedError{Resources: map[string]error{"tags": &avro.FrozenError{}, "teams": api}, Nothing: true}, 3},
		{&usageError{errors.New("wrong")}, 2},
		{&usageError{environment}, 2},
		{errors.Join(&usageError{errors.New("a")}, &usageError{errors.New("b")}), 2},
		{&extract.FileError{Name: "a.yaml"}, 2},
		{&producer.VisitError{What: "tags has no state", Remedy: "begin"}, 2},
		{errors.New(`unknown command "x" for "headwater"`), 2},
		{environment, 3},
		{fmt.Errorf("begin: %w", environment), 3},
		{&producer.EnvironmentError{Op: "read the API", Err: api}, 3},
		{&avro.RegistryError{Op: "list", Err: errors.New("refused")}, 3},
		{&producer.TakenOverError{}, 4},
		{&producer.FailedError{Resources: map[string]error{"tags": &producer.TakenOverError{}}}, 4},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%T %v: %d, not %d", c.err, c.err, got, c.want)
		}
	}
}

// What people type wrong is said in one line.
func TestUsageMistakes(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"rnu":                            `unknown command "rnu" for "headwater" Did you mean this? run`,
		"run --twice":                    "unknown flag: --twice",
		"run nothere":                    `resource "nothere" is not in source "intercom" (it has admins, tags, teams, segments, company_attributes, contact_attributes, companies, company_segments, contacts, conversations, conversation_parts, tickets, activity_logs)`,
		"run tags contact":               `resource "contact" is not in source "intercom" (did you mean contacts?)`,
		"run --once=perhaps":             `invalid argument "perhaps" for "--once" flag: strconv.ParseBool: parsing "perhaps": invalid syntax`,
		"cat":                            "name one resource: headwater cat contacts",
		"cat tags teams":                 "name one resource: headwater cat contacts",
		"cat tags -n -1":                 "--count -1: must not be negative",
		"cat tags -x":                    "unknown shorthand flag: 'x' in -x",
		"check contact":                  `resource "contact" is not in source "intercom" (did you mean contacts?)`,
		"discover contact":               `resource "contact" is not in source "intercom" (did you mean contacts?)`,
		"discover --records 0":           "--records 0: must be at least 1",
		"discover --avro --json":         "--avro and --json are two forms: give one",
		"lint":                           "name a source file: headwater lint ./mine.yaml",
		"list a b":                       "name one source: headwater list intercom",
		"list intercon":                  `no built-in source "intercon" (built in: intercom); give a path such as ./intercon.yaml for a file of your own`,
		"state shwo":                     `unknown command "shwo" for "headwater state"`,
		"state show tags":                `unknown command "tags" for "headwater state show"`,
		"state reset":                    "name one resource: headwater state reset contacts",
		"state reset tags teams":         "name one resource: headwater state reset contacts",
		"state reset tgas":               `resource "tgas" is not in source "intercom" (did you mean tags?)`,
		"state reset contacts --to noon": `--to "noon" is no time; give RFC 3339 or a date, in UTC: 2026-01-31T08:00:00Z or 2026-01-31`,
		"state set contacts":             `name one unit and its state: headwater state set contacts '{"phase":"live","watermark":"2026-01-31T08:00:00Z","done":true}'`,
		"state set contcats/3 {}":        `resource "contcats" is not in source "intercom" (did you mean contacts?)`,
		"version 2":                      `unknown command "2" for "headwater version"`,
		"run --pprof here":               `invalid argument "here" for "--pprof" flag: give host:port, or a port alone, e.g. 6060`,
		"demo twice":                     `unknown command "twice" for "headwater demo"`,
		"demo --churn often":             `invalid argument "often" for "--churn" flag: time: invalid duration "often"`,
		"demo api --listen":              "flag needs an argument: --listen",
		"demo api --listen here":         `start the sample API: start sample API: listen on "here": address here: missing port in address; give host:port`,
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			got := newCommand(map[string]string{"SOURCE_ACCESS_TOKEN": "x"}).run(t.Context(), strings.Fields(args)...)
			code := exitUsage
			if strings.HasPrefix(want, "start the") {
				code = exitEnvironment
			}
			got.want(t, code)
			if got.stderr.String() != "headwater: "+want+"\n" || got.stdout.String() != "" {
				t.Errorf("stderr: %sstdout: %s", got.stderr, got.stdout)
			}
		})
	}
}

// A source file's mistakes are a line each, without the excerpts that are for whoever edits the file.
func TestSourceFileMistakes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	text := "name: mine\ntitel: Mine\nclient:\n  base_url: https://api.example.com\nresources:\n  - name: things\n    endpoint:\n      path: /things\n    primary_kye: id\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := loadSource(path)
	var file *extract.FileError
	if !errors.As(err, &file) || len(file.Mistakes) < 2 || file.Mistakes[0].Excerpt == "" {
		t.Fatalf("the file has not the mistakes that the test wants: %v", err)
	}
	var want []string
	for _, m := range file.Mistakes {
		want = append(want, fmt.Sprintf("headwater: %s:%d:%d: %s", path, m.Line, m.Column, m.Message))
	}
	for _, args := range [][]string{{"run"}, {"check"}, {"discover"}, {"list"}, {"cat", "things"}, {"state", "show"}} {
		got := newCommand(map[string]string{"HEADWATER_SOURCE": path}).run(t.Context(), args...).want(t, exitUsage)
		if diff := cmp.Diff(want, lines(got.stderr)); diff != "" {
			t.Errorf("%v: %s", args, diff)
		}
	}
	got := newCommand(map[string]string{"HEADWATER_SOURCE": "intercon"}).run(t.Context(), "run").want(t, exitUsage)
	if !strings.HasPrefix(got.stderr.String(), `headwater: HEADWATER_SOURCE="intercon": no built-in source "intercon" (built in: intercom); give a path`) || len(lines(got.stderr)) != 1 {
		t.Error(got.stderr)
	}
}

func TestMessagesAreLines(t *testing.T) {
	t.Parallel()
	err := errors.Join(&usageError{errors.Join(errors.New("one"), errors.New("two\n  goes\ton \x1b[31m"))},
		&producer.FailedError{Resources: map[string]error{"tags": errors.New("x"), "teams": errors.New("y\nz")}})
	if diff := cmp.Diff([]string{"one", "two goes on [31m", "tags: x; teams: y z"}, messages(err)); diff != "" {
		t.Error(diff)
	}
}

// deaf takes connections and never answers; gone is an address where nobody listens.
func deaf(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.Addr().String()
}

func gone(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// A server that is away or refuses is one line and exit 3, soon; nothing is created before.
func TestUnreachableServers(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	silent, away := deaf(t), gone(t)
	var all sync.WaitGroup
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"kafka away":        {map[string]string{"KAFKA_BROKERS": away}, "reach Kafka at " + away + ": unable to dial: dial tcp " + away + ": connect: connection refused → check KAFKA_BROKERS"},
		"kafka deaf":        {map[string]string{"KAFKA_BROKERS": silent}, "reach Kafka at " + silent + ": no answer in time → check KAFKA_BROKERS"},
		"kafka is http":     {map[string]string{"KAFKA_BROKERS": s.API.Addr()}, "reach Kafka at " + s.API.Addr() + ": "},
		"kafka without tls": {map[string]string{"KAFKA_TLS_ENABLED": "true"}, "reach Kafka at " + s.Broker.Addr() + ": "},
		"registry away":     {map[string]string{"SCHEMA_REGISTRY_URL": "http://u:" + token + "@" + away}, "reach the schema registry: list subjects: schema registry http://" + away + ": dial tcp " + away + ": connect: connection refused → check SCHEMA_REGISTRY_URL"},
		"registry deaf":     {map[string]string{"SCHEMA_REGISTRY_URL": "http://" + silent}, "reach the schema registry: list subjects: schema registry http://" + silent + ": no answer in time"},
		"registry is api":   {map[string]string{"SCHEMA_REGISTRY_URL": s.API.URL()}, "reach the schema registry: list subjects: schema registry " + s.API.URL() + ": 404"},
		"api away":          {map[string]string{"SOURCE_BASE_URL": "http://" + away}, "reach the API: admins: GET http://" + away + "/admins: dial tcp " + away + ": connect: connection refused (3 attempts) → check SOURCE_BASE_URL and the network"},
		"api deaf":          {map[string]string{"SOURCE_BASE_URL": "http://" + silent}, "reach the API: admins: no answer within 8s → check SOURCE_BASE_URL and the network"},
		"api is registry":   {map[string]string{"SOURCE_BASE_URL": s.Registry.URL()}, "read the API: admins: GET " + s.Registry.URL() + "/admins: 404 not found: 404 page not found → check the token, its permissions and SOURCE_BASE_URL"},
		"wrong token":       {map[string]string{"SOURCE_ACCESS_TOKEN": token + "x"}, "read the API: admins: GET " + s.API.URL() + "/admins: 401 unauthorized: Access Token Invalid → check the token, its permissions and SOURCE_BASE_URL"},
	} {
		env := s.env()
		maps.Copy(env, c.env)
		all.Go(func() { // parallel subtests would wait for each other on a machine of few cores
			began := time.Now()
			got := newCommand(env).run(t.Context(), "run")
			// A server that says nothing is given up after eight seconds; the rest is for a machine that has much else to do.
			if took := time.Since(began); took > time.Minute || got.code != exitEnvironment {
				t.Errorf("%s: exit %d after %v", name, got.code, took)
			}
			text := got.stderr.String()
			if !strings.HasPrefix(text, "headwater: "+c.want) || len(lines(got.stderr)) != 1 {
				t.Errorf("%s: got %s\nnot %s", name, text, c.want)
			}
			if strings.Contains(text, token) || got.stdout.String() != "" {
				t.Errorf("%s: a secret or something on stdout: %s%s", name, text, got.stdout)
			}
		})
	}
	all.Wait()
	if topics := s.topics(t); len(topics) != 0 {
		t.Errorf("there are topics: %v", topics)
	}
}

// What goes on until it is stopped ends well when it is. A command that has a result has none then, and what follows it in a script must not take
// that for success.
func TestStoppedWhileReaching(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		args []string
		said string
	}{
		{[]string{"run"}, ""},
		{[]string{"cat", "tags", "-f"}, ""},
		{[]string{"dead-letters", "-f"}, ""},
		{[]string{"demo"}, ""},
		{[]string{"demo", "api"}, ""},
		{[]string{"check"}, "headwater: stopped before its end\n"},
		{[]string{"discover"}, "headwater: stopped before its end\n"},
		{[]string{"plan"}, "headwater: stopped before its end\n"},
		{[]string{"run", "--dry-run"}, "headwater: stopped before its end\n"},
		{[]string{"cat", "tags"}, "headwater: stopped before its end\n"},
		{[]string{"state", "show"}, "headwater: stopped before its end\n"},
	} {
		got := newCommand(map[string]string{"KAFKA_BROKERS": deaf(t), "SOURCE_ACCESS_TOKEN": "x"}).run(ctx, c.args...)
		_, said, found := strings.Cut(got.stderr.String(), "headwater:")
		if want := map[bool]int{true: 1}[c.said != ""]; got.code != want || found != (c.said != "") || found && "headwater:"+said != c.said {
			t.Errorf("%v: exit %d: %s", c.args, got.code, got.stderr)
		}
	}
}
