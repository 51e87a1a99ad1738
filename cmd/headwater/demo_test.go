package main

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// takePorts makes sure that the demo's usual ports are taken, by this test or by whoever has them already.
func takePorts(t *testing.T) {
	t.Helper()
	for _, addr := range []string{sandbox.DefaultAPIAddr, "127.0.0.1:9092", sandbox.DefaultRegistryAddr} {
		if ln, err := net.Listen("tcp", addr); err == nil {
			t.Cleanup(func() { ln.Close() })
		}
	}
}

var summaryLine = regexp.MustCompile(`(?m)^(\w+) +(\d+) upserts +(\d+) deletes  schema v1 \(id \d+\) +(full listing|with \w+|watermark \S+ \(current; the last 5m0s are always read again\))$`)

func TestDemoOnce(t *testing.T) {
	takePorts(t)
	got := newCommand(nil).run(deadline(t), "demo", "--once", "--size", "20").want(t, exitOK)
	text := got.stderr.String()
	all := summaryLine.FindAllStringSubmatch(text, -1)
	if len(all) != 13 {
		t.Errorf("%d of 13 resources:\n%s", len(all), text)
	}
	for _, m := range all {
		if m[2] == "0" || m[3] != "0" {
			t.Errorf("%s", m[0])
		}
	}
	for _, what := range []string{`sample API +http://127\.0\.0\.1:\d+  token demo-token; changes: http://127\.0\.0\.1:\d+/_sandbox/`, `Kafka +127\.0\.0\.1:\d+`, `schema registry +http://127\.0\.0\.1:\d+`} {
		if !regexp.MustCompile(`(?m)^  ` + what + `  \(its usual port is taken\)$`).MatchString(text) {
			t.Errorf("it is not said that a port is taken: %s\n%s", what, text)
		}
	}
	if strings.Contains(text, ":9092") || strings.Contains(text, ":8081") || strings.Contains(text, ":8080") {
		t.Errorf("a port that is taken is named:\n%s", text)
	}
	if got.stdout.String() != "" || strings.Contains(text, "next:") {
		t.Errorf("there is nothing left to look at:\n%s%s", got.stdout, text)
	}
}

// The demo stays up after its announcement, takes the user's log settings and no servers of theirs, and ends well.
func TestDemoStaysUp(t *testing.T) {
	takePorts(t)
	ctx, cancel := context.WithCancel(deadline(t))
	defer cancel()
	c := newCommand(map[string]string{"KAFKA_BROKERS": "127.0.0.1:1", "SCHEMA_REGISTRY_URL": "nope", "HEADWATER_GROUP": "x", "SOURCE_START_DATE": "soon", "HEADWATER_LOG_FORMAT": "text", "HEADWATER_LOG_LEVEL": "error"})
	wait := c.start(t, ctx, "demo", "--size", "20", "--churn", "0")
	c.stderr.wait(t, ctx, "Ctrl-C ends it\n")
	announced := c.stderr.String()
	commands := regexp.MustCompile(`KAFKA_BROKERS=\S+ SCHEMA_REGISTRY_URL=\S+ (\S+) (cat \w+ -n 3)`).FindStringSubmatch(announced)
	if len(summaryLine.FindAllString(announced, -1)) != 13 || commands == nil {
		t.Fatal(announced)
	}
	// What it says to try works.
	env := map[string]string{}
	for _, assignment := range strings.Fields(commands[0])[:2] {
		name, v, _ := strings.Cut(assignment, "=")
		env[name] = v
	}
	look := newCommand(env).run(ctx, strings.Fields(commands[2])...).want(t, exitOK)
	if len(lines(look.stdout)) != 3 {
		t.Errorf("%s: %s", commands[0], look.stdout)
	}
	cancel()
	wait()
	c.want(t, exitOK)
	for _, said := range []string{"\nstopping after the commit in flight; once more stops at once\n", "\nthe demo has ended, its servers and data are gone\n"} {
		if strings.Count(c.stderr.String(), said) != 1 {
			t.Errorf("%q is not said once:\n%s", said, c.stderr)
		}
	}
}

func TestDemoRefusesSettings(t *testing.T) {
	takePorts(t)
	got := newCommand(map[string]string{"HEADWATER_LOG_LEVEL": "loud"}).run(deadline(t), "demo").want(t, exitUsage)
	if len(lines(got.stderr)) != 1 || !strings.HasPrefix(got.stderr.String(), `headwater: HEADWATER_LOG_LEVEL="loud"`) {
		t.Error(got.stderr)
	}
}

func TestDemoAPI(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(deadline(t))
	defer cancel()
	c := newCommand(nil)
	wait := c.start(t, ctx, "demo", "api", "--listen", "127.0.0.1:0", "--token", "mine", "--size", "5")
	c.stderr.wait(t, ctx, "\n")
	m := regexp.MustCompile(`^  sample API +(http://\S+)  token "mine"; changes: (\S+)/_sandbox/\n$`).FindStringSubmatch(c.stderr.String())
	if m == nil || m[1] != m[2] {
		t.Fatal(c.stderr)
	}
	client := &http.Client{}
	defer client.CloseIdleConnections()
	for bearer, want := range map[string]int{"mine": http.StatusOK, "yours": http.StatusUnauthorized} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, m[1]+"/admins", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("token %s: %d", bearer, res.StatusCode)
		}
	}
	cancel()
	wait()
	c.want(t, exitOK)
}

// A fault that the demo is given is met and survived; what is none is refused with the list.
func TestDemoFault(t *testing.T) {
	takePorts(t)
	got := newCommand(nil).run(deadline(t), "demo", "--once", "--size", "20", "--fault", "errors_in_200:tags:always", "--fault", "malformed:contacts").want(t, exitFailed)
	text := got.stderr.String()
	if !strings.Contains(text, "headwater: tags: GET ") || !strings.Contains(text, "Something went wrong") || strings.Contains(text, "! contacts: POST") {
		t.Error(text)
	}
	for fault, says := range map[string]string{"shrug": "--fault shrug: find fault", "hang:shoes": "shoes", "empty_page:tags": "one answer"} {
		for _, args := range [][]string{{"demo"}, {"demo", "api", "--listen", "127.0.0.1:0"}} {
			got := newCommand(nil).run(deadline(t), append(args, "--fault", fault)...).want(t, exitUsage)
			if len(lines(got.stderr)) != 1 || !strings.HasPrefix(got.stderr.String(), "headwater: ") || !strings.Contains(got.stderr.String(), says) {
				t.Error(got.stderr)
			}
		}
	}
}
