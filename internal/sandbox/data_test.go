package sandbox

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestProportions(t *testing.T) {
	t.Parallel()
	api, _, _ := newTestAPI(t, APIConfig{})
	got := api.Count()
	for resource, want := range map[string]int{
		contacts: 400, conversations: 200, tickets: 80, companies: 66, activityLogs: 400, admins: 12, teams: 5, tags: 15, segments: 8,
	} {
		if got[resource] != want {
			t.Errorf("%s: %d, want %d", resource, got[resource], want)
		}
	}
	for _, o := range api.data.all[conversations].order {
		if n := len(o.parts); n < 2 || n > 9 {
			t.Errorf("conversation %s has %d parts", o.id, n)
		}
	}
}

func TestTimesLieInTheLastEighteenMonths(t *testing.T) {
	t.Parallel()
	api, _, _ := newTestAPI(t, APIConfig{Seed: 11, Size: 2000})
	now := epoch.Unix()
	for _, resource := range []string{contacts, conversations, tickets, companies, activityLogs, segments} {
		early, late := now, int64(0)
		for _, o := range api.data.all[resource].order {
			if o.created > o.updated || o.updated > now || o.created < now-span-7*day {
				t.Fatalf("%s %s: created %s, updated %s", resource, o.id, time.Unix(o.created, 0), time.Unix(o.updated, 0))
			}
			early, late = min(early, o.updated), max(late, o.updated)
			at := o.created
			for _, p := range o.parts {
				if p.created < at || p.updated > o.updated {
					t.Fatalf("conversation %s: part %d is out of order", o.id, p.id)
				}
				at = p.created
			}
		}
		if resource != segments && (late-early < 300*day || now-late > 10*day) {
			t.Errorf("%s: updated between %s and %s", resource, time.Unix(early, 0), time.Unix(late, 0))
		}
	}
}

func TestManyRecordsShareOneUpdate(t *testing.T) {
	t.Parallel()
	api, _, _ := newTestAPI(t, APIConfig{})
	most, at := 0, map[int64]int{}
	for _, o := range api.data.all[contacts].order {
		at[o.updated]++
		most = max(most, at[o.updated])
	}
	if most <= 150 {
		t.Errorf("the largest group of contacts with one updated_at holds %d: no more than a page", most)
	}
}

// look counts how often something holds for the records of a resource.
func look(t *testing.T, api *API, resource string, fits func(map[string]any) bool) int {
	t.Helper()
	n := 0
	for key, doc := range api.Truth(resource) {
		r, err := decodeObject(doc)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if fits(r) {
			n++
		}
	}
	return n
}

func TestDataHoldsWhatClientsStumbleOver(t *testing.T) {
	t.Parallel()
	api, _, _ := newTestAPI(t, APIConfig{})
	nested := func(r map[string]any, path ...string) any {
		for _, name := range path[:len(path)-1] {
			r, _ = r[name].(map[string]any)
		}
		return r[path[len(path)-1]]
	}
	for what, one := range map[string]struct {
		resource string
		fits     func(map[string]any) bool
	}{
		"names beyond ASCII": {contacts, func(r map[string]any) bool {
			return strings.ContainsFunc(fmt.Sprint(r["name"]), func(c rune) bool { return c > unicode.MaxASCII })
		}},
		"dates beyond 32 bits": {contacts, func(r map[string]any) bool {
			return fmt.Sprint(r["signed_up_at"]) == fmt.Sprint(int64(farFuture)) && farFuture > math.MaxInt32
		}},
		"null dates":                   {contacts, func(r map[string]any) bool { return r["last_seen_at"] == nil }},
		"custom attributes as numbers": {contacts, func(r map[string]any) bool { _, ok := nested(r, "custom_attributes", "seats").(string); return !ok }},
		"custom attributes as text":    {contacts, func(r map[string]any) bool { _, ok := nested(r, "custom_attributes", "seats").(string); return ok }},
		"nested custom attributes":     {contacts, func(r map[string]any) bool { return nested(r, "custom_attributes", "preferences", "theme") != nil }},
		"integers beyond a double":     {contacts, func(r map[string]any) bool { return nested(r, "custom_attributes", "ledger_id") != nil }},
		"nested lists cut at ten": {contacts, func(r map[string]any) bool {
			return nested(r, "tags", "has_more") == true && len(nested(r, "tags", "data").([]any)) == 10
		}},
		"amounts with a fraction":     {companies, func(r map[string]any) bool { return fmt.Sprint(r["monthly_spend"]) == "155.5" }},
		"amounts without":             {companies, func(r map[string]any) bool { return fmt.Sprint(r["monthly_spend"]) == "100" }},
		"attributes without an id":    {contactAttributes, func(r map[string]any) bool { _, ok := r["id"]; return !ok && r["created_at"] == nil }},
		"attributes with one":         {contactAttributes, func(r map[string]any) bool { return r["id"] != nil && r["custom"] == true }},
		"unassigned tickets":          {tickets, func(r map[string]any) bool { return r["admin_assignee_id"] == "0" }},
		"null statistics":             {conversations, func(r map[string]any) bool { return r["statistics"] == nil }},
		"parts without a body":        {conversationParts, func(r map[string]any) bool { return r["body"] == nil }},
		"admins without a title":      {admins, func(r map[string]any) bool { _, ok := r["job_title"]; return !ok }},
		"segments without updated_at": {segments, func(r map[string]any) bool { _, ok := r["updated_at"]; return !ok }},
		"logs without metadata":       {activityLogs, func(r map[string]any) bool { return r["metadata"] == nil }},
	} {
		if look(t, api, one.resource, one.fits) == 0 {
			t.Errorf("%s: no record of %s", what, one.resource)
		}
	}
}

func TestNamesThatRepeat(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Size: 20})
	for resource, twice := range map[string]string{teams: "Support", companyAttributes: "name"} {
		if n := look(t, api, resource, func(r map[string]any) bool { return r["name"] == twice }); n != 2 {
			t.Errorf("%d %s are called %q", n, resource, twice)
		}
	}
	if n := len(c.get("/data_attributes?model=company&include_archived=true").records("data")); n != len(api.Truth(companyAttributes)) {
		t.Errorf("%d attributes", n)
	}
}

func TestChildrenDoNotNameTheirParent(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Size: 50})
	for key := range api.Truth(companySegments) {
		parent, _, _ := splitKey(key)
		for _, r := range c.get("/companies/" + parent + "/segments").records("data") {
			if r["company_id"] != nil {
				t.Fatalf("%v", r)
			}
		}
		break
	}
	conversation := c.get("/conversations/" + api.data.all[conversations].order[0].id)
	list, _ := conversation.body[conversationParts].(map[string]any)
	for _, r := range (answer{body: list}).records(conversationParts) {
		if r["conversation_id"] != nil {
			t.Fatalf("%v", r)
		}
	}
}

func TestOptionsOfListings(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Size: 10})
	if r := c.get("/segments?include_count=true").records(segments)[0]; r["count"] == nil {
		t.Errorf("%v", r)
	}
	if r := c.get("/admins?display_avatar=true").records(admins)[0]; r["avatar"] == nil {
		t.Errorf("%v", r)
	}
	a := c.get("/conversations/" + api.data.all[conversations].order[0].id + "?display_as=plaintext")
	if strings.Contains(string(a.raw), "<p>") || a.body["id"] == nil {
		t.Errorf("%s", a.raw)
	}
}

func TestKeysAreEscapedInParts(t *testing.T) {
	t.Parallel()
	key := joinKey("a/b", "50%2F")
	if key != "a%2Fb/50%252F" {
		t.Errorf("key %q", key)
	}
	if parent, child, ok := splitKey(key); !reflect.DeepEqual([]any{parent, child, ok}, []any{"a/b", "50%2F", true}) {
		t.Errorf("split into %q, %q", parent, child)
	}
}
