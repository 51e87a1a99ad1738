package extract

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// twoParents is a source whose comments have two parents; tests spoil it.
const twoParents = `name: repo
settings: { base_url: { type: url, required: true } }
client: { base_url: "{{ config.base_url }}" }
resource_defaults: { primary_key: id, endpoint: { data_selector: data } }
resources:
  - name: issues
    endpoint: { path: /issues }
  - name: pulls
    endpoint: { path: /pulls }
  - name: comments
    parent: [issues, pulls]
    include_from_parent: { parent_type: $resource, parent_id: id, author: author.name, labels: labels }
    primary_key: [parent_type, parent_id, id]
    endpoint: { path: "/{{ stream_slice_resource }}/{{ stream_slice.id }}/comments" }
`

func loadText(t *testing.T, text string) *Source {
	t.Helper()
	src, err := Load("source.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// describeChild is what a request for the children of a record was, and what became of them.
func describeChild(t *testing.T, src *Source, child *Resource, parent Record) string {
	t.Helper()
	asked := ""
	b := newBenchOf(t, src, "", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = strings.TrimSpace(r.URL.RequestURI() + " " + r.Header.Get("X-Parent") + " " + string(body))
		reply(w, 200, `{"data":[{"id":"x"}]}`)
	})
	recs, _, _, err := b.c.Children(t.Context(), child, parent)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s → %s %s", asked, recs[0].Key, recs[0].JSON)
}

func TestEachParentHasItsOwnChild(t *testing.T) {
	t.Parallel()
	src := loadText(t, twoParents)
	comments := src.Resource("comments")
	if len(comments.PerParent) != 2 || comments.PerParent[0] != comments || len(src.Resources) != 3 || len(src.Roots()) != 2 {
		t.Fatalf("%d resources, %d roots, %+v", len(src.Resources), len(src.Roots()), comments.PerParent)
	}
	for i, name := range []string{"issues", "pulls"} {
		parent, view := src.Resource(name), comments.PerParent[i]
		if len(parent.Children) != 1 || parent.Children[0] != view || view.Parent != parent || view.Root() != parent || comments.Parents()[i] != parent {
			t.Errorf("%s does not have the child of its own", name)
		}
		got := describeChild(t, src, view, Record{Key: "7", JSON: []byte(`{"id":7,"author":{"name":"a"},"labels":[{"n":1}]}`)})
		want := `/` + name + `/7/comments → ` + name + `/7/x {"id":"x","parent_type":"` + name + `","parent_id":7,"author":"a","labels":[{"n":1}]}`
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if k := comments.Key; !k[0].ParentName || !k[0].FromParent || k[1].ParentName || !k[1].FromParent || k[2].FromParent {
		t.Errorf("key %+v", k)
	}
}

// The sweep's pause is one of the parents that are read by time; the others have none.
func TestSweepIntervalPerParent(t *testing.T) {
	t.Parallel()
	text := strings.Replace(twoParents, "    endpoint: { path: /pulls }", `    incremental: { cursor_path: updated_at, start_param: since }
    endpoint: { path: /pulls }`, 1)
	text = strings.Replace(text, "- name: comments", "- name: comments\n    sweep_interval: 3h", 1)
	for _, parents := range []string{"[issues, pulls]", "[pulls, issues]"} {
		for _, view := range loadText(t, strings.Replace(text, "[issues, pulls]", parents, 1)).Resource("comments").PerParent {
			if want := map[string]float64{"issues": 0, "pulls": 3}[view.Parent.Name]; view.SweepInterval.Hours() != want {
				t.Errorf("%s: of %s: %v", parents, view.Parent.Name, view.SweepInterval)
			}
		}
	}
}

// Where a request takes its values from: each form, and each place.
func TestParentFieldsInRequests(t *testing.T) {
	t.Parallel()
	const one = `name: repo
settings: { base_url: { type: url, required: true } }
client: { base_url: "{{ config.base_url }}" }
resource_defaults: { primary_key: id, endpoint: { data_selector: data } }
resources:
  - name: issues
    endpoint: { path: /issues }
  - name: comments
    include_from_parent: [id]
    primary_key: [_issues_id, id]
`
	for name, test := range map[string]struct{ rest, want string }{
		"path, resolved": {`endpoint: { path: "/issues/{issue}/comments", params: { issue: { type: resolve, resource: issues, field: id } } }`, `/issues/a%2Fb/comments`},
		"path, nested":   {`endpoint: { path: "/of/{who}", params: { who: { type: resolve, resource: issues, field: author.name }, n: 1 } }`, `/of/o%27c?n=1`},
		"path, literal":  {`endpoint: { path: "/{team}/{resources.issues.id}", params: { team: a b, n: 2 } }`, `/a%20b/a%2Fb?n=2`},
		"query":          {`endpoint: { path: /comments, params: { of: { type: resolve, resource: issues, field: id } } }`, `/comments?of=a%2Fb`},
		"query, text":    {`endpoint: { path: /comments, params: { of: "x-{resources.issues.id}-{y}" } }`, `/comments?of=x-a%2Fb-%7By%7D`},
		"expression":     {`parent: issues, endpoint: { path: "/comments/{{ stream_slice.n }}", params: { of: "{{ stream_slice.author.name }}" } }`, `/comments/7?of=o%27c`},
		"agreeing":       {`parent: issues, endpoint: { path: "/comments/{resources.issues.n}" }`, `/comments/7`},
		"header":         {`endpoint: { path: /comments, headers: { X-Parent: "{resources.issues.author.name}" } }`, `/comments o'c`},
		"JSON": {`endpoint: { path: /comments, method: POST, json: { of: "{resources.issues.n}", all: ["{resources.issues.labels}"], q: "{ issues(id: {resources.issues.n}) { id } }" } }`,
			`/comments  {"of":7,"all":[[1,2]],"q":"{ issues(id: 7) { id } }"}`},
		"form":    {`endpoint: { path: /comments, method: POST, data: { of: "{resources.issues.n}" } }`, `/comments  of=7`},
		"missing": {`endpoint: { path: "/comments/{resources.issues.no}" }`, `stream_slice['no'] has no value (stream_slice is record "a/b" of issues)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := one
			for _, field := range strings.SplitAfterN(test.rest, ", endpoint", 2) {
				text += "    " + strings.TrimSuffix(field, ", endpoint") + "\n"
			}
			text = strings.Replace(text, "\n    : {", "\n    endpoint: {", 1)
			src := loadText(t, text)
			record := Record{Key: "a/b", JSON: []byte(`{"id":"a/b","n":7,"author":{"name":"o'c"},"labels":[1,2]}`)}
			got := describeChild(t, src, src.Resource("comments"), record)
			want := test.want
			if name != "missing" {
				want += ` → a%2Fb/x {"id":"x","_issues_id":"a/b"}`
			}
			if !strings.HasPrefix(got, want) && !(name == "missing" && strings.Contains(got, want)) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestFieldsThatChildrenCarry(t *testing.T) {
	t.Parallel()
	src := loadText(t, strings.NewReplacer("[issues, pulls]", "issues", "{ parent_type: $resource, parent_id: id, author: author.name, labels: labels }", "[id, author.name, labels]",
		"[parent_type, parent_id, id]", "[_issues_id, id]").Replace(twoParents))
	for parent, want := range map[string]string{
		`{"id":1,"author":{"name":"a"},"labels":{"x":[1]}}`: `{"id":"x","_issues_id":1,"_issues_author_name":"a","_issues_labels":{"x":[1]}}`,
		`{"id":1,"author":null}`:                            `{"id":"x","_issues_id":1,"_issues_author_name":null,"_issues_labels":null}`,
		`{"id":{"n":1}}`:                                    `record "1" of issues has no id`,
		`{"ID":1}`:                                          `record "1" of issues has no id`,
	} {
		text := strings.Replace(string(parent), " ", "", -1)
		view := src.Resource("comments")
		got := describeChild(t, src, view, Record{Key: "1", JSON: []byte(text)})
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", parent, got, want)
		}
	}
	if got := src.Resource("comments").Parents(); len(got) != 1 || got[0].Name != "issues" {
		t.Errorf("parents %v", got)
	}
	if got := src.Resource("issues").Parents(); len(got) != 0 {
		t.Errorf("parents of a root: %v", got)
	}
}

func TestMistakesAboutParents(t *testing.T) {
	t.Parallel()
	const path = `"/{{ stream_slice_resource }}/{{ stream_slice.id }}/comments"`
	for name, test := range map[string]struct {
		change []string
		want   string
	}{
		"unknown second":   {[]string{"[issues, pulls]", "[issues, pull]"}, `11:22: no resource "pull" (did you mean "pulls"?)`},
		"twice":            {[]string{"[issues, pulls]", "[issues, issues]"}, `11:22: parent names "issues" twice`},
		"itself":           {[]string{"[issues, pulls]", "[issues, comments]"}, `11:22: a resource cannot be its own parent`},
		"key without type": {[]string{"[parent_type, parent_id, id]", "[parent_id, id]"}, `13:18: the key of a substream of several parents begins with the name of the one, which tells equal ids apart: include_from_parent: { parent_type: $resource, … }`},
		"type not first":   {[]string{"[parent_type, parent_id, id]", "[parent_id, parent_type, id]"}, `13:30: primary_key: parent_type, the parent resource's name, comes first`},
		"key not parent's": {[]string{"parent_id: id", "parent_id: number"}, `13:18: the key of a substream begins with its parent's, whole and with nothing else of the parent: of issues that is id, and here is number`},
		"key too long":     {[]string{"[parent_type, parent_id, id]", "[parent_type, parent_id, author, id]"}, `of issues that is id, and here is id, author.name`},
		"key too short":    {[]string{"name: pulls\n", "name: pulls\n    primary_key: [repo, id]\n"}, `of pulls that is repo, id, and here is id`},
		"key without":      {[]string{"[parent_type, parent_id, id]", "[parent_type, id]"}, `begins with a field of its parent`},
		"list of several":  {[]string{"{ parent_type: $resource, parent_id: id, author: author.name, labels: labels }", "[id]"}, `12:26: include_from_parent: a list names its fields after the parent, and here are several`},
		"unknown word":     {[]string{"$resource", "$resorce"}, `12:41: include_from_parent: unknown word $resorce (known: $resource`},
		"path of a field":  {[]string{"author.name", "\"author[0]\""}, `include_from_parent: want member names joined with dots, such as author.id`},
		"field of a name":  {[]string{"stream_slice_resource }}", "stream_slice_resource.id }}"}, `path: no {{ stream_slice_resource.id }}: stream_slice_resource is a name and has no fields`},
		"name of a root":   {[]string{"/issues }", "\"/{{ stream_slice_resource }}\" }"}, `{{ stream_slice_resource }} wants the resource to have a parent`},
		"misspelt name":    {[]string{"stream_slice_resource", "stream_slice_resourse"}, `14:28: path: unknown name "stream_slice_resourse" (did you mean "stream_slice_resource"?)`},
		"one of several":   {[]string{path, `"/c/{resources.issues.id}"`}, `14:27: the parents are several, and this takes values from "issues" alone`},
		"disagrees":        {[]string{"[issues, pulls]", "issues", path, `"/c/{resources.pulls.id}"`}, `14:27: this takes values from "pulls", but parent is "issues"`},
		"resolve disagrees": {[]string{"[issues, pulls]", "issues", path, `"/c/{i}", params: { i: { type: resolve, resource: pulls, field: id } }`},
			`14:73: this takes values from "pulls", but parent is "issues"`},
		"from two":         {[]string{"    parent: [issues, pulls]\n", "", path, `"/c/{resources.issues.id}/{resources.pulls.id}"`}, `13:49: a request takes values from one record, but here from "issues" and from "pulls"`},
		"resolve unknown":  {[]string{"    parent: [issues, pulls]\n", "", path, `"/c/{i}", params: { i: { type: resolve, resource: isues, field: id } }`}, `13:73: no resource "isues" (did you mean "issues"?)`},
		"braces unknown":   {[]string{"    parent: [issues, pulls]\n", "", path, `"/c/é{resources.isues.id}"`}, `13:28: no resource "isues" (did you mean "issues"?)`},
		"braces no field":  {[]string{"[issues, pulls]", "issues", path, `"/c/{resources.issues}"`}, `14:27: path: {resources.issues}: want {resources.NAME.FIELD}`},
		"no parameter":     {[]string{"[issues, pulls]", "issues", path, `"/c/{isue}", params: { issue: 1 }`}, `14:27: path: no parameter "isue" under params (did you mean "issue"?)`},
		"no parameters":    {[]string{path, `"/c/{id}"`}, `14:27: path: no parameter "id" under params; a field of the parent is written {{ stream_slice.id }}`},
		"resolve no field": {[]string{path, `"/c/{i}", params: { i: { type: resolve, resource: issues } }`}, `14:46: parameter i has no field: want { type: resolve, resource: NAME, field: PATH }`},
		"resolve type":     {[]string{path, `"/c", params: { i: { type: incremental, cursor_path: x } }`}, `14:42: parameter i: type incremental is written incremental: { cursor_path: …, start_param: i }`},
		"interval":         {[]string{path, `"/c", params: { i: "{incremental.start_value}" }`}, `14:43: params i: {{ stream_interval.start_time }} wants the resource to be incremental`},
		"initial value":    {[]string{path, `"/c", params: { i: "{incremental.initial_value}" }`}, `14:43: params i: {incremental.initial_value}: has no meaning here`},
		"after a braces":   {[]string{"[issues, pulls]", "issues", path, `"/c/{resources.issues.id}/{{ stream_slise.id }}"`}, `14:52: path: unknown name "stream_slise" (did you mean "stream_slice"?)`},
		"drained":          {[]string{"name: pulls\n", "name: pulls\n    drain: true\n", ", author: author.name, labels: labels", ", author: id.name"}, `needs the field "id.name" of pulls, of which only the key is kept`},
		"removed":          {[]string{"name: pulls\n", "name: pulls\n    processing_steps: [{ map: { remove: [author] } }]\n"}, `needs the field "author" of pulls, whose processing_steps rename or remove it`},
		"refresh":          {[]string{"- name: comments", "- name: comments\n    deletes: listing"}, `deletes: listing is for resources that are read whole, not substreams`},
		"sweep":            {[]string{"- name: comments", "- name: comments\n    sweep_interval: 1h"}, `sweep_interval is for incremental resources`},
		"grandchild":       {[]string{"[issues, pulls]", "[issues, pulls]\n  - name: replies\n    parent: [issues, comments]"}, `parent "comments" has a parent itself`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := 0; i < len(test.change); i += 2 {
				if !strings.Contains(twoParents, test.change[i]) {
					t.Fatalf("%q is not in the file", test.change[i])
				}
			}
			_, err := Load("source.yaml", []byte(strings.NewReplacer(test.change...).Replace(twoParents)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q in\n%v", test.want, err)
			}
		})
	}
}

// A parameter in the reference's way makes its resource the parent, in everything.
func TestResolvedParentIsAParent(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("    parent: [issues, pulls]\n", "", `"/{{ stream_slice_resource }}/{{ stream_slice.id }}/comments"`,
		`"/c/{i}", params: { i: { type: resolve, resource: issues, field: id } }`).Replace(twoParents)
	src := loadText(t, text)
	comments := src.Resource("comments")
	if comments.Parent == nil || comments.Parent.Name != "issues" || comments.Deletes != DeletesParent || comments.Refresh != RefreshParent {
		t.Fatalf("%+v", comments)
	}
	gone := slices.ContainsFunc(comments.request.actions, func(a action) bool { return a.status == 404 && a.do == "ignore" })
	if !gone || len(comments.request.params) != 0 {
		t.Errorf("actions %+v, params %+v", comments.request.actions, comments.request.params)
	}
}
