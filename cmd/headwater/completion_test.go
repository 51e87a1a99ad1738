package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// What a shell is told when somebody asks it to complete the last word.
func TestCompletion(t *testing.T) {
	t.Parallel()
	mine := filepath.Join(t.TempDir(), "mine.yaml")
	text := "name: mine\nclient:\n  base_url: https://api.example.com\nresources:\n  - name: things\n    description: All of them.\n    primary_key: id\n    endpoint: { path: /things }\n  - name: thoughts\n    primary_key: id\n    endpoint: { path: /thoughts }\n"
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	for path, text := range map[string]string{mine: text, broken: "name: ["} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own := map[string]string{"HEADWATER_SOURCE": mine, "HEADWATER_CONCURRENCY": "many"} // a mistake, which is not what is asked
	both := []string{"things", "thoughts"}
	for _, c := range []struct {
		env   map[string]string
		words []string
		want  []string
		files bool // the shell offers the names of files, too
	}{
		{own, []string{"run", ""}, both, false},
		{own, []string{"run", "things", ""}, []string{"thoughts"}, false},
		{own, []string{"run", "th"}, both, false},
		{own, []string{"check", "--json", ""}, both, false},
		{own, []string{"discover", ""}, both, false},
		{own, []string{"cat", ""}, both, false},
		{own, []string{"cat", "things", ""}, nil, false},
		{own, []string{"dead-letters", ""}, both, false},
		{own, []string{"schema", ""}, []string{"diff", "export", "show"}, false},
		{own, []string{"schema", "show", ""}, both, false},
		{own, []string{"schema", "diff", ""}, both, false},
		{own, []string{"schema", "diff", "things", ""}, nil, false},
		{own, []string{"schema", "export", ""}, both, false},
		{own, []string{"schema", "show", "--version", ""}, []string{"all"}, false},
		{own, []string{"state", ""}, []string{"reset", "set", "show"}, false},
		{own, []string{"state", "show", ""}, nil, false},
		{own, []string{"state", "reset", ""}, both, false},
		{own, []string{"state", "reset", "things", ""}, nil, false},
		{own, []string{"state", "set", ""}, both, false},
		{own, []string{"state", "set", "things/"}, []string{"things/sweep"}, false},
		{own, []string{"state", "set", "things", ""}, nil, false},
		{own, []string{"config", ""}, nil, false},
		{own, []string{"lint", ""}, []string{"intercom"}, true},
		{own, []string{"list", ""}, []string{"intercom"}, true},
		{nil, []string{"run", ""}, resourcesOf(t, "intercom"), false},
		{map[string]string{"HEADWATER_SOURCE": broken}, []string{"run", ""}, nil, false},
	} {
		got := newCommand(c.env).run(t.Context(), append([]string{cobra.ShellCompRequestCmd}, c.words...)...).want(t, exitOK)
		said := lines(got.stdout)
		var words []string
		for _, l := range said[:len(said)-1] {
			word, _, _ := strings.Cut(l, "\t")
			words = append(words, word)
		}
		if diff := cmp.Diff(c.want, words); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.words, diff)
		}
		if last := said[len(said)-1]; (last == ":0") != c.files || !c.files && last != ":4" {
			t.Errorf("%q: directive %s", c.words, last)
		}
		if text := got.stderr.String(); strings.Contains(text, "headwater:") || strings.Contains(text, "warning") {
			t.Errorf("%q writes where somebody types: %s", c.words, text)
		}
	}
	got := newCommand(own).run(t.Context(), cobra.ShellCompRequestCmd, "run", "").want(t, exitOK)
	if !strings.Contains(got.stdout.String(), "things\tAll of them.\n") {
		t.Errorf("a resource is not described:\n%s", got.stdout)
	}
	got = newCommand(nil).run(t.Context(), cobra.ShellCompRequestCmd, "demo", "--fault", "").want(t, exitOK)
	if !strings.Contains(got.stdout.String(), "rate_limited\t429 with Retry-After\n") {
		t.Errorf("the kinds of failure are not completed:\n%s", got.stdout)
	}
	got = newCommand(nil).run(t.Context(), cobra.ShellCompRequestCmd, "lint", "./").want(t, exitOK)
	if diff := cmp.Diff([]string{"yaml", "yml", ":8"}, lines(got.stdout)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func resourcesOf(t *testing.T, name string) []string {
	t.Helper()
	src, err := loadSource(name)
	if err != nil {
		t.Fatal(err)
	}
	return resourceNames(src)
}

// Every command that takes resources completes their names, whoever adds one.
func TestEveryCommandCompletes(t *testing.T) {
	t.Parallel()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		_, takes, _ := strings.Cut(c.Use, " ")
		if takes != "" && takes != "[flags]" && c.ValidArgsFunction == nil {
			t.Errorf("%s takes %s, and nothing completes it", c.CommandPath(), takes)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk((&app{}).rootCommand())
}

// Scripts are made for every shell.
func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := newCommand(nil).run(t.Context(), "completion", shell).want(t, exitOK)
		if !slices.ContainsFunc(lines(got.stdout), func(l string) bool { return strings.Contains(l, "headwater") }) {
			t.Errorf("%s: %s", shell, got.stdout)
		}
	}
}
