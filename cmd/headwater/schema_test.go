package main

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
)

// schema runs a schema command that needs the registry alone.
func (s stack) schema(t *testing.T, code int, args ...string) *command {
	t.Helper()
	return newCommand(map[string]string{"SCHEMA_REGISTRY_URL": s.Registry.URL(), "KAFKA_BROKERS": "nobody.invalid:9092"}).run(deadline(t), append([]string{"schema"}, args...)...).want(t, code)
}

// set changes one member of a record in the sample API.
func (s stack) set(t *testing.T, resource, key, field, value string) {
	t.Helper()
	s.post(t, "set/"+resource+"?"+url.Values{"key": {key}, "field": {field}, "value": {value}}.Encode())
}

// anyKey is a key of the resource.
func (s stack) anyKey(resource string) string {
	return slices.Sorted(maps.Keys(s.API.Truth(resource)))[0]
}

func squeezed(c *command) string {
	var all []string
	for _, line := range lines(c.stdout) {
		all = append(all, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(all, "\n")
}

// wantLines wants the output to be like the patterns, line by line.
func wantLines(t *testing.T, c *command, patterns ...string) {
	t.Helper()
	got := strings.Split(squeezed(c), "\n")
	if len(got) != len(patterns) {
		t.Errorf("%d lines, not %d:\n%s", len(got), len(patterns), squeezed(c))
		return
	}
	for i, p := range patterns {
		if !regexp.MustCompile("^" + p + "$").MatchString(got[i]) {
			t.Errorf("line %d is not like %s:\n%s", i+1, p, squeezed(c))
		}
	}
}

func TestSchemaCommands(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	got := s.schema(t, exitFailed, "show", "tags")
	if got.stdout.String() != "" || got.stderr.String() != "headwater: nothing is registered of tags (intercom.tags-value): run headwater first, or check HEADWATER_TOPIC_PREFIX\n" {
		t.Errorf("%s%s", got.stdout, got.stderr)
	}
	if got := s.schema(t, exitOK, "show"); got.stdout.String() != "" || got.stderr.String() != "0 of 13 subjects registered\n" {
		t.Errorf("%s%s", got.stdout, got.stderr)
	}
	s.once(t, "tags", "teams")
	if got := s.schema(t, exitOK, "diff", "tags"); got.stdout.String() != "" || got.stderr.String() != "intercom.tags-value has one version, 1: there is nothing to compare it with\n" {
		t.Errorf("%s%s", got.stdout, got.stderr)
	}
	key := s.anyKey("tags")
	s.set(t, "tags", key, "colour-code", "7")
	s.once(t, "tags")
	s.set(t, "tags", key, "colour-code", `"red"`)
	s.once(t, "tags")
	t.Run("show", func(t *testing.T) { showsSchemas(t, s) })
	t.Run("diff", func(t *testing.T) { comparesVersions(t, s) })
	t.Run("usage", func(t *testing.T) { refusesSchemaArguments(t, s) })
}

func showsSchemas(t *testing.T, s stack) {
	fields := []string{`FIELD TYPE JSON DOC`, `id string, required`, `colour_code long colour-code JSON name: colour-code\.`,
		`colour_code__string string colour-code Values of colour-code that its own field does not hold: strings, and numbers by their digits\.`, `name string`, `type string`}
	wantLines(t, s.schema(t, exitOK, "show", "tags"), append([]string{`tags: intercom\.tags-value version 3, id \d+, FULL_TRANSITIVE`}, fields...)...)
	wantLines(t, s.schema(t, exitOK, "show", "tags", "--version", "1"), `tags: intercom\.tags-value version 1, id \d+, FULL_TRANSITIVE`, fields[0], fields[1], fields[4], fields[5])
	if n := strings.Count(s.schema(t, exitOK, "show", "--version", "all").stdout.String(), "version"); n != 4 {
		t.Errorf("%d versions of both", n)
	}
	avros := lines(s.schema(t, exitOK, "show", "tags", "--version", "all", "--avro").stdout)
	registered, _ := s.Registry.Fake().GetSchema("intercom.tags-value", 2)
	if len(avros) != 3 || avros[1] != registered.Schema.Schema {
		t.Errorf("%q\nthe second one is registered as %s", avros, registered.Schema.Schema)
	}
	var all []struct {
		Resource, Subject, Compatibility string
		Versions                         []struct {
			Version, ID int
			Fields      []map[string]any
			Schema      map[string]any
		}
	}
	if err := json.Unmarshal([]byte(s.schema(t, exitOK, "show", "--json").stdout.String()), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Resource != "tags" || all[0].Subject != "intercom.tags-value" || all[0].Compatibility != "FULL_TRANSITIVE" || len(all[0].Versions) != 1 ||
		all[0].Versions[0].Version != 3 || all[0].Versions[0].ID == 0 || len(all[0].Versions[0].Fields) != 5 || all[0].Versions[0].Schema["name"] != "Tags" {
		t.Errorf("%+v", all)
	}
	got := s.schema(t, exitFailed, "show", "tags", "teams", "--version", "2")
	if !strings.HasPrefix(got.stdout.String(), "tags: ") || got.stderr.String() != "headwater: intercom.teams-value has no version 2: it has 1\n" {
		t.Errorf("%s%s", got.stdout, got.stderr)
	}
}

func comparesVersions(t *testing.T, s stack) {
	const head = `JUDGEMENT FIELD CHANGE FROM TO WHY`
	const added = `compatible colour_code added long readers of the newer schema read its default in older records`
	const sibling = `compatible colour_code__string added string readers of .*`
	wantLines(t, s.schema(t, exitOK, "diff", "tags"), `intercom\.tags-value: version 2 → version 3: 1 difference, none breaking`, head, sibling)
	wantLines(t, s.schema(t, exitOK, "diff", "tags", "1"), `intercom\.tags-value: version 1 → version 3: 2 differences, none breaking`, head, added, sibling)
	wantLines(t, s.schema(t, exitOK, "diff", "tags", "1", "2"), `intercom\.tags-value: version 1 → version 2: 1 difference, none breaking`, head, added)
	wantLines(t, s.schema(t, exitOK, "diff", "tags", "2", "1"), `.*version 2 → version 1: 1 difference, none breaking`, head, `compatible colour_code removed long readers of the older schema read its default`)
	wantLines(t, s.schema(t, exitOK, "diff", "tags", "2", "2"), `.*version 2 → version 2: no difference`)
	theirs := `{"type":"record","name":"Tags","namespace":"headwater.intercom","fields":[{"name":"id","type":"string"},{"name":"colour_code","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"jsonName":"colour-code"},{"name":"must","type":"long"}]}`
	if _, _, err := s.Registry.Fake().RegisterSchema("intercom.tags-value", sr.Schema{Schema: theirs}); err != nil {
		t.Fatal(err)
	}
	got := s.schema(t, exitFailed, "diff", "tags")
	for _, line := range []string{`.*version 3 → version 4: \d differences, 2 breaking`, `BREAKING colour_code type changed long timestamp the bytes can be read, and mean something else; registries let it pass`,
		`BREAKING must added long, required it is required: .*`, `compatible name removed string .*`} {
		wantLine(t, strings.Split(squeezed(got), "\n"), line)
	}
	if got.stderr.String() != "headwater: 2 breaking differences\n" {
		t.Errorf("%s", got.stderr)
	}
	var c struct {
		Resource, Subject string
		From, To          int
		Breaking          bool
		Differences       []struct {
			Field, Change, From, To, Reason string
			Breaking                        bool
		}
	}
	if err := json.Unmarshal([]byte(s.schema(t, exitFailed, "diff", "tags", "--json").stdout.String()), &c); err != nil {
		t.Fatal(err)
	}
	if c.Resource != "tags" || c.From != 3 || c.To != 4 || !c.Breaking || !slices.ContainsFunc(c.Differences, func(d struct {
		Field, Change, From, To, Reason string
		Breaking                        bool
	}) bool {
		return d.Field == "colour_code" && d.Change == "type changed" && d.To == "timestamp" && d.Breaking && d.Reason != ""
	}) {
		t.Errorf("%+v", c)
	}
}

func refusesSchemaArguments(t *testing.T, s stack) {
	for want, args := range map[string][]string{
		"name one resource: headwater schema diff contacts":                 {"diff"},
		"--source compares with the latest version: leave the versions out": {"diff", "tags", "1", "--source"},
		`"x" is no version's number: intercom.teams-value has 1`:            {"diff", "teams", "x"},
		"--version x: want a version's number, or all":                      {"show", "--version", "x"},
		"--version 0: want a version's number, or all":                      {"show", "--version", "0"},
		"--avro and --json are two forms: give one":                         {"show", "--avro", "--json"},
		"--records 0: must be at least 1":                                   {"diff", "tags", "--source", "--records", "0"},
		`resource "tag" is not in source "intercom" (did you mean tags?)`:   {"show", "tag"},
		`resource "team" is not in source "intercom" (did you mean teams?)`: {"export", "team"},
		"a resource and two versions can be named, not 4 words":             {"diff", "tags", "1", "2", "3"},
		`unknown flag: --vers`:                                              {"show", "--vers"},
	} {
		if got := s.schema(t, exitUsage, args...); got.stderr.String() != "headwater: "+want+"\n" || got.stdout.String() != "" {
			t.Errorf("%v: %s%s", args, got.stderr, got.stdout)
		}
	}
	if got := s.schema(t, exitFailed, "diff", "teams", "7"); got.stderr.String() != "headwater: intercom.teams-value has no version 7: it has 1\n" {
		t.Error(got.stderr)
	}
	env := map[string]string{"SCHEMA_REGISTRY_URL": "http://" + gone(t)}
	for _, args := range [][]string{{"show"}, {"diff", "tags"}, {"export", "--dir", t.TempDir()}} {
		got := newCommand(env).run(deadline(t), append([]string{"schema"}, args...)...).want(t, exitEnvironment)
		if all := lines(got.stderr); len(all) != 1 || !strings.Contains(all[0], "check SCHEMA_REGISTRY_URL") {
			t.Errorf("%v: %s", args, got.stderr)
		}
	}
}

// What the source file and the API's records ask for now is compared with what is registered, before run registers it.
func TestSchemaDiffSource(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.once(t, "tags", "contacts")
	diff := func(code int, more map[string]string, args ...string) *command {
		t.Helper()
		env := s.env()
		env["KAFKA_BROKERS"] = gone(t)
		maps.Copy(env, more)
		return newCommand(env).run(deadline(t), append([]string{"schema", "diff", "--source"}, args...)...).want(t, code)
	}
	wantLines(t, diff(exitOK, nil, "tags"), `intercom\.tags-value: version 1 → what the source file and the API's records ask for: no difference`)
	key := s.anyKey("tags")
	s.set(t, "tags", key, "name", "5")
	s.set(t, "tags", key, "news", "true")
	wantLines(t, diff(exitOK, nil, "tags"), `.*: 2 differences, none breaking`, `JUDGEMENT .*`, `compatible name__long added long .*`, `compatible news added boolean .*`)
	if n := len(lines(s.schema(t, exitOK, "show", "tags", "--version", "all", "--avro").stdout)); n != 1 {
		t.Errorf("comparing registered something: %d versions", n)
	}
	// A source file whose author has second thoughts.
	text, err := os.ReadFile("../../sources/intercom.yaml")
	if err != nil {
		t.Fatal(err)
	}
	mine := func(lines string) map[string]string {
		t.Helper()
		changed := strings.Replace(string(text), "- name: tags\n", "- name: tags\n"+lines, 1)
		if changed == string(text) {
			t.Fatal("the source file has no tags of that form")
		}
		file := filepath.Join(t.TempDir(), "mine.yaml")
		if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		return map[string]string{"HEADWATER_SOURCE": file, "HEADWATER_TOPIC_PREFIX": "intercom."}
	}
	got := diff(exitOK, mine("    schema_contract: freeze\n"), "tags")
	wantLine(t, strings.Split(squeezed(got), "\n"), `compatible news added boolean .*`)
	if got.stderr.String() != "the schema_contract of tags is freeze: run registers no field for what its records bring\n" {
		t.Error(got.stderr)
	}
	got = diff(exitFailed, mine("    columns:\n      name: {data_type: json}\n"), "tags")
	wantLine(t, strings.Split(squeezed(got), "\n"), `BREAKING name type changed string json the source file declares it so; run keeps the registered type, .* give the topics another prefix`)
	if got.stderr.String() != "headwater: 1 breaking difference\n" {
		t.Error(got.stderr)
	}
}

// Where values are JSON there is nothing to show, and it is said.
func TestSchemaOfPlainValues(t *testing.T) {
	t.Parallel()
	env := map[string]string{"HEADWATER_VALUE_FORMAT": "json", "SCHEMA_REGISTRY_URL": "http://" + gone(t)}
	dir := t.TempDir()
	for _, args := range [][]string{{"show"}, {"show", "tags"}, {"diff", "tags"}, {"export", "--dir", dir}} {
		got := newCommand(env).run(deadline(t), append([]string{"schema"}, args...)...).want(t, exitOK)
		if got.stderr.String() != "the values of intercom.* are JSON (HEADWATER_VALUE_FORMAT): no schema of them is registered\n" {
			t.Errorf("%v: %s", args, got.stderr)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "asyncapi.yaml" {
		t.Errorf("%v %v", left, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "asyncapi.yaml"))
	if err != nil || !strings.Contains(string(text), "contentType: application/json") || strings.Contains(string(text), "avro") || strings.Contains(string(text), "schemaRegistryUrl") {
		t.Errorf("%v\n%s", err, text)
	}
	wantAsyncAPI(t, text)
}
