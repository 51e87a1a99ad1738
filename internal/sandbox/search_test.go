package sandbox

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// ask searches and returns the ids found, or fails the test.
func (c *client) ask(resource, list, query string) map[string]map[string]any {
	c.t.Helper()
	out := map[string]map[string]any{}
	for _, r := range c.searchAll(resource, list, query, "ascending", 150) {
		out[fmt.Sprint(r["id"])] = r
	}
	return out
}

// expect compares what a search finds with what a plain look at the data finds.
func expect(t *testing.T, api *API, found map[string]map[string]any, resource string, fits func(*object) bool) {
	t.Helper()
	wanted := 0
	for _, o := range api.data.all[resource].order {
		if fits(o) {
			wanted++
			if found[o.id] == nil {
				t.Errorf("%s %s is missing", resource, o.id)
			}
		}
	}
	if wanted != len(found) {
		t.Errorf("%s: found %d, want %d", resource, len(found), wanted)
	}
	if wanted == 0 || wanted == len(api.data.all[resource].order) {
		t.Errorf("%s: the search tells nothing: %d records fit", resource, wanted)
	}
}

// middle returns the updated_at in the middle of a resource's records.
func middle(api *API, resource string) int64 {
	order := api.data.all[resource].order
	return order[len(order)/3].updated
}

func TestContactsAreSearchedByCalendarDayOfTheWorkspace(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Seed: 3})
	zone, err := time.LoadLocation(DefaultZone)
	if err != nil {
		t.Fatal(err)
	}
	// Contacts at 1, 3 and 5 o'clock of one day in New York, which in UTC began at another hour; the search names the
	// second of them. Later ones follow on the next day.
	at := epoch.Add(5 * time.Hour).Unix()
	for _, hours := range []time.Duration{3, 2, 2, 24} {
		clk.advance(hours * time.Hour)
		if _, err := api.Create(contacts, 2); err != nil {
			t.Fatal(err)
		}
	}
	y, m, d := time.Unix(at, 0).In(zone).Date()
	start, next := time.Date(y, m, d, 0, 0, 0, 0, zone).Unix(), time.Date(y, m, d+1, 0, 0, 0, 0, zone).Unix()
	for operator, fits := range map[string]func(*object) bool{
		"=": func(o *object) bool { return o.updated >= start && o.updated < next },
		">": func(o *object) bool { return o.updated >= next },
		"<": func(o *object) bool { return o.updated < start },
	} {
		query := fmt.Sprintf(`{"field":"updated_at","operator":%q,"value":%d}`, operator, at)
		expect(t, api, c.ask(contacts, "data", query), contacts, fits)
	}
	either := fmt.Sprintf(`{"operator":"OR","value":[{"field":"updated_at","operator":">","value":"%d"},{"field":"updated_at","operator":"=","value":"%d"}]}`, at, at)
	expect(t, api, c.ask(contacts, "data", either), contacts, func(o *object) bool { return o.updated >= start })
	for _, operator := range []string{">=", "<=", "!=", "IN", "NIN", "~"} {
		body := fmt.Sprintf(`{"query":{"field":"created_at","operator":%q,"value":[1]}}`, operator)
		if a := c.post("/contacts/search", body); a.status != http.StatusBadRequest || a.code() != "parameter_invalid" {
			t.Errorf("operator %s on a date of contacts: %d %s", operator, a.status, a.raw)
		}
	}
}

func TestConversationsAndTicketsAreSearchedByTheSecond(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Seed: 4})
	for _, resource := range []string{conversations, tickets} {
		at := middle(api, resource)
		for operator, fits := range map[string]func(*object) bool{
			"=":  func(o *object) bool { return o.updated == at },
			"!=": func(o *object) bool { return o.updated != at },
			">":  func(o *object) bool { return o.updated > at },
			"<":  func(o *object) bool { return o.updated < at },
			">=": func(o *object) bool { return o.updated >= at },
			"<=": func(o *object) bool { return o.updated <= at },
		} {
			query := fmt.Sprintf(`{"field":"updated_at","operator":%q,"value":%d}`, operator, at)
			expect(t, api, c.ask(resource, resource, query), resource, fits)
		}
		in := fmt.Sprintf(`{"field":"updated_at","operator":"IN","value":[%d,1]}`, at)
		expect(t, api, c.ask(resource, resource, in), resource, func(o *object) bool { return o.updated == at })
	}
}

func TestSearchOfOtherFields(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Seed: 5})
	person := func(fits func(contact) bool) func(*object) bool {
		return func(o *object) bool { return fits(api.data.contact(o)) }
	}
	expect(t, api, c.ask(contacts, "data", `{"field":"role","operator":"=","value":"lead"}`), contacts, person(func(c contact) bool { return c.Role == "lead" }))
	expect(t, api, c.ask(contacts, "data", `{"field":"name","operator":"~","value":"MÜLL"}`), contacts, person(func(c contact) bool { return c.Name != nil && strings.Contains(*c.Name, "Müll") }))
	expect(t, api, c.ask(contacts, "data", `{"field":"phone","operator":"=","value":null}`), contacts, person(func(c contact) bool { return c.Phone == nil }))
	expect(t, api, c.ask(contacts, "data", `{"field":"custom_attributes.plan","operator":"IN","value":["team","free"]}`), contacts, person(func(c contact) bool {
		return c.CustomAttributes["plan"] == "team" || c.CustomAttributes["plan"] == "free"
	}))
	expect(t, api, c.ask(conversations, conversations, `{"field":"open","operator":"!=","value":true}`), conversations, func(o *object) bool { return !api.data.conversation(o).Open })
	expect(t, api, c.ask(conversations, conversations, `{"field":"source.body","operator":"=","value":"webhooks"}`), conversations, func(o *object) bool {
		return strings.Contains(api.data.conversation(o).Source.Body, "webhooks")
	})
	expect(t, api, c.ask(tickets, tickets, `{"operator":"AND","value":[{"field":"state","operator":"NIN","value":["resolved"]},{"field":"category","operator":"^","value":"cust"}]}`), tickets, func(o *object) bool {
		shape := api.data.ticket(o)
		return shape.TicketState != "resolved" && shape.Category == "Customer"
	})
}

func TestSearchRefusesBadQueries(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 10})
	filter := `{"field":"created_at","operator":">","value":1}`
	group := func(inner string) string { return `{"operator":"AND","value":[` + inner + `]}` }
	many := strings.TrimSuffix(strings.Repeat(filter+",", 16), ",")
	for body, code := range map[string]string{
		`{`:               "bad_request",
		`{}`:              "parameter_missing",
		`{"query":"all"}`: "parameter_invalid",
		`{"query":` + group(group(group(filter))) + `}`:                                               "parameter_invalid",
		`{"query":` + group(many) + `}`:                                                               "parameter_invalid",
		`{"query":` + group("") + `}`:                                                                 "parameter_invalid",
		`{"query":{"operator":"XOR","value":[` + filter + `]}}`:                                       "parameter_invalid",
		`{"query":{"field":"shoe_size","operator":"=","value":1}}`:                                    "parameter_invalid",
		`{"query":{"field":"created_at","operator":"=","value":"soon"}}`:                              "type_mismatch",
		`{"query":{"field":"state","operator":"IN","value":"open"}}`:                                  "parameter_invalid",
		`{"query":{"field":"open","operator":">","value":true}}`:                                      "parameter_invalid",
		`{"query":` + filter + `,"pagination":{"per_page":151}}`:                                      "parameter_invalid",
		`{"query":` + filter + `,"pagination":{"per_page":0}}`:                                        "parameter_invalid",
		`{"query":` + filter + `,"pagination":{"starting_after":"215472856448646"}}`:                  "parameter_invalid",
		`{"query":` + filter + `,"pagination":{"starting_after":"` + encode64(`[1,"2"]`) + `"}}`:      "parameter_invalid",
		`{"query":` + filter + `,"pagination":{"starting_after":"` + encode64(`[1,"",2,"x"]`) + `"}}`: "parameter_invalid",
		`{"query":` + filter + `,"sort":{"field":"updated_at","order":"upwards"}}`:                    "invalid_sort_order",
		`{"query":` + filter + `,"sort":{"field":"updated_at","order":"asc"}}`:                        "invalid_sort_order",
		`{"query":` + filter + `,"sort":{"field":"title","order":"ascending"}}`:                       "parameter_invalid",
	} {
		if a := c.post("/conversations/search", body); a.status != http.StatusBadRequest || a.code() != code {
			t.Errorf("%s: %d %s, want 400 %s", body, a.status, a.raw, code)
		}
	}
	for _, body := range []string{`{"query":` + group(group(filter)) + `}`, `{"query":` + group(strings.TrimSuffix(strings.Repeat(filter+",", 15), ",")) + `,"pagination":{"per_page":150}}`} {
		if a := c.post("/conversations/search", body); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
}

func encode64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestSortWordsOfVersions(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 10})
	for version, status := range map[string]int{"2.11": 200, "2.15": 200, "2.16": 400, "Preview": 400} {
		for _, order := range []string{"asc", "desc"} {
			req := c.request(http.MethodPost, "/contacts/search", []byte(`{"query":`+everything+`,"sort":{"field":"created_at","order":"`+order+`"}}`))
			req.Header.Set("Intercom-Version", version)
			if a := c.do(req); a.status != status || (status == 400 && a.code() != "invalid_sort_order") {
				t.Errorf("version %s, order %s: %d %s", version, order, a.status, a.raw)
			}
		}
	}
}
