package recorded_test

import (
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// Pages are found by their links, which name the organization or the repository by its number.
func TestGitHubListings(t *testing.T) {
	t.Parallel()
	r := newGitHub(t)
	all := extract.Position{}
	r.reads("repositories", all, "730100001 2147483700 730100002 730100003 730100004", twice(
		"/orgs/acme/repos?type=all&sort=full_name&direction=asc&per_page=100",
		"/organizations/4101/repos?direction=asc&page=2&per_page=100&sort=full_name&type=all",
		"/organizations/4101/repos?direction=asc&page=3&per_page=100&sort=full_name&type=all")...)
	r.reads("labels", all, "208045946 208045947 9208045948", twice(
		"/repos/acme/rockets/labels?per_page=100", "/repositories/730100003/labels?page=2&per_page=100")...)
	// One page holds still.
	r.reads("milestones", all, "1002604 1002605", "/repos/acme/rockets/milestones?state=all&per_page=100")
	r.reads("releases", all, "91000002 91000001", "/repos/acme/rockets/releases?per_page=100")
}

// A window begins with since and is left behind its end; pull requests are told apart, and are not lost to the guards.
func TestGitHubIssues(t *testing.T) {
	t.Parallel()
	r := newGitHub(t)
	first := "/repos/acme/rockets/issues?state=all&sort=updated&direction=asc&since=2026-02-03T11%3A59%3A59Z&per_page=100"
	second := "/repositories/730100003/issues?direction=asc&page=2&per_page=100&since=2026-02-03T11%3A59%3A59Z&sort=updated&state=all"
	records := r.reads("issues", backfill(day(2, 3).Add(12*time.Hour), day(3, 1)), "2900000002 2900000003 2900000004", twice(first, second)...)
	for i, want := range []bool{true, false, false} {
		if records[i].Filtered != want {
			t.Errorf("%s: filtered %t", records[i].Key, records[i].Filtered)
		}
	}
	text := string(records[1].JSON)
	if !strings.Contains(text, `"author":"ada"`) || strings.Contains(text, "labels_url") {
		t.Errorf("the record is %s", text)
	}
	if want := day(2, 3).Add(12 * time.Hour); !records[1].Cursor.Equal(want) {
		t.Errorf("cursor %v", records[1].Cursor)
	}
	live := extract.Position{Phase: extract.PhaseLive, Window: extract.Window{Start: day(3, 20), End: day(3, 21)}, Watermark: day(3, 20)}
	r.reads("issues", live, "2900000007", "/repos/acme/rockets/issues?state=all&sort=updated&direction=asc&since=2026-03-19T23%3A59%3A59Z&per_page=100")
	r.reads("issue_comments", backfill(day(1, 1), day(3, 19)), "1500000001 1500000002", twice(
		"/repos/acme/rockets/issues/comments?sort=updated&direction=asc&since=2025-12-31T23%3A59%3A59Z&per_page=100",
		"/repositories/730100003/issues/comments?direction=asc&page=2&per_page=100&since=2025-12-31T23%3A59%3A59Z&sort=updated")...)
}

// children reads a substream for every record of its parent; gone is told by "-".
func (r *reader) children(resource string, parents []extract.Record) string {
	r.Helper()
	var all []string
	for _, parent := range parents {
		records, complete, gone, err := r.api.Children(r.Context(), r.src.Resource(resource), parent)
		switch {
		case err != nil:
			r.Fatal(err)
		case gone:
			all = append(all, "-")
		case !complete:
			all = append(all, "incomplete")
		case len(records) == 0:
			all = append(all, "none")
		default:
			all = append(all, keysOf(records))
		}
	}
	return strings.Join(all, "; ")
}

func TestGitHubSubstreams(t *testing.T) {
	t.Parallel()
	r := newGitHub(t)
	r.Plan("/repos/acme/kernel/contributors", "too large")
	repositories := r.mustRead("repositories", extract.Position{})
	const contributors = "730100001/1201 730100001/49699333 730100001/88211; none; -; 730100003/88211 730100003/1201; 730100004/1201"
	if got := r.children("repository_contributors", repositories); got != contributors {
		t.Errorf("contributors %s, want %s", got, contributors)
	}
	r.Plan("/repos/acme/rockets/issues/5/events", "gone")
	issues := r.mustRead("issues", backfill(day(1, 1), day(3, 19).Add(10*time.Hour)))
	const events = "2900000001/16000000001 2900000001/16000000002; -; 2900000003/16000000003; 2900000004/16000000004; -"
	if got := r.children("issue_events", issues); got != events {
		t.Errorf("events %s, want %s", got, events)
	}
}

// What GitHub answers when it does not give records, and what the file makes of it.
func TestGitHubRefusals(t *testing.T) {
	t.Parallel()
	const labels, issues = "/repos/acme/rockets/labels", "/repos/acme/rockets/issues"
	for name, test := range map[string]struct {
		path   string
		answer []string
		kind   extract.Kind // 0: it goes on in the end
		words  []string
		slept  time.Duration
		asked  int
	}{
		"the hour is used up":    {labels, []string{"limit"}, 0, nil, 2 * time.Minute, 5}, // a minute at a time, to the reset
		"the hour, by 429":       {labels, []string{"limit 429"}, 0, nil, 2 * time.Minute, 5},
		"too fast":               {labels, []string{"secondary limit"}, 0, nil, time.Minute, 5},
		"too fast, and for long": {labels, []string{"secondary limit, asked"}, 0, nil, 2 * time.Second, 5},
		"no permission":          {labels, []string{"forbidden"}, extract.KindUnauthorized, []string{"Resource not accessible", "Issues: read"}, 0, 1},
		"wrong token":            {labels, []string{"bad credentials"}, extract.KindUnauthorized, []string{"401", "Bad credentials"}, 0, 1},
		"no such repository":     {labels, []string{"not found"}, extract.KindNotFound, []string{"404"}, 0, 1},
		"refused":                {issues, []string{"validation failed"}, extract.KindRejected, []string{"Validation Failed", "since"}, 0, 1},
		"issues are off":         {issues, []string{"gone"}, 0, nil, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newGitHub(t)
			r.Plan(test.path, test.answer...)
			pos, resource := extract.Position{}, "labels"
			if test.path == issues {
				pos, resource = backfill(day(3, 1), day(3, 20)), "issues"
			}
			_, err := r.read(resource, pos)
			if test.kind == 0 && err != nil {
				t.Fatal(err)
			}
			if test.kind != 0 {
				r.failsAs(err, test.kind, test.words...)
			}
			var slept time.Duration
			for _, d := range r.slept {
				slept += d
			}
			if slept.Round(time.Second) != test.slept || len(r.Asked()) != test.asked {
				t.Errorf("slept %v, waits %q", r.slept, r.waits)
			}
		})
	}
}
