package extract

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Phase is the kind of a pass.
type Phase int

// The phases. The zero Phase is none of them.
const (
	PhaseBackfill Phase = iota + 1 // one window of the past
	PhaseLive                      // what changed since the watermark
	PhaseSnapshot                  // one complete listing
)

// String returns "backfill", "live" or "snapshot", and "" for the zero Phase.
func (p Phase) String() string { return name(int(p), "", "backfill", "live", "snapshot") }

// ParsePhase reads what [Phase.String] wrote.
func ParsePhase(s string) (Phase, error) {
	for _, p := range []Phase{PhaseBackfill, PhaseLive, PhaseSnapshot} {
		if s == p.String() {
			return p, nil
		}
	}
	return 0, fmt.Errorf("parse phase %q: want backfill, live or snapshot", s)
}

// Window is a slice of cursor-field time: Start ≤ t < End.
type Window struct{ Start, End time.Time }

// IsZero reports whether the window has neither start nor end.
func (w Window) IsZero() bool { return w.Start.IsZero() && w.End.IsZero() }

// Contains reports whether Start ≤ t < End.
func (w Window) Contains(t time.Time) bool { return !t.Before(w.Start) && t.Before(w.End) }

// Position says where a reading goes on. The zero Position is the beginning: nothing was read.
type Position struct {
	Phase     Phase
	Window    Window    // empty for snapshots
	Token     string    // page token; "": the beginning. Opaque, and only good with the same Window
	Watermark time.Time // everything up to here, in cursor-field order, was handed over
	Done      bool      // the pass is complete
}

// IsZero reports whether nothing was read and nothing was asked.
func (p Position) IsZero() bool {
	return p.Phase == 0 && p.Window.IsZero() && p.Token == "" && p.Watermark.IsZero() && !p.Done
}

// String writes the position as one line of words that [ParsePosition] reads, e.g.
//
//	backfill window=2026-01-01T00:00:00Z..2026-02-01T00:00:00Z watermark=2026-01-03T10:00:00Z token="WzE3…" done
//
// The zero Position is "start".
func (p Position) String() string {
	if p.IsZero() {
		return "start"
	}
	var words []string
	if p.Phase != 0 {
		words = append(words, p.Phase.String())
	}
	if !p.Window.IsZero() {
		words = append(words, "window="+formatTime(p.Window.Start)+".."+formatTime(p.Window.End))
	}
	if !p.Watermark.IsZero() {
		words = append(words, "watermark="+formatTime(p.Watermark))
	}
	if p.Token != "" {
		words = append(words, "token="+strconv.Quote(p.Token))
	}
	if p.Done {
		words = append(words, "done")
	}
	return strings.Join(words, " ")
}

// ParsePosition reads what [Position.String] wrote.
func ParsePosition(s string) (Position, error) {
	var p Position
	if s == "start" {
		return p, nil
	}
	rest := s
	for rest != "" {
		var err error
		if rest, err = p.parseWord(rest); err != nil {
			return Position{}, fmt.Errorf("parse position %q: %w", s, err)
		}
	}
	if p.IsZero() {
		return p, errors.New(`parse position "": empty`)
	}
	return p, nil
}

// parseWord takes one word off s and returns what follows it.
func (p *Position) parseWord(s string) (rest string, err error) {
	if quoted, ok := strings.CutPrefix(s, "token="); ok {
		q, err := strconv.QuotedPrefix(quoted)
		if err != nil {
			return "", errors.New("token is not quoted")
		}
		if p.Token, err = strconv.Unquote(q); err != nil {
			return "", errors.New("token is not quoted")
		}
		return strings.TrimPrefix(quoted[len(q):], " "), nil
	}
	word, rest, _ := strings.Cut(s, " ")
	label, value, _ := strings.Cut(word, "=")
	switch label {
	case "window":
		start, end, ok := strings.Cut(value, "..")
		if !ok {
			return "", errors.New("window has no end")
		}
		if p.Window.Start, err = parseTime(start); err == nil {
			p.Window.End, err = parseTime(end)
		}
	case "watermark":
		p.Watermark, err = parseTime(value)
	case "done":
		p.Done = true
	default:
		p.Phase, err = ParsePhase(word)
	}
	return rest, err
}

// formatTime writes t in UTC with as many digits as it has; the zero time is "-".
func formatTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func parseTime(s string) (time.Time, error) {
	if s == "-" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err
}
