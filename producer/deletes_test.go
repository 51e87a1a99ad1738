package producer

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/extract"
)

func TestAbsenceFromAListingDeletes(t *testing.T) {
	for _, resource := range []string{"things", "books", "boxes"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			w.api.put(resource, "a", ids(1, 5)...)
			w.once(only(resource))
			w.news(resource)
			w.api.remove(resource, "02", "05")
			w.once(only(resource))
			w.wantNews(resource, "d 02, d 05")
			all := w.records(w.names.Data(resource))
			if tombstone := all[len(all)-1]; tombstone.Value != nil || len(tombstone.Headers) != 1 {
				t.Errorf("the tombstone has %d bytes and %s", len(tombstone.Value), tombstone.Headers)
			}
			w.once(only(resource))
			w.wantNews(resource, "")
		})
	}
}

func TestDeletionIsFoundWhereAnEarlyPageChanged(t *testing.T) {
	w := newWorld(t)
	w.api.put("books", "a", ids(1, 6)...)
	w.once(only("books"))
	w.news("books")
	w.api.put("books", "b", "01")
	w.api.remove("books", "04")
	w.once(only("books"))
	w.wantNews("books", "u 01, d 04")
}

// A listing of several pages can miss what moves while it is paged, an empty one can be an error that looks like success: what a
// second listing shows is not deleted.
func TestAbsenceIsConfirmed(t *testing.T) {
	for _, test := range []struct {
		name, resource string
		hidden         []string // from the first listing only
		listings       int
	}{
		{"several pages", "books", []string{"03"}, 2},
		{"empty", "things", ids(1, 5), 2},
		{"nothing missing", "books", nil, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.api.put(test.resource, "a", ids(1, 5)...)
			w.once(only(test.resource))
			w.news(test.resource)
			w.api.remove(test.resource, test.hidden...)
			listings := 0
			w.api.intercept(func(r *http.Request) (int, string) {
				if r.URL.Query().Get("after") == "" {
					if listings++; listings == 2 {
						w.api.put(test.resource, "a", test.hidden...)
					}
				}
				return 0, ""
			})
			w.once(only(test.resource))
			w.wantNews(test.resource, "")
			if listings != test.listings {
				t.Errorf("%d listings, want %d", listings, test.listings)
			}
		})
	}
}

func TestEmptyTwiceIsEmpty(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1", "2")
	w.once(only("things"))
	w.news("things")
	w.api.remove("things", "1", "2")
	w.once(only("things"))
	w.wantNews("things", "d 1, d 2")
}

// A consistent listing proves what is absent with one reading.
func TestConsistentListingNeedsNoSecond(t *testing.T) {
	w := newWorld(t)
	w.use(strings.Replace(shop, "- name: books ", "- consistent: true\n    name: books ", 1))
	w.api.put("books", "a", ids(1, 5)...)
	w.once(only("books"))
	w.api.remove("books", "03")
	w.news("books")
	w.api.forget()
	w.once(only("books"))
	w.wantNews("books", "d 03")
	if n := w.api.requests("/books"); n != 2 {
		t.Errorf("%d requests for two pages", n)
	}
}

func TestDeletesBeyondTheShareAreRefused(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", ids(1, 54)...)
	w.once(only("things"))
	w.news("things")
	w.api.remove("things", ids(1, 11)...)
	w.api.put("things", "b", "54")
	failures := w.failures(w.try(only("things")))
	var refused *DeletesRefusedError
	if !errors.As(failures["things"], &refused) || refused.Deletes != 11 || refused.Held != 54 {
		t.Errorf("failures: %v", failures)
	}
	w.wantNews("things", "u 54") // the rest is published
	w.once(only("things"), func(c *Config) { c.AllowDeletes = true })
	if n := strings.Count(w.news("things"), "d "); n != 11 {
		t.Errorf("%d deleted, want 11", n)
	}
}

// A first listing may have to begin again when it has published much. What is deleted meanwhile is a share of that, not of the topic
// that was empty before.
func TestShareOfAFirstListing(t *testing.T) {
	w := newWorld(t)
	w.api.put("books", "a", ids(1, 60)...)
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Query().Get("after") != "56" {
			return 0, ""
		}
		w.api.intercept(nil)
		w.api.remove("books", ids(1, 11)...)
		return http.StatusNotFound, ""
	})
	w.once(only("books"))
	if n := strings.Count(w.news("books"), "d "); n != 11 {
		t.Errorf("%d deleted, want 11", n)
	}
}

func TestChildrensDeletesBeyondTheShareAreRefused(t *testing.T) {
	w := newWorld(t)
	w.api.put("crates", "a", "1")
	w.api.put("labels/1", "a", ids(1, 20)...)
	w.once(only("crates", "labels"))
	w.news("labels")
	w.api.remove("labels/1", ids(1, 11)...)
	w.failures(w.try(only("crates", "labels")))
	w.wantNews("labels", "")
	w.once(only("crates", "labels"), func(c *Config) { c.AllowDeletes = true })
	if n := strings.Count(w.news("labels"), "d "); n != 11 {
		t.Errorf("%d deleted, want 11", n)
	}
}

// A process that did not see the first pages itself cannot tell what is missing from them.
func TestResumedListingDeletesNothing(t *testing.T) {
	w := newWorld(t)
	w.api.put("books", "a", ids(1, 6)...)
	w.once(only("books"))
	w.news("books")
	w.api.put("books", "b", "03")
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Query().Get("after") == "4" {
			return http.StatusServiceUnavailable, ""
		}
		return 0, ""
	})
	w.failures(w.try(only("books")))
	w.wantNews("books", "u 03")
	if page := w.unit("books").Page; page != "4" {
		t.Fatalf("the listing stands at %q", page)
	}
	w.api.intercept(nil)
	w.api.forget()
	w.api.remove("books", "06")
	w.once(only("books"))
	w.wantNews("books", "")
	if n := w.api.requests("/books"); n != 1 {
		t.Errorf("%d requests for the last page", n)
	}
	w.once(only("books"))
	w.wantNews("books", "d 06")
}

func TestCappedListingDeletesNothing(t *testing.T) {
	w := newWorld(t)
	w.api.put("books", "a", ids(1, 6)...)
	w.once(only("books"))
	w.news("books")
	w.use(strings.Replace(shop, "- name: books ", "- listing_cap: 5\n    name: books ", 1))
	w.api.remove("books", "06")
	w.once(only("books"))
	w.wantNews("books", "")
	w.api.remove("books", "05")
	w.once(only("books"))
	w.wantNews("books", "d 05, d 06")
}

func TestChildrenAreDeletedWithTheirParent(t *testing.T) {
	for parents, children := range map[string]string{"crates": "labels", "boxes": "items"} {
		t.Run(parents, func(t *testing.T) {
			w := newWorld(t)
			w.api.put(parents, "a", "1", "2", "3")
			for _, id := range []string{"1", "2", "3"} {
				w.api.put(children+"/"+id, "a", "x", "y")
			}
			w.once(only(parents, children))
			w.news(parents)
			w.news(children)
			w.api.remove(parents, "2")
			w.once(only(parents, children))
			w.wantNews(parents, "d 2")
			w.wantNews(children, "d 2/x, d 2/y")
		})
	}
}

func TestChildMissingFromItsParentsListIsDeleted(t *testing.T) {
	for _, test := range []struct{ parents, children string }{{"crates", "labels"}, {"boxes", "items"}, {"events", "notes"}} {
		t.Run(test.parents, func(t *testing.T) {
			w := newWorld(t)
			w.api.event(test.parents, "1", "a", -3600)
			w.api.put(test.children+"/1", "a", "x", "y")
			w.once(only(test.parents, test.children))
			w.news(test.children)
			w.api.remove(test.children+"/1", "x")
			if test.parents == "events" {
				w.once(only(test.parents, test.children)) // does not show in the parent yet
				w.wantNews(test.children, "")
				w.api.event(test.parents, "1", "b", 0)
			}
			w.once(only(test.parents, test.children))
			w.wantNews(test.children, "d 1/x")
			w.api.remove(test.children+"/1", "y") // the last one
			w.api.event(test.parents, "1", "c", 0)
			w.once(only(test.parents, test.children))
			w.wantNews(test.children, "d 1/y")
		})
	}
}

// What the API says of a parent's children proves nothing where the parent is gone, or where one of them has no key.
func TestChildrenThatAreNotAllListedAreNotDeleted(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"the parent is gone": {http.StatusNotFound, `{"errors":[{"code":"not_found"}]}`},
		"one without a key":  {http.StatusOK, `{"data":[{"id":"x","v":"a"},{"v":"a"}],"total":2}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.api.event("events", "1", "a", -3600)
			w.api.put("notes/1", "a", "x", "y")
			w.once(only("events", "notes"))
			w.news("events")
			w.news("notes")
			w.api.event("events", "1", "b", 0)
			w.api.intercept(func(r *http.Request) (int, string) {
				if r.URL.Path == "/events/1/notes" {
					return answer.status, answer.body
				}
				return 0, ""
			})
			w.once(only("events", "notes"))
			w.wantNews("events", "u 1")
			w.wantNews("notes", "")
		})
	}
}

// A list that lacks what the API counts is no success: the parent waits for its children, and nothing is deleted.
func TestChildrenThatAreCountedAndNotListed(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	w.api.put("notes/1", "a", "x", "y")
	w.once(only("events", "notes"))
	w.news("events")
	w.news("notes")
	w.api.event("events", "1", "b", 0)
	short := true
	w.api.intercept(func(r *http.Request) (int, string) {
		if short && r.URL.Path == "/events/1/notes" {
			return http.StatusOK, `{"data":[{"id":"x","v":"b"}],"total":2}`
		}
		return 0, ""
	})
	failures := w.failures(w.try(only("events", "notes")))
	var api *extract.Error
	if !errors.As(failures["notes"], &api) || api.Kind != extract.KindIncomplete {
		t.Errorf("failures: %v", failures)
	}
	w.wantNews("events", "")
	w.wantNews("notes", "")
	short = false
	w.once(only("events", "notes"))
	w.wantNews("events", "u 1")
	w.wantNews("notes", "")
}

func TestIncrementalResourcesAreNotDeletedByAbsence(t *testing.T) {
	w := newWorld(t)
	for _, resource := range []string{"events", "logs"} {
		w.api.event(resource, "1", "a", -3600)
		w.api.event(resource, "2", "a", -100)
	}
	w.once(only("events", "logs"))
	w.news("events")
	w.news("logs")
	w.api.remove("events", "1", "2")
	w.api.remove("logs", "1", "2")
	w.once(only("events", "logs"))
	w.wantNews("events", "")
	w.wantNews("logs", "")
}

// The share that may be deleted is a pass's, not a process's.
func TestDeletesOfManyPassesDoNotAddUp(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	w.api.put("notes/1", "a", ids(1, 20)...)
	s := w.stream(only("events", "notes"))
	s.pause()
	w.news("notes")
	for _, id := range ids(1, 12) {
		w.api.remove("notes/1", id)
		w.api.event("events", "1", "without "+id, 0)
		s.pass()
		w.wantNews("notes", "d 1/"+id)
	}
}
