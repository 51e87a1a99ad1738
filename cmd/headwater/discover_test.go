package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/sr"
)

// api is the environment of what needs the API alone: the other servers are not there.
func (s stack) api(t *testing.T) map[string]string {
	env := s.env()
	env["KAFKA_BROKERS"], env["SCHEMA_REGISTRY_URL"] = gone(t), "http://"+gone(t)
	return env
}

func (s stack) discover(t *testing.T, code int, args ...string) *command {
	t.Helper()
	got := newCommand(s.api(t)).run(deadline(t), append([]string{"discover"}, args...)...).want(t, code)
	if text := got.stdout.String() + got.stderr.String(); strings.Contains(text, token) {
		t.Errorf("the token is printed:\n%s", text)
	}
	return got
}

func (s stack) discovered(t *testing.T, code int, args ...string) (all []discovered) {
	t.Helper()
	got := s.discover(t, code, append(args, "--json")...)
	if err := json.Unmarshal([]byte(got.stdout.String()), &all); err != nil {
		t.Fatalf("%s: %v", got.stdout, err)
	}
	return all
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	got := s.discover(t, exitOK)
	if got.stderr.String() != "" {
		t.Error(got.stderr)
	}
	text := got.stdout.String()
	for _, want := range []string{
		`tags: 15 records; key id\n  FIELD  TYPE              JSON  DOC\n  id     string, required\n  name   string\n  type   string\n\n`,
		`company_attributes: \d+ records; key full_name; cursor updated_at\n`,
		`\n  id +long +Custom attributes only\.\n`,
		`contacts: 20 records; key id; cursor updated_at\n`,
		`conversation_parts: \d+ records; key conversation_id/id; cursor updated_at\n  FIELD .*\n  conversation_id +string, required\n  id +string, required\n`,
		`\n  custom_attributes +json +Users make these up: .* Holds JSON text\.\n`,
		`\n  companies\.data +array of record\n`,
		`companies: not asked: only one may read it at a time, and a look would take a worker's place; name it to have it read\n`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("nothing is like %s", want)
		}
	}
	if s.API.Stats().Scrolls.Opened != 0 {
		t.Error("a scroll was opened")
	}
	if t.Failed() {
		t.Log(text)
	}
	var names []string
	for _, d := range s.discovered(t, exitOK) {
		names = append(names, d.Resource)
	}
	if diff := cmp.Diff(s.resources(t), names); diff != "" {
		t.Error(diff)
	}
}

// What is named is read, a scroll to its end, so that its place is free again.
func TestDiscoverReadsANamedScroll(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	all := s.discovered(t, exitOK, "companies", "company_segments", "--records", "1")
	if len(all) != 2 || *all[0].Count != len(s.API.Truth("companies")) || all[1].Looked == 0 || all[1].Schema == nil {
		t.Errorf("%+v", all)
	}
	if n := s.API.Stats().Scrolls; n.Opened != 2 || n.Finished != 2 {
		t.Errorf("%+v", n)
	}
}

func TestDiscoverLooksAtSoMany(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	if _, err := s.API.Create("contacts", 200); err != nil {
		t.Fatal(err)
	}
	for records, looked := range map[string]int{"1": 150, "150": 150, "151": 220, "1000": 220} {
		all := s.discovered(t, exitOK, "contacts", "--records", records)
		if d := all[0]; d.Looked != looked || *d.Count != 220 || d.More != (looked < 220) {
			t.Errorf("--records %s: %d of %d looked at, more: %v", records, d.Looked, *d.Count, d.More)
		}
	}
	got := s.discover(t, exitOK, "contacts", "--records", "1").stdout.String()
	if !strings.HasPrefix(got, "contacts: 220 records, schema of the first 150; key id; cursor updated_at\n") {
		t.Error(got)
	}
}

// The schema that is shown is the one that a run registers for the same records, byte for byte.
func TestDiscoverShowsWhatIsRegistered(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	resources := []string{"tags", "admins", "company_attributes", "companies"}
	shown := lines(s.discover(t, exitOK, append([]string{"--avro", "--records", "10000"}, resources...)...).stdout)
	s.once(t, resources...)
	registry, err := sr.NewClient(sr.URLs(s.Registry.URL()))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range resources {
		registered, err := registry.SchemaByVersion(deadline(t), "intercom."+r+"-value", -1)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(shown, registered.Schema.Schema) {
			t.Errorf("%s: registered is\n%s\nshown are\n%s", r, registered.Schema.Schema, strings.Join(shown, "\n"))
		}
	}
	if len(shown) != len(resources) {
		t.Errorf("%d lines", len(shown))
	}
}

// What cannot be read is said at the end; the others are shown.
func TestDiscoverOfForbiddenResources(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.post(t, "fail?resource=tickets&status=403&n=1000&code=api_plan_restricted")
	got := s.discover(t, exitFailed, "tags", "tickets")
	if !strings.HasPrefix(got.stdout.String(), "tags: 15 records") || !strings.HasPrefix(got.stderr.String(), "headwater: tickets: POST "+s.API.URL()+"/tickets/search: 403 api_plan_restricted → ") {
		t.Errorf("%s%s", got.stdout, got.stderr)
	}
	if got := s.discover(t, exitEnvironment, "tickets"); got.stdout.String() != "" || len(lines(got.stderr)) != 1 {
		t.Errorf("%s%s", got.stdout, got.stderr)
	}
	env := s.api(t)
	env["SOURCE_ACCESS_TOKEN"] = token + "x"
	wrong := newCommand(env).run(deadline(t), "discover").want(t, exitEnvironment)
	if !strings.HasPrefix(wrong.stderr.String(), "headwater: read the API: admins: GET "+s.API.URL()+"/admins: 401") || len(lines(wrong.stderr)) != 1 || wrong.stdout.String() != "" {
		t.Errorf("%s%s", wrong.stderr, wrong.stdout)
	}
}

// Records that run would put aside are counted; where there is none, there is no schema.
func TestDiscoverOfWhatCannotBePublished(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	for key := range s.API.Truth("tags") {
		if err := s.API.Set("tags", key, "id", json.RawMessage("null")); err != nil {
			t.Fatal(err)
		}
		break
	}
	got := s.discover(t, exitOK, "tags").stdout.String()
	if !strings.HasPrefix(got, "tags: 15 records; key id; 1 of them cannot be published\n") {
		t.Error(got)
	}
	lines := s.check(t, nil, exitOK, "tags")
	wantLine(t, lines, `warn tags # in all; without a usable key: .* → run puts records without a usable key aside; check primary_key in the source file`)
	if _, err := s.API.Delete("teams", 5); err != nil {
		t.Fatal(err)
	}
	if got := s.discover(t, exitOK, "teams").stdout.String(); got != "teams: 0 records; key id\n  no schema: there is no record that asks for one\n" {
		t.Error(got)
	}
	if got := s.discover(t, exitOK, "teams", "--avro"); got.stdout.String() != "" || got.stderr.String() != "teams: no schema: there is no record that asks for one\n" {
		t.Errorf("%s%s", got.stdout, got.stderr)
	}
}
