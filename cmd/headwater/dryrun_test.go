package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dry is a line of a dry run, or of cat, whose lines have no topic.
type dry struct {
	Topic, Key, Op, TS, Reason string
	Value                      map[string]any
}

// dryRun runs it where neither Kafka nor a registry is.
func (s stack) dryRun(t *testing.T, code int, args ...string) (*command, []dry) {
	t.Helper()
	got := newCommand(s.api(t)).run(deadline(t), append([]string{"run", "--dry-run"}, args...)...).want(t, code)
	if text := got.stdout.String() + got.stderr.String(); strings.Contains(text, token) {
		t.Errorf("the token is printed:\n%s", text)
	}
	return got, parsed[dry](t, got)
}

// parsed is what a command has printed: one JSON object a line.
func parsed[T any](t *testing.T, c *command) []T {
	t.Helper()
	var all []T
	for _, line := range lines(c.stdout) {
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, one)
	}
	return all
}

// byKey is what lines say of each topic's keys.
func byKey(t *testing.T, all []dry) map[string]dry {
	t.Helper()
	found := map[string]dry{}
	for _, d := range all {
		id := d.Topic + " " + d.Key
		if _, twice := found[id]; twice {
			t.Errorf("%s is there twice", id)
		}
		found[id] = d
	}
	return found
}

// What a dry run prints is what run publishes into empty topics: keys, operations, times and values of every resource, and the schemas.
func TestDryRunIsWhatRunPublishes(t *testing.T) {
	t.Parallel()
	s := startStackOf(t, 100) // logs have several pages, and are read until two readings agree
	_, all := s.dryRun(t, exitOK, append(s.resources(t), "-n", "0")...)
	got := byKey(t, all)
	schemas := map[string]string{}
	c, _ := s.dryRun(t, exitOK, append(s.resources(t), "-n", "1", "--schemas")...)
	for _, line := range parsed[drySchema](t, c) {
		if line.Subject != "" {
			schemas[line.Subject] = string(line.Schema)
		}
	}
	newCommand(s.env()).run(deadline(t), "run", "--dry-run", "-n", "1").want(t, exitOK) // where it could
	if traces := s.traces(t); len(traces) > 0 {
		t.Errorf("a dry run has left %v", traces)
	}

	s.once(t)
	want := map[string]dry{}
	for _, resource := range s.resources(t) {
		cat := newCommand(s.env()).run(deadline(t), "cat", resource).want(t, exitOK)
		for _, d := range parsed[dry](t, cat) {
			d.Topic = "intercom." + resource
			want[d.Topic+" "+d.Key] = d
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 600 {
		t.Errorf("of %d records (-run +dry run):\n%s", len(want), diff)
	}
	registered := map[string]string{}
	for _, resource := range s.resources(t) {
		show := s.schema(t, exitOK, "show", resource, "--avro")
		registered["intercom."+resource+"-value"] = lines(show.stdout)[0]
	}
	if diff := cmp.Diff(registered, schemas); diff != "" {
		t.Errorf("schemas (-run +dry run):\n%s", diff)
	}
}

// A dry run shows the first of everything with few requests, takes nobody's place, and says what it left out and does not know.
func TestDryRunShowsTheFirst(t *testing.T) {
	t.Parallel()
	s := startStackOf(t, 100)
	c, all := s.dryRun(t, exitOK, "-n", "3")
	counts := map[string]int{}
	for _, d := range all {
		counts[strings.TrimPrefix(d.Topic, "intercom.")]++
	}
	want := map[string]int{}
	for _, resource := range s.resources(t) {
		if !strings.HasPrefix(resource, "compan") || resource == "company_attributes" {
			want[resource] = 3
		}
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
	stats := s.API.Stats()
	if stats.Scrolls.Opened != 0 {
		t.Error("a scroll was opened")
	}
	if n := stats.Requests["conversation_parts"]; n > 40 { // the look-ahead's 20, and no more than are wanted
		t.Errorf("%d requests for conversation parts", n)
	}
	for _, says := range []string{
		"nothing was written. If the topics were empty, run would publish:\n",
		"\ntags                 the first 3 records → intercom.tags\n",
		"\ncompanies            not asked: only one may read it at a time",
		"not known without Kafka: which of these are in the topics already.",
		" run --dry-run admins -n 0\n",
	} {
		if !strings.Contains(c.stderr.String(), says) {
			t.Errorf("%q is not said:\n%s", says, c.stderr)
		}
	}
}

// What is named is read: a scroll to its end, so that its place is free again, and a substream without its parent.
func TestDryRunOfWhatIsNamed(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	_, all := s.dryRun(t, exitOK, "company_segments", "conversation_parts", "-n", "2")
	var topics []string
	for _, d := range all {
		topics = append(topics, d.Topic)
	}
	if diff := cmp.Diff([]string{"intercom.company_segments", "intercom.company_segments", "intercom.conversation_parts", "intercom.conversation_parts"}, topics); diff != "" {
		t.Error(diff)
	}
	s.dryRun(t, exitOK, "companies", "-n", "1")
	if n := s.API.Stats().Scrolls; n.Opened != 2 || n.Finished != 2 {
		t.Errorf("%+v", n)
	}
}

// A record that could not be published is shown as the dead letter that it would be, and what cannot be read hinders nothing else.
func TestDryRunOfWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.post(t, "fail?resource=tags&kind=no_key&n=100")
	s.post(t, "fail?resource=teams&status=403&n=100")
	c, all := s.dryRun(t, exitFailed, "-n", "0", "tags", "teams", "admins")
	topics := map[string]int{}
	for _, d := range all {
		topics[d.Topic]++
		if d.Topic == "intercom._dead_letters" && (!strings.HasPrefix(d.Reason, "no usable key: ") || d.Op != "" || d.Value["name"] == nil) {
			t.Errorf("%+v", d)
		}
	}
	if topics["intercom._dead_letters"] != 1 || topics["intercom.tags"] != len(s.API.Truth("tags"))-1 || topics["intercom.teams"] != 0 || topics["intercom.admins"] == 0 {
		t.Error(topics)
	}
	if !strings.Contains(c.stderr.String(), "tags                 14 records → intercom.tags, 1 dead letter → intercom._dead_letters\n") || !strings.Contains(c.stderr.String(), "headwater: teams: ") {
		t.Error(c.stderr)
	}
}

// Values in JSON are shown as they are, and have no schema.
func TestDryRunInJSON(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	env := s.api(t)
	env["HEADWATER_VALUE_FORMAT"] = "json"
	c := newCommand(env).run(deadline(t), "run", "--dry-run", "tags", "--schemas", "-n", "1").want(t, exitOK)
	all := parsed[dry](t, c)
	if len(all) != 1 || strings.Join(slices.Sorted(maps.Keys(all[0].Value)), " ") != "id name type" || strings.Contains(c.stderr.String(), "--schemas") {
		t.Errorf("%s%s", c.stdout, c.stderr)
	}
}

func TestDryRunFlags(t *testing.T) {
	t.Parallel()
	for args, says := range map[string]string{
		"--count 3":              "--count goes with --dry-run",
		"--schemas":              "--schemas goes with --dry-run",
		"--dry-run -n -1":        "--count -1: must not be negative",
		"--dry-run --sweep":      "leave --sweep and --allow-deletes out",
		"--dry-run -n 1 tgas":    `resource "tgas" is not in source "intercom" (did you mean tags?)`,
		"--dry-run --sweep tags": "leave --sweep",
	} {
		got := newCommand(map[string]string{"SOURCE_ACCESS_TOKEN": token}).run(deadline(t), append([]string{"run"}, strings.Fields(args)...)...).want(t, exitUsage)
		if len(lines(got.stderr)) != 1 || !strings.Contains(got.stderr.String(), says) {
			t.Errorf("%s: %s", args, got.stderr)
		}
	}
}
