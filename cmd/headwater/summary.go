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
	for _, line := range summaryLines(p.source, p.names, p.worker.Progress(), time.Now()) {
		a.say(line)
	}
	if next {
		a.say("next:  " + strings.Join(nextCommands(p.cfg, p.names, firstResource(p.worker.Progress())), "\n       "))
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

// nextCommands can be copied as they stand: what is not at its default is named. kcat's are left out where they would need
// credentials.
func nextCommands(cfg *Config, names producer.Names, resource string) []string {
	topics, kafka, registry := "", "", ""
	if cfg.Source != "intercom" {
		topics += assign("HEADWATER_SOURCE", cfg.Source)
	}
	if cfg.TopicPrefix != "" {
		topics += assign("HEADWATER_TOPIC_PREFIX", cfg.TopicPrefix)
	}
	if brokers := strings.Join(cfg.KafkaBrokers, ","); brokers != "127.0.0.1:9092" {
		kafka = assign("KAFKA_BROKERS", brokers)
	}
	if cfg.RegistryURL != "http://127.0.0.1:8081" && cfg.ValueFormat != producer.FormatJSON.String() {
		registry = assign("SCHEMA_REGISTRY_URL", withoutUser(cfg.RegistryURL))
	}
	program := quoted(os.Args[0])
	commands := []string{
		fmt.Sprintf("%s%s%s%s cat %s -n 3", topics, kafka, registry, program, resource),
		fmt.Sprintf("%s%s%s state show", topics, kafka, program),
	}
	if cfg.KafkaTLS || cfg.SASLMechanism != "" {
		return commands
	}
	broker, values := cfg.KafkaBrokers[0], `%k %S bytes [%h]\n`
	if cfg.ValueFormat == producer.FormatJSON.String() {
		values = `%k\t%s\n`
	}
	return append(commands,
		fmt.Sprintf("kcat -b %s -L", broker),
		fmt.Sprintf(`kcat -b %s -C -e -t %s -f '%s'`, broker, names.Data(resource), values),
		fmt.Sprintf(`kcat -b %s -C -e -t %s -f '%%k\t%%s\n'`, broker, names.State()),
	)
}

// assign sets a variable for one command of a shell.
func assign(name, value string) string { return name + "=" + quoted(value) + " " }

// quoted is a word that a shell leaves as it is.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:,@%+=", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
