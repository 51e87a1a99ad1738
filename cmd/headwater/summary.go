package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// summary says what each resource brought, what changed in its schema, and, where there is something to look at, with which
// commands.
func (a *app) summary(p *pipeline, next bool) {
	for _, line := range summaryLines(p.source, p.worker.Progress(), time.Now()) {
		a.say(line)
	}
	if next {
		a.say("next:  " + strings.Join(nextCommands(p, firstResource(p.worker.Progress())), "\n       "))
	}
}

func summaryLines(src *extract.Source, all []producer.Status, now time.Time) []string {
	var lines, notes []string
	for _, s := range all {
		line := fmt.Sprintf("%-20s %9d upserts  %5d deletes  %-16s  %s", s.Resource, s.Published, s.Deleted, schemaText(s), readText(src.Resource(s.Resource), s, now))
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

// readText says how the resource is read and how fresh it is. A live pass reads the last minutes before its watermark's clock
// again and again, because records become visible late: that much behind is none.
func readText(r *extract.Resource, s producer.Status, now time.Time) string {
	switch {
	case r.Parent != nil:
		return "with " + r.Parent.Name
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

func firstResource(all []producer.Status) string {
	for _, s := range all {
		if s.Published > 0 {
			return s.Resource
		}
	}
	return all[0].Resource
}

// nextCommands can be copied as they stand.
func nextCommands(p *pipeline, resource string) []string {
	broker, program := p.cfg.KafkaBrokers[0], os.Args[0]
	// Servers at other places than the defaults have to be named.
	var where string
	if broker != "127.0.0.1:9092" {
		where += "KAFKA_BROKERS=" + strings.Join(p.cfg.KafkaBrokers, ",") + " "
	}
	atRegistry := where
	if p.cfg.RegistryURL != "http://127.0.0.1:8081" {
		atRegistry += "SCHEMA_REGISTRY_URL=" + p.cfg.RegistryURL + " "
	}
	return []string{
		fmt.Sprintf("%s%s cat %s -n 3", atRegistry, program, resource),
		fmt.Sprintf("%s%s state show", where, program),
		fmt.Sprintf("kcat -b %s -L", broker),
		fmt.Sprintf(`kcat -b %s -C -e -t %s -f '%%k %%S bytes [%%h]\n'`, broker, p.names.Data(resource)),
		fmt.Sprintf(`kcat -b %s -C -e -t %s -f '%%k\t%%s\n'`, broker, p.names.State()),
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
