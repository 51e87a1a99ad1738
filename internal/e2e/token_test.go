package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/headwater-stream/headwater/internal/realstack"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// The token of the API and the passwords of Kafka and of the registry occur nowhere: not in what the program prints, at debug level too, nor
// in what it serves and writes to Kafka, while servers repeat them wherever they can. Values of records are the API's, and not searched.
func TestSecretsOccurNowhere(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		secretsOccurNowhere(t, embedded(t), nil)
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		s := realServers(t)
		broker := stack.Kafka(t, realstack.KafkaOptions{Secure: true})
		s.brokers = []string{broker.Addr()}
		secretsOccurNowhere(t, s, with(login("SCRAM-SHA-512"), map[string]string{"KAFKA_BROKERS": broker.ListenerAddr(realstack.SASL)}))
	})
}

func secretsOccurNowhere(t *testing.T, s servers, kafka map[string]string) {
	w := newWorld(t, s, sandbox.APIConfig{Seed: 151, Size: 40})
	const password = "secret-of-the-registry"
	api := &parrot{secret: w.token, faults: map[string]parrotFault{
		"/tags":            {status: 500, times: 2}, // and then it answers
		"/segments":        {status: 403},
		"/teams":           {status: 400},
		"/contacts/search": {status: 500, times: 2},
		"/data_attributes": {status: 302},
		"/admins": {rewrite: func(body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(`"id":`), []byte(`"said":"`+w.token+`","no_id":`))
		}},
		"/tickets/search":       {rewrite: nextPage(w.token)},
		"/conversations/search": {status: 200, body: `{"type":"error.list","errors":[{"code":"%s","message":"%s"}]}`},
		"/admins/activity_logs": {status: 200, times: 2, body: `{"activity_logs": nonsense %s`},
	}}
	registry := &parrot{secret: password, faults: map[string]parrotFault{
		"/subjects/" + w.topic("company_segments") + "-value/versions": {status: 409},
		"/subjects/" + w.topic("companies") + "-value/versions":        {status: 500, times: 3},
	}}
	env := with(map[string]string{
		"SOURCE_BASE_URL": api.before(t, w.api), "SCHEMA_REGISTRY_URL": registry.before(t, w.registry),
		"SCHEMA_REGISTRY_USERNAME": "me", "SCHEMA_REGISTRY_PASSWORD": password, "HEADWATER_LOG_LEVEL": "debug",
	}, kafka)
	secrets := []string{w.token, password, "secret-but-wrong", realstack.Password, base64.StdEncoding.EncodeToString([]byte("me:" + password)), base64.StdEncoding.EncodeToString([]byte(w.token))}
	search := func(where, text string) {
		for _, secret := range secrets {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s holds %s:\n%s", where, secret, text[max(0, at-300):min(len(text), at+len(secret)+100)])
			}
		}
	}
	told := func(more map[string]string, args ...string) string {
		p := start(t, w.env(with(env, more)), nil, args...)
		<-p.done
		search("headwater "+strings.Join(args, " "), p.stdout.String()+p.stderr.String())
		return p.stdout.String() + p.stderr.String()
	}
	// First, because a dead letter that is in its topic is no event any more.
	serveNoSecrets(t, start(t, w.env(with(env, map[string]string{
		"HEADWATER_METRICS_ADDR": "127.0.0.1:0", "HEADWATER_POLL_INTERVAL": "1s", "HEADWATER_SNAPSHOT_INTERVAL": "1s",
	})), nil, "run"), api, registry, search)
	api.again()
	registry.again()
	said := told(nil, "run", "--once")
	for _, what := range []string{"403", "400", "409", "***", "holds a secret of the source"} { // else nothing would be proved
		if !strings.Contains(said, what) {
			t.Errorf("the run does not tell of %s:\n%s", what, said)
		}
	}
	for _, args := range []string{"run --once", "check", "check --json", "config", "config --json", "state show", "state show --json", "discover", "discover --json", "list intercom --json",
		"schema show", "schema show --json", "schema diff tags --source", "dead-letters", "dead-letters --json", "state reset tags --json", "cat tags", "lint intercom --json", "version --json",
		"plan", "plan --json", "run --dry-run", "run --dry-run --schemas"} {
		if text := told(nil, strings.Fields(args)...); strings.Contains(text, "headwater "+args+" --help") || text == "" {
			t.Errorf("headwater %s is not understood:\n%s", args, text)
		}
	}
	file := filepath.Join(t.TempDir(), "shop.yaml")
	told(nil, "init", "shop", "--url", api.url, "-o", file)
	if text, err := os.ReadFile(file); err != nil {
		t.Error(err)
	} else {
		search(file, string(text))
	}
	told(nil, "init", "shop", "--url", "http://me:"+w.token+"@127.0.0.1:1", "-o", file+".not")
	// What is wrong is a secret, too; the servers themselves, because those before them repeat one that the program does not know.
	told(map[string]string{"SCHEMA_REGISTRY_PASSWORD": "secret-but-wrong", "SOURCE_ACCESS_TOKEN": "secret-but-wrong", "SOURCE_BASE_URL": w.api, "SCHEMA_REGISTRY_URL": w.registry}, "check")
	told(map[string]string{"SCHEMA_REGISTRY_URL": "http://me:" + password + "@127.0.0.1:1", "SCHEMA_REGISTRY_USERNAME": "", "SCHEMA_REGISTRY_PASSWORD": ""}, "run", "--once")
	told(map[string]string{"SOURCE_BASE_URL": "http://me:" + w.token + "@127.0.0.1:1", "KAFKA_BROKERS": "me:" + password + "@127.0.0.1:1"}, "config", "--json")

	letters := 0
	for topic, records := range w.read(w.existing()...) {
		for _, r := range records {
			text := fmt.Sprintf("%s %v", r.key, r.headers)
			switch topic {
			case w.topic("_state"):
				text += string(r.value)
			case w.topic("_dead_letters"):
				text += string(r.value)
				letters++
			}
			search("a record of "+topic, text)
		}
	}
	if letters == 0 {
		t.Error("there is no dead letter to search")
	}
	if api.told() == 0 || registry.told() == 0 {
		t.Error("the servers have not repeated their secrets")
	}
}

// serveNoSecrets has search look through everything that a worker serves while its servers fail, until the page tells of each failure, and
// through what it prints until it is stopped.
func serveNoSecrets(t *testing.T, p *process, api, registry *parrot, search func(where, text string)) {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, page := &http.Client{Transport: transport}, ""
	eventually(t, once, "an address", func() (bool, string) {
		if m := regexp.MustCompile(`status page\D* at (http://\S+)`).FindStringSubmatch(p.stderr.String()); m != nil {
			page = m[1]
		}
		return page != "" || !p.running(), p.stderr.String()
	})
	fetch := func(path string) string {
		resp, err := client.Get(page + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		text := html.UnescapeString(fmt.Sprint(resp.Header) + "\n" + string(body))
		if search("GET "+path, text); t.Failed() {
			t.FailNow() // it would be said again and again
		}
		return text
	}
	until := func(path string, words ...string) {
		t.Helper()
		eventually(t, once, path, func() (bool, string) {
			for _, other := range []string{"/", "/status.json", "/metrics", "/ready", "/healthz", "/version"} {
				if other != path {
					fetch(other)
				}
			}
			text := fetch(path)
			for _, word := range words {
				if !strings.Contains(text, word) {
					return false, fmt.Sprintf("there is no %q in %s", word, text)
				}
			}
			return true, ""
		})
	}
	failures := []string{"403 ***", "400 ***", "409 Conflict: ***", "redirect refused", "the page token holds a secret of the source"}
	until("/", failures...)
	until("/status.json", append(failures, `"kind":"dead letters"`, `"kind":"stopped"`, `"kind":"error"`)...)
	api.fails(500)
	registry.fails(401)
	until("/ready", `"api":{"ok":false,"error":"`, "500 ***", `"registry":{"ok":false,"error":"`, "401 Unauthorized: ***")
	until("/status.json", "500 ***")
	until("/metrics", `code="500"`)
	p.terminate()
	search("what run says", p.stdout.String()+p.stderr.String())
}

// nextPage has an answer say that another page follows, under a token that holds the secret.
func nextPage(secret string) func([]byte) []byte {
	return func(body []byte) []byte {
		var doc map[string]any
		if json.Unmarshal(body, &doc) == nil {
			doc["pages"] = map[string]any{"type": "pages", "page": 1, "next": map[string]any{"page": 2, "starting_after": secret}}
			body, _ = json.Marshal(doc)
		}
		return body
	}
}

// parrot stands before a server and repeats a secret: in a header of every answer, and as its faults say, by path.
type parrot struct {
	secret string
	faults map[string]parrotFault
	url    string // its own

	mu    sync.Mutex
	every parrotFault // in place of all others, if it has a status
	met   map[string]int
	count int
}

type parrotFault struct {
	status  int
	times   int    // 0: always
	body    string // with %s for the secret; "": an error as the server would write one
	rewrite func(body []byte) []byte
}

func (p *parrot) told() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// again has the faults of single paths begin again.
func (p *parrot) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.met)
	p.every = parrotFault{}
}

// fails has every path answer with a status, whatever its own fault, until again.
func (p *parrot) fails(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.every = parrotFault{status: status}
}

func (p *parrot) of(path string) (parrotFault, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.every.status != 0 {
		return p.every, true
	}
	f, ok := p.faults[path]
	return f, ok
}

// before starts it before the server at address, and returns its own.
func (p *parrot) before(t *testing.T, address string) string {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p.met = map[string]int{}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	silent := log.New(io.Discard, "", 0) //nolint:forbidigo // net/http asks for one
	proxy := &httputil.ReverseProxy{Transport: transport, ErrorLog: silent, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Del("Accept-Encoding")
	}, ModifyResponse: func(resp *http.Response) error {
		resp.Header.Set("X-Request-Id", p.secret)
		resp.Header.Set("Link", `<`+address+`/?access_token=`+p.secret+`>; rel="self"`)
		f, _ := p.of(resp.Request.URL.Path[len(target.Path):])
		if f.rewrite == nil {
			return nil
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		body = f.rewrite(body)
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		resp.Header.Set("Content-Length", fmt.Sprint(len(body)))
		return nil
	}}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !p.fail(rw, r) {
			proxy.ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p.url
}

// fail answers with the fault of the path, if it is due.
func (p *parrot) fail(rw http.ResponseWriter, r *http.Request) bool {
	f, ok := p.of(r.URL.Path)
	p.mu.Lock()
	p.met[r.URL.Path]++
	ok = ok && f.status != 0 && (f.times == 0 || p.met[r.URL.Path] <= f.times)
	p.count++
	p.mu.Unlock()
	if !ok {
		return false
	}
	all := strings.Join([]string{p.secret, r.Header.Get("Authorization"), base64.StdEncoding.EncodeToString([]byte(p.secret))}, ", ")
	if f.body == "" {
		f.body = `{"type":"error.list","request_id":"%[1]s","error_code":40901,"message":"%[1]s","errors":[{"code":"%[1]s","message":"not with %[1]s","field":"%[1]s"}]}`
	} else {
		f.body = strings.ReplaceAll(f.body, "%s", "%[1]s")
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("X-Request-Id", p.secret)
	if f.status/100 == 3 {
		rw.Header().Set("Location", "http://127.0.0.1:1/?access_token="+p.secret)
	}
	rw.WriteHeader(f.status)
	fmt.Fprintf(rw, f.body, all)
	return true
}
