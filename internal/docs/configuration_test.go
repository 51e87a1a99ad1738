package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const (
	variablesFile  = "../../docs/configuration.md"
	variablesTitle = "## All variables\n"
)

// variable is one of the settings that `headwater config --json` lists.
type variable struct {
	Name, Meaning, Default, Example string
	Secret                          bool
}

// variableParts are the tables of the document, in its order: the variables that begin so.
var variableParts = []struct{ prefix, title, lead string }{
	{"HEADWATER_", "The program", ""},
	{"KAFKA_", "Kafka", ""},
	{"SCHEMA_REGISTRY_", "Schema registry", "Not read where `HEADWATER_VALUE_FORMAT` is `json`.\n\n"},
	{"SOURCE_", "The source: intercom", "Every source file declares settings of its own, and `SOURCE_NAME` is its setting `name`. These are of the built-in source; `headwater list FILE` lists those of another.\n\n"},
}

// The page's tables are what the program knows: go test ./internal/docs -run Generated -update writes them.
func TestGeneratedConfigurationIsCurrent(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(variablesFile)
	if err != nil {
		t.Fatal(err)
	}
	prose, _, found := strings.Cut(string(text), variablesTitle)
	if !found {
		t.Fatalf("%s has no %q", variablesFile, variablesTitle)
	}
	all := settings(t)
	var b strings.Builder
	b.WriteString(prose + variablesTitle + "\nMade from what the program reads.\n")
	told := 0
	for _, part := range variableParts {
		fmt.Fprintf(&b, "\n### %s\n\n%s| variable | meaning | default | example |\n| --- | --- | --- | --- |\n", part.title, part.lead)
		for _, v := range all {
			if strings.HasPrefix(v.Name, part.prefix) {
				b.WriteString(v.row())
				told++
			}
		}
	}
	if told != len(all) {
		t.Errorf("%d variables are in a table, there are %d: add the others to variableParts", told, len(all))
	}
	current(t, variablesFile, b.String())
}

// settings are what the program knows, also without a single one set: that some are missing is its exit code.
func settings(t *testing.T) []variable {
	t.Helper()
	cmd := exec.CommandContext(deadline(t), build(t), "config", "--json")
	cmd.Env = []string{}
	text, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code != 2 {
		t.Fatalf("headwater config ends with %d (%v), and a token is missing: want 2", code, err)
	}
	var out struct{ Settings []variable }
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out.Settings
}

func (v variable) row() string {
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	name := "`" + v.Name + "`"
	if v.Secret {
		name += "<br>`" + v.Name + "_FILE`"
		v.Meaning = strings.TrimSuffix(v.Meaning, ".") + ". **Secret**"
		v.Example = "…`<br>`/run/secrets/" + strings.ToLower(v.Name)
	}
	def := ""
	if v.Default != "" {
		def = "`" + v.Default + "`"
	}
	return fmt.Sprintf("| %s | %s | %s | `%s` |\n", name, cell(v.Meaning), cell(def), cell(v.Example))
}
