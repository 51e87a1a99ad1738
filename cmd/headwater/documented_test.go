package main

import (
	"errors"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The README's table of commands names every command.
func TestReadmeNamesTheCommands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| command | does |\n| --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var got []string
	for row := range strings.Lines(table) {
		for _, m := range regexp.MustCompile("`([a-z-]+)").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			got = append(got, m[1])
		}
	}
	want := []string{"completion"} // cobra's own, made when the program runs
	for _, c := range (&app{}).rootCommand().Commands() {
		want = append(want, c.Name())
	}
	slices.Sort(want)
	slices.Sort(got)
	got = slices.Compact(got) // state has rows of its own for what it can do
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-program +README):\n%s", diff)
	}
}

// The design page is not part of the project; where it lies beside it, no variable of one is missing in the other.
func TestDesignNamesTheVariables(t *testing.T) {
	t.Parallel()
	const page = "../../../shared/design/DESIGN.md"
	if _, err := os.Stat(page); errors.Is(err, fs.ErrNotExist) {
		t.Skip("there is no " + page)
	}
	documented := documentedVariables(t, page)
	known := map[string]bool{}
	for i := range reflect.TypeFor[Config]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[Config]().Field(i).Tag.Get("env"), ",")
		known[name] = true
		registryTLS := strings.HasPrefix(name, "SCHEMA_REGISTRY_TLS_") && strings.Contains(documented["SCHEMA_REGISTRY_URL"], "TLS")
		later := name == "SCHEMA_REGISTRY_BEARER_TOKEN" || name == "HEADWATER_ENCODER" || name == "HEADWATER_COMPRESSION"
		if _, ok := documented[name]; !ok && !registryTLS && !later {
			t.Errorf("the design does not name %s", name)
		}
	}
	for name := range documented {
		if !known[name] && !strings.HasPrefix(name, "SOURCE_") {
			t.Errorf("the design names %s, the program does not know it", name)
		}
	}
}

var variableName = regexp.MustCompile("`(_?[A-Z][A-Z0-9_]+|SOURCE_<NAME>)`")

// documentedVariables are those of a document's table of variables, with the row that names them.
func documentedVariables(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| variable | meaning, default |\n| --- | --- |\n")
	if !found {
		t.Fatalf("%s has no table of variables", path)
	}
	rows := map[string]string{}
	for row := range strings.Lines(table) {
		if !strings.HasPrefix(row, "|") {
			break
		}
		first := strings.Split(row, "|")[1]
		for _, m := range variableName.FindAllStringSubmatch(first, -1) {
			name := m[1]
			if strings.HasPrefix(name, "_") {
				name = "SCHEMA_REGISTRY" + name
			}
			rows[name] = row
		}
	}
	return rows
}
