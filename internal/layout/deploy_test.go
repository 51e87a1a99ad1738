package layout_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/headwater-stream/headwater/internal/realstack"
)

// Prometheus and Grafana start with their profile only, find each other and headwater, and are given files that are there.
func TestComposeObservability(t *testing.T) {
	t.Parallel()
	c := loadCompose(t)
	var extra []string
	for name, s := range c.Services {
		if len(s.Profiles) > 0 {
			extra = append(extra, name)
		}
		for _, v := range s.Volumes {
			if from, _, _ := strings.Cut(v, ":"); strings.HasPrefix(from, ".") {
				if info, err := os.Stat(filepath.Join(root, from)); err != nil || !info.IsDir() || !strings.HasSuffix(v, ":ro") {
					t.Errorf("service %s: %s is not a folder of the project that is only read: %v", name, v, err)
				}
			}
		}
	}
	slices.Sort(extra)
	if !slices.Equal(extra, []string{"grafana", "prometheus"}) || !slices.Equal(c.Services["grafana"].Profiles, []string{"observability"}) || !slices.Equal(c.Services["prometheus"].Profiles, []string{"observability"}) {
		t.Errorf("with a profile only: %v", extra)
	}
	_, port, _ := strings.Cut(c.Services["headwater"].Environment["HEADWATER_METRICS_ADDR"], ":")
	var scrape struct {
		RuleFiles []string `yaml:"rule_files"`
		Scrapes   []struct {
			Job string `yaml:"job_name"`
			DNS []struct {
				Names []string `yaml:"names"`
				Port  string   `yaml:"port"`
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	parse(t, &scrape, "deploy", "prometheus", "prometheus.yml")
	if s := scrape.Scrapes; port == "" || len(s) != 1 || len(s[0].DNS) != 1 || s[0].DNS[0].Port != port || !slices.Equal(s[0].DNS[0].Names, []string{"headwater"}) {
		t.Errorf("headwater serves at port %q, Prometheus scrapes %+v", port, s)
	}
	if !slices.Equal(scrape.RuleFiles, []string{"rules.yml"}) {
		t.Errorf("rules: %v", scrape.RuleFiles)
	}
	var sources struct {
		Datasources []struct{ UID, Type, URL string }
	}
	parse(t, &sources, "deploy", "grafana", "provisioning", "datasources", "headwater.yml")
	if d := sources.Datasources; len(d) != 1 || d[0].Type != "prometheus" || d[0].URL != "http://prometheus:9090" {
		t.Errorf("data sources: %+v", d)
	}
	var boards struct {
		Providers []struct{ Options struct{ Path string } }
	}
	parse(t, &boards, "deploy", "grafana", "provisioning", "dashboards", "headwater.yml")
	if p := boards.Providers; len(p) != 1 || !slices.Contains(c.Services["grafana"].Volumes, "./deploy/grafana/dashboards:"+p[0].Options.Path+":ro") {
		t.Errorf("dashboards: %+v", p)
	}
}

func parse(t *testing.T, into any, path ...string) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, path...)), into); err != nil {
		t.Fatalf("%v: %v", path, err)
	}
}

// The rules are what promtool takes for rules, and each alert fires when it is to, and not before.
func TestRules(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("promtool"); err != nil {
		if mode, err := realstack.ModeFromEnv(); err != nil || mode == realstack.Required {
			t.Fatalf("promtool is not installed, and E2E=required (%v)", err)
		}
		t.Skip("promtool is not installed (Debian: prometheus)")
	}
	for _, args := range [][]string{{"check", "config", "prometheus.yml"}, {"check", "rules", "rules.yml"}, {"test", "rules", "rules_test.yml"}} {
		cmd := exec.CommandContext(t.Context(), "promtool", args...)
		cmd.Dir = filepath.Join(root, "deploy", "prometheus")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

// alert is one of deploy/prometheus/rules.yml.
type alert struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct{ Groups []struct{ Rules []alert } }
	parse(t, &file, "deploy", "prometheus", "rules.yml")
	var all []alert
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("there are no rules")
	}
	return all
}

// Every alert has a severity, a test that sees it fire, and a section of the runbook, to which it leads; the runbook has no others.
func TestAlertsHaveARunbook(t *testing.T) {
	t.Parallel()
	tests, runbook := read(t, "deploy", "prometheus", "rules_test.yml"), read(t, "docs", "operations.md")
	var names []string
	for _, a := range alerts(t) {
		names = append(names, a.Alert)
		if url := a.Annotations["runbook_url"]; !strings.HasSuffix(url, "/docs/operations.md#"+strings.ToLower(a.Alert)) || a.Annotations["summary"] == "" {
			t.Errorf("%s: %v", a.Alert, a.Annotations)
		}
		if !slices.Contains([]string{"info", "warning", "critical"}, a.Labels["severity"]) {
			t.Errorf("%s has the severity %q", a.Alert, a.Labels["severity"])
		}
		if !regexp.MustCompile(`(?m)^      - alertname: ` + a.Alert + `\n        eval_time: \S+\n        exp_alerts:\n          - exp_labels`).MatchString(tests) {
			t.Errorf("no test sees %s fire", a.Alert)
		}
		if !regexp.MustCompile(`alertname: ` + a.Alert + `, eval_time: \S+, exp_alerts: \[\]`).MatchString(tests) {
			t.Errorf("no test sees %s not fire", a.Alert)
		}
		_, section, found := strings.Cut(runbook, "\n### "+a.Alert+"\n")
		section, _, _ = strings.Cut(section, "\n### ")
		if !found || !strings.Contains(section, "Look at") || !strings.Contains(section, "Do:") {
			t.Errorf("docs/operations.md does not say what to look at and what to do about %s", a.Alert)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^### (Headwater\w+)$`).FindAllStringSubmatch(runbook, -1) {
		if !slices.Contains(names, m[1]) {
			t.Errorf("docs/operations.md tells of %s, which is no alert", m[1])
		}
	}
}

// The dashboard is a document of Grafana's form: every panel asks the data source that is chosen, and says what it shows.
func TestDashboard(t *testing.T) {
	t.Parallel()
	const chosen = "${datasource}"
	type datasource struct{ UID string }
	var board struct {
		UID, Title string
		Templating struct{ List []struct{ Name string } }
		Panels     []struct {
			ID                       int
			Type, Title, Description string
			Datasource               datasource
			GridPos                  struct{ X, Y, W, H int }
			Targets                  []struct {
				Expr, RefID string
				Datasource  datasource
			}
		}
	}
	if err := json.Unmarshal([]byte(read(t, "deploy", "grafana", "dashboards", "headwater.json")), &board); err != nil {
		t.Fatal(err)
	}
	variables := map[string]bool{"__rate_interval": true, "__range": true}
	for _, v := range board.Templating.List {
		variables[v.Name] = true
	}
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, p := range board.Panels {
		if p.Title == "" || p.Description == "" || ids[p.ID] || p.Datasource.UID != chosen || len(p.Targets) == 0 {
			t.Errorf("panel %d %q", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies on %q, or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, q := range p.Targets {
			if q.Expr == "" || q.RefID == "" || q.Datasource.UID != chosen {
				t.Errorf("%q asks %+v", p.Title, q)
			}
			for _, m := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(q.Expr, -1) {
				if !variables[m[1]] {
					t.Errorf("%q asks for the variable %s, which there is not", p.Title, m[1])
				}
			}
		}
	}
	if board.UID == "" || board.Title == "" || len(board.Panels) == 0 {
		t.Errorf("%q %q: %d panels", board.UID, board.Title, len(board.Panels))
	}
}
