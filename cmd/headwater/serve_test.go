package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// served waits until a command says where it serves, and returns the URL.
func (c *command) served(t *testing.T, ctx context.Context) string {
	t.Helper()
	c.stderr.wait(t, ctx, "metrics at http://")
	m := regexp.MustCompile(`metrics at (http://[0-9.:]+)`).FindStringSubmatch(c.stderr.String())
	if m == nil {
		t.Fatal(c.stderr)
	}
	return m[1]
}

// becomes polls /ready until exactly the part named fails, or none with "", and returns that part's error.
func becomes(t *testing.T, ctx context.Context, url, part string) string {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		text := get(t, url+"/ready")
		var answer struct {
			Ready bool
			Parts map[string]struct {
				OK    bool
				Error string
			}
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if len(answer.Parts) != 4 || strings.Contains(text, token) {
			t.Fatalf("parts: %s", text)
		}
		if part == "" && answer.Ready || part != "" && !answer.Ready && !answer.Parts[part].OK {
			return answer.Parts[part].Error
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("%q does not come about: %s", part, text)
		}
	}
}

// A worker tells that it lives, what it counts, and which of its servers is away; the token is told nowhere.
func TestServe(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	ctx, cancel := context.WithCancel(deadline(t))
	defer cancel()
	env := s.env()
	env["HEADWATER_METRICS_ADDR"], env["HEADWATER_POLL_INTERVAL"], env["HEADWATER_SNAPSHOT_INTERVAL"] = "0", "100ms", "100ms"
	c := newCommand(env)
	wait := c.start(t, ctx, "run", "tags", "contacts")
	url := c.served(t, ctx)
	becomes(t, ctx, url, "")
	if got := get(t, url+"/healthz"); got != "ok\n" {
		t.Errorf("it lives: %q", got)
	}
	metrics := get(t, url+"/metrics")
	if !strings.Contains(metrics, "\nheadwater_lanes_held 16\n") || !strings.Contains(metrics, `headwater_kafka_produce_bytes_total{node_id="0",topic="intercom._state"}`) || strings.Contains(metrics, token) {
		t.Error(metrics)
	}

	control := func(path string) {
		t.Helper()
		resp, err := http.Post(s.API.URL()+"/_sandbox/"+path, "", nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v %v", path, resp, err)
		}
		resp.Body.Close()
	}
	control("fail?resource=*&status=503&permanent=1")
	if why := becomes(t, ctx, url, "api"); !strings.Contains(why, "503") {
		t.Errorf("the API is away: %s", why)
	}
	control("heal")
	becomes(t, ctx, url, "")
	s.Registry.Close()
	if why := becomes(t, ctx, url, "registry"); !strings.Contains(why, "SCHEMA_REGISTRY_URL") {
		t.Errorf("the registry is away: %s", why)
	}
	s.Broker.Close()
	if why := becomes(t, ctx, url, "kafka"); !strings.HasPrefix(why, "reach Kafka: ") || !strings.HasSuffix(why, " → check that the brokers run and can be reached from here") {
		t.Errorf("Kafka is away: %s", why)
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	wait()
	c.want(t, exitOK)
}

// Two workers on a machine both start: the default port is replaced by a free one. One that was named is not, because a scrape
// would meet the other worker there.
func TestServeOnAPortThatIsTaken(t *testing.T) {
	s := startStack(t)
	if ln, err := net.Listen("tcp", "127.0.0.1:9464"); err == nil {
		defer ln.Close() // else somebody has it already
	}
	env := s.env()
	env["HEADWATER_METRICS_ADDR"] = "" // as if it were not set
	got := newCommand(env).run(deadline(t), "run", "tags", "--once").want(t, exitOK).stderr.String()
	if m := regexp.MustCompile(`(?m)metrics at http://127\.0\.0\.1:\d+  \(its usual port is taken\)$`).FindString(got); m == "" || strings.Contains(m, ":9464") {
		t.Error(got)
	}
	for addr, remedy := range map[string]string{"127.0.0.1:9464": "set HEADWATER_METRICS_ADDR to another port (0 takes a free one), or to off", "192.0.2.1:9464": "set HEADWATER_METRICS_ADDR to an address of this machine, or to off"} {
		env["HEADWATER_METRICS_ADDR"] = addr
		got := newCommand(env).run(deadline(t), "run", "tags", "--once").want(t, exitEnvironment)
		if text := got.stderr.String(); len(lines(got.stderr)) != 1 || !strings.HasPrefix(text, "headwater: serve health and metrics: listen tcp "+addr+": ") || !strings.HasSuffix(text, " → "+remedy+"\n") {
			t.Error(text)
		}
	}
	env["HEADWATER_METRICS_ADDR"] = "off"
	if got := newCommand(env).run(deadline(t), "run", "tags", "--once").want(t, exitOK); strings.Contains(got.stderr.String(), "metrics") {
		t.Error(got.stderr)
	}
}
