package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/producer"
)

func TestDeadLetterLines(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 12, 0, 0, 250_000_000, time.UTC)
	for _, test := range []struct {
		letter     producer.DeadLetter
		line, json string
	}{
		{producer.DeadLetter{Resource: "tags", Key: "7", At: at, Reason: "schema_contract discard_value: new field record", Path: "custom.plan", Size: 22, Digest: "00000000000000ab", Text: []byte("{ \"a\": 1.50,\n \"<\": 1 }")},
			`2026-11-27T12:00:00Z  tags/7  custom.plan  schema_contract discard_value: new field record (22 bytes)  {"a":1.50,"<":1}`,
			`{"resource":"tags","key":"7","at":"2026-11-27T12:00:00.25Z","reason":"schema_contract discard_value: new field record","path":"custom.plan","size":22,"digest":"00000000000000ab","json":{"a":1.50,"<":1}}`},
		// What a terminal would obey is escaped, wherever it comes from.
		{producer.DeadLetter{Resource: "tags", Key: "a/b\x1b[2J", At: at, Reason: "why\n\u009b", Path: "\u202ex", Size: 10, Text: []byte("\"\u007f\u0085é\u2028\"")},
			`2026-11-27T12:00:00Z  tags/a/b\u001b[2J  \u202ex  why\u000a\u009b (10 bytes)  "\u007f\u0085é\u2028"`,
			`{"resource":"tags","key":"a/b\u001b[2J","at":"2026-11-27T12:00:00.25Z","reason":"why\n\u009b","path":"\u202ex","size":10,"digest":"","json":"\u007f\u0085é\u2028"}`},
		// Cut off, or no JSON at all.
		{producer.DeadLetter{Resource: "tags", At: at, Reason: "too large", Size: 70_000, Text: []byte(`[1,2]`)},
			`2026-11-27T12:00:00Z  tags/  -  too large (70000 bytes)  [1,2]`,
			`{"resource":"tags","key":"","at":"2026-11-27T12:00:00.25Z","reason":"too large","path":"","size":70000,"digest":"","text":"[1,2]"}`},
		{producer.DeadLetter{Resource: "tags", At: at, Size: 4, Text: []byte("{\n\"\xff")},
			`2026-11-27T12:00:00Z  tags/  -   (4 bytes)  {\u000a"` + "\ufffd",
			`{"resource":"tags","key":"","at":"2026-11-27T12:00:00.25Z","reason":"","path":"","size":4,"digest":"","text":"{\n\"\ufffd"}`},
	} {
		line, err := letterJSON(test.letter)
		if got := letterLine(test.letter); got != test.line {
			t.Errorf("got\n%s\nwant\n%s", got, test.line)
		}
		if err != nil || line != test.json || !json.Valid([]byte(line)) {
			t.Errorf("%v got\n%s\nwant\n%s", err, line, test.json)
		}
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	for args, says := range map[string]string{
		"tgas":       `resource "tgas" is not in source "intercom" (did you mean tags?)`,
		"tags -n -1": "--count -1: must not be negative",
	} {
		got := newCommand(s.env()).run(deadline(t), append([]string{"dead-letters"}, strings.Fields(args)...)...).want(t, exitUsage)
		if !strings.Contains(got.stderr.String(), says) {
			t.Error(got.stderr)
		}
	}
	missing := newCommand(s.env()).run(deadline(t), "dead-letters").want(t, exitEnvironment)
	if all := lines(missing.stderr); len(all) != 1 || !strings.Contains(all[0], "it does not exist → run headwater first") {
		t.Error(missing.stderr)
	}
	s.once(t, "tags", "teams")
	none := newCommand(s.env()).run(deadline(t), "dead-letters").want(t, exitOK)
	if none.stdout.String() != "" || none.stderr.String() != "no dead letters\n" {
		t.Errorf("%s%s", none.stdout, none.stderr)
	}

	ctx, cancel := context.WithCancel(deadline(t))
	defer cancel()
	follow := newCommand(s.env())
	wait := follow.start(t, ctx, "dead-letters", "-f")
	for _, r := range []string{"tags", "teams"} {
		for _, key := range slices.Sorted(maps.Keys(s.API.Truth(r)))[:2] {
			if err := s.API.Set(r, key, "id", json.RawMessage("null")); err != nil {
				t.Fatal(err)
			}
		}
	}
	newCommand(s.env()).run(deadline(t), "run", "--once", "tags", "teams")
	follow.stdout.wait(t, ctx, "tags/  -  no usable key: ")
	follow.stdout.wait(t, ctx, "teams/  -  no usable key: ")
	cancel()
	wait()
	follow.want(t, exitOK)
	for _, test := range []struct {
		args  string
		lines int
		says  string
	}{
		{"", 4, "state reset RESOURCE, with each of tags, teams\n"}, {"teams", 2, "state reset teams\n"}, {"tags teams -n 3", 3, "state reset RESOURCE, with each of tags, teams\n"},
		{"admins", 0, "no dead letters\n"}, {"tags --json -n 1", 1, "state reset tags\n"},
	} {
		got := newCommand(s.env()).run(deadline(t), append([]string{"dead-letters"}, strings.Fields(test.args)...)...).want(t, exitOK)
		if all := lines(got.stdout); len(all) != test.lines || !strings.HasSuffix(got.stderr.String(), test.says) {
			t.Errorf("%s: %s%s", test.args, got.stdout, got.stderr)
		}
	}
}
