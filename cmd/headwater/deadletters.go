package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// deadLettersFlags are what the command takes beside resources.
type deadLettersFlags struct {
	count  int
	follow bool
	json   bool
}

func (a *app) deadLettersCommand() *cobra.Command {
	var flags deadLettersFlags
	c := &cobra.Command{
		Use:   "dead-letters [RESOURCE…]",
		Short: "Prints what could not be published, with the reason",
		Long: `Prints the dead letters: records that have no usable key, cannot be encoded, are larger than their topic takes, or that a
schema_contract keeps out, and single values that it keeps out. One line each: time, resource and key, path, reason, size in bytes, and the
JSON as the API gave it (of large records the leading 64 KiB). Control characters are escaped. Only committed ones are shown.

A dead letter is written once and stays 30 days. Nothing is to be done with the letter itself: mend what it is about, the API's data or
schema_contract in the source file, then

  headwater state reset RESOURCE

and the next run reads the resource again and publishes what differs from the topic, the records that were put aside among it.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if flags.count < 0 {
				return &usageError{fmt.Errorf("--count %d: must not be negative", flags.count)}
			}
			cfg, err := a.load()
			if err != nil {
				return err
			}
			return a.deadLetters(c.Context(), cfg, args, flags)
		},
	}
	c.Flags().IntVarP(&flags.count, "count", "n", 0, "end after so many; 0: all")
	c.Flags().BoolVarP(&flags.follow, "follow", "f", false, "go on with what arrives")
	c.Flags().BoolVar(&flags.json, "json", false, "one JSON object a line")
	return c
}

func (a *app) deadLetters(ctx context.Context, cfg *Config, resources []string, flags deadLettersFlags) error {
	src, err := loadSource(cfg.Source)
	if err != nil {
		return err
	}
	for _, name := range resources {
		if src.Resource(name) == nil {
			return &usageError{unknownResource(src, name)}
		}
	}
	opts, err := cfg.kafkaOptions()
	if err != nil {
		return &usageError{err}
	}
	if err := pingKafka(ctx, opts, cfg.KafkaBrokers); err != nil {
		return err
	}
	printed, of := 0, map[string]bool{}
	err = producer.Read(ctx, opts, cfg.namesOf(src).DeadLetters(), flags.follow, func(r *kgo.Record) error {
		l := producer.Letter(r)
		if len(resources) > 0 && !slices.Contains(resources, l.Resource) {
			return nil
		}
		line, err := letterLine(l), error(nil)
		if flags.json {
			line, err = letterJSON(l)
		}
		if err != nil {
			return fmt.Errorf("read %s partition %d offset %d: %w", r.Topic, r.Partition, r.Offset, err)
		}
		if _, err := io.WriteString(a.stdout, line+"\n"); err != nil {
			return err
		}
		of[l.Resource] = true
		if printed++; printed == flags.count {
			return io.EOF
		}
		return nil
	})
	if errors.Is(err, io.EOF) { // as many as asked for
		err = nil
	}
	if err == nil || ctx.Err() != nil {
		a.say(replayText(src, of))
	}
	return err
}

// replayText says how what was shown comes into the topics after all.
func replayText(src *extract.Source, of map[string]bool) string {
	var names []string
	for _, r := range src.Resources {
		if of[r.Name] {
			names = append(names, r.Name)
		}
	}
	switch len(names) {
	case 0:
		return "no dead letters"
	case 1:
		return "to publish what was put aside: mend the API's data or change schema_contract, then headwater state reset " + names[0]
	}
	return "to publish what was put aside: mend the API's data or change schema_contract, then headwater state reset RESOURCE, with each of " + strings.Join(names, ", ")
}

// letterLine is a dead letter as people read it.
func letterLine(l producer.DeadLetter) string {
	text := string(l.Text)
	if compact, ok := compactJSON(l); ok {
		text = string(compact)
	}
	path := l.Path
	if path == "" {
		path = "-"
	}
	return escaped(fmt.Sprintf("%s  %s/%s  %s  %s (%d bytes)  %s", l.At.Format(time.RFC3339), l.Resource, l.Key, path, l.Reason, l.Size, text))
}

// letterJSON is a dead letter as programs read it: json where the text is JSON, else text.
func letterJSON(l producer.DeadLetter) (string, error) {
	line := struct {
		Resource string          `json:"resource"`
		Key      string          `json:"key"`
		At       time.Time       `json:"at"`
		Reason   string          `json:"reason"`
		Path     string          `json:"path"`
		Size     int             `json:"size"`
		Digest   string          `json:"digest"`
		JSON     json.RawMessage `json:"json,omitempty"`
		Text     *string         `json:"text,omitempty"`
	}{Resource: l.Resource, Key: l.Key, At: l.At, Reason: l.Reason, Path: l.Path, Size: l.Size, Digest: l.Digest}
	if compact, ok := compactJSON(l); ok {
		line.JSON = compact
	} else {
		line.Text = new(string(l.Text))
	}
	text, err := jsonLine(line)
	return escaped(strings.TrimSuffix(string(text), "\n")), err
}

// compactJSON returns the text without white space, if it is JSON and whole.
func compactJSON(l producer.DeadLetter) ([]byte, bool) {
	var b bytes.Buffer
	if l.Size != len(l.Text) || json.Compact(&b, l.Text) != nil {
		return nil, false
	}
	return b.Bytes(), true
}

// escaped writes what a terminal would obey, or would not show where it stands, as JSON does: control characters, line separators, marks
// that turn the direction of text. Within JSON it changes no value.
func escaped(line string) string {
	var b strings.Builder
	for _, r := range line {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', unicode.Is(unicode.Bidi_Control, r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
