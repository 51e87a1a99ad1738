package recorded_test

import (
	"testing"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

func TestPagerDutyListings(t *testing.T) {
	t.Parallel()
	r := newPagerDuty(t)
	all := extract.Position{}
	r.reads("users", all, "PXPGF42 PAM4FGS PHX2LLA", twice("/users?total=true&limit=100&offset=0", "/users?total=true&limit=100&offset=2")...)
	r.reads("services", all, "PIJ90N7 PIJ90N8", "/services?total=true&sort_by=name%3Aasc&time_zone=UTC&limit=100&offset=0")
	r.reads("priorities", all, "PSLWBL1 PSLWBL2", "/priorities?total=true&limit=100&offset=0")
	if got := r.api.Start(r.src.Resource("incidents")); !got.Equal(day(2, 1)) {
		t.Errorf("incidents begin at %v", got)
	}
}

func TestPagerDutyTimes(t *testing.T) {
	t.Parallel()
	r := newPagerDuty(t)
	const window = "since=2026-01-31T23%3A59%3A59Z&until=2026-03-02T00%3A00%3A01Z"
	r.reads("incidents", backfill(day(2, 1), day(3, 2)), "PT4KHL1 PT4KHL2 PT4KHL3", twice(
		"/incidents?sort_by=created_at%3Aasc&time_zone=UTC&"+window+"&limit=100&offset=0",
		"/incidents?sort_by=created_at%3Aasc&time_zone=UTC&"+window+"&limit=100&offset=2")...)
	// In the order of the answer, which is none.
	r.reads("log_entries", backfill(day(2, 1), day(3, 1)), "RRES1 RTRG1 RTRG2", twice(
		"/log_entries?time_zone=UTC&since=2026-01-31T23%3A59%3A59Z&until=2026-03-01T00%3A00%3A01Z&limit=100&offset=0",
		"/log_entries?time_zone=UTC&since=2026-01-31T23%3A59%3A59Z&until=2026-03-01T00%3A00%3A01Z&limit=100&offset=2")...)
	// A second more is asked than the window holds, and left out.
	r.reads("incidents", backfill(day(2, 20), day(3, 1)), "", "/incidents?sort_by=created_at%3Aasc&time_zone=UTC&since=2026-02-19T23%3A59%3A59Z&until=2026-03-01T00%3A00%3A01Z&limit=100&offset=0")
}

func TestPagerDutySubstreams(t *testing.T) {
	t.Parallel()
	r := newPagerDuty(t)
	incidents := r.mustRead("incidents", backfill(day(2, 1), day(3, 19)))
	const notes, alerts = "none; -; PT4KHL3/PWL7QXS PT4KHL3/PWL7QXT; none", "PT4KHL1/Q1; PT4KHL2/Q2; PT4KHL3/Q3 PT4KHL3/Q4 PT4KHL3/Q5; none"
	if got := r.children("incident_notes", incidents); got != notes {
		t.Errorf("notes %s, want %s", got, notes)
	}
	if got := r.children("incident_alerts", incidents); got != alerts {
		t.Errorf("alerts %s, want %s", got, alerts)
	}
}

func TestPagerDutyRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		resource, answer string
		kind             extract.Kind
		words            []string
		slept            time.Duration // -1: by chance
	}{
		"too many a minute":    {"users", "limit", 0, nil, 2 * time.Second},
		"too many, no headers": {"users", "limit, no headers", 0, nil, -1},
		"nothing bought":       {"priorities", "no ability", 0, nil, 0},
		"bought by others":     {"users", "no ability", extract.KindRejected, []string{"402", "2014", "Missing Account Ability", "priorities ability"}, 0},
		"wrong key":            {"users", "unauthorized", extract.KindUnauthorized, []string{"401", "Authentication failed"}, 0},
		"no permission":        {"users", "forbidden", extract.KindUnauthorized, []string{"403", "users.read"}, 0},
		"too long a range":     {"incidents", "bad range", extract.KindRejected, []string{"2005", "Query date range is too long"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newPagerDuty(t)
			r.Plan("/"+test.resource, test.answer)
			pos := extract.Position{}
			if test.resource == "incidents" {
				pos = backfill(day(2, 1), day(3, 1))
			}
			_, err := r.read(test.resource, pos)
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
			if test.slept >= 0 && slept.Round(time.Second) != test.slept {
				t.Errorf("slept %v, waits %q", r.slept, r.waits)
			}
		})
	}
}
