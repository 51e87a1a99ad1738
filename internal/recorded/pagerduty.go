package recorded

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// PagerDuty starts the API of one account.
func PagerDuty(key string) *Server {
	check := func(r *http.Request) string {
		switch {
		case r.Header.Get("Authorization") != "Token token="+key:
			return "Authorization"
		case r.Header.Get("Accept") != "application/vnd.pagerduty+json;version=2":
			return "Accept"
		}
		return ""
	}
	total := map[string]string{"total": "=true"}
	routes := map[string]func(*call){
		"/users":              pagerDutyList("users", total),
		"/services":           pagerDutyList("services", map[string]string{"total": "=true", "sort_by": "=name:asc", "time_zone": "=UTC"}),
		"/priorities":         pagerDutyList("priorities", total),
		"/incidents":          pagerDutyList("incidents", map[string]string{"since": "", "until": "", "sort_by": "=created_at:asc", "time_zone": "=UTC"}),
		"/log_entries":        pagerDutyList("log_entries", map[string]string{"since": "", "until": "", "time_zone": "=UTC"}),
		"/incidents/*/alerts": pagerDutyAlerts,
		"/incidents/*/notes":  pagerDutyNotes,
	}
	for path, serve := range routes {
		routes[path] = func(c *call) {
			c.w.Header().Set("ratelimit-limit", "960")
			c.w.Header().Set("ratelimit-remaining", "958")
			c.w.Header().Set("ratelimit-reset", strconv.Itoa(60-c.now().Second()))
			serve(c)
		}
	}
	return start("pagerduty", check, routes)
}

// pagerDutyList serves a list, or what of it was created in a range of time that is not too long.
func pagerDutyList(name string, params map[string]string) func(*call) {
	allowed := map[string]string{"limit": "=100", "offset": ""}
	maps.Copy(allowed, params)
	return func(c *call) {
		if !c.allows(allowed) {
			return
		}
		records := c.Records(name, "")
		if _, byTime := params["since"]; byTime {
			since, ok := c.time("since")
			if !ok {
				return
			}
			until, ok := c.time("until")
			if !ok {
				return
			}
			if until.Sub(since) > 180*24*time.Hour {
				c.refuse("the range is longer than six months")
				return
			}
			records = slices.DeleteFunc(records, func(r json.RawMessage) bool {
				t := fieldTime(r, "created_at")
				return t.Before(since) || !t.Before(until)
			})
		}
		c.pagerDutyPage(name, records)
	}
}

func pagerDutyAlerts(c *call) {
	if !c.allows(map[string]string{"limit": "=100", "offset": "", "sort_by": "=created_at:asc"}) {
		return
	}
	if records := c.Records("alerts", c.parts[0]); records != nil {
		c.pagerDutyPage("alerts", records)
		return
	}
	c.recorded("not found")
}

func (c *call) pagerDutyPage(name string, records []json.RawMessage) {
	offset := c.number("offset", 0)
	if offset+100 > 10_000 {
		c.refuse("offset and limit are more than 10000")
		return
	}
	page, more := slice(records, offset)
	body := map[string]any{name: page, "limit": 100, "offset": offset, "more": more, "total": nil}
	if c.query.Get("total") == "true" {
		body["total"] = len(records)
	}
	c.reply(http.StatusOK, body)
}

// pagerDutyNotes answers with all of an incident's notes.
func pagerDutyNotes(c *call) {
	if !c.allows(nil) {
		return
	}
	if records := c.Records("notes", c.parts[0]); records != nil {
		c.reply(http.StatusOK, map[string]any{"notes": records})
		return
	}
	c.recorded("not found")
}
