package e2e

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// once is how long one `run --once` of a small workspace may take on a slow machine.
const once = 90 * time.Second

// servers is where a test finds Kafka and a schema registry.
type servers struct {
	brokers  []string
	registry string
	own      bool // started for the tests: nothing needs to be cleaned up
}

// onBoth runs a test on embedded servers and on real ones.
func onBoth(t *testing.T, test func(t *testing.T, s servers)) {
	t.Helper()
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, embedded(t))
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		test(t, realServers(t))
	})
}

func embedded(t *testing.T) servers {
	t.Helper()
	_, s := embeddedBroker(t)
	return s
}

func embeddedBroker(t *testing.T) (*sandbox.Broker, servers) {
	t.Helper()
	broker, err := sandbox.StartBroker(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	registry, err := sandbox.StartRegistry(sandbox.RegistryConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	return broker, servers{brokers: []string{broker.Addr()}, registry: registry.URL(), own: true}
}

func realServers(t *testing.T) servers {
	t.Helper()
	s := stack.Servers(t)
	return servers{brokers: s.Brokers, registry: strings.TrimRight(s.RegistryURL, "/"), own: s.Own}
}

// world is a sample API, servers, and a topic prefix that nobody else uses.
type world struct {
	servers
	t      *testing.T
	api    string // URL of the sample API
	sample *sandbox.API
	token  string
	prefix string
	http   *http.Client
	schema map[int]*schema // by id, as the registry told
	plain  bool            // values are JSON
}

// newWorld starts a sample API. Its token is the world's own.
func newWorld(t *testing.T, s servers, cfg sandbox.APIConfig) *world {
	t.Helper()
	w := &world{servers: s, t: t, token: "secret-" + random(), prefix: "e2e-" + random() + ".", schema: map[int]*schema{}}
	cfg.Token = w.token
	api, err := sandbox.StartAPI(cfg, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	w.api, w.sample = api.URL(), api.API
	transport := &http.Transport{}
	w.http = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	t.Cleanup(transport.CloseIdleConnections)
	if !s.own {
		t.Cleanup(w.cleanUp)
	}
	return w
}

func random() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// env is the program's environment, with more laid over it. An empty value leaves the variable out.
func (w *world) env(more map[string]string) map[string]string {
	env := map[string]string{
		"HEADWATER_TOPIC_PREFIX": w.prefix,
		"KAFKA_BROKERS":          strings.Join(w.brokers, ","),
		"SCHEMA_REGISTRY_URL":    w.registry,
		"SOURCE_BASE_URL":        w.api,
		"SOURCE_ACCESS_TOKEN":    w.token,
	}
	if w.plain {
		env["HEADWATER_VALUE_FORMAT"], env["SCHEMA_REGISTRY_URL"] = "json", "http://127.0.0.1:1" // there is no registry
	}
	for name, v := range more {
		if env[name] = v; v == "" {
			delete(env, name)
		}
	}
	return env
}

func (w *world) start(args ...string) *process {
	w.t.Helper()
	return w.startWith(nil, args...)
}

func (w *world) startWith(more map[string]string, args ...string) *process {
	w.t.Helper()
	return start(w.t, w.env(more), []string{w.token}, args...)
}

// once runs `run [resources] --once` to its end, which has to be a good one, and checks that stdout stays empty.
func (w *world) once(resources ...string) *process {
	w.t.Helper()
	return w.onceEnds(0, resources...)
}

func (w *world) onceEnds(code int, resources ...string) *process {
	w.t.Helper()
	p := w.start(append(append([]string{"run"}, resources...), "--once")...)
	p.ends(code, once)
	if out := p.stdout.String(); out != "" {
		w.t.Errorf("run --once prints on stdout:\n%s", out)
	}
	return p
}

func (w *world) topic(resource string) string { return w.prefix + resource }

func (w *world) topics(resources []string) []string {
	var topics []string
	for _, r := range resources {
		topics = append(topics, w.topic(r))
	}
	return topics
}

// get reads JSON from a URL.
func (w *world) get(address string, into any) {
	w.t.Helper()
	w.do(http.MethodGet, address, into)
}

func (w *world) do(method, address string, into any) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s %s: %s %v: %s", method, address, resp.Status, err, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		w.t.Fatalf("%s %s: %v in %s", method, address, err, body)
	}
}

// truth is what the API holds of a resource, by key.
func (w *world) truth(resource string) map[string]json.RawMessage {
	w.t.Helper()
	var all map[string]json.RawMessage
	w.get(w.api+"/_sandbox/truth/"+resource, &all)
	return all
}

// edit changes the API's data: change, create or delete. It returns the keys.
func (w *world) edit(verb, resource string, query string) []string {
	w.t.Helper()
	var keys []string
	w.do(http.MethodPost, w.api+"/_sandbox/"+verb+"/"+resource+"?"+query, &keys)
	return keys
}

// set sets one member of a record to a JSON value.
func (w *world) set(resource, key, field, value string) {
	w.t.Helper()
	q := url.Values{"key": {key}, "field": {field}, "value": {value}}
	w.edit("set", resource, q.Encode())
}

// fail plans failures of the API.
func (w *world) fail(query string) {
	w.t.Helper()
	var answer any
	w.do(http.MethodPost, w.api+"/_sandbox/fail?"+query, &answer)
}

func (w *world) heal() {
	w.t.Helper()
	var answer any
	w.do(http.MethodPost, w.api+"/_sandbox/heal", &answer)
}

func (w *world) churn(interval string) {
	w.t.Helper()
	var answer any
	w.do(http.MethodPost, w.api+"/_sandbox/churn?interval="+interval, &answer)
}

// requests is how often each resource was asked for since the last call of resetStats.
func (w *world) requests() map[string]int {
	w.t.Helper()
	return w.stats().Requests
}

func (w *world) stats() sandbox.Stats {
	w.t.Helper()
	var stats sandbox.Stats
	w.get(w.api+"/_sandbox/stats", &stats)
	return stats
}

func (w *world) resetStats() {
	w.t.Helper()
	var stats any
	w.do(http.MethodPost, w.api+"/_sandbox/stats/reset", &stats)
}

// kafka opens a client that is closed with the test.
func (s servers) kafka(t *testing.T, more ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(s.brokers...)}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// existing lists the topics with the world's prefix.
func (w *world) existing() []string {
	w.t.Helper()
	client := w.kafka(w.t)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	listed, err := kadm.NewClient(client).ListTopics(ctx)
	if err != nil {
		w.t.Fatalf("list topics: %v", err)
	}
	var names []string
	for _, name := range listed.Names() {
		if strings.HasPrefix(name, w.prefix) {
			names = append(names, name)
		}
	}
	return names
}

// cleanUp removes what the test left on servers that are not the tests' own.
func (w *world) cleanUp() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client := w.kafka(w.t)
	defer client.Close()
	names := w.existing()
	if _, err := kadm.NewClient(client).DeleteTopics(ctx, names...); err != nil {
		w.t.Logf("delete topics %v: %v", names, err)
	}
	for _, name := range names {
		for _, query := range []string{"", "?permanent=true"} {
			req, err := http.NewRequestWithContext(ctx, http.MethodDelete, w.registry+"/subjects/"+url.PathEscape(name+"-value")+query, nil)
			if err != nil {
				w.t.Log(err)
				return
			}
			resp, err := w.http.Do(req) // topics without values have no subject
			if err != nil {
				w.t.Log(err)
				return
			}
			_ = resp.Body.Close()
		}
	}
}
