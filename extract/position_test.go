package extract

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func drawTime(t *rapid.T, name string) time.Time {
	if rapid.Bool().Draw(t, name+" set") {
		return time.Unix(rapid.Int64Range(-1e9, 1e11).Draw(t, name), rapid.Int64Range(0, 999999999).Draw(t, name+" ns")).UTC()
	}
	return time.Time{}
}

func TestPositionIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Position{
			Phase:     Phase(rapid.IntRange(0, 3).Draw(t, "phase")),
			Window:    Window{drawTime(t, "start"), drawTime(t, "end")},
			Token:     rapid.String().Draw(t, "token"),
			Watermark: drawTime(t, "watermark"),
			Done:      rapid.Bool().Draw(t, "done"),
		}
		got, err := ParsePosition(p.String())
		if err != nil || got != p {
			t.Fatalf("%v became %v, %v", p, got, err)
		}
		if p.IsZero() != (p == Position{}) {
			t.Fatalf("%v: IsZero", p)
		}
	})
}

func TestPositionText(t *testing.T) {
	t.Parallel()
	p := Position{Phase: PhaseBackfill, Window: window(0, 60), Watermark: epoch.Add(time.Second), Token: `a "b" done`, Done: true}
	const want = `backfill window=2026-03-10T12:00:00Z..2026-03-10T12:01:00Z watermark=2026-03-10T12:00:01Z token="a \"b\" done" done`
	if p.String() != want {
		t.Errorf("got %s", p)
	}
	if got := (Position{}).String(); got != "start" {
		t.Errorf("zero: %s", got)
	}
	for _, bad := range []string{"", "x", "window=a", "window=a..b", "watermark=1", "token=x", `token="\z"`, "backfill live2", "start start"} {
		if _, err := ParsePosition(bad); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}
