package sandbox

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// diff returns the keys whose records differ between two truths.
func diff(before, after map[string]json.RawMessage) []string {
	var keys []string
	for key, doc := range before {
		if string(after[key]) != string(doc) {
			keys = append(keys, key)
		}
	}
	for key := range after {
		if _, ok := before[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func truths(api *API) map[string]map[string]json.RawMessage {
	out := map[string]map[string]json.RawMessage{}
	for _, resource := range Resources() {
		out[resource] = api.Truth(resource)
	}
	return out
}

// alsoChanged lists which other resources a change of one shows in: a part's conversation, a segment's memberships.
func alsoChanged(resource, verb string) []string {
	switch {
	case resource == conversationParts:
		return []string{conversations}
	case resource == conversations:
		return []string{conversationParts}
	case resource == segments && verb != "create", resource == companies && verb == "delete":
		return []string{companySegments}
	}
	return nil
}

func TestAChangeTouchesExactlyTheKeysItNames(t *testing.T) {
	t.Parallel()
	for _, resource := range Resources() {
		for _, verb := range []string{"change", "create", "delete"} {
			api, _, clk := newTestAPI(t, APIConfig{Seed: 12, Size: 60})
			do := map[string]func(string, int) ([]string, error){"change": api.Change, "create": api.Create, "delete": api.Delete}[verb]
			before := truths(api)
			clk.advance(time.Minute)
			keys, err := do(resource, 2)
			if resource == activityLogs && verb == "delete" {
				if err == nil {
					t.Error("activity logs were deleted")
				}
				continue
			}
			if err != nil || len(keys) != 2 {
				t.Fatalf("%s %s: %v, %v", verb, resource, keys, err)
			}
			slices.Sort(keys)
			for other, after := range truths(api) {
				got := diff(before[other], after)
				switch {
				case other == resource && !reflect.DeepEqual(got, keys):
					t.Errorf("%s %s: said %v, changed %v", verb, resource, keys, got)
				case other != resource && len(got) > 0 && !slices.Contains(alsoChanged(resource, verb), other):
					t.Errorf("%s %s changed %s %v, too", verb, resource, other, got)
				}
			}
			for _, key := range keys {
				doc, there := api.Truth(resource)[key]
				if verb == "delete" && there {
					t.Errorf("%s %s is still there", resource, key)
				}
				if verb == "change" && resource == contacts && !strings.Contains(string(doc), fmt.Sprintf(`"updated_at":%d`, epoch.Unix()+60)) {
					t.Errorf("updated_at did not move: %s", doc)
				}
			}
		}
	}
}

func TestChangesInOneSecondDiffer(t *testing.T) {
	t.Parallel()
	for _, resource := range Resources() {
		api, _, _ := newTestAPI(t, APIConfig{Seed: 13, Size: 30})
		keys, err := api.Change(resource, 1)
		if err != nil || len(keys) == 0 {
			t.Fatalf("%s: %v %v", resource, keys, err)
		}
		if resource == activityLogs || resource == companySegments {
			continue // these come and go
		}
		for range 3 {
			before := api.Truth(resource)
			if err := api.ChangeKey(resource, keys[0]); err != nil {
				t.Fatal(err)
			}
			if got := diff(before, api.Truth(resource)); !slices.Contains(got, keys[0]) {
				t.Errorf("%s %s did not change", resource, keys[0])
			}
		}
	}
}

func TestManyMembershipsChangeOnceEach(t *testing.T) {
	t.Parallel()
	api, _, _ := newTestAPI(t, APIConfig{Seed: 15, Size: 30}) // 5 companies, 8 segments: 40 pairs
	before := api.Truth(companySegments)
	keys, err := api.Change(companySegments, 30)
	slices.Sort(keys)
	if got := diff(before, api.Truth(companySegments)); err != nil || len(keys) != 30 || !reflect.DeepEqual(got, keys) {
		t.Errorf("said %d, changed %d, %v", len(keys), len(got), err)
	}
}

func TestAPartsChangeMovesItsConversation(t *testing.T) {
	t.Parallel()
	api, _, clk := newTestAPI(t, APIConfig{Size: 30})
	for _, do := range []func(string, int) ([]string, error){api.Change, api.Create, api.Delete} {
		clk.advance(time.Minute)
		keys, err := do(conversationParts, 1)
		if err != nil {
			t.Fatal(err)
		}
		parent, _, _ := splitKey(keys[0])
		if got := api.data.all[conversations].byID[parent].updated; got != api.cfg.Now().Unix() {
			t.Errorf("conversation %s was updated at %d", parent, got)
		}
	}
}

func TestOnlyTheNewest500PartsAreShown(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Size: 10})
	id := api.data.all[conversations].order[0].id
	had := len(api.data.all[conversations].byID[id].parts)
	keys, err := api.CreateUnder(conversationParts, id, 505)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := c.get("/conversations/" + id).body[conversationParts].(map[string]any)
	parts := answer{body: list}.records(conversationParts)
	if len(parts) != 500 || fmt.Sprint(list["total_count"]) != fmt.Sprint(had+505) {
		t.Fatalf("%d parts, total %v", len(parts), list["total_count"])
	}
	if newest := joinKey(id, fmt.Sprint(parts[499]["id"])); newest != keys[504] {
		t.Errorf("the last part is %s, want %s", newest, keys[504])
	}
	wantTruth(t, api, c, conversationParts)
}

func TestSetLaysAMemberOverTheRecord(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Size: 30})
	for _, resource := range Resources() {
		if resource == companySegments {
			continue
		}
		keys := diff(nil, api.Truth(resource))
		clk.advance(time.Minute)
		if err := api.Set(resource, keys[0], "custom.deep.value", json.RawMessage(`[1,"two",null]`)); err != nil {
			t.Fatal(err)
		}
		doc, err := decodeObject(api.Truth(resource)[keys[0]])
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(doc["custom"]); got != "map[deep:map[value:[1 two <nil>]]]" {
			t.Errorf("%s: %s", resource, got)
		}
		wantTruth(t, api, c, resource)
	}
	for _, err := range []error{
		api.Set(companySegments, "a/b", "name", json.RawMessage(`"x"`)), api.Set(contacts, "nobody", "name", json.RawMessage(`"x"`)),
		api.Set(tags, tagID(0), "name", json.RawMessage(`x`)), api.Set(tags, tagID(0), "", json.RawMessage(`1`)), api.Set("shoes", "1", "size", json.RawMessage(`1`)),
	} {
		if err == nil {
			t.Error("a set that cannot be was done")
		}
	}
}

func TestChurnFollowsTheClock(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Seed: 14, Size: 60, Churn: 2 * time.Second})
	before := truths(api)
	clk.advance(2*time.Second - 1)
	if got := diff(before[conversationParts], api.Truth(conversationParts)); len(got) != 0 {
		t.Fatalf("%v changed before the first tick", got)
	}
	clk.advance(10 * time.Minute)
	if len(c.crawl(conversations)) == len(before[conversations]) { // an ordinary request sees what was due
		t.Error("no conversation was begun in ten minutes")
	}
	for resource, was := range before {
		if resource != teams && resource != segments && len(diff(was, api.Truth(resource))) == 0 {
			t.Errorf("%s did not change in ten minutes", resource)
		}
	}
	for _, o := range api.data.all[contacts].order {
		if o.updated > api.cfg.Now().Unix() {
			t.Errorf("contact %s was updated in the future", o.id)
		}
	}
	api.SetChurn(0)
	still := truths(api)
	clk.advance(time.Hour)
	for _, resource := range Resources() {
		if len(diff(still[resource], api.Truth(resource))) != 0 {
			t.Errorf("%s changed although churn is off", resource)
		}
		wantTruth(t, api, c, resource)
	}
}

func TestChurnAfterALongPauseIsBounded(t *testing.T) {
	t.Parallel()
	api, _, clk := newTestAPI(t, APIConfig{Size: 20, Churn: time.Second})
	clk.advance(1000 * 24 * time.Hour)
	before := api.data.moves
	api.Count()
	if got := api.data.moves - before; got < churnBacklog || got > churnBacklog*20 {
		t.Errorf("%d changes were made up for", got)
	}
}

// What was rendered beforehand is as good as rendered now, and no longer good after a change.
func TestPrepared(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Size: 60})
	before := api.Truth(contacts)
	api.Prepare(contacts)
	wantTruth(t, api, c, contacts)
	if !reflect.DeepEqual(before, api.Truth(contacts)) {
		t.Error("records look different when they are prepared")
	}
	clk.advance(time.Minute)
	keys, err := api.Change(contacts, 1)
	if err != nil {
		t.Fatal(err)
	}
	if string(before[keys[0]]) == string(api.Truth(contacts)[keys[0]]) {
		t.Error("a change is not seen")
	}
	api.Prepare(contacts)
	prepared := api.Truth(contacts)
	api.SetChurn(time.Second)
	clk.advance(time.Minute)
	if reflect.DeepEqual(prepared, api.Truth(contacts)) {
		t.Error("a change by itself is not seen")
	}
}
