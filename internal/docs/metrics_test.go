package docs

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

const (
	operationsFile = "../../docs/operations.md"
	metricsTable   = "| metric | type | labels | is |\n| --- | --- | --- | --- |\n"
)

// scraped is one metric of a scrape.
type scraped struct {
	kind, help string
	labels     map[string]bool
}

var (
	comment = regexp.MustCompile(`(?m)^# (HELP|TYPE) (\S+) (.*)$`)
	sample  = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{(.*)\})? \S+$`)
	label   = regexp.MustCompile(`(\w+)="[^"]*"`)
	suffix  = regexp.MustCompile(`_(bucket|sum|count)$`)
)

func parseScrape(text string) map[string]*scraped {
	all := map[string]*scraped{}
	of := func(name string) *scraped {
		if all[name] == nil {
			all[name] = &scraped{labels: map[string]bool{}}
		}
		return all[name]
	}
	for _, m := range comment.FindAllStringSubmatch(text, -1) {
		if m[1] == "HELP" {
			of(m[2]).help = m[3]
		} else {
			of(m[2]).kind = m[3]
		}
	}
	for _, m := range sample.FindAllStringSubmatch(text, -1) {
		name := m[1]
		if base := suffix.ReplaceAllString(name, ""); all[base] != nil {
			name = base
		}
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			if l[1] != "le" {
				of(name).labels[l[1]] = true
			}
		}
	}
	return all
}

// scrape reads the demo's metrics.
func (d *demo) scrape(t *testing.T) string {
	t.Helper()
	return get(t, "http://"+d.metrics+"/metrics")
}

func get(t *testing.T, address string) string {
	t.Helper()
	p := start(t, "curl -sS --fail-with-body '"+address+"'", nil)
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s%s", address, err, p.stdout, p.stderr)
	}
	return p.stdout.String()
}

// The table of metrics is what a demo serves: go test ./internal/docs -run Generated -update writes it.
func TestGeneratedMetricsAreCurrent(t *testing.T) {
	need(t, "curl")
	metrics := parseScrape(startDemo(t).scrape(t))
	table := metricsTable
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		m := metrics[name]
		if !strings.HasPrefix(name, "headwater_") || strings.HasPrefix(name, "headwater_kafka_") {
			continue
		}
		if m.kind == "" || m.help == "" {
			t.Errorf("%s does not say what it is", name)
		}
		table += fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, m.kind, strings.Join(slices.Sorted(maps.Keys(m.labels)), ", "), m.help)
	}
	text, err := os.ReadFile(operationsFile)
	if err != nil {
		t.Fatal(err)
	}
	prose, _, _ := strings.Cut(string(text), metricsTable)
	current(t, operationsFile, prose+table)
	for _, m := range regexp.MustCompile("`(headwater_[a-z_]+)`").FindAllStringSubmatch(prose, -1) {
		if metrics[m[1]] == nil && m[1] != "headwater_kafka_" {
			t.Errorf("%s names %s, which is not served", operationsFile, m[1])
		}
	}
}

// query is one that an alert or a panel asks.
type query struct{ by, expr string }

func queries(t *testing.T) (panels, rules []query) {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "deploy", "grafana", "dashboards", "headwater.json"))
	if err == nil {
		err = json.Unmarshal(text, &board)
	}
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer("$__rate_interval", "1m", "$__range", "1m", "$job", ".*", "$resource", ".*")
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			panels = append(panels, query{p.Title, filled.Replace(q.Expr)})
		}
	}
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if text, err = os.ReadFile(filepath.Join(root, "deploy", "prometheus", "rules.yml")); err == nil {
		err = yaml.Unmarshal(text, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			rules = append(rules, query{r.Alert, r.Expr})
		}
	}
	if len(panels) == 0 || len(rules) == 0 {
		t.Fatalf("%d panels, %d rules", len(panels), len(rules))
	}
	return panels, rules
}

var (
	selector = regexp.MustCompile(`\b((?:headwater|process|go)_[a-z_]+|up)(\{[^}]*\})?`)
	grouped  = regexp.MustCompile(`\bby \(([^)]*)\)`)
	own      = []string{"job", "instance", "le"} // a scrape's, and a histogram's
)

// Everything that the alerts and the dashboard ask for is there in a Prometheus that scrapes a demo in trouble: each query of a panel
// has an answer, and so has each selector of an alert, for most of the time no alert has one.
func TestQueriesHaveAnswers(t *testing.T) {
	need(t, "curl")
	need(t, "prometheus")
	d := startDemo(t)
	for _, fault := range []string{"resource=contacts&status=503&n=2", "resource=tickets&kind=malformed&n=1", "resource=tags&status=403&n=1"} {
		post(t, "http://"+d.api+"/_sandbox/fail?"+fault)
	}
	prometheus := startPrometheus(t, d.metrics)
	metrics := parseScrape(d.scrape(t))
	panels, rules := queries(t)
	for _, q := range panels {
		prometheus.answers(t, q)
	}
	for _, q := range rules {
		for _, m := range selector.FindAllStringSubmatch(q.expr, -1) {
			prometheus.answers(t, query{q.by, m[0]})
		}
	}
	for _, q := range append(panels, rules...) {
		for _, by := range grouped.FindAllStringSubmatch(q.expr, -1) {
			for _, l := range strings.Split(by[1], ", ") {
				for _, m := range selector.FindAllStringSubmatch(q.expr, -1) {
					if served := metrics[suffix.ReplaceAllString(m[1], "")]; !slices.Contains(own, l) && (served == nil || !served.labels[l]) {
						t.Errorf("%s groups %s by %s, which it has not", q.by, m[1], l)
					}
				}
			}
		}
	}
}

func post(t *testing.T, address string) {
	t.Helper()
	p := start(t, "curl -sS --fail-with-body -X POST '"+address+"'", nil)
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s%s", address, err, p.stdout, p.stderr)
	}
}

// prometheus is a server that scrapes target once a second, under the job of deploy/, with the rules of deploy/.
type prometheus struct{ url string }

func startPrometheus(t *testing.T, target string) *prometheus {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	folder := t.TempDir()
	rules, err := filepath.Abs(filepath.Join(root, "deploy", "prometheus", "rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: [%q]\nscrape_configs:\n  - { job_name: headwater, static_configs: [{ targets: [%q] }] }\n", rules, target)
	if err := os.WriteFile(filepath.Join(folder, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(deadline(t), "prometheus", "--config.file="+filepath.Join(folder, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+addr, "--log.level=warn")
	said := newOutput()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(said)
		}
	})
	return &prometheus{"http://" + addr}
}

// answers waits until a query has an answer. At first there is no scrape, and a rate wants two of them.
func (p *prometheus) answers(t *testing.T, q query) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	late := time.After(20 * time.Second)
	for said := ""; ; {
		resp, err := client.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(q.expr))
		if err == nil {
			var answer struct {
				Status, Error string
				Data          struct{ Result []any }
			}
			err = json.NewDecoder(resp.Body).Decode(&answer)
			resp.Body.Close()
			if err == nil && answer.Status == "success" && len(answer.Data.Result) > 0 {
				return
			}
			said = fmt.Sprintf("%s %s %d %v", answer.Status, answer.Error, len(answer.Data.Result), err)
		}
		select {
		case <-ticker.C:
		case <-late:
			t.Errorf("%s: %s has no answer: %s (%v)", q.by, q.expr, said, err)
			return
		}
	}
}
