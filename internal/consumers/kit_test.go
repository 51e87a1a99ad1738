package consumers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a machine lacks is said with the name of what brings it.
func TestMissingPrograms(t *testing.T) {
	const works, fails = "exit 0", "exit 1"
	for _, c := range []struct {
		name     string
		kit      Kit
		programs map[string]string // shell scripts on PATH
		want     string
	}{
		{"no Python", Python(), nil, "no python3 that runs: install Python 3.10 or later (Debian: python3)"},
		{"a Python without venv", Python(), map[string]string{"python3": `case "$2" in *venv*) exit 1;; esac; echo 3.11.7`}, "python3-venv"},
		{"Python", Python(), map[string]string{"python3": "echo 3.11.7"}, ""},
		{"no Node", Node(), nil, "no node that runs: install Node 18 or later (Debian: nodejs)"},
		{"an old Node", Node(), map[string]string{"node": "echo v12.22.9", "npm": works}, "node v12.22.9: release 18 or later is needed"},
		{"something else", Node(), map[string]string{"node": "echo hello", "npm": works}, `answers "hello\n"`},
		{"a Node that fails", Node(), map[string]string{"node": fails, "npm": works}, "no node that runs"},
		{"no npm", Node(), map[string]string{"node": "echo v20.1.0"}, "no npm on PATH"},
		{"Node", Node(), map[string]string{"node": "echo v20.1.0", "npm": works}, ""},
		{"no Java", Java(), nil, "no java on PATH"},
		{"no compiler", Java(), map[string]string{"java": `echo 'openjdk version "17.0.15"'`, "mvn": works}, "no javac on PATH: install a JDK (Debian: default-jdk-headless)"},
		{"Java", Java(), map[string]string{"java": `echo 'openjdk version "17.0.15"'`, "mvn": works, "javac": works}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := t.TempDir()
			for name, script := range c.programs {
				if err := os.WriteFile(filepath.Join(path, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", path)
			err := c.kit.Available(t.Context())
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// A failed installation leaves nothing behind that passes for a good one, and its error says what the installer said. With other
// pins, or another interpreter, the folder is another one.
func TestFetchKeepsWhatWorked(t *testing.T) {
	path, cache := t.TempDir(), t.TempDir()
	npm := func(script string) {
		if err := os.WriteFile(filepath.Join(path, "npm"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(path, "node"), []byte("#!/bin/sh\necho v20.1.0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", path)
	npm("echo the registry is away; : > half; exit 1")
	var said strings.Builder
	if _, err := Node().Fetch(t.Context(), cache, &said); err == nil || !strings.Contains(err.Error(), "the registry is away") {
		t.Errorf("%v, want what npm said", err)
	}
	npm(": > whole")
	dir, err := Node().Fetch(t.Context(), cache, &said)
	if err != nil {
		t.Fatal(err)
	}
	npm("exit 1") // nobody asks again
	again, err := Node().Fetch(t.Context(), cache, &said)
	if err != nil || again != dir {
		t.Errorf("the second fetch: %s, %v, want %s", again, err, dir)
	}
	names, err := filepath.Glob(filepath.Join(cache, "consumers-*"))
	partial, _ := filepath.Glob(filepath.Join(cache, ".partial-*"))
	names = append(names, partial...)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 1 || names[0] != dir {
		t.Errorf("the cache holds %v, want %s alone", names, dir)
	}
	for _, file := range []string{"whole", "package.json", "package-lock.json"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(said.String(), "downloading the libraries of consumers in Node"); n != 2 {
		t.Errorf("%d announcements of two downloads:\n%s", n, &said)
	}
	other := Node()
	other.pins += " "
	npm(": > whole")
	if moved, err := other.Fetch(t.Context(), cache, &said); err != nil || moved == dir {
		t.Errorf("other pins: %s, %v", moved, err)
	}
}
