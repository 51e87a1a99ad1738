package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/producer"
)

// summary says what each resource brought, what changed in its schema, and what to look at next.
func (a *app) summary(p *pipeline, cfg *Config) {
	for _, line := range summaryLines(p.worker.Progress(), time.Now()) {
		a.say(line)
	}
	a.say("next:  " + strings.Join(nextCommands(p.names, cfg, firstResource(p.worker.Progress())), "\n       "))
}

func summaryLines(all []producer.Status, now time.Time) []string {
	var lines, notes []string
	for _, s := range all {
		line := fmt.Sprintf("%-20s %9d records  %5d deletes  %-16s  %s", s.Resource, s.Published, s.Deleted, schemaText(s), readText(s, now))
		lines = append(lines, strings.TrimRight(line, " "))
		if s.Dead > 0 {
			notes = append(notes, fmt.Sprintf("! %s: %d records could not be published and are in the dead letters", s.Resource, s.Dead))
		}
		if s.Err != nil {
			notes = append(notes, fmt.Sprintf("! %s: %s", s.Resource, oneLine(s.Err.Error())))
		}
		for _, c := range s.Changes {
			if c.What != "registered" {
				notes = append(notes, fmt.Sprintf("! %s: %s: %s (schema v%d)", s.Resource, c.Field, c.What, c.Version))
			}
		}
	}
	return append(lines, notes...)
}

func schemaText(s producer.Status) string {
	if s.Schema == 0 {
		return "schema unchanged"
	}
	return fmt.Sprintf("schema v%d (id %d)", s.Schema, s.SchemaID)
}

func readText(s producer.Status, now time.Time) string {
	if s.Watermark.IsZero() {
		return "full listing"
	}
	return fmt.Sprintf("watermark %s (%s behind)", s.Watermark.UTC().Format(time.RFC3339), age(now.Sub(s.Watermark)))
}

func firstResource(all []producer.Status) string {
	for _, s := range all {
		if s.Published > 0 {
			return s.Resource
		}
	}
	return all[0].Resource
}

// nextCommands can be copied as they stand.
func nextCommands(n producer.Names, cfg *Config, resource string) []string {
	broker := cfg.KafkaBrokers[0]
	return []string{
		fmt.Sprintf("headwater cat %s -n 3", resource),
		"headwater state show",
		fmt.Sprintf("kcat -b %s -L", broker),
		fmt.Sprintf(`kcat -b %s -C -e -t %s -f '%%k %%S bytes [%%h]\n'`, broker, n.Data(resource)),
		fmt.Sprintf(`kcat -b %s -C -e -t %s -f '%%k\t%%s\n'`, broker, n.State()),
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
