package recorded

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// GitHub starts the API of one organization, acme, whose repository rockets has issues.
func GitHub(token string) *Server {
	var sent atomic.Int64
	check := func(r *http.Request) string {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+token:
			return "Authorization"
		case r.Header.Get("Accept") != "application/vnd.github+json":
			return "Accept"
		case r.Header.Get("X-GitHub-Api-Version") != "2022-11-28":
			return "X-GitHub-Api-Version"
		case r.Header.Get("User-Agent") == "":
			return "User-Agent"
		}
		return ""
	}
	limited := func(serve func(c *call)) func(c *call) {
		return func(c *call) {
			c.w.Header().Set("X-RateLimit-Limit", "5000")
			c.w.Header().Set("X-RateLimit-Remaining", strconv.FormatInt(4999-sent.Add(1), 10))
			c.w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(Now.Add(40*time.Minute).Unix(), 10))
			c.w.Header().Set("X-RateLimit-Resource", "core")
			serve(c)
		}
	}
	routes := map[string]func(*call){}
	const rockets, number = "/repos/acme/rockets", "/repositories/730100003"
	for path, serve := range map[string]func(*call){
		"/orgs/acme/repos":           gitHubList("repositories", map[string]string{"type": "=all", "sort": "=full_name", "direction": "=asc"}),
		"/organizations/4101/repos":  gitHubList("repositories", map[string]string{"type": "=all", "sort": "=full_name", "direction": "=asc"}),
		"/repos/acme/*/contributors": gitHubContributors,
		rockets + "/issues/*/events": gitHubEvents,
		rockets + "/labels":          gitHubList("labels", nil),
		rockets + "/milestones":      gitHubList("milestones", map[string]string{"state": "=all"}),
		rockets + "/releases":        gitHubList("releases", nil),
		rockets + "/issues":          gitHubList("issues", map[string]string{"state": "=all", "sort": "=updated", "direction": "=asc", "since": ""}),
		rockets + "/issues/comments": gitHubList("issue_comments", map[string]string{"sort": "=updated", "direction": "=asc", "since": ""}),
	} {
		routes[path] = limited(serve)
		if rest, ok := strings.CutPrefix(path, rockets); ok {
			routes[number+rest] = limited(serve)
		}
	}
	return start("github", check, routes)
}

// gitHubList serves a list, or what changed in it since a time, the oldest change first.
func gitHubList(name string, params map[string]string) func(*call) {
	allowed := map[string]string{"per_page": "=100", "page": ""}
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
			records = slices.DeleteFunc(records, func(r json.RawMessage) bool { return fieldTime(r, "updated_at").Before(since) })
			slices.SortStableFunc(records, func(a, b json.RawMessage) int { return fieldTime(a, "updated_at").Compare(fieldTime(b, "updated_at")) })
		}
		c.gitHubPage(records)
	}
}

// gitHubPage answers with a page and the links to the others: they name a repository, or an organization, by its number.
func (c *call) gitHubPage(records []json.RawMessage) {
	number := max(1, c.number("page", 1))
	page, more := slice(records, (number-1)*pageSize)
	link := func(n int, rel string) string {
		query := c.r.URL.Query()
		query.Set("page", strconv.Itoa(n))
		path := strings.NewReplacer("/repos/acme/rockets/", "/repositories/730100003/", "/orgs/acme/", "/organizations/4101/").Replace(c.r.URL.Path)
		return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, c.URL(), path, query.Encode(), rel)
	}
	var links []string
	if number > 1 {
		links = append(links, link(number-1, "prev"))
	}
	if more {
		links = append(links, link(number+1, "next"), link((len(records)+pageSize-1)/pageSize, "last"))
	}
	if number > 1 {
		links = append(links, link(1, "first"))
	}
	if len(links) > 0 {
		c.w.Header().Set("Link", strings.Join(links, ", "))
	}
	c.reply(http.StatusOK, page)
}

// gitHubContributors answers for a repository without a commit with no content at all.
func gitHubContributors(c *call) {
	if !c.allows(map[string]string{"per_page": "=100", "page": ""}) {
		return
	}
	switch records := c.Records("contributors", c.parts[0]); {
	case records == nil:
		c.recorded("not found")
	case len(records) == 0:
		c.w.Header().Del("Content-Type")
		c.w.WriteHeader(http.StatusNoContent)
	default:
		c.gitHubPage(records)
	}
}

func gitHubEvents(c *call) {
	if !c.allows(map[string]string{"per_page": "=100", "page": ""}) {
		return
	}
	if records := c.Records("issue_events", c.parts[0]); records != nil {
		c.gitHubPage(records)
		return
	}
	c.recorded("not found")
}
