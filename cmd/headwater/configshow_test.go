package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every value that is in force is shown with the place that it comes from.
func TestConfigTellsWhereValuesComeFrom(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hunter2-of-the-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"SOURCE_ACCESS_TOKEN": "hunter2-of-the-API", "HEADWATER_POLL_INTERVAL": "1m", "HEADWATER_GROUP": "", "KAFKA_BROKERS": "a:1, b:2",
		"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "me", "KAFKA_SASL_PASSWORD_FILE": file,
		"SCHEMA_REGISTRY_URL": "https://user:hunter2@registry:1/path", "SOURCE_START_DATE": "2026-01-31",
	}
	got := newCommand(env).run(t.Context(), "config").want(t, exitOK)
	shown := map[string]string{}
	for _, l := range lines(got.stdout)[1:] {
		name, rest, _ := strings.Cut(strings.Join(strings.Fields(l), " "), " ")
		shown[name] = rest
	}
	for name, want := range map[string]string{
		"HEADWATER_SOURCE":             "intercom default",
		"HEADWATER_TOPIC_PREFIX":       "intercom. default", // the source's
		"HEADWATER_LOG_FORMAT":         "json default",      // there is no terminal
		"HEADWATER_POLL_INTERVAL":      "1m environment",
		"HEADWATER_GROUP":              "not set", // an empty variable is none
		"KAFKA_BROKERS":                "a:1, b:2 environment",
		"KAFKA_TLS_ENABLED":            "false default",
		"KAFKA_SASL_PASSWORD":          "(secret) KAFKA_SASL_PASSWORD_FILE=" + file,
		"SCHEMA_REGISTRY_URL":          "https://registry:1/path environment",
		"SCHEMA_REGISTRY_BEARER_TOKEN": "not set",
		"SOURCE_ACCESS_TOKEN":          "(secret) environment",
		"SOURCE_START_DATE":            "2026-01-31 environment",
		"SOURCE_BASE_URL":              "https://api.intercom.io default",
	} {
		if shown[name] != want {
			t.Errorf("%s: %q, not %q", name, shown[name], want)
		}
	}
	if n := len(variableRows) + 3; len(shown) != n {
		t.Errorf("%d settings are shown, there are %d:\n%s", len(shown), n, got.stdout)
	}
	asJSON := newCommand(env).run(t.Context(), "config", "--json").want(t, exitOK)
	for _, text := range []string{got.stdout.String(), asJSON.stdout.String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("a secret is shown:\n%s", text)
		}
	}
}

// config --json says the same as the table, and with it what a setting means.
func TestConfigAsJSON(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := newCommand(map[string]string{"SOURCE_ACCESS_TOKEN": "hunter2", "KAFKA_BROKERS": "a:1", "SCHEMA_REGISTRY_USERNAME": "me", "SCHEMA_REGISTRY_PASSWORD_FILE": file}).run(t.Context(), "config", "--json").want(t, exitOK)
	var out struct {
		Settings []setting
		Mistakes []string
	}
	if err := json.Unmarshal([]byte(got.stdout.String()), &out); err != nil {
		t.Fatal(err)
	}
	if out.Mistakes == nil || len(out.Mistakes) > 0 {
		t.Errorf("mistakes: %q", out.Mistakes)
	}
	brokers, def := "a:1", "127.0.0.1:9092"
	want := map[string]setting{
		"KAFKA_BROKERS": {Name: "KAFKA_BROKERS", Value: &brokers, Set: true, From: fromEnvironment, Default: def},
		// No value: not its length, not a part of it.
		"SOURCE_ACCESS_TOKEN":      {Name: "SOURCE_ACCESS_TOKEN", Set: true, From: fromEnvironment, Secret: true},
		"SCHEMA_REGISTRY_PASSWORD": {Name: "SCHEMA_REGISTRY_PASSWORD", Set: true, From: fromFile, File: file, Secret: true},
		"KAFKA_SASL_PASSWORD":      {Name: "KAFKA_SASL_PASSWORD", From: fromNowhere, Secret: true},
	}
	for _, s := range out.Settings {
		if s.Meaning == "" || s.Example == "" {
			t.Errorf("%s does not say what it is, or has no example", s.Name)
		}
		w, ok := want[s.Name]
		if !ok {
			continue
		}
		delete(want, s.Name)
		s.Meaning, s.Example = "", ""
		if diff := cmp.Diff(w, s); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.Name, diff)
		}
	}
	if len(want) > 0 {
		t.Errorf("not shown: %v", want)
	}
}

// With mistakes in them the settings are printed all the same, and all mistakes are told as run tells them.
func TestConfigWithMistakes(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("name: broken\nresources: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string]map[string]string{
		"values": {"HEADWATER_POLL_INTERVAL": "soon", "SCHEMA_REGISTRY_URL": "nope", "KAFKA_BROKERS": "u:hunter2@h:1", "SOURCE_START_DATE": "soon",
			"SOURCE_BASE_URL": "http://u:hunter2@", "KAFKA_TLS_ENABLED": "true", "KAFKA_TLS_CA_FILE": "/no/ca", "KAFKA_TLS_CERT_FILE": "/no/cert", "KAFKA_TLS_KEY_FILE": "/no/key"},
		"source file": {"HEADWATER_SOURCE": broken, "HEADWATER_CONCURRENCY": "0"},
		"base":        {"SOURCE_ACCESS_TOKEN": "x", "SOURCE_BASE_URL": "http://u:hunter2@h"},
	} {
		run := newCommand(env).run(t.Context(), "run").want(t, exitUsage)
		got := newCommand(env).run(t.Context(), "config").want(t, exitUsage)
		if diff := cmp.Diff(lines(run.stderr), lines(got.stderr)); diff != "" {
			t.Errorf("%s: run and config tell different mistakes (-run +config):\n%s", name, diff)
		}
		asJSON := newCommand(env).run(t.Context(), "config", "--json").want(t, exitUsage)
		var out struct{ Mistakes []string }
		if err := json.Unmarshal([]byte(asJSON.stdout.String()), &out); err != nil {
			t.Fatal(err)
		}
		if len(out.Mistakes) != len(lines(run.stderr)) {
			t.Errorf("%s: %q", name, out.Mistakes)
		}
		if !strings.Contains(got.stdout.String(), "KAFKA_TLS_KEY_FILE") {
			t.Errorf("%s: the settings are not printed:\n%s", name, got.stdout)
		}
		if text := got.stdout.String() + got.stderr.String() + asJSON.stdout.String(); strings.Contains(text, "hunter2") {
			t.Errorf("%s: a secret is shown:\n%s", name, text)
		}
		for _, path := range []string{`CA_FILE="/no/ca"`, `CERT_FILE="/no/cert"`, `KEY_FILE="/no/key"`} {
			if n := strings.Count(run.stderr.String(), path); name == "values" && n != 1 {
				t.Errorf("%s is named %d times:\n%s", path, n, run.stderr)
			}
		}
		for _, l := range lines(run.stderr) {
			if name == "values" && !strings.Contains(l, "_") {
				t.Errorf("%q names no variable", l)
			}
		}
	}
}
