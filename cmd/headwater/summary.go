package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// summary says what each resource brought, what changed in its schema, and, where there is something to look at, with which
// commands.
func (a *app) summary(p *pipeline, next bool) {
	for _, line := range summaryLines(p.source, p.names, p.worker.Progress(), time.Now()) {
		a.say(line)
	}
	if next {
		a.sayNext(nextCommands(p.cfg, p.names, firstResource(p.worker.Progress())))
	}
}

func summaryLines(src *extract.Source, names producer.Names, all []producer.Status, now time.Time) []string {
	var lines, notes []string
	for _, s := range all {
		line := fmt.Sprintf("%-20s %9d upserts  %5d deletes  %-18s  %s", s.Resource, s.Published, s.Deleted, schemaText(s), readText(src.Resource(s.Resource), s, now))
		lines = append(lines, strings.TrimRight(line, " "))
		if whole := s.Dead - s.Discarded; whole > 0 {
			notes = append(notes, fmt.Sprintf("! %s: %s could not be published: see the topic %s (headwater dead-letters %s)", s.Resource, counted(whole, "record"), names.DeadLetters(), s.Resource))
		}
		if s.Discarded > 0 {
			notes = append(notes, fmt.Sprintf("! %s: %s discarded, as schema_contract says: see the topic %s (headwater dead-letters %s)", s.Resource, counted(s.Discarded, "value"), names.DeadLetters(), s.Resource))
		}
		if s.Ahead > 0 {
			notes = append(notes, fmt.Sprintf("! %s: the %s of %s lies in the future: published when that time comes", s.Resource, src.Resource(s.Resource).CursorPath, counted(s.Ahead, "record")))
		}
		if s.Forgotten > 0 {
			notes = append(notes, fmt.Sprintf("! %s: %s more than memory holds: unchanged records may be published again, and nothing is deleted", s.Resource, counted(s.Forgotten, "key")))
		}
		if s.Err != nil {
			notes = append(notes, fmt.Sprintf("! %s: %s", s.Resource, oneLine(producer.Reason(s.Resource, s.Err))))
		}
		for _, c := range s.Changes {
			if c.What != "registered" {
				notes = append(notes, fmt.Sprintf("! %s: %s: %s (schema v%d)", s.Resource, c.Field, c.What, c.Version))
			}
		}
	}
	return append(lines, notes...)
}

func counted(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func schemaText(s producer.Status) string {
	if s.Format == producer.FormatJSON {
		return "JSON"
	}
	if s.Schema == 0 {
		return "schema unchanged"
	}
	return fmt.Sprintf("schema v%d (id %d)", s.Schema, s.SchemaID)
}

// readText says how the resource is read and how fresh it is. A live pass reads the last minutes before its watermark's clock
// again and again, because records become visible late: that much behind is none.
func readText(r *extract.Resource, s producer.Status, now time.Time) string {
	switch {
	case r.Parent != nil:
		return "with " + strings.Join(parentNames(r), ", ")
	case r.Incremental == nil:
		return "full listing"
	case s.Watermark.IsZero():
		return ""
	}
	text := "watermark " + s.Watermark.UTC().Format(time.RFC3339)
	if behind := now.Sub(s.Watermark) - r.Incremental.Lookback; behind > time.Minute {
		return text + " (" + age(behind) + " behind)"
	}
	return text + " (current; the last " + age(r.Incremental.Lookback) + " are always read again)"
}

// parentNames are those of the resources that r is a substream of.
func parentNames(r *extract.Resource) []string {
	var names []string
	for _, p := range r.Parents() {
		names = append(names, p.Name)
	}
	return names
}

func firstResource(all []producer.Status) string {
	for _, s := range all {
		if s.Published > 0 {
			return s.Resource
		}
	}
	return all[0].Resource
}
