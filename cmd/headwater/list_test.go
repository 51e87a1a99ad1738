package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListSources(t *testing.T) {
	t.Parallel()
	got := newCommand(nil).run(t.Context(), "list").want(t, exitOK)
	if want := "SOURCE    TITLE     RESOURCES  DESCRIPTION\nintercom  Intercom  13         Customer conversations, contacts and companies of one Intercom workspace.\n"; got.stdout.String() != want {
		t.Errorf("got %s", got.stdout)
	}
	var all []listedSource
	got = newCommand(nil).run(t.Context(), "list", "--json").want(t, exitOK)
	if err := json.Unmarshal([]byte(got.stdout.String()), &all); err != nil || len(all) != 1 || all[0].Source != "intercom" || all[0].Resources != 13 {
		t.Errorf("%s %v", got.stdout, err)
	}
}

// A source's resources and variables, whichever way it is named; nothing has to be set for it.
func TestListResources(t *testing.T) {
	t.Parallel()
	path := sourceFile(t, "mine.yaml", goodSource)
	want := `RESOURCE           KEY  HOW IT IS READ    DELETIONS              DESCRIPTION
things             id   complete listing  with the next listing  What there is.
hidden (if named)  a/b  complete listing  with the next listing

VARIABLE         TYPE            REQUIRED  DEFAULT  DESCRIPTION
SOURCE_BASE_URL  url             yes
SOURCE_TOKEN     string, secret  no
`
	named := newCommand(nil).run(t.Context(), "list", path).want(t, exitOK)
	set := newCommand(map[string]string{"HEADWATER_SOURCE": path}).run(t.Context(), "list").want(t, exitOK)
	if diff := cmp.Diff(want, named.stdout.String()); diff != "" || set.stdout.String() != want {
		t.Errorf("%s%s", diff, set.stdout)
	}
	lines := lines(newCommand(nil).run(t.Context(), "list", "intercom").want(t, exitOK).stdout)
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	for _, want := range []string{
		"tags id complete listing with the next listing .*", "company_segments company_id/id for each of companies with its parent's list .*",
		"contacts id by updated_at with the next sweep .*", "activity_logs id by created_at never .*", "SOURCE_ACCESS_TOKEN string, secret yes Access token.*",
		"SOURCE_START_DATE datetime no Records.*", "SOURCE_BASE_URL url no https://api.intercom.io The region's host.*",
	} {
		wantLine(t, lines, want)
	}
}

func TestListAsJSON(t *testing.T) {
	t.Parallel()
	got := newCommand(nil).run(t.Context(), "list", "--json", "intercom").want(t, exitOK)
	var doc struct {
		Source, Title string
		Resources     []listedResource
		Settings      []listedSetting
	}
	if err := json.Unmarshal([]byte(got.stdout.String()), &doc); err != nil {
		t.Fatal(err)
	}
	want := listedResource{Resource: "conversation_parts", Key: []string{"conversation_id", "id"}, Read: "substream", Cursor: "updated_at", Parents: []string{"conversations"},
		Deletes: "parent", Sweep: "24h0m0s", Selected: true, Permission: "Read conversations", Description: "Messages, notes and events of a conversation."}
	if len(doc.Resources) != 13 || doc.Source != "intercom" || doc.Title != "Intercom" {
		t.Errorf("%s", got.stdout)
	} else if diff := cmp.Diff(want, doc.Resources[10]); diff != "" {
		t.Error(diff)
	}
	if s := doc.Settings[0]; s.Variable != "SOURCE_ACCESS_TOKEN" || !s.Secret || !s.Required || s.Type != "string" {
		t.Errorf("%+v", s)
	}
}

// A default of a secret is in the file, and stays there.
func TestListShowsNoSecret(t *testing.T) {
	t.Parallel()
	path := sourceFile(t, "mine.yaml", strings.Replace(goodSource, "token: { secret: true }", "token: { secret: true, default: "+token+" }", 1))
	for _, args := range [][]string{{"list", path}, {"list", "--json", path}} {
		got := newCommand(nil).run(t.Context(), args...).want(t, exitOK)
		if strings.Contains(got.stdout.String(), token) {
			t.Errorf("%v shows it:\n%s", args, got.stdout)
		}
	}
}

func TestListNamesEveryParent(t *testing.T) {
	t.Parallel()
	path := sourceFile(t, "repo.yaml", `name: repo
client: { base_url: "https://api.example.com" }
resource_defaults: { primary_key: id }
resources:
  - issues
  - pulls
  - name: comments
    parent: [issues, pulls]
    include_from_parent: { parent_type: $resource, parent_id: id }
    primary_key: [parent_type, parent_id, id]
    endpoint: "{{ stream_slice_resource }}/{{ stream_slice.id }}/comments"
`)
	if got := newCommand(nil).run(t.Context(), "list", path).want(t, exitOK); !strings.Contains(got.stdout.String(), "for each of issues, pulls") {
		t.Error(got.stdout)
	}
	if got := newCommand(nil).run(t.Context(), "list", "--json", path).want(t, exitOK); !strings.Contains(got.stdout.String(), `"parents":["issues","pulls"]`) {
		t.Error(got.stdout)
	}
}

func TestHowDeleted(t *testing.T) {
	t.Parallel()
	if got := howDeleted(listedResource{Deletes: "none"}); got != "not found: no sweep" {
		t.Error(got)
	}
}
