package layout_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/goccy/go-yaml"
)

// root is the project's folder, seen from this one.
const root = "../.."

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// compose is what the tests look at in compose.yaml.
type compose struct {
	Services map[string]service `yaml:"services"`
}

type service struct {
	Image       string                `yaml:"image"`
	Build       any                   `yaml:"build"`
	Command     []string              `yaml:"command"`
	Ports       []string              `yaml:"ports"`
	Environment map[string]string     `yaml:"environment"`
	HealthCheck *healthCheck          `yaml:"healthcheck"`
	DependsOn   map[string]dependency `yaml:"depends_on"`
	Profiles    []string              `yaml:"profiles"`
	Volumes     []string              `yaml:"volumes"`
}

type healthCheck struct {
	Test []string `yaml:"test"`
}

type dependency struct {
	Condition string `yaml:"condition"`
}

func loadCompose(t *testing.T) compose {
	t.Helper()
	var c compose
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Services) == 0 {
		t.Fatal("compose.yaml has no services")
	}
	return c
}

func TestComposeFollowsSpecification(t *testing.T) {
	t.Parallel()
	text := read(t, "compose.yaml")
	if err := validate(text); err != nil {
		t.Errorf("compose.yaml: %v", err)
	}
	// The schema does see mistakes.
	for mistake, instead := range map[string]string{
		"healthcheck:": "healthchek:",
		"depends_on:":  "depend_on:",
		"ports:":       "ports: none\n    x-ports:",
	} {
		if !strings.Contains(text, mistake) {
			t.Errorf("compose.yaml does not contain %s", mistake)
		}
		if err := validate(strings.Replace(text, mistake, instead, 1)); err == nil {
			t.Errorf("%s instead of %s was accepted", instead, mistake)
		}
	}
}

func validate(text string) error {
	var config map[string]any
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		return err
	}
	return schema.Validate(config)
}

var pinned = regexp.MustCompile(`:v?\d+\.\d+\.\d+(-[a-z]+)?$`)

func TestComposePinsImages(t *testing.T) {
	t.Parallel()
	for name, s := range loadCompose(t).Services {
		if (s.Image == "") == (s.Build == nil) {
			t.Errorf("service %s needs an image or a build, one of them", name)
		}
		if s.Image != "" && !pinned.MatchString(s.Image) {
			t.Errorf("service %s: image %q has no tag of one version", name, s.Image)
		}
	}
}

// Who is waited for says when it is ready.
func TestComposeWaitsForHealth(t *testing.T) {
	t.Parallel()
	c := loadCompose(t)
	waited := 0
	for name, s := range c.Services {
		for other, d := range s.DependsOn {
			waited++
			if d.Condition != "service_healthy" {
				t.Errorf("service %s waits for %s with the condition %q", name, other, d.Condition)
			}
			if h := c.Services[other].HealthCheck; h == nil || len(h.Test) == 0 {
				t.Errorf("service %s waits for %s, which has no health check", name, other)
			}
		}
	}
	if waited == 0 {
		t.Error("no service waits for another")
	}
}

// The ports of Redpanda's quickstart, which its documentation and everybody's habits use, and on loopback only: nothing
// here asks for a password.
func TestComposePublishesQuickstartPorts(t *testing.T) {
	t.Parallel()
	want := []string{
		"127.0.0.1:18081:18081", "127.0.0.1:18082:18082", "127.0.0.1:19092:19092", "127.0.0.1:19644:9644", // Redpanda
		"127.0.0.1:8080:8080", // Console
		"127.0.0.1:8090:8090", // the sample API
		"127.0.0.1:9090:9090", // Prometheus
		"127.0.0.1:3000:3000", // Grafana
	}
	var got []string
	for _, s := range loadCompose(t).Services {
		got = append(got, s.Ports...)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("published ports %q, want %q", got, want)
	}
}

var variable = regexp.MustCompile("env:\"([A-Z_]+)")

// A variable that the program does not know would do nothing, and nobody would notice.
func TestComposeSetsKnownVariables(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, match := range variable.FindAllStringSubmatch(read(t, "cmd", "headwater", "config.go"), -1) {
		known[match[1]] = true
	}
	settings := read(t, "sources", "intercom.yaml")
	for name, s := range loadCompose(t).Services {
		if s.Build == nil {
			continue // somebody else's program
		}
		for _, env := range slices.Sorted(maps.Keys(s.Environment)) {
			setting, ofSource := strings.CutPrefix(env, "SOURCE_")
			if ofSource && !regexp.MustCompile(`\b`+strings.ToLower(setting)+`\b`).MatchString(settings) {
				t.Errorf("service %s: %s is no setting of sources/intercom.yaml", name, env)
			}
			if !ofSource && !known[env] {
				t.Errorf("service %s: %s is no variable of the program", name, env)
			}
		}
	}
}

// The token that headwater sends is the one that the sample API takes, and the API is where headwater looks for it.
func TestComposeTokenAndAddressAgree(t *testing.T) {
	t.Parallel()
	c := loadCompose(t)
	command, env := c.Services["sample-api"].Command, c.Services["headwater"].Environment
	flags := map[string]string{}
	for i := 0; i+1 < len(command); i++ {
		flags[command[i]] = command[i+1]
	}
	if token := flags["--token"]; token == "" || token != env["SOURCE_ACCESS_TOKEN"] {
		t.Errorf("the sample API takes %q, headwater sends %q", token, env["SOURCE_ACCESS_TOKEN"])
	}
	_, port, _ := strings.Cut(flags["--listen"], ":")
	if want := "http://sample-api:" + port; env["SOURCE_BASE_URL"] != want {
		t.Errorf("headwater looks for the sample API at %q, it listens at %q", env["SOURCE_BASE_URL"], want)
	}
}
