package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const goodSource = `name: mine
settings:
  base_url: { type: url, required: true }
  token: { secret: true }
client:
  base_url: "{{ config.base_url }}"
  auth: { type: bearer, token: "{{ config.token }}" }
resources:
  - name: things
    description: What there is.
    primary_key: id
    endpoint: { path: /things, data_selector: data }
  - name: hidden
    selected: false
    primary_key: [a, b]
    endpoint: { path: /hidden }
`

func sourceFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLint(t *testing.T) {
	t.Parallel()
	good := sourceFile(t, "good.yaml", goodSource)
	wrong := sourceFile(t, "wrong.yaml", strings.NewReplacer("data_selector", "data_selctor", "config.token", "config.tokn").Replace(goodSource))
	spare := sourceFile(t, "spare.yaml", strings.Replace(goodSource, "  token: {", "  spare: {}\n  token: {", 1))
	broken := sourceFile(t, "broken.yaml", "name: [")
	long := sourceFile(t, "long.yaml", strings.Replace(goodSource, "name: hidden", "name: "+strings.Repeat("x", 245), 1))
	shown := func(path, rest string) string { return strings.ReplaceAll(rest, "@", path) }
	excerpts := shown(wrong, `@:7:36: token: no setting "tokn" (did you mean "token"?)
     6 |   base_url: "{{ config.base_url }}"
>    7 |   auth: { type: bearer, token: "{{ config.tokn }}" }
       |                                    ^
@:12:32: unknown field "data_selctor" (did you mean "data_selector"?)
    11 |     primary_key: id
>   12 |     endpoint: { path: /things, data_selctor: data }
       |                                ^
`)
	for name, c := range map[string]struct {
		env    map[string]string
		files  []string
		code   int
		stdout string
		stderr string
	}{
		"good":               {nil, []string{good}, exitOK, good + ": 2 resources, no mistakes\n", ""},
		"built in":           {nil, []string{"intercom"}, exitOK, "intercom: 13 resources, no mistakes\n", ""},
		"wrong":              {nil, []string{wrong}, exitUsage, excerpts, "headwater: 2 mistakes in " + wrong + "\n"},
		"several":            {nil, []string{good, wrong, "intercom"}, exitUsage, good + ": 2 resources, no mistakes\n" + excerpts + "intercom: 13 resources, no mistakes\n", "headwater: 2 mistakes in " + wrong + "\n"},
		"warning":            {nil, []string{spare}, exitOK, shown(spare, "@:4:3: warning: setting \"spare\" is used nowhere: to set it changes nothing\n     3 |   base_url: { type: url, required: true }\n>    4 |   spare: {}\n       |   ^\n@: 2 resources, no mistakes, 1 warning\n"), ""},
		"other prefix":       {map[string]string{"HEADWATER_TOPIC_PREFIX": "a b/"}, []string{good}, exitUsage, good + ": topic \"a b/_state\": a topic's name has 1 to 249 of the characters A-Z a-z 0-9 . _ -; set HEADWATER_TOPIC_PREFIX\n", "headwater: 1 mistake in " + good + "\n"},
		"long name":          {nil, []string{long}, exitUsage, long + ": topic \"mine." + strings.Repeat("x", 245) + "\": a topic's name has 1 to 249 of the characters A-Z a-z 0-9 . _ -; set HEADWATER_TOPIC_PREFIX\n", "headwater: 1 mistake in " + long + "\n"},
		"no file":            {nil, []string{"./no/such.yaml"}, exitUsage, "./no/such.yaml: read source file: open ./no/such.yaml: no such file or directory\n", "headwater: 1 mistake in ./no/such.yaml\n"},
		"not built in":       {nil, []string{"intercon"}, exitUsage, "intercon: no built-in source \"intercon\" (built in: intercom); give a path such as ./intercon.yaml for a file of your own\n", "headwater: 1 mistake in intercon\n"},
		"other things wrong": {map[string]string{"HEADWATER_GROUP": "x", "KAFKA_BROKERS": "http://a", "SOURCE_BASE_URL": "no"}, []string{good}, exitOK, good + ": 2 resources, no mistakes\n", ""}, // not what is asked
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newCommand(c.env).run(t.Context(), append([]string{"lint"}, c.files...)...).want(t, c.code)
			if diff := cmp.Diff(c.stdout, got.stdout.String()); diff != "" {
				t.Errorf("stdout (-want +got):\n%s", diff)
			}
			if got.stderr.String() != c.stderr {
				t.Errorf("stderr: %s", got.stderr)
			}
		})
	}
	if got := newCommand(nil).run(t.Context(), "lint", broken).want(t, exitUsage); !strings.HasPrefix(got.stdout.String(), broken+":1:") {
		t.Errorf("what is no YAML has no place: %s", got.stdout)
	}
}

func TestLintAsJSON(t *testing.T) {
	t.Parallel()
	wrong := sourceFile(t, "wrong.yaml", strings.Replace(goodSource, "data_selector", "data_selctor", 1))
	got := newCommand(nil).run(t.Context(), "lint", "--json", wrong, "intercom").want(t, exitUsage)
	var doc, want any
	if err := json.Unmarshal([]byte(got.stdout.String()), &doc); err != nil {
		t.Fatal(err)
	}
	text := `{"files":[{"file":"` + wrong + `","resources":0,"warnings":[],"mistakes":[{"line":12,"column":32,"message":"unknown field \"data_selctor\" (did you mean \"data_selector\"?)",` +
		`"excerpt":"    11 |     primary_key: id\n>   12 |     endpoint: { path: /things, data_selctor: data }\n       |                                ^"}]},` +
		`{"file":"intercom","resources":13,"mistakes":[],"warnings":[]}]}`
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, doc); diff != "" {
		t.Error(diff)
	}
}
