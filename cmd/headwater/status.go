package main

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/headwater-stream/headwater/producer"
)

// statusHeader is above the lines of statusLine. They are made so that the usual reasons to wait fit in 80 columns.
const statusHeader = "RESOURCE           STATE         PAGES RECORDS REC/S    AGE  WAITING FOR"

// statusLine is a resource in one line: state, pages, records, records a second, the watermark's age, why it waits and for how
// long, and whatever else there is to say.
func statusLine(s producer.Status, now time.Time) string {
	state, old := s.State, ""
	if s.Windows[1] > 1 && state == "backfill" {
		state = fmt.Sprintf("backfill %d/%d", s.Windows[0], s.Windows[1])
	}
	if !s.Watermark.IsZero() {
		old = age(now.Sub(s.Watermark))
	}
	var notes []string
	if s.Waiting != "" {
		reason := strings.TrimPrefix(oneLine(s.Waiting), "for ")
		if !s.Until.IsZero() {
			reason += " (" + age(s.Until.Sub(now)) + ")"
		}
		notes = append(notes, reason)
	}
	if s.Deleted > 0 {
		notes = append(notes, fmt.Sprintf("%d deleted", s.Deleted))
	}
	if s.Dead > 0 {
		notes = append(notes, counted(s.Dead, "dead letter"))
	}
	if s.Ahead > 0 {
		notes = append(notes, counted(s.Ahead, "record")+" in the future")
	}
	if s.Err != nil {
		notes = append(notes, "! "+oneLine(s.Err.Error()))
	}
	line := fmt.Sprintf("%-18s %-13s %5d %7d %5.0f %6s  %s", s.Resource, state, s.Pages, s.Published, s.Rate, old, strings.Join(notes, "  "))
	return strings.TrimRight(line, " ")
}

// attributes are the same as a log line's.
func attributes(s producer.Status, now time.Time) []any {
	list := []any{"resource", s.Resource, "state", s.State, "pages", s.Pages, "records", s.Published,
		"records_per_second", math.Round(s.Rate*10) / 10, "deleted", s.Deleted, "dead_letters", s.Dead}
	if s.Discarded > 0 {
		list = append(list, "discarded_values", s.Discarded)
	}
	if len(s.Changes) > 0 {
		list = append(list, "schema_changes", len(s.Changes))
	}
	if s.Ahead > 0 {
		list = append(list, "in_the_future", s.Ahead)
	}
	if s.Windows[1] > 0 {
		list = append(list, "windows_done", s.Windows[0], "windows", s.Windows[1])
	}
	if !s.Watermark.IsZero() {
		list = append(list, "watermark", s.Watermark.UTC().Format(time.RFC3339), "watermark_age", age(now.Sub(s.Watermark)))
	}
	if s.Waiting != "" {
		list = append(list, "waiting", s.Waiting)
		if !s.Until.IsZero() {
			list = append(list, "until", s.Until.UTC().Format(time.RFC3339))
		}
	}
	if s.Err != nil {
		list = append(list, "err", s.Err)
	}
	return list
}

// age is a duration in at most two units: 4s, 12m5s, 3h20m, 2d3h.
func age(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < 0:
		return "0s"
	case d < time.Hour:
		return d.String()
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}

// cut shortens a line to so many columns of a terminal.
func cut(line string, columns int) string {
	used, end := 0, 0 // end: where an ellipsis still fits
	for i, r := range line {
		if used < columns {
			end = i
		}
		if used += columnsOf(r); used > columns {
			return line[:end] + "…"
		}
	}
	return line
}

// columnsOf is 2 for the blocks of East Asian characters and emoji, 0 for marks that go on the letter before them.
func columnsOf(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1100 && r <= 0x115F, r >= 0x2E80 && r <= 0xA4CF, r >= 0xAC00 && r <= 0xD7A3, r >= 0xF900 && r <= 0xFAFF,
		r >= 0xFE30 && r <= 0xFE6F, r >= 0xFF00 && r <= 0xFF60, r >= 0xFFE0 && r <= 0xFFE6, r >= 0x1F300 && r <= 0x1FAFF,
		r >= 0x20000 && r <= 0x3FFFD:
		return 2
	}
	return 1
}
