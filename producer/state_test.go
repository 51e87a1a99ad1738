package producer

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headwater-stream/headwater/extract"
)

// The texts are an interface: people read them with kcat and jq, and older and newer versions read each other's.
func TestStateRecordsAreOneLineOfJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 10, 12, 0, 0, 500e6, time.UTC)
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"unit": {UnitState{V: 1, Plan: 2, Phase: "backfill", Window: []string{"2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"}, Page: "W<z>&", Watermark: "2026-01-03T00:00:00Z",
			Owed: []string{"notes"}, Records: 7, At: at},
			`{"v":1,"plan":2,"phase":"backfill","window":["2026-01-01T00:00:00Z","2026-02-01T00:00:00Z"],"page":"W<z>&","watermark":"2026-01-03T00:00:00Z","done":false,"owed":["notes"],"records":7,"at":"2026-03-10T12:00:00.5Z"}`},
		"listing": {UnitState{V: 1, Plan: 1, Phase: "snapshot", Done: true, At: at},
			`{"v":1,"plan":1,"phase":"snapshot","done":true,"records":0,"at":"2026-03-10T12:00:00.5Z"}`},
		"plan": {Plan{V: 1, Plan: 2, T0: "2026-03-01T00:00:00Z", Windows: 48, From: "2026-01-01T00:00:00Z", Key: []string{"id"}, Format: "avro", TopicID: "abc", Partitions: 3, At: at},
			`{"v":1,"plan":2,"t0":"2026-03-01T00:00:00Z","windows":48,"from":"2026-01-01T00:00:00Z","key":["id"],"format":"avro","topic_id":"abc","partitions":3,"at":"2026-03-10T12:00:00.5Z"}`},
		"plan of a listing": {Plan{V: 1, Plan: 1, Key: []string{"a", "b"}, Format: "avro", TopicID: "abc", Partitions: 3, At: at},
			`{"v":1,"plan":1,"windows":0,"key":["a","b"],"format":"avro","topic_id":"abc","partitions":3,"at":"2026-03-10T12:00:00.5Z"}`},
		"claim": {Claim{V: 1, Kind: "worker", Worker: "h-1", Host: "h", PID: 1, Nonce: "n", Source: "intercom", At: at},
			`{"v":1,"kind":"worker","worker":"h-1","host":"h","pid":1,"nonce":"n","source":"intercom","at":"2026-03-10T12:00:00.5Z"}`},
	} {
		if got := string(encodeState(test.value)); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, test.want)
		}
	}
}

func drawTime(t *rapid.T, label string) time.Time {
	return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, label), rapid.Int64Range(0, 999_999_999).Draw(t, label+" ns")).UTC()
}

func TestUnitStateKeepsThePosition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := extract.Position{
			Phase: rapid.SampledFrom([]extract.Phase{extract.PhaseBackfill, extract.PhaseLive, extract.PhaseSnapshot}).Draw(t, "phase"),
			Token: rapid.String().Draw(t, "token"), Done: rapid.Bool().Draw(t, "done"),
		}
		if rapid.Bool().Draw(t, "window") {
			want.Window.Start = drawTime(t, "start")
			want.Window.End = want.Window.Start.Add(time.Duration(rapid.Int64Range(1, 1e15).Draw(t, "length")))
		}
		if rapid.Bool().Draw(t, "watermark") {
			want.Watermark = drawTime(t, "watermark")
		}
		before := UnitState{V: 1, Plan: 1, Page: "old", Watermark: "old", Window: []string{"old", "old"}, Done: true}
		var read UnitState
		if err := decodeState("k", encodeState(before.at(want)), &read); err != nil {
			t.Fatal(err)
		}
		got, err := read.Position()
		if err != nil || got != want {
			t.Fatalf("got %v %v, want %v", got, err, want)
		}
	})
}

func TestStateRecordsThatCannotBeUnderstood(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ key, value, want string }{
		{"a", `{"v":2,"plan":1,"phase":"live"}`, `"a" has version 2 and this program knows 1`},
		{"a/plan", `{"v":9}`, `"a/plan" has version 9`},
		{"a", `{"phase":"live"}`, "version 0"},
		{"a", `{"v":1,`, "cannot be read"},
		{"a", `{"v":1,"plan":"x"}`, "cannot be read"},
		{"a", `{"v":1,"phase":"sideways"}`, "cannot be read"},
		{"a", `{"v":1,"phase":"live","watermark":"noon"}`, "watermark"},
		{"a", `{"v":1,"phase":"live","window":["noon","night"]}`, "window"},
		{"a/plan", `{"v":1,"t0":"noon","from":"2026-01-01T00:00:00Z"}`, "t0"},
		{"__claim", `{`, "cannot be read"},
	} {
		lane := newLaneState()
		lane.apply(test.key, []byte(test.value), 0)
		err := lane.unread()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: got %v, want %q", test.key, test.value, err, test.want)
		}
	}
}

func TestUnitsOfAnOlderPlanCountAsAbsent(t *testing.T) {
	t.Parallel()
	b := newBoard()
	for i, r := range [][2]string{
		{"a/plan", `{"v":1,"plan":2}`}, {"a", `{"v":1,"plan":1,"phase":"live"}`}, {"a/0", `{"v":1,"plan":2,"phase":"backfill"}`},
		{"b", `{"v":1,"plan":1,"phase":"snapshot"}`}, {"c/plan", `{"v":1,"plan":1}`}, {"c", `{"v":1,"plan":1,"phase":"live"}`},
	} {
		b.apply(0, r[0], []byte(r[1]), int64(i))
	}
	b.apply(0, "c", nil, 9) // a tombstone
	for unit, want := range map[string]bool{"a": false, "a/0": true, "a/1": false, "b": false, "c": false} {
		if _, got := b.unit(unit); got != want {
			t.Errorf("%s: got %v, want %v", unit, got, want)
		}
	}
}
