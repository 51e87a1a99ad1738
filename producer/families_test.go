package producer

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/extract"
)

// A child that can no longer be published is still there.
func TestChildThatGrowsTooLargeIsNotDeleted(t *testing.T) {
	for _, test := range []struct{ parents, children string }{{"crates", "labels"}, {"boxes", "items"}, {"events", "notes"}} {
		t.Run(test.parents, func(t *testing.T) {
			w := newWorld(t)
			if err := w.kafka.CreateTopic("shop."+test.children, 1, map[string]string{"cleanup.policy": "compact", "max.message.bytes": "2000"}); err != nil {
				t.Fatal(err)
			}
			w.api.event(test.parents, "1", "a", -3600)
			w.api.put(test.children+"/1", "a", "x", "y")
			w.once(only(test.parents, test.children))
			w.wantNews(test.children, "r 1/x, r 1/y")
			w.api.event(test.parents, "1", "b", 0)
			w.api.put(test.children+"/1", strings.Repeat("z", 3000), "x")
			w.once(only(test.parents, test.children))
			w.wantNews(test.children, "")
			w.wantLetters(test.children + "/1/x")
			w.api.event(test.parents, "1", "c", 0)
			w.api.remove(test.children+"/1", "x")
			w.once(only(test.parents, test.children))
			w.wantNews(test.children, "d 1/x")
		})
	}
}

// Lists of several parents that are suddenly empty are no everyday change: nothing is deleted, not even what would be few.
func TestListsThatAreSuddenlyEmpty(t *testing.T) {
	for _, test := range []struct{ parents, children string }{{"crates", "labels"}, {"boxes", "items"}, {"events", "notes"}} {
		t.Run(test.parents, func(t *testing.T) {
			w := newWorld(t)
			w.api.pageSize = 10
			for _, id := range ids(1, 3) {
				w.api.event(test.parents, id, "a", -3600)
				w.api.put(test.children+"/"+id, "a", ids(1, 5)...)
			}
			w.once(only(test.parents, test.children))
			w.news(test.parents)
			w.news(test.children)
			for _, id := range ids(1, 3) {
				w.api.event(test.parents, id, "b", 0)
				w.api.remove(test.children+"/"+id, ids(1, 5)...)
			}
			failures := w.failures(w.try(only(test.parents, test.children)))
			var refused *DeletesRefusedError
			if len(failures) != 1 || !errors.As(failures[test.children], &refused) || refused.Deletes != 15 || refused.Held != 15 {
				t.Errorf("failures: %v", failures)
			}
			w.wantNews(test.parents, "u 01, u 02, u 03")
			w.wantNews(test.children, "")
			if got := w.owed(test.parents); got != test.children {
				t.Errorf("owed: %q, want %q", got, test.children)
			}
			w.once(only(test.parents, test.children), func(c *Config) { c.AllowDeletes = true })
			if got := w.news(test.children); strings.Count(got, "d ") != 15 {
				t.Errorf("got %q, want 15 deletes", got)
			}
			w.wantNews(test.parents, "")
			if got := w.unit(test.parents).Owed; len(got) != 0 {
				t.Errorf("still owed: %v", got)
			}
		})
	}
}

// A restart groups children by the same parents' keys as the first run did.
func TestParentsKeysThatAreEscaped(t *testing.T) {
	for _, test := range []struct{ parents, children string }{{"crates", "labels"}, {"boxes", "items"}, {"events", "notes"}} {
		t.Run(test.parents, func(t *testing.T) {
			w := newWorld(t)
			w.api.pageSize = 10
			for _, id := range []string{"5%", "5%25", "a/b", "a%2Fb"} {
				w.api.event(test.parents, id, "a", -100)
			}
			gone := false
			w.api.intercept(func(r *http.Request) (int, string) {
				switch {
				case !strings.HasSuffix(r.URL.Path, "/"+test.children):
					return 0, ""
				case gone && strings.Contains(r.URL.Path, "a/b"):
					return http.StatusOK, `{"data":[{"id":"x","v":"a"}]}`
				}
				return http.StatusOK, `{"data":[{"id":"x","v":"a"},{"id":"y/%","v":"a"}]}`
			})
			w.once(only(test.parents, test.children))
			if n := strings.Count(w.news(test.children), "r "); n != 8 {
				t.Fatalf("%d children, want 8", n)
			}
			w.news(test.parents)
			w.once(only(test.parents, test.children))
			w.wantNews(test.parents, "")
			w.wantNews(test.children, "")
			gone = true
			w.api.event(test.parents, "a/b", "b", 0)
			w.once(only(test.parents, test.children))
			w.wantNews(test.children, "d a%2Fb/y%2F%25")
		})
	}
}

// Without a cursor nothing is known of the order of two copies: the later answer wins.
func TestRecordThatLosesItsCursorIsNotStale(t *testing.T) {
	t.Parallel()
	m := newPublished(0)
	m.put("1", "1/x", entry{digest: 1, ts: 5000})
	for _, test := range []struct {
		e    entry
		want verdict
	}{{entry{digest: 2}, verdictChanged}, {entry{digest: 2, ts: 4000}, verdictStale}, {entry{digest: 2, ts: 5000}, verdictChanged}} {
		if got := m.judge("1/x", test.e, true); got != test.want {
			t.Errorf("%+v: verdict %v, want %v", test.e, got, test.want)
		}
	}
}

// The parents' page is read as it is where they are not published, too: each parent's children are requested and published once.
func TestParentTwiceOnAPage(t *testing.T) {
	for _, test := range []struct{ parents, children string }{{"crates", "labels"}, {"events", "notes"}} {
		t.Run(test.parents, func(t *testing.T) {
			w := newWorld(t)
			w.use(strings.ReplaceAll(shop, ", total_path: total", ""))
			w.api.event(test.parents, "1", "a", -3600)
			w.api.intercept(func(r *http.Request) (int, string) {
				if r.URL.Path == "/"+test.parents {
					one := w.api.lists[test.parents]["1"]
					return http.StatusOK, `{"data":[` + one + `,` + one + `],"next":null}`
				}
				return 0, ""
			})
			w.api.put(test.children+"/1", "a", "x", "y")
			w.once(only(test.children))
			w.wantNews(test.children, "r 1/x, r 1/y")
		})
	}
}

// More than a few parents that are gone at once are a wrong path, or an API that is wrong.
func TestParentsThatAreAllGone(t *testing.T) {
	for name, test := range map[string]struct {
		gone  int
		fails bool
	}{"one": {1, false}, "a few": {10, false}, "many": {12, true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.api.pageSize = 20
			for _, id := range ids(1, test.gone) {
				w.api.event("events", id, "a", -3600)
				w.api.put("notes/"+id, "a", "x")
			}
			w.once(only("events"))
			w.api.intercept(func(r *http.Request) (int, string) {
				if strings.HasSuffix(r.URL.Path, "/notes") {
					return http.StatusNotFound, `{"errors":[{"code":"not_found"}]}`
				}
				return 0, ""
			})
			err := w.try(only("events", "notes"))
			w.wantNews("notes", "")
			if !test.fails {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			var api *extract.Error
			if !errors.As(w.failures(err)["notes"], &api) || api.Kind != extract.KindIncomplete {
				t.Errorf("got %v", err)
			}
			if u := w.unit("notes"); u.Done || u.Watermark != "" {
				t.Errorf("the position moved: %+v", u)
			}
			if got := w.owed("events"); got != "notes" {
				t.Errorf("owed: %q", got)
			}
			w.api.intercept(nil)
			w.once(only("events", "notes"))
			if n := strings.Count(w.news("notes"), "r "); n != test.gone {
				t.Errorf("%d children after all, want %d", n, test.gone)
			}
		})
	}
}
