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
		listed, total int
		complete      bool
	}{"all": {499, 499, true}, "capped": {500, 500, false}, "fewer than counted": {3, 4, false}} {
		b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
			var parts []string
			for i := range test.listed {
				parts = append(parts, fmt.Sprintf(`{"id":"%d"}`, i))
			}
			reply(w, 200, `{"conversation_parts":{"conversation_parts":[%s],"total_count":%d}}`, strings.Join(parts, ","), test.total)
		})
		_, complete, _, err := b.c.Children(t.Context(), b.src.Resource("conversation_parts"), Record{Key: "1"})
		if err != nil || complete != test.complete {
			t.Errorf("%s: complete %v, %v", name, complete, err)
		}
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
