package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/extract"
)

// example is a commented example of the new file: its lines by their numbers, and what stands above it.
type example struct {
	from, to int // lines [from, to)
	above    string
}

var (
	exampleLine = regexp.MustCompile(`^( *)# (.*)$`)
	proseLine   = regexp.MustCompile(`^ *##`)
)

// examples are the runs of lines that one "# " makes comments.
func examples(text []string) []example {
	var all []example
	above := ""
	for i := 1; i < len(text); { // the first line is for editors
		switch {
		case !exampleLine.MatchString(text[i]):
			if above = ""; proseLine.MatchString(text[i]) {
				above = text[i]
			}
			i++
		default:
			e := example{from: i, above: above}
			for i < len(text) && exampleLine.MatchString(text[i]) {
				i++
			}
			e.to = i
			all = append(all, e)
			above = ""
		}
	}
	return all
}

// taken is the text with the example's comments taken away, and without the word that it is in place of.
func (e example) taken(t *testing.T, text []string) string {
	t.Helper()
	var out []string
	replaced := ""
	if _, after, ok := strings.Cut(e.above, "In place of `"); ok {
		replaced, _, _ = strings.Cut(after, "`")
	}
	gone := -1 // the indentation of what is left out
	for i, line := range text {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case i >= e.from && i < e.to:
			line = exampleLine.ReplaceAllString(line, "$1$2")
		case i < e.from && replaced != "" && strings.HasPrefix(strings.TrimSpace(line), replaced+":") && gone < 0:
			gone = indent
			continue
		case gone >= 0 && indent > gone && !proseLine.MatchString(line) && !exampleLine.MatchString(line):
			continue
		case gone >= 0:
			gone = -2 // all of it
		}
		out = append(out, line)
	}
	if replaced != "" && gone != -2 {
		t.Errorf("there is no %s that %q could be in place of", replaced, e.above)
	}
	return strings.Join(out, "\n")
}

// lintedText wants lint to have nothing to say, warnings included; but an example alone may have a setting that nothing uses.
func lintedText(t *testing.T, text string, alone bool) *extract.Source {
	t.Helper()
	src, warnings, err := extract.Lint("shop.yaml", []byte(text))
	if alone {
		warnings = slices.DeleteFunc(warnings, func(m extract.Mistake) bool { return strings.Contains(m.Message, "is used nowhere") })
	}
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v %v\nin\n%s", err, warnings, text)
	}
	return src
}

// The new file is valid as it stands, and with any of its examples, each taken as it is.
func TestInitExamplesAreValid(t *testing.T) {
	t.Parallel()
	whole, err := newSource("shop", initFlags{url: "https://api.shop.example/v2", out: "shop.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	src := lintedText(t, string(whole), false)
	if src.Name != "shop" || src.Title != "Shop" || src.Settings[0].Default != "https://api.shop.example/v2" {
		t.Errorf("%+v", src)
	}
	text := strings.Split(string(whole), "\n")
	all := examples(text)
	for _, e := range all {
		t.Run(strings.TrimSpace(text[e.from]), func(t *testing.T) { lintedText(t, e.taken(t, text), true) })
	}
	if len(all) < 30 {
		t.Errorf("%d examples", len(all))
	}
}

// notInInit are words of the language that the new file does without, and why.
var notInInit = map[string]string{
	"json": "another name of body", "lag": "another name of lookback", "data": "as body, for forms",
	"json_response": "another name of json_link", "custom": "another name of scroll",
	"next_params": "rare", "page_body_path": "as cursor_body_path", "offset_body_path": "likewise", "limit_body_path": "likewise", "page_size_body_path": "likewise",
	"page": "base_page is what is wanted", "offset": "likewise", "equals": "as not_in", "not_equals": "likewise", "in": "likewise", "less_than": "as at_least",
	"merge": "what is done without a word", "error": "likewise, of other_host", "resolve": "as stream_slice", "tables": "of contracts as elsewhere", "discard_row": "likewise",
}

// Each word of the language, and each value of those that have a few, is shown.
func TestInitShowsEveryWord(t *testing.T) {
	t.Parallel()
	schema, err := extract.FileSchema()
	if err != nil {
		t.Fatal(err)
	}
	var all any
	if err := json.Unmarshal(schema, &all); err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	collect(all, words)
	if len(words) < 120 {
		t.Errorf("the schema has %d words", len(words))
	}
	for _, word := range slices.Sorted(maps.Keys(words)) {
		shown := regexp.MustCompile(`(?m)(^|[ \[{"])` + regexp.QuoteMeta(word) + `(:|,|\]| |\.|$)`).MatchString(initText)
		if notInInit[word] == "" && !shown {
			t.Errorf("%s is not shown", word)
		}
	}
	for word := range notInInit {
		if !words[word] {
			t.Errorf("%s is no word of the language", word)
		}
	}
}

// collect takes the words of a JSON Schema: its properties' names, and the values of enumerations.
func collect(node any, words map[string]bool) {
	switch n := node.(type) {
	case []any:
		for _, one := range n {
			collect(one, words)
		}
	case map[string]any:
		properties, _ := n["properties"].(map[string]any)
		for name := range properties {
			words[name] = true
		}
		values, _ := n["enum"].([]any)
		for _, v := range values {
			if text, ok := v.(string); ok {
				words[text] = true
			}
		}
		for _, one := range n {
			collect(one, words)
		}
	}
}

// The file is written once, where it is told, and what is printed leads on.
func TestInit(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "my shop.yaml")
	c := newCommand(nil).run(deadline(t), "init", "shop", "--url", "http://127.0.0.1:1/v2/", "-o", path).want(t, exitOK)
	written, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(written), "default: http://127.0.0.1:1/v2\n") || regexp.MustCompile(`<[A-Z_]+>`).Match(written) || !strings.Contains(string(written), "SOURCE_TOKEN_FILE") {
		t.Errorf("%v\n%s", err, written)
	}
	newCommand(nil).run(deadline(t), "lint", path).want(t, exitOK)
	for _, next := range []string{" lint '" + path + "'\n", " HEADWATER_SOURCE='" + path + "' ", " discover\n", " run --dry-run\n", " plan\n", " run\n"} {
		if !strings.Contains(c.stderr.String(), next) {
			t.Errorf("%q is not said:\n%s", next, c.stderr)
		}
	}
	// A second time it would take somebody's work away.
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := newCommand(nil).run(deadline(t), "init", "shop", "-o", path).want(t, exitUsage)
	if mine, _ := os.ReadFile(path); string(mine) != "mine" || !strings.Contains(again.stderr.String(), "is there already, and was not touched → give another file with -o") {
		t.Errorf("%s: %s", mine, again.stderr)
	}
	for name, args := range map[string][]string{
		`NAME "My Shop": want lower-case letters`: {"My Shop"},
		`NAME "": `:                            {""},
		"name the API: headwater init shop":    nil,
		"--url: want where the API is, such a": {"shop", "--url", "https://me:" + token + "@api.shop.example"},
	} {
		out := filepath.Join(folder, "none.yaml")
		got := newCommand(nil).run(deadline(t), append([]string{"init", "-o", out}, args...)...).want(t, exitUsage)
		if len(lines(got.stderr)) != 1 || !strings.Contains(got.stderr.String(), name) || strings.Contains(got.stderr.String(), token) {
			t.Errorf("%s: %s", name, got.stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a file was written", name)
		}
	}
}
