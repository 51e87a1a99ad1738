package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func instant(t *testing.T, r map[string]any, member string) int64 {
	t.Helper()
	n, ok := r[member].(json.Number)
	if !ok {
		t.Fatalf("%s of %v is no number", member, r["id"])
	}
	at, err := n.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestPagesAreSortedCompleteAndWithoutRepeats(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Seed: 6})
	for _, resource := range []string{contacts, conversations, tickets} {
		for _, sort := range []string{"updated_at", "created_at"} {
			for _, order := range []string{"ascending", "descending"} {
				list, seen, last, after := resource, map[string]bool{}, int64(-1), ""
				if resource == contacts {
					list = "data"
				}
				for pageNumber := 1; ; pageNumber++ {
					a := c.post("/"+resource+"/search", fmt.Sprintf(`{"query":%s,"sort":{"field":%q,"order":%q},"pagination":{"per_page":7%s}}`, everything, sort, order, after))
					for _, r := range a.records(list) {
						at := instant(t, r, sort)
						if last >= 0 && (order == "ascending" && at < last || order == "descending" && at > last) {
							t.Fatalf("%s by %s %s: %d comes after %d", resource, sort, order, at, last)
						}
						last = at
						if id := fmt.Sprint(r["id"]); seen[id] {
							t.Fatalf("%s %s comes twice", resource, id)
						} else {
							seen[id] = true
						}
					}
					pages, _ := a.body["pages"].(map[string]any)
					if fmt.Sprint(pages["page"]) != fmt.Sprint(pageNumber) {
						t.Fatalf("%s: page %v, want %d", resource, pages["page"], pageNumber)
					}
					if a.next() == nil {
						break
					}
					after = fmt.Sprintf(`,"starting_after":%q`, a.next()["starting_after"])
				}
				if len(seen) != len(api.data.all[resource].order) {
					t.Errorf("%s by %s %s: %d records of %d", resource, sort, order, len(seen), len(api.data.all[resource].order))
				}
			}
		}
	}
}

func TestTheEndOfASearch(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 10})
	for resource, explicit := range map[string]bool{contacts: false, tickets: false, conversations: true} {
		a := c.post("/"+resource+"/search", `{"query":`+everything+`,"pagination":{"per_page":150}}`)
		pages, _ := a.body["pages"].(map[string]any)
		next, present := pages["next"]
		if next != nil || present != explicit {
			t.Errorf("%s: next %v, present %v", resource, next, present)
		}
		nothing := c.post("/"+resource+"/search", `{"query":{"field":"updated_at","operator":"<","value":1}}`)
		pages, _ = nothing.body["pages"].(map[string]any)
		if fmt.Sprintf("%v %v %v", nothing.body["total_count"], pages["total_pages"], pages["next"]) != "0 0 <nil>" {
			t.Errorf("empty search of %s: %s", resource, nothing.raw)
		}
	}
	if a := c.post("/contacts/search", `{"query":`+everything+`}`); fmt.Sprint(a.body["total_count"]) != "10" {
		t.Errorf("total_count: %s", a.raw)
	}
}

func TestDefaultPageSizes(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 300})
	for resource, want := range map[string]int{contacts: 50, conversations: 20, tickets: 20} {
		list := resource
		if resource == contacts {
			list = "data"
		}
		// What stands in the URL and pagination.page have no effect.
		a := c.post("/"+resource+"/search?per_page=3&starting_after=x", `{"query":`+everything+`,"pagination":{"page":2}}`)
		if n := len(a.records(list)); n != want {
			t.Errorf("%s: %d records, want %d", resource, n, want)
		}
	}
}

func TestCursorOfAnotherSortMakesTheServerStumble(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 50})
	body := `{"query":` + everything + `,"sort":{"field":"updated_at","order":"ascending"},"pagination":{"per_page":5%s}}`
	a := c.post("/contacts/search", fmt.Sprintf(body, ""))
	after := fmt.Sprintf(`,"starting_after":%q`, a.next()["starting_after"])
	for _, other := range []string{strings.Replace(body, "ascending", "descending", 1), strings.Replace(body, `"field":"updated_at","order"`, `"field":"created_at","order"`, 1)} {
		if got := c.post("/contacts/search", fmt.Sprintf(other, after)); got.status != http.StatusInternalServerError || got.code() != "server_error" {
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
}

func TestCursorIsStateless(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Size: 50})
	body := `{"query":` + everything + `,"sort":{"field":"updated_at","order":"ascending"},"pagination":{"per_page":5%s}}`
	first := c.post("/contacts/search", fmt.Sprintf(body, ""))
	records := first.records("data")
	moved := fmt.Sprint(records[4]["id"]) // the record that the cursor points behind moves to the end
	clk.advance(time.Hour)
	if err := api.ChangeKey(contacts, moved); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	after := fmt.Sprintf(`,"starting_after":%q`, first.next()["starting_after"])
	for after != "" {
		a := c.post("/contacts/search", fmt.Sprintf(body, after))
		for _, r := range a.records("data") {
			seen[fmt.Sprint(r["id"])]++
		}
		after = ""
		if a.next() != nil {
			after = fmt.Sprintf(`,"starting_after":%q`, a.next()["starting_after"])
		}
	}
	if len(seen) != 46 || seen[moved] != 1 {
		t.Errorf("after the first page there were %d records, the moved one %d times", len(seen), seen[moved])
	}
}

func TestNewContactsBecomeSearchableLater(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Size: 20, SearchDelay: 2 * time.Minute})
	keys, err := api.Create(contacts, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.crawl(contacts)[keys[0]] != nil {
		t.Error("the contact is found at once")
	}
	clk.advance(2 * time.Minute)
	if c.crawl(contacts)[keys[0]] == nil {
		t.Error("the contact is not found after two minutes")
	}
}
