package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// pageOf is the page of a worker.
func pageOf(t *testing.T, snap producer.Snapshot, b extract.Budget) *Page {
	t.Helper()
	text, err := os.ReadFile("../../../sources/intercom.yaml")
	if err != nil {
		t.Fatal(err)
	}
	src, err := extract.Load("intercom.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	snap.At, snap.Began = noon.Add(time.Hour), noon
	return &Page{Source: src, Target: "reading Intercom → Kafka at there", Version: Version{Version: "v1"}, Worker: &shownWorker{shown: snap}, API: shownAPI{b}}
}

// answer is what a path is answered with.
func answer(t *testing.T, p *Page, path string) (header http.Header, body string) {
	t.Helper()
	s := listen(t, "127.0.0.1:0", false)
	p.Routes(s)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v", path, resp.StatusCode, err)
	}
	return resp.Header, string(text)
}

// hostile is what anybody may put into a name, an error or an event.
const hostile = `</td><script>alert(1)</script>"'><img src=x onerror=alert(1)>{{.}}` + "\u202e\u2066\x00\x1b[31m\nnext`"

var tags = regexp.MustCompile(`<(/?[a-zA-Z][a-zA-Z0-9]*)`)

// Whatever texts hold, the page has the same elements as with harmless ones, and nothing that is not seen.
func TestPageIsEscaped(t *testing.T) {
	t.Parallel()
	page := func(text string) string {
		long := strings.Repeat(text+" ", 500)
		claim := producer.Claim{Worker: text, Host: text, Nonce: "n", Group: text, At: noon}
		snap := producer.Snapshot{
			Self: claim, Lanes: []producer.Lane{{ID: 0, Held: true, Claim: claim, Home: []string{text}}},
			Resources: []producer.Status{
				{Resource: text, State: "live", Waiting: text, Until: noon.Add(2 * time.Hour), Uses: avro.Registered{Version: 1, ID: 2}},
				{Resource: text, State: "stopped", Stopped: true, Err: errors.New(long + " → " + text), ErrSince: noon},
				{Resource: text, State: text},
			},
			Events: []producer.Event{{First: noon, Last: noon, Kind: producer.EventKind(text), Resource: text, Text: long, Times: 2, Count: 3}},
			Err:    errors.New(text + " → " + text), ErrSince: noon,
		}
		p := pageOf(t, snap, extract.Budget{})
		p.Target, p.Version.Version = text, text
		_, body := answer(t, p, "/")
		return body
	}
	bad, good := page(hostile), page("harmless")
	if diff := cmp.Diff(tags.FindAllString(good, -1), tags.FindAllString(bad, -1)); diff != "" {
		t.Errorf("the page has other elements (-want +got):\n%s", diff)
	}
	for _, hidden := range []string{"\u202e", "\u2066", "\x00", "\x1b"} {
		if strings.Contains(bad, hidden) {
			t.Errorf("the page holds %q", hidden)
		}
	}
	if !strings.Contains(bad, `&lt;script&gt;alert(1)&lt;/script&gt;`) || !strings.Contains(bad, `\u202e`) {
		t.Error("what was said is not shown")
	}
	if more := len(bad) - len(good); more > 40_000 {
		t.Errorf("long texts make the page %d bytes longer", more)
	}
}

// What to do about a registry stands apart from what is wrong, as it does for an API.
func TestRemedyOfARegistry(t *testing.T) {
	t.Parallel()
	err := &avro.RegistryError{Op: "register schema", URL: "http://registry", Err: errors.New("connection refused"), Hint: "check that it runs"}
	got := pageOf(t, producer.Snapshot{At: noon, Resources: []producer.Status{{Resource: "tags", Err: err, ErrSince: noon}}}, extract.Budget{}).status().Problems
	if len(got) != 1 || got[0].Remedy != "check that it runs" || strings.Contains(got[0].What, got[0].Remedy) {
		t.Errorf("%+v", got)
	}
}

// Nothing but the page's own script and style may run, and only its own server is asked.
func TestPagePolicy(t *testing.T) {
	t.Parallel()
	h, body := answer(t, pageOf(t, producer.Snapshot{}, extract.Budget{}), "/")
	csp := h.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "'" + hashOf(pageJS) + "'", "'" + hashOf(pageCSS) + "'"} {
		if !strings.Contains(csp, part) {
			t.Errorf("%s is not in %s", part, csp)
		}
	}
	if strings.Contains(csp, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers: %v", h)
	}
	if !strings.Contains(body, "<script>"+pageJS+"</script>") || !strings.Contains(body, "<style>"+pageCSS+"</style>") {
		t.Error("the script or the style is not what the policy names")
	}
	if found := regexp.MustCompile(` (?:style|on[a-z]+|src)="|https?://|@import|url\(`).FindAllString(strings.ReplaceAll(body, "xmlns='http://www.w3.org/2000/svg'", ""), -1); len(found) > 0 {
		t.Errorf("the page has %q", found)
	}
}

// One sentence says how things are, and the worst comes first.
func TestHeadlines(t *testing.T) {
	t.Parallel()
	current := producer.Status{Resource: "admins", State: "waiting", Passes: 1, Passed: noon}
	failing := producer.Status{Resource: "tags", State: "listing", Err: errors.New("503"), ErrSince: noon, Waiting: "for the next cycle", Until: noon.Add(time.Hour + 30*time.Second)}
	stopped := producer.Status{Resource: "teams", State: "stopped", Err: &extract.Error{Status: 403, Hint: "check the token"}, Stopped: true}
	backfill := producer.Status{Resource: "contacts", State: "backfill", Windows: [2]int{3, 12}}
	retrying := producer.Status{Resource: "segments", State: "listing", Wait: extract.WaitRetry, Waiting: "503; attempt 2 of 8 follows", Since: noon}
	held := producer.Status{Resource: "tickets", State: "backfill", Wait: extract.WaitBudget, Waiting: "rate limit"}
	long := producer.Status{Resource: "tickets", State: "live", Passes: 3, Since: noon}
	elsewhere := producer.Status{Resource: "companies", State: "elsewhere"}
	for name, c := range map[string]struct {
		snap    producer.Snapshot
		budget  extract.Budget
		want    string // level, headline
		problem string // the first one: where, what, remedy
	}{
		"well":      {snap: producer.Snapshot{Resources: []producer.Status{current, elsewhere}}, want: "ok All well: 1 resource current"},
		"elsewhere": {snap: producer.Snapshot{Resources: []producer.Status{elsewhere}}, want: "other Other workers of the group read everything"},
		"backfill":  {snap: producer.Snapshot{Resources: []producer.Status{current, backfill}}, want: "busy Reading: 1 of 2 resources not current yet"},
		"a retry":   {snap: producer.Snapshot{Resources: []producer.Status{retrying, backfill}}, want: "warn 1 resource waiting for the API", problem: "segments|503; attempt 2 of 8 follows|"},
		"a pause": {snap: producer.Snapshot{Resources: []producer.Status{held, backfill}}, budget: extract.Budget{Paused: noon.Add(time.Hour + time.Minute)},
			want: "warn Paused by the API's rate limit until 13:01:00"},
		"a long pass": {snap: producer.Snapshot{Resources: []producer.Status{long}}, want: "warn 1 resource slower than usual",
			problem: "tickets|one live pass runs unusually long: there is much to read, or the API answers slowly|"},
		"a failure": {snap: producer.Snapshot{Resources: []producer.Status{current, retrying, failing}}, want: "bad tags is failing", problem: "tags|503|"},
		"a stop":    {snap: producer.Snapshot{Resources: []producer.Status{current, stopped}}, want: "bad teams is stopped", problem: "teams|403 forbidden|check the token"},
		"both":      {snap: producer.Snapshot{Resources: []producer.Status{current, failing, stopped}}, want: "bad 2 of 3 resources: 1 stopped, 1 failing", problem: "tags|503|"},
		"several":   {snap: producer.Snapshot{Resources: []producer.Status{failing, failing}}, want: "bad 2 of 2 resources: failing", problem: "tags|503|"},
		"a visit": {snap: producer.Snapshot{Resources: []producer.Status{current}, Err: errors.New("a visit has claimed it"), ErrSince: noon.Add(time.Hour - time.Second)},
			want: "warn Taking the lanes again", problem: "|a visit has claimed it|"},
		"no Kafka": {snap: producer.Snapshot{Resources: []producer.Status{current}, ErrSince: noon.Add(time.Hour - time.Second),
			Err: &producer.EnvironmentError{Op: "reach Kafka", Err: errors.New("refused"), Remedy: "look at it"}},
			want: "bad Nothing is published: the worker has no lanes", problem: "|reach Kafka: refused|look at it"},
		"no lanes": {snap: producer.Snapshot{Resources: []producer.Status{current, failing}, Err: errors.New("no broker → check KAFKA_BROKERS"), ErrSince: noon},
			want: "bad Nothing is published: the worker has no lanes", problem: "|no broker|check KAFKA_BROKERS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pageOf(t, c.snap, c.budget)
			s := p.status()
			first := ""
			if len(s.Problems) > 0 {
				first = s.Problems[0].Where + "|" + s.Problems[0].What + "|" + s.Problems[0].Remedy
			}
			if got := s.Level + " " + s.Headline; got != c.want || first != c.problem {
				t.Errorf("got  %s; %s\nwant %s; %s", got, first, c.want, c.problem)
			}
			_, body := answer(t, p, "/")
			if !strings.Contains(body, "<section id=\"headline\" class=\"headline "+s.Level+"\"") || strings.Contains(body, `id="problems" hidden`) != (c.problem == "") {
				t.Error("the page does not show it")
			}
			_, doc := answer(t, p, "/status.json")
			var read struct{ Level, Headline string }
			if err := json.Unmarshal([]byte(doc), &read); err != nil || read.Level != s.Level || read.Headline != s.Headline {
				t.Errorf("status.json: %v %.200s", err, doc)
			}
		})
	}
}

// Lanes are shown with who holds them: this worker first, then the others, then what nobody has.
func TestWorkersOfAGroup(t *testing.T) {
	t.Parallel()
	self, other := producer.Claim{Worker: "a-1", Nonce: "a", Group: "g", At: noon}, producer.Claim{Worker: "b-2", Nonce: "b", Group: "g", At: noon}
	visit := producer.Claim{Worker: "c-3", Nonce: "c", Kind: "visit", At: noon}
	snap := producer.Snapshot{Self: self, Lanes: []producer.Lane{
		{ID: 0, Claim: other, Home: []string{"tags"}}, {ID: 1, Held: true, Claim: self, Home: []string{"teams"}}, {ID: 2, Held: true, Claim: self},
		{ID: 3, Claim: self}, {ID: 4}, {ID: 5, Claim: visit}, {ID: 6, Claim: other, Home: []string{"contacts"}},
	}}
	want := []worker{
		{Name: "a-1", Self: true, Group: "g", Lanes: "1–2", Home: []string{"teams"}, Since: noon},
		{Name: "b-2", Group: "g", Lanes: "0, 6", Home: []string{"tags", "contacts"}, Since: noon},
		{Name: "c-3", Visit: true, Lanes: "5", Home: []string{}, Since: noon},
		{Lanes: "3–4", Home: []string{}},
	}
	if diff := cmp.Diff(want, workersOf(snap)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 119 * time.Second: "119 s", 2 * time.Minute: "2 min", 3*time.Hour + 20*time.Minute: "3 h 20 min", 51 * time.Hour: "2 d 3 h",
	} {
		if got := age(d); got != want {
			t.Errorf("%v: %s, not %s", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -100: "-100", 12345678: "12,345,678"} {
		if got := count(n); got != want {
			t.Errorf("%d: %s, not %s", n, got, want)
		}
	}
	for perSecond, want := range map[float64]string{0: "0", 0.04: "0.0", 0.5: "0.5", 9.9: "9.9", 9.96: "10", 1234.5: "1,235"} {
		if got := rate(perSecond); got != want {
			t.Errorf("%v: %s, not %s", perSecond, got, want)
		}
	}
	if got := clean(" a\r\n\tb\x00 " + strings.Repeat("é", 2*longest)); !strings.HasPrefix(got, "a b é") || !strings.HasSuffix(got, "é…") || len([]rune(got)) > longest+3 {
		t.Errorf("%d runes: %s", len([]rune(got)), got)
	}
	if what, remedy := split("a → b → do c"); what != "a → b" || remedy != "do c" {
		t.Errorf("%q, %q", what, remedy)
	}
}
