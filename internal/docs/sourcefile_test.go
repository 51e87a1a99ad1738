package docs

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/extract"
)

var update = flag.Bool("update", false, "write the generated parts of the documents")

const (
	schemaFile = "../../docs/source-file.schema.json"
	wordsFile  = "../../docs/source-file.md"
	wordsTitle = "## All words\n"
)

// object is a part of the JSON Schema of a source file.
type object struct {
	Type                 string
	Ref                  string `json:"$ref"`
	Description, Pattern string
	Enum                 []string
	Required             []string
	Properties           map[string]object
	OneOf                []object
	Items                *object
	AdditionalProperties json.RawMessage
	Defs                 map[string]object `json:"$defs"`
}

// What is generated from the loader's types is what the types say today: go test ./internal/docs -run Generated -update writes it.
func TestGeneratedPartsAreCurrent(t *testing.T) {
	schema, err := extract.FileSchema()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(wordsFile)
	if err != nil {
		t.Fatal(err)
	}
	prose, _, found := strings.Cut(string(text), wordsTitle)
	if !found {
		t.Fatalf("%s has no %q", wordsFile, wordsTitle)
	}
	current(t, schemaFile, string(schema))
	current(t, wordsFile, prose+wordsTitle+words(t, schema))
}

func current(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s is not current (%v): go test ./internal/docs -run Generated -update writes it", file, err)
	}
}

// places are the mappings of a source file by their names in the schema, in the order of the document.
var places = []struct{ def, title string }{
	{"", "The file"}, {"setting", "`settings.NAME`"}, {"client", "`client`"}, {"auth", "`auth`"}, {"rate", "`rate_limit`"},
	{"resource", "A resource, and `resource_defaults`"}, {"endpoint", "`endpoint`"}, {"paginator", "`paginator`"}, {"incremental", "`incremental`"},
	{"action", "One of `response_actions`"}, {"step", "One of `processing_steps`"}, {"filter", "`filter`"}, {"map", "`map`"}, {"column", "One of `columns`"},
}

// words lists every word of the language with what the schema says of it.
func words(t *testing.T, text []byte) string {
	t.Helper()
	var schema object
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("\nMade from the loader's types. **Bold** words must be there.\n")
	told := map[string]bool{}
	for _, p := range places {
		o := schema
		if p.def != "" {
			o = schema.Defs[p.def]
			told[p.def] = true
		}
		if len(o.OneOf) > 1 {
			o = o.OneOf[1]
		}
		fmt.Fprintf(&b, "\n### %s\n\n| word | value | meaning |\n| --- | --- | --- |\n", p.title)
		for _, name := range order(t, text, p.def) {
			word := "`" + name + "`"
			if slices.Contains(o.Required, name) {
				word = "**" + word + "**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", word, value(o.Properties[name]), strings.ReplaceAll(o.Properties[name].Description, "|", `\|`))
		}
	}
	for _, def := range slices.Sorted(maps.Keys(schema.Defs)) {
		if len(schema.Defs[def].Properties) > 0 && !told[def] {
			t.Errorf("%s is in no table: add it to places", def)
		}
	}
	return b.String()
}

// value says what a word takes.
func value(o object) string {
	switch {
	case len(o.Enum) > 0:
		return "`" + strings.Join(o.Enum, "` `") + "`"
	case o.Ref != "":
		def := strings.TrimPrefix(o.Ref, "#/$defs/")
		for _, p := range places {
			if p.def == def {
				return "mapping, below"
			}
		}
		return map[string]string{"names": "a name, or a list", "scalar": "text, number or boolean", "values": "one value, or a list", "statusCode": "`404`, `5xx`",
			"namesOrMapping": "mapping, or a list", "contract": "`evolve` `freeze` `discard_value` `discard_record`"}[def]
	case o.Type == "array":
		return "list"
	case o.Type == "object":
		return "mapping"
	case o.Type == "string":
		return "text"
	case o.Type == "integer":
		return "number"
	default:
		return o.Type
	}
}

// order lists the words of a mapping as the types have them: encoding/json forgets the order, the text has it.
func order(t *testing.T, text []byte, def string) []string {
	t.Helper()
	var schema struct {
		Properties json.RawMessage
		Defs       map[string]struct {
			Properties json.RawMessage
			OneOf      []struct{ Properties json.RawMessage }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	properties := schema.Properties
	if d := schema.Defs[def]; def != "" {
		if properties = d.Properties; len(d.OneOf) > 1 {
			properties = d.OneOf[1].Properties
		}
	}
	var names []string
	d := json.NewDecoder(strings.NewReader(string(properties)))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		var skipped json.RawMessage
		if err = errors.Join(err, d.Decode(&skipped)); err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
	}
	return names
}

// The examples of the document load as they stand; what is a part of a file is put into one.
func TestSourceFileExamplesLoad(t *testing.T) {
	text, err := os.ReadFile(wordsFile)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, b := range blocks(wordsFile, string(text)) {
		if b.language != "yaml" {
			continue
		}
		found++
		file := strings.Join(b.lines, "\n") + "\n"
		if strings.HasPrefix(file, "- ") {
			file = "resources:\n" + file
		}
		for _, top := range []struct{ word, line string }{
			{"name", "name: example"}, {"client", "client: { base_url: https://example.com }"},
		} {
			if !strings.HasPrefix(file, top.word+":") && !strings.Contains(file, "\n"+top.word+":") {
				file = top.line + "\n" + file
			}
		}
		if _, err := extract.Load("example.yaml", []byte(file)); err != nil {
			t.Errorf("%v\nin\n%s", err, file)
		}
	}
	if found < 4 {
		t.Errorf("%d examples", found)
	}
}
