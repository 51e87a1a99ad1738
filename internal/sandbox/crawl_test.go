package sandbox

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

const everything = `{"field":"updated_at","operator":">","value":0}`

// crawl reads a resource from the first record to the last and returns it by key, as Truth does.
func (c *client) crawl(resource string) map[string]map[string]any {
	c.t.Helper()
	out := map[string]map[string]any{}
	put := func(records []map[string]any, parentKey, parent string) {
		for _, r := range records {
			key := fmt.Sprint(r["id"])
			if strings.HasSuffix(resource, "_attributes") {
				key = fmt.Sprint(r["full_name"])
			}
			if parent != "" {
				key = joinKey(parent, key)
				r[parentKey] = parent
			}
			out[key] = r
		}
	}
	switch resource {
	case contacts:
		put(c.searchAll(contacts, "data", everything, "ascending", 150), "", "")
	case conversations, tickets:
		put(c.searchAll(resource, resource, everything, "ascending", 33), "", "")
	case companies:
		put(c.scrollAll(), "", "")
	case companyAttributes, contactAttributes:
		put(c.get("/data_attributes?model="+strings.TrimSuffix(resource, "_attributes")).records("data"), "", "")
	case tags:
		put(c.get("/tags").records("data"), "", "")
	case activityLogs:
		for path := "/admins/activity_logs?created_at_after=1"; path != ""; {
			a := c.get(path)
			put(a.records(activityLogs), "", "")
			path = nextPath(c, a)
		}
	case conversationParts:
		for id := range c.crawl(conversations) {
			list, _ := c.get("/conversations/" + id).body[conversationParts].(map[string]any)
			put(answer{body: list}.records(conversationParts), "conversation_id", id)
		}
	case companySegments:
		for id := range c.crawl(companies) {
			put(c.get("/companies/"+id+"/segments").records("data"), "company_id", id)
		}
	default:
		put(c.get("/"+resource).records(resource), "", "")
	}
	return out
}

// nextPath returns what follows the base URL in pages.next, "" at the end.
func nextPath(c *client, a answer) string {
	pages, _ := a.body["pages"].(map[string]any)
	next, _ := pages["next"].(string)
	if next == "" {
		return ""
	}
	if !strings.HasPrefix(next, c.base+"/") {
		c.t.Fatalf("pages.next %q is on another host than %q", next, c.base)
	}
	return strings.TrimPrefix(next, c.base)
}

func wantTruth(t *testing.T, api *API, c *client, resource string) {
	t.Helper()
	truth, got := api.Truth(resource), c.crawl(resource)
	if len(truth) == 0 || len(truth) != len(got) {
		t.Fatalf("%s: crawled %d records, truth has %d", resource, len(got), len(truth))
	}
	for key, doc := range truth {
		want, err := decodeObject(doc)
		if err != nil {
			t.Fatalf("%s %s: %v in %s", resource, key, err, doc)
		}
		if !reflect.DeepEqual(want, got[key]) {
			t.Fatalf("%s %s:\n got %v\nwant %v", resource, key, got[key], want)
		}
	}
}

func TestCrawlEqualsTruth(t *testing.T) {
	t.Parallel()
	for prefix, size := range map[string]int{"": DefaultSize, "/v1": 30} {
		api, c, _ := newTestAPI(t, APIConfig{Seed: 1, Size: size, Token: "secret"})
		c.base += prefix
		for _, resource := range Resources() {
			wantTruth(t, api, c, resource)
		}
	}
}

func TestCrawlEqualsTruthAfterEveryKindOfChange(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Seed: 2, Size: 120})
	for _, resource := range Resources() {
		clk.advance(1e9)
		if _, err := api.Change(resource, 3); err != nil {
			t.Fatal(err)
		}
		if _, err := api.Create(resource, 2); err != nil {
			t.Fatal(err)
		}
		if resource != activityLogs {
			if _, err := api.Delete(resource, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, resource := range Resources() {
		wantTruth(t, api, c, resource)
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	first, c1, clk1 := newTestAPI(t, APIConfig{Seed: 7, Size: 90, Churn: 5e9})
	second, c2, clk2 := newTestAPI(t, APIConfig{Seed: 7, Size: 90, Churn: 5e9})
	other, _, _ := newTestAPI(t, APIConfig{Seed: 8, Size: 90})
	clk1.advance(60e9)
	clk2.advance(60e9)
	for _, resource := range Resources() {
		a, b, z := marshal(t, first.Truth(resource)), marshal(t, second.Truth(resource)), marshal(t, other.Truth(resource))
		if a != b {
			t.Errorf("%s: two workspaces of one seed differ", resource)
		}
		if a == z && resource != tags { // tags have the same names everywhere
			t.Errorf("%s: workspaces of two seeds are equal", resource)
		}
	}
	path := "/conversations/" + url.PathEscape(first.data.all[conversations].order[0].id)
	if a, b := c1.get(path), c2.get(path); string(a.raw) != string(b.raw) {
		t.Errorf("answers differ:\n%s\n%s", a.raw, b.raw)
	}
}

func marshal(t *testing.T, v map[string]json.RawMessage) string {
	t.Helper()
	doc, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}
