package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/internal/recorded"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// example is a source file of docs/examples on a stand-in for its API.
type example struct {
	*world
	api *recorded.Server
	env map[string]string
	// truth is what the topics hold, by resource.
	truth map[string]expected
}

// expected is what a topic holds.
type expected struct {
	keys    []string // fields of the key
	records []map[string]any
}

// newExample starts nothing but the servers. settings get the API's address.
func newExample(t *testing.T, name string, api *recorded.Server, settings map[string]string) *example {
	t.Helper()
	t.Cleanup(api.Close)
	x := &example{world: newWorld(t, embedded(t), sandbox.APIConfig{Seed: 1, Size: 1}), api: api, env: settings, truth: map[string]expected{}}
	maps.Copy(x.env, map[string]string{"HEADWATER_SOURCE": "../../docs/examples/" + name + ".yaml", "SOURCE_BASE_URL": api.URL(), "SOURCE_ACCESS_TOKEN": ""})
	t.Cleanup(func() {
		if refused := api.Refused(); len(refused) > 0 {
			t.Errorf("the API would have refused:\n%s", strings.Join(refused, "\n"))
		}
	})
	return x
}

// holds says that a resource's topic holds the records of a file, with these fields of a parent.
func (x *example) holds(resource, file, of string, parent map[string]any, parentKey ...string) {
	e := x.truth[resource]
	e.keys = append(slices.Clone(parentKey), "id")
	for _, text := range x.api.Records(file, of) {
		record, _ := parseJSON(text).(map[string]any)
		maps.Copy(record, parent)
		e.records = append(e.records, record)
	}
	x.truth[resource] = e
}

func (x *example) run(code int, args ...string) *process {
	x.t.Helper()
	p := x.startWith(x.env, append(append([]string{"run"}, args...), "--once")...)
	p.ends(code, once)
	return p
}

// equals compares all topics with what they should hold.
func (x *example) equals() {
	x.t.Helper()
	topics := x.read(x.topics(slices.Collect(maps.Keys(x.truth)))...)
	for resource, want := range x.truth {
		truth := map[string]map[string]any{}
		for _, record := range want.records {
			var parts []string
			for _, name := range want.keys {
				parts = append(parts, fmt.Sprint(record[name]))
			}
			truth[strings.Join(parts, "/")] = record
		}
		got := map[string]bool{}
		for _, r := range topics[x.topic(resource)] {
			record, there := truth[r.key]
			if got[r.key] || !there || r.value == nil {
				x.t.Errorf("%s: %s %v: twice, or not in the API", resource, r.key, r.headers)
				continue
			}
			got[r.key] = true
			s, value, err := x.decode(r.value)
			if err != nil {
				x.t.Fatal(err)
			}
			text, err := json.Marshal(record)
			if err != nil {
				x.t.Fatal(err)
			}
			for _, difference := range compare(s, value, text, want.keys) {
				x.t.Errorf("%s: %s%s", resource, r.key, difference)
			}
		}
		if len(got) != len(truth) {
			x.t.Errorf("%s: %d records, want %d", resource, len(got), len(truth))
		}
	}
	x.noDeadLetters()
}

// silent runs once more, which publishes nothing.
func (x *example) silent(args ...string) {
	x.t.Helper()
	topics := append(x.topics(slices.Collect(maps.Keys(x.truth))), x.topic("_dead_letters"))
	m := x.marks(topics...)
	x.run(0, args...)
	for topic, records := range x.since(m, topics...) {
		x.t.Errorf("%s: %d records were appended; the first: %s %v", topic, len(records), records[0].key, records[0].headers)
	}
}

func gitHub(t *testing.T) *example {
	t.Helper()
	token := "secret-" + random()
	x := newExample(t, "github", recorded.GitHub(token), map[string]string{"SOURCE_TOKEN": token, "SOURCE_ORGANIZATION": "acme", "SOURCE_REPOSITORY": "rockets"})
	x.token = token
	return x
}

// Everything that the example describes arrives, as the API has it; a second run finds nothing new.
func TestGitHubExample(t *testing.T) {
	t.Parallel()
	x := gitHub(t)
	for _, name := range []string{"repositories", "labels", "milestones", "releases", "issues", "issue_comments"} {
		x.holds(name, name, "", nil)
	}
	issues := x.truth["issues"]
	issues.records = slices.DeleteFunc(issues.records, func(r map[string]any) bool { return r["pull_request"] != nil })
	for _, r := range issues.records {
		x.holds("issue_events", "issue_events", fmt.Sprint(r["number"]), map[string]any{"issue_id": r["id"], "issue_number": r["number"]}, "issue_id")
		if user, ok := r["user"].(map[string]any); ok {
			r["author"] = user["login"]
		}
		for _, name := range []string{"repository_url", "labels_url", "comments_url", "events_url"} {
			delete(r, name)
		}
	}
	x.truth["issues"] = issues
	for _, r := range x.truth["repositories"].records {
		x.holds("repository_contributors", "contributors", fmt.Sprint(r["name"]), map[string]any{"repository_id": r["id"], "repository": r["full_name"]}, "repository_id")
	}
	every := slices.Sorted(maps.Keys(x.truth))
	x.run(0, every...)
	x.equals()
	x.api.Asked()
	x.silent(every...)
	for _, path := range x.api.Asked() {
		if strings.Contains(path, "/events") && !strings.Contains(path, "/issues/6/") { // that one changed in the last minutes
			t.Errorf("an unchanged issue's events are asked for: %s", path)
		}
	}
}

// What is not selected is not read; a limit is waited for; a missing permission stops one resource.
func TestGitHubExampleInTrouble(t *testing.T) {
	t.Parallel()
	x := gitHub(t)
	x.api.Plan("/repos/acme/rockets/issues/comments", "secondary limit, asked")
	x.api.Plan("/repos/acme/rockets/releases", "forbidden", "forbidden", "forbidden")
	p := x.run(1)
	for _, name := range []string{"repositories", "labels", "milestones", "issue_comments"} {
		x.holds(name, name, "", nil)
	}
	x.equals()
	for _, want := range []string{"releases", "Contents: read", "Resource not accessible by personal access token"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("stderr does not say %q:\n%s", want, p.stderr)
		}
	}
	asked := x.api.Asked()
	comments := slices.DeleteFunc(slices.Clone(asked), func(path string) bool { return !strings.HasPrefix(path, "/repos/acme/rockets/issues/comments?") })
	if len(comments) < 2 || comments[0] != comments[1] {
		t.Errorf("the limit was not waited for: comments were asked for by %q", comments)
	}
	for _, path := range asked {
		if strings.Contains(path, "/events") || strings.Contains(path, "/contributors") {
			t.Errorf("asked for %s, which is not selected", path)
		}
	}
	for _, name := range x.existing() {
		if strings.HasSuffix(name, "issue_events") || strings.HasSuffix(name, "repository_contributors") {
			t.Errorf("topic %s of a resource that is not selected", name)
		}
	}
}

func TestPagerDutyExample(t *testing.T) {
	t.Parallel()
	key := "secret-" + random()
	x := newExample(t, "pagerduty", recorded.PagerDuty(key), map[string]string{"SOURCE_API_KEY": key, "SOURCE_START_DATE": "2026-01-25"})
	x.token = key
	for _, name := range []string{"users", "services", "priorities", "incidents", "log_entries"} {
		x.holds(name, name, "", nil)
	}
	for _, r := range x.truth["incidents"].records {
		id := fmt.Sprint(r["id"])
		x.holds("incident_notes", "notes", id, map[string]any{"incident_id": id}, "incident_id")
		x.holds("incident_alerts", "alerts", id, map[string]any{"incident_id": id}, "incident_id")
	}
	every := slices.Sorted(maps.Keys(x.truth))
	x.api.Plan("/services", "limit") // two seconds
	x.run(0, every...)
	x.equals()
	x.silent(every...)
}

// The API answers for six months at once: a longer time is planned without asking for it, and read in the file's windows.
func TestPagerDutyExampleFromLongAgo(t *testing.T) {
	t.Parallel()
	key := "secret-" + random()
	x := newExample(t, "pagerduty", recorded.PagerDuty(key), map[string]string{"SOURCE_API_KEY": key, "SOURCE_START_DATE": "2025-01-01"})
	x.token = key
	x.holds("incidents", "incidents", "", nil)
	x.run(0, "incidents")
	x.equals()
	if n := len(x.api.Asked()); n < 16 { // 14.4 months of 30 days, and a week
		t.Errorf("%d requests", n)
	}
}

// A wrong key is told in one line, before anything is made.
func TestPagerDutyExampleWithAWrongKey(t *testing.T) {
	t.Parallel()
	key := "secret-" + random()
	x := newExample(t, "pagerduty", recorded.PagerDuty(key), map[string]string{"SOURCE_API_KEY": key, "SOURCE_START_DATE": "2026-01-25"})
	x.token = key
	for _, path := range []string{"/users", "/services", "/priorities", "/incidents", "/log_entries"} {
		x.api.Plan(path, "unauthorized", "unauthorized")
	}
	p := x.run(3)
	if line := p.lastLine(); !strings.Contains(line, "Authentication failed") || !strings.Contains(line, "401") {
		t.Errorf("the last line is %q", line)
	}
	if topics := x.existing(); len(topics) > 0 {
		t.Errorf("topics %v", topics)
	}
}
