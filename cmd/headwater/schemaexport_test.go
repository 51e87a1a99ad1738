package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/headwater-stream/headwater/internal/realstack"
)

// specs is the npm package in which AsyncAPI publishes the JSON schemas of its documents.
const (
	specs        = "@asyncapi/specs@6.11.1"
	specsArchive = "asyncapi-specs-6.11.1.tgz"
	specsSchema  = "package/schemas/3.0.0-without-$id.json"
)

func TestSchemaExport(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.once(t)
	dir := filepath.Join(t.TempDir(), "not", "there")
	export := func(code int, args ...string) []string {
		t.Helper()
		got := s.schema(t, code, append([]string{"export", "--dir", dir}, args...)...)
		return strings.Split(strings.ReplaceAll(squeezed(got), dir+"/", ""), "\n")
	}
	all := export(exitFailed, "--check")
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || len(all) != 14 || all[1] != "missing intercom.tags-value.avsc" {
		t.Errorf("%v %q", err, all)
	}
	if all = export(exitOK); len(all) != 14 || all[1] != "written intercom.tags-value.avsc" || all[13] != "written asyncapi.yaml" {
		t.Errorf("%q", all)
	}
	for _, args := range [][]string{nil, {"--check"}, {"tags"}} {
		want := 14
		if len(args) > 0 && args[0] == "tags" {
			want = 2
		}
		if all = export(exitOK, args...); len(all) != want || slices.ContainsFunc(all, func(l string) bool { return !strings.HasPrefix(l, "unchanged ") }) {
			t.Errorf("%v: %q", args, all)
		}
	}
	for _, r := range []string{"tags", "contacts", "conversations"} {
		registered, _ := s.Registry.Fake().GetSchema("intercom."+r+"-value", 1)
		var same bytes.Buffer
		if err := json.Compact(&same, read(t, dir, "intercom."+r+"-value.avsc")); err != nil || same.String() != registered.Schema.Schema {
			t.Errorf("%v: %s\nis registered as %s", err, same.String(), registered.Schema.Schema)
		}
	}
	document := read(t, dir, "asyncapi.yaml")
	wantAsyncAPI(t, document)
	describesTopics(t, s, document)

	// What somebody changed is told by --check, and replaced by the next export; so is what changed in the registry.
	s.set(t, "teams", s.anyKey("teams"), "news", "1")
	s.once(t, "teams")
	path := filepath.Join(dir, "intercom.tags-value.avsc")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	differ := []string{"differs intercom.tags-value.avsc", "differs intercom.teams-value.avsc", "differs asyncapi.yaml"}
	got := s.schema(t, exitFailed, "export", "--dir", dir, "--check")
	if all := slices.DeleteFunc(strings.Split(strings.ReplaceAll(squeezed(got), dir+"/", ""), "\n"), func(l string) bool { return strings.HasPrefix(l, "unchanged ") }); !slices.Equal(all, differ) {
		t.Errorf("%q", all)
	}
	if got.stderr.String() != "headwater: 3 of 14 files not what is registered: run headwater schema export\n" || string(read(t, dir, "intercom.tags-value.avsc")) != "{}" {
		t.Errorf("%s", got.stderr)
	}
	all = slices.DeleteFunc(export(exitOK), func(l string) bool { return strings.HasPrefix(l, "unchanged ") })
	if want := strings.Split(strings.ReplaceAll(strings.Join(differ, "\n"), "differs", "replaced"), "\n"); !slices.Equal(all, want) {
		t.Errorf("%q", all)
	}
	var listed []struct{ Path, Status string }
	if err := json.Unmarshal([]byte(s.schema(t, exitOK, "export", "--dir", dir, "--check", "--json").stdout.String()), &listed); err != nil || len(listed) != 14 || listed[13].Status != "unchanged" {
		t.Errorf("%+v %v", listed, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 14 {
		t.Errorf("files are left behind: %v %v", left, err)
	}
}

// A write that fails leaves the old file, and nothing beside it.
func TestReplaceFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := replaceFile(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v %v: others cannot read it", info, err)
	}
	taken := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(taken, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(taken, []byte("two")); err == nil {
		t.Error("a folder was replaced")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 || string(read(t, dir, "a")) != "one" {
		t.Errorf("%v %v", left, err)
	}
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// describesTopics looks whether the document says of each topic what it is.
func describesTopics(t *testing.T, s stack, document []byte) {
	t.Helper()
	type message struct {
		ContentType string
		Headers     struct{ Properties map[string]any }
		Payload     struct {
			SchemaFormat string
			Schema       any
			Type         string
		}
		Bindings struct {
			Kafka struct {
				Key              struct{ Type, Description string }
				SchemaIDLocation string `json:"schemaIdLocation"`
			}
		}
	}
	var doc struct {
		AsyncAPI string
		Servers  map[string]struct{ Host, Protocol string }
		Channels map[string]struct {
			Address  string
			Messages map[string]any
			Bindings struct {
				Kafka struct {
					Topic              string
					TopicConfiguration map[string]any
				}
			}
		}
		Operations map[string]struct{ Action string }
		Components struct{ Messages map[string]message }
	}
	text, err := yaml.YAMLToJSON(document)
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	if doc.AsyncAPI != "3.0.0" || doc.Servers["broker1"].Protocol != "kafka" || len(doc.Channels) != 15 || len(doc.Operations) != 16 || doc.Operations["sendConversationParts"].Action != "send" {
		t.Errorf("%+v %+v", doc.Servers, doc.Operations)
	}
	if strings.Contains(string(document), token) {
		t.Error("the token is in the document")
	}
	ch := doc.Channels["companySegments"]
	if ch.Address != "intercom.company_segments" || ch.Bindings.Kafka.Topic != ch.Address || len(ch.Messages) != 2 || ch.Bindings.Kafka.TopicConfiguration["delete.retention.ms"] != 604800000.0 {
		t.Errorf("%+v", ch)
	}
	policies := map[string]string{"companySegments": "compact", "state": "compact", "deadLetters": "delete"}
	for id, policy := range policies {
		if got, _ := doc.Channels[id].Bindings.Kafka.TopicConfiguration["cleanup.policy"].([]any); len(got) != 1 || got[0] != policy {
			t.Errorf("%s: cleanup.policy %v", id, got)
		}
	}
	record, gone := doc.Components.Messages["companySegmentsRecord"], doc.Components.Messages["companySegmentsDeleted"]
	key := record.Bindings.Kafka.Key
	if key.Type != "string" || !strings.Contains(key.Description, "company_id/id") || record.Bindings.Kafka.SchemaIDLocation != "payload" || len(record.Headers.Properties) != 3 {
		t.Errorf("%+v", record)
	}
	if gone.Payload.Type != "null" || gone.Bindings.Kafka.Key != key || len(gone.Headers.Properties) != 1 {
		t.Errorf("%+v", gone)
	}
	registered, _ := s.Registry.Fake().GetSchema("intercom.company_segments-value", 1)
	var want any
	if err := json.Unmarshal([]byte(registered.Schema.Schema), &want); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(record.Payload.Schema)
	if !bytes.Equal(a, b) || record.Payload.SchemaFormat != avroSchemaFormat {
		t.Errorf("%s\nis registered as %s", b, a)
	}
}

// wantAsyncAPI wants the document to be legal by AsyncAPI's own schema, and its references to lead somewhere.
func wantAsyncAPI(t *testing.T, document []byte) {
	t.Helper()
	text, err := yaml.YAMLToJSON(document)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	wantReferences(t, doc, doc)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("asyncapi.json", asyncAPISpec(t)); err != nil {
		t.Fatal(err)
	}
	spec, err := compiler.Compile("asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Validate(doc); err != nil {
		t.Errorf("%v", err)
	}
}

// wantReferences follows every $ref of the document.
func wantReferences(t *testing.T, doc, part any) {
	t.Helper()
	switch x := part.(type) {
	case []any:
		for _, item := range x {
			wantReferences(t, doc, item)
		}
	case map[string]any:
		for name, member := range x {
			wantReferences(t, doc, member)
			path, ok := member.(string)
			if name != "$ref" || !ok {
				continue
			}
			at := doc
			for segment := range strings.SplitSeq(strings.TrimPrefix(path, "#/"), "/") {
				object, _ := at.(map[string]any)
				at = object[segment]
			}
			if at == nil {
				t.Errorf("%s leads nowhere", path)
			}
		}
	}
}

var specOnce struct {
	sync.Mutex
	text []byte
}

// asyncAPISpec fetches AsyncAPI's schema with npm, once a machine; it is kept where the real servers are. Without npm the test is skipped,
// but not in CI.
func asyncAPISpec(t *testing.T) any {
	t.Helper()
	specOnce.Lock()
	defer specOnce.Unlock()
	if specOnce.text == nil {
		specOnce.text = fetchSpec(t)
	}
	spec, err := jsonschema.UnmarshalJSON(bytes.NewReader(specOnce.text))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func fetchSpec(t *testing.T) []byte {
	t.Helper()
	mode, err := realstack.ModeFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := realstack.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(cache, strings.TrimSuffix(specsArchive, ".tgz")+".json")
	if text, err := os.ReadFile(kept); err == nil {
		return text
	}
	missing := t.Skipf
	if mode == realstack.Required {
		missing = t.Fatalf
	}
	if mode == realstack.Off {
		t.Skip("E2E=off: AsyncAPI's schema is not fetched")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		missing("no npm on PATH to fetch AsyncAPI's schema with: install Node.js (Debian: npm, macOS: node)")
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(deadline(t), "npm", "pack", "--silent", specs)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		missing("npm pack %s: %v\n%s", specs, err, out)
	}
	text, err := fileOf(filepath.Join(dir, specsArchive), specsSchema)
	if err == nil {
		err = replaceFile(kept, text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// fileOf reads one file of a packed tar archive.
func fileOf(archive, name string) ([]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(unpacked); ; {
		header, err := files.Next()
		if err != nil {
			return nil, err
		}
		if header.Name == name {
			return io.ReadAll(files)
		}
	}
}
