package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/producer"
)

// shown is a line of cat.
type shown struct {
	Key   string         `json:"key"`
	Op    string         `json:"op"`
	TS    string         `json:"ts"`
	Value map[string]any `json:"value"`
}

func parse(t *testing.T, c *command) []shown {
	t.Helper()
	var all []shown
	for _, l := range lines(c.stdout) {
		var s shown
		if err := json.Unmarshal([]byte(l), &s); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		all = append(all, s)
	}
	return all
}

// What cat, state and version show after everything was read once.
func TestLook(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	got := s.once(t)
	if n := strings.Count(got.stderr.String(), " upserts "); n != 13 || !strings.Contains(got.stderr.String(), "\nnext:  ") || got.stdout.String() != "" {
		t.Errorf("the summary has %d resources:\n%s%s", n, got.stderr, got.stdout)
	}
	t.Run("cat", func(t *testing.T) { looksAtRecords(t, s) })
	t.Run("state show", func(t *testing.T) { looksAtState(t, s) })
	t.Run("nothing is published again", func(t *testing.T) {
		again := s.once(t).stderr.String()
		if n := len(regexp.MustCompile(`(?m)^\w+ +0 upserts +0 deletes  schema unchanged`).FindAllString(again, -1)); n != 13 {
			t.Errorf("%d of 13 resources are unchanged:\n%s", n, again)
		}
	})
	t.Run("state reset and set", func(t *testing.T) { changesState(t, s) })
	t.Run("tombstones", func(t *testing.T) { looksAtTombstones(t, s) })
	t.Run("follow", func(t *testing.T) { follows(t, s) })
	t.Run("missing topics", func(t *testing.T) {
		env := s.env()
		env["HEADWATER_TOPIC_PREFIX"] = "other."
		for _, args := range [][]string{{"cat", "tags"}, {"cat", "tags", "-f"}, {"state", "show"}} {
			got := newCommand(env).run(deadline(t), args...).want(t, exitEnvironment)
			if all := lines(got.stderr); len(all) != 1 || !strings.Contains(all[0], "it does not exist → run headwater first, or set HEADWATER_TOPIC_PREFIX") || got.stdout.String() != "" {
				t.Errorf("%v: %s%s", args, got.stderr, got.stdout)
			}
		}
		got := newCommand(s.env()).run(deadline(t), "cat", "tgas").want(t, exitUsage)
		if got.stderr.String() != "headwater: resource \"tgas\" is not in source \"intercom\" (did you mean tags?)\n" {
			t.Error(got.stderr)
		}
	})
}

func looksAtRecords(t *testing.T, s stack) {
	for _, n := range []string{"1", "3"} {
		got := newCommand(s.env()).run(deadline(t), "cat", "tags", "-n", n).want(t, exitOK)
		if len(lines(got.stdout)) != int(n[0]-'0') || got.stderr.String() != "" {
			t.Errorf("-n %s: %s%s", n, got.stdout, got.stderr)
		}
	}
	truth := s.API.Truth("contacts")
	all := parse(t, newCommand(s.env()).run(deadline(t), "cat", "contacts").want(t, exitOK))
	if len(all) != len(truth) {
		t.Errorf("%d contacts, the API has %d", len(all), len(truth))
	}
	for _, r := range all {
		var want struct {
			UpdatedAt int64 `json:"updated_at"`
		}
		if err := json.Unmarshal(truth[r.Key], &want); err != nil {
			t.Fatalf("%q: %v", r.Key, err)
		}
		text := time.Unix(want.UpdatedAt, 0).UTC().Format(time.RFC3339)
		if r.Op != "r" || r.TS != text || r.Value["updated_at"] != text || r.Value["id"] != r.Key {
			t.Errorf("%+v\nupdated_at is %s", r, text)
		}
	}
}

func looksAtState(t *testing.T, s stack) {
	table := lines(newCommand(s.env()).run(deadline(t), "state", "show").want(t, exitOK).stdout)
	if got := strings.Fields(table[0]); !slices.Equal(got, strings.Fields("UNIT LANE PHASE DONE WATERMARK AGE RECORDS COMMITTED NOTE")) {
		t.Errorf("columns %q", got)
	}
	for i := range table {
		table[i] = strings.TrimRight(table[i], " ") // an empty note
	}
	row := func(pattern string) {
		t.Helper()
		if !slices.ContainsFunc(table, regexp.MustCompile(pattern).MatchString) {
			t.Errorf("no row is like %s:\n%s", pattern, strings.Join(table, "\n"))
		}
	}
	row(`^tags +\d+ +snapshot +true +\d+ +\d+s ago$`)
	row(`^contacts +\d+ +live +true +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ +5m\d+s +\d+ +\d+s ago$`)
	row(`^contacts/0(…\d+)? +\d+ +backfill +true +`)
	row(`^PLAN +NUMBER +LANE +FROM +T0 +WINDOWS +MADE +NOTE$`)
	row(`^tags +1 +\d+ +0 +\d+s ago$`)
	row(`^contacts +1 +\d+ +20\S+ +20\S+ +\d+ +\d+s ago$`)
	row(`^\S+-\d+ +\S+ +\d+ +worker +0-15 +\d+s ago$`) // one row for all lanes
	var view struct {
		Units []struct {
			producer.StateRow
			Age *int64 `json:"watermark_age_seconds"`
		}
		Plans   []producer.PlanRow
		Holders []producer.HolderRow
	}
	raw := newCommand(s.env()).run(deadline(t), "state", "show", "--json").want(t, exitOK).stdout.String()
	if err := json.Unmarshal([]byte(raw), &view); err != nil {
		t.Fatal(err)
	}
	if len(view.Plans) != 13 || len(view.Holders) != 1 || len(view.Holders[0].Lanes) != producer.StatePartitions || view.Holders[0].Kind != "worker" {
		t.Errorf("%+v %+v", view.Plans, view.Holders)
	}
	var units []string
	for _, r := range view.Units {
		if (r.Age != nil) != (r.State.Phase == "live") || r.Age != nil && (*r.Age < 300 || *r.Age > 3600) {
			t.Errorf("%s is %v old", r.Unit, r.Age)
		}
		units = append(units, r.Unit)
		if !r.State.Done || r.Stale || r.State.Phase == "" {
			t.Errorf("%+v", r)
		}
	}
	for _, unit := range []string{"tags", "companies", "contacts", "contacts/0", "activity_logs"} {
		if !slices.Contains(units, unit) {
			t.Errorf("%s is not among %v", unit, units)
		}
	}
}

// changesState moves positions by hand; what is unchanged is not published again.
func changesState(t *testing.T, s stack) {
	shows := func(want string, args ...string) {
		t.Helper()
		got := newCommand(s.env()).run(deadline(t), append([]string{"state"}, args...)...).want(t, exitOK)
		if !regexp.MustCompile(want).MatchString(got.stdout.String()) || got.stderr.String() != "" {
			t.Errorf("%v: %s%s", args, got.stdout, got.stderr)
		}
	}
	refuses := func(want string, args ...string) {
		t.Helper()
		got := newCommand(s.env()).run(deadline(t), append([]string{"state"}, args...)...).want(t, exitUsage)
		if all := lines(got.stderr); len(all) != 1 || !strings.Contains(all[0], want) || got.stdout.String() != "" {
			t.Errorf("%v: %s%s", args, got.stderr, got.stdout)
		}
	}
	shows(`^tags: plan 1 → 2; lane \d+\n$`, "reset", "tags")
	shows(`^{"resource":"contacts","plans":\[{"of":"contacts","was":1,"is":2}\],"lanes":\[[\d,]+\]}\n$`, "reset", "contacts", "--to", "2020-01-01", "--json")
	shows(`^conversation_parts: plan 1 → 2; lanes? [\d, -]+\n$`, "reset", "conversation_parts")
	shows(`^tickets: plan 1 → 2; lanes? [\d, -]+\n$`, "set", "tickets", `{"phase":"live","watermark":"2020-01-01T00:00:00Z","done":true}`)
	shows(`the next run plans anew`, "show")
	refuses("--to 2999-01-01T00:00:00Z is in the future", "reset", "contacts", "--to", "2999-01-01")
	refuses("listed completely", "reset", "tags", "--to", "2020-01-01")
	refuses("the JSON cannot be read", "set", "contacts", "live")
	refuses(`phase is "sideways" and must be live`, "set", "contacts", `{"phase":"sideways"}`)
	again := s.once(t).stderr.String()
	if n := len(regexp.MustCompile(`(?m)^\w+ +0 upserts +0 deletes  schema unchanged`).FindAllString(again, -1)); n != 13 {
		t.Errorf("%d of 13 resources are unchanged:\n%s", n, again)
	}
	shows(`^(?s).*contacts +2 .*`, "show")
	env := s.env()
	env["HEADWATER_TOPIC_PREFIX"] = "other."
	got := newCommand(env).run(deadline(t), "state", "reset", "tags").want(t, exitEnvironment)
	if all := lines(got.stderr); len(all) != 1 || !strings.Contains(all[0], "→") {
		t.Errorf("without a state topic: %s", got.stderr)
	}
}

func looksAtTombstones(t *testing.T, s stack) {
	gone, err := s.API.Delete("tags", 1)
	if err != nil {
		t.Fatal(err)
	}
	s.once(t, "tags")
	out := newCommand(s.env()).run(deadline(t), "cat", "tags").want(t, exitOK)
	if want := `{"key":"` + gone[0] + `","op":"d","value":null}`; !slices.Contains(lines(out.stdout), want) {
		t.Errorf("no line is %s:\n%s", want, out.stdout)
	}
}

// follows sees that -f shows what is there, then what arrives, and ends well.
func follows(t *testing.T, s stack) {
	ctx, cancel := context.WithCancel(deadline(t))
	defer cancel()
	c := newCommand(s.env())
	wait := c.start(t, ctx, "cat", "teams", "-f")
	for key := range s.API.Truth("teams") {
		c.stdout.wait(t, ctx, `{"key":"`+key+`","op":"r"`)
	}
	changed, err := s.API.Change("teams", 1)
	if err != nil {
		t.Fatal(err)
	}
	s.once(t, "teams")
	c.stdout.wait(t, ctx, `{"key":"`+changed[0]+`","op":"u"`)
	cancel()
	wait()
	if c.want(t, exitOK); c.stderr.String() != "" {
		t.Error(c.stderr)
	}
}

func TestCollapse(t *testing.T) {
	t.Parallel()
	row := func(unit string, done bool, records int64) producer.StateRow {
		return producer.StateRow{Unit: unit, State: producer.UnitState{Done: done, Records: records}}
	}
	var got []string
	total := int64(0)
	for _, r := range collapse([]producer.StateRow{row("a", true, 1), row("a/0", true, 2), row("a/1", true, 4), row("a/2", true, 8), row("a/3", false, 16), row("a/4", true, 32), row("b", true, 64), row("b/0", true, 128), row("b/sweep", true, 256)}) {
		got = append(got, r.Unit)
		total += r.State.Records
	}
	if want := []string{"a", "a/0…2", "a/3", "a/4", "b", "b/0", "b/sweep"}; !slices.Equal(got, want) || total != 511 {
		t.Errorf("%q with %d records", got, total)
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	for want, numbers := range map[string][]int32{"": nil, "3": {3}, "0-15": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, "0-1, 3, 5-6": {0, 1, 3, 5, 6}} {
		if got := ranges(numbers); got != want {
			t.Errorf("%v is %q", numbers, got)
		}
	}
}

// A lane that is not understood hides no other.
func TestStateShowWithALaneThatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.once(t, "tags", "teams")
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Broker.Addr()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var lane int32
	var view producer.StateView
	if err := json.Unmarshal([]byte(newCommand(s.env()).run(deadline(t), "state", "show", "--json").want(t, exitOK).stdout.String()), &view); err != nil {
		t.Fatal(err)
	}
	for _, r := range view.Units {
		if r.Unit == "tags" {
			lane = r.Lane
		}
	}
	newer := &kgo.Record{Topic: "intercom._state", Partition: lane, Key: []byte("tags"), Value: []byte(`{"v":2,"news":true}`)}
	if err := client.ProduceSync(deadline(t), newer).FirstErr(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"state", "show"}, {"state", "show", "--json"}} {
		got := newCommand(s.env()).run(deadline(t), args...).want(t, exitEnvironment)
		want := fmt.Sprintf("lane %d", lane)
		if all := lines(got.stderr); len(all) != 1 || !strings.Contains(all[0], want) || !strings.Contains(all[0], `"tags" has version 2`) {
			t.Errorf("%v: %s", args, got.stderr)
		}
		if !strings.Contains(got.stdout.String(), "teams") || strings.Contains(got.stdout.String(), "tags") {
			t.Errorf("%v: %s", args, got.stdout)
		}
	}
}

func TestReadable(t *testing.T) {
	t.Parallel()
	for ts, want := range map[string]string{"1795490422000": "2026-11-24T03:20:22Z", "1795490422125": "2026-11-24T03:20:22.125Z", "soon": "soon", "": ""} {
		if got := readable(ts); got != want {
			t.Errorf("%q is %q", ts, got)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got := newCommand(nil).run(t.Context(), "version").want(t, exitOK)
	if got.stdout.String() != "headwater development ("+runtime.Version()+")\n" {
		t.Error(got.stdout)
	}
	var v map[string]string
	got = newCommand(nil).run(t.Context(), "version", "--json").want(t, exitOK)
	if err := json.Unmarshal([]byte(got.stdout.String()), &v); err != nil || v["version"] != "development" || v["go"] != runtime.Version() {
		t.Errorf("%s %v", got.stdout, err)
	}
}

func TestHelpNamesTheCommands(t *testing.T) {
	t.Parallel()
	got := newCommand(nil).run(t.Context(), "--help").want(t, exitOK)
	for _, name := range []string{"cat", "check", "demo", "discover", "lint", "list", "run", "schema", "state", "version", "completion"} {
		if !regexp.MustCompile(`(?m)^  ` + name + ` +\S`).MatchString(got.stdout.String()) {
			t.Errorf("%s is not named:\n%s", name, got.stdout)
		}
	}
}
