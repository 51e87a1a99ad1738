package extract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestChildrenCarryTheirParent(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.EscapedPath() != "/conversations/a%2Fb%3F%20c" {
			t.Errorf("path %s", r.URL.EscapedPath())
		}
		reply(w, 200, `{"id":"x","conversation_parts":{"conversation_parts":[{"id":7,"conversation_id":"theirs"},{ },{"id":"p/%%"}],"total_count":3}}`)
	})
	parent := Record{Key: "a/b? c", JSON: []byte(`{"id":"a/b? c","updated_at":5}`)}
	recs, complete, gone, err := b.c.Children(t.Context(), b.src.Resource("conversation_parts"), parent)
	if err != nil || !complete || gone || len(recs) != 3 {
		t.Fatalf("%v, complete %v, gone %v, %v", recs, complete, gone, err)
	}
	for i, want := range []struct{ key, json string }{
		{"a%2Fb? c/7", `{"id":7,"conversation_id":"a/b? c"}`},
		{"", `{"conversation_id":"a/b? c"}`},
		{"a%2Fb? c/p%2F%25", `{"id":"p/%","conversation_id":"a/b? c"}`},
	} {
		if r := recs[i]; r.Key != want.key || string(r.JSON) != want.json || r.ParentKey != "a/b? c" || (r.KeyErr != nil) != (want.key == "") {
			t.Errorf("record %d: %+v %s", i, r, r.JSON)
		}
	}
}

func TestChildrenOfAKeyAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, `{"type":"list","data":[{"id":"s"}]}`)
	})
	recs, _, _, err := b.c.Children(t.Context(), b.src.Resource("company_segments"), Record{Key: "c1"})
	if err != nil || len(recs) != 1 || recs[0].Key != "c1/s" {
		t.Errorf("%v, %v", recs, err)
	}
	_, _, _, err = b.c.Children(t.Context(), b.src.Resource("company_segments"), Record{JSON: []byte(`{"id":null}`)})
	wantKind(t, err, KindProtocol, "has no id")
}

func TestChildrenThatAreNotAll(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		listed   []int // with each request
		total    int
		complete bool
		fails    bool
	}{
		"all":                        {[]int{499}, 499, true, false},
		"capped":                     {[]int{500}, 500, false, false},
		"more than the cap":          {[]int{500}, 600, false, false},
		"fewer than counted at once": {[]int{3, 4}, 4, true, false},
		"fewer than counted, twice":  {[]int{3, 3}, 4, false, true},
		"none of those counted":      {[]int{0, 0}, 4, false, true},
	} {
		n := 0
		b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
			var parts []string
			for i := range test.listed[n] {
				parts = append(parts, fmt.Sprintf(`{"id":"%d"}`, i))
			}
			n++
			reply(w, 200, `{"conversation_parts":{"conversation_parts":[%s],"total_count":%d}}`, strings.Join(parts, ","), test.total)
		})
		recs, complete, _, err := b.c.Children(t.Context(), b.src.Resource("conversation_parts"), Record{Key: "1"})
		if n != len(test.listed) {
			t.Errorf("%s: %d requests", name, n)
		}
		if test.fails {
			wantKind(t, err, KindIncomplete, "conversation_parts", `record "1" of conversations`, "counts 4", "total_path")
		} else if err != nil || complete != test.complete || len(recs) != test.listed[n-1] {
			t.Errorf("%s: %d records, complete %v, %v", name, len(recs), complete, err)
		}
	}
}

// The pages of a parent's list are guarded as those of any other listing.
func TestGuardsOfChildren(t *testing.T) {
	t.Parallel()
	src, err := Load("club.yaml", []byte(`
name: club
settings:
  base_url: { type: url, required: true }
client: { base_url: "{{ config.base_url }}" }
resource_defaults: { primary_key: id }
resources:
  - name: teams
    endpoint: { path: /teams, data_selector: data, paginator: single_page }
  - name: members
    parent: teams
    include_from_parent: { team_id: id }
    primary_key: [team_id, id]
    refresh: listing
    deletes: parent
    endpoint:
      path: "/teams/{{ stream_slice.id }}/members"
      data_selector: data
      total_path: total
      paginator: { type: cursor, cursor_path: next, cursor_param: after }
`))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		answer func(n int) string
		kind   Kind
		words  string
		most   int // requests
	}{
		"same records":           {func(n int) string { return fmt.Sprintf(`{"data":[{"id":"a"}],"next":"%d"}`, n) }, KindProtocol, "page 2 holds the same records", 2},
		"loop of two":            {func(n int) string { return fmt.Sprintf(`{"data":[{"id":"%d"}],"next":"%d"}`, n, n%2) }, KindProtocol, "read already", 4},
		"empty for ever":         {func(n int) string { return fmt.Sprintf(`{"data":[],"next":"%d"}`, n) }, KindProtocol, "lead on", maxIdle},
		"round under new tokens": {func(n int) string { return fmt.Sprintf(`{"data":[{"id":"%d"}],"next":"%d"}`, n%3, n) }, KindProtocol, "lead on", maxIdle + 3},
		"the same ones twice are not all": {func(n int) string {
			return []string{`{"data":[{"id":"a"},{"id":"b"}],"next":"x","total":4}`, `{"data":[{"id":"b"},{"id":"a"}],"total":4}`}[(n-1)%2]
		}, KindIncomplete, "counts 4 records but lists 2", 4},
		"error in a 200": {func(int) string { return `{"errors":[{"message":"oops"}]}` }, KindProtocol, "oops", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			b := newBenchOf(t, src, "", func(w http.ResponseWriter, _ *http.Request) {
				n++
				reply(w, 200, "%s", test.answer(n))
			})
			_, _, _, err := b.c.Children(t.Context(), src.Resource("members"), Record{Key: "t1", JSON: []byte(`{"id":"t1"}`)})
			wantKind(t, err, test.kind, "members", test.words)
			if n > test.most {
				t.Errorf("%d requests, want at most %d", n, test.most)
			}
		})
	}
}

func TestChildrenOfAParentThatIsGone(t *testing.T) {
	t.Parallel()
	status := 404
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, status, `{"type":"error.list","errors":[{"code":"company_not_found","message":"Company Not Found"}]}`)
	})
	recs, complete, gone, err := b.c.Children(t.Context(), b.src.Resource("company_segments"), Record{Key: "1"})
	if err != nil || !gone || complete || len(recs) != 0 {
		t.Errorf("%v %v %v %v", recs, complete, gone, err)
	}
	status = 403
	_, _, gone, err = b.c.Children(t.Context(), b.src.Resource("company_segments"), Record{Key: "1"})
	wantKind(t, err, KindUnauthorized, "company_segments", `permission "Read users and companies"`)
	if gone {
		t.Error("a 403 does not mean that the parent is gone")
	}
}

// An id of dots only must not lead up the path, to another list.
func TestChildrenOfAParentNamedDots(t *testing.T) {
	t.Parallel()
	var asked []string
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.RequestURI)
		reply(w, 200, `{"conversation_parts":{"conversation_parts":[],"total_count":0}}`)
	})
	for _, id := range []string{".", "..", "...", "a."} {
		if _, _, _, err := b.c.Children(t.Context(), b.src.Resource("conversation_parts"), Record{Key: id, JSON: []byte(`{"id":"` + id + `"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(asked, " "); got != "/conversations/%2E /conversations/%2E%2E /conversations/... /conversations/a." {
		t.Errorf("asked %s", got)
	}
}
