package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// dryRunFlags are those of run that go with --dry-run.
type dryRunFlags struct {
	on      bool
	count   int
	schemas bool
}

func (f *dryRunFlags) register(c *cobra.Command) {
	c.Flags().BoolVar(&f.on, "dry-run", false, "print what would be published, and end; needs neither Kafka nor a schema registry")
	c.Flags().IntVarP(&f.count, "count", "n", 10, "with --dry-run: at most so many records of a resource; 0: all")
	c.Flags().BoolVar(&f.schemas, "schemas", false, "with --dry-run: print the schemas, too, that would be registered")
}

func (f *dryRunFlags) check(given func(flag string) bool, o options) error {
	switch {
	case !f.on && given("count"):
		return &usageError{errors.New("--count goes with --dry-run: run itself reads everything")}
	case !f.on && f.schemas:
		return &usageError{errors.New("--schemas goes with --dry-run: what is registered is shown by headwater schema show")}
	case f.on && f.count < 0:
		return &usageError{fmt.Errorf("--count %d: must not be negative", f.count)}
	case f.on && (o.sweep || o.allowDeletes):
		return &usageError{errors.New("--dry-run knows no topics that a deletion could be found by: leave --sweep and --allow-deletes out")}
	}
	return nil
}

// dryRecord is a line: a record as cat shows it, with the topic that it is for. A dead letter has reason and path, and text where its value
// is not JSON.
type dryRecord struct {
	Topic string `json:"topic"`
	shownRecord
	Reason string  `json:"reason,omitempty"`
	Path   string  `json:"path,omitempty"`
	Text   *string `json:"text,omitempty"`
}

// drySchema is a line, too.
type drySchema struct {
	Subject string          `json:"subject"`
	Schema  json.RawMessage `json:"schema"`
}

func (a *app) dryRun(ctx context.Context, o options, flags dryRunFlags) error {
	o.attempts, o.waiting = lookAttempts, a.tellWait
	cfg, mistakes := a.load()
	p := &pipeline{cfg: cfg}
	resources, err := a.openSource(p, o)
	if errors.Join(mistakes, err) != nil {
		return errors.Join(mistakes, asUsage(err))
	}
	defer p.close()
	desk := avro.NewDesk()
	if err := p.newDryWorker(desk, resources); err != nil {
		return &usageError{err}
	}
	if err := p.checkAPI(ctx, o); err != nil {
		return err
	}
	decoder := avro.NewDecoder(desk)
	all, err := p.worker.Preview(ctx, flags.count, func(_ string, r *kgo.Record) error {
		line, err := p.dryLine(ctx, decoder, r)
		if err != nil {
			return err
		}
		_, err = a.stdout.Write(line)
		return err
	})
	if err != nil {
		return err
	}
	if flags.schemas {
		if err := a.drySchemas(p, all); err != nil {
			return err
		}
	}
	for _, line := range dryLines(p, all) {
		a.say(line)
	}
	a.sayNext(dryNext(p, all, flags))
	return dryFailed(all)
}

// newDryWorker makes the worker of a dry run: the same as run's, but that it has no Kafka, and a registry of its own.
func (p *pipeline) newDryWorker(desk *avro.Desk, resources []string) error {
	format, _ := producer.ParseFormat(p.cfg.ValueFormat) // a mistake is told already
	encoder, _ := avro.ParseEncoder(p.cfg.Encoder)
	p.names = p.cfg.namesOf(p.source)
	var err error
	p.worker, err = producer.New(producer.Config{
		Source: p.source, API: p.api, Format: format, Encoder: encoder, Registry: desk, LookAhead: producer.LookAhead, Names: p.names, Resources: resources,
		Once: true, Concurrency: p.cfg.Concurrency, Now: time.Now, Sleep: sleep, Log: slog.New(slog.DiscardHandler),
	})
	return err
}

func (p *pipeline) dryLine(ctx context.Context, decoder *avro.Decoder, r *kgo.Record) ([]byte, error) {
	line := dryRecord{Topic: r.Topic, shownRecord: newShown(r)}
	if r.Topic == p.names.DeadLetters() {
		l := producer.Letter(r)
		line.Reason, line.Path = l.Reason, l.Path
		if compact, ok := compactJSON(l); ok {
			line.Value = compact
		} else {
			line.Text = new(string(l.Text))
		}
		return jsonLine(line)
	}
	var err error
	if line.Value, err = valueJSON(ctx, decoder, r.Value); err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.Topic, r.Key, err)
	}
	return jsonLine(line)
}

func (a *app) drySchemas(p *pipeline, all []producer.Previewed) error {
	for _, s := range all {
		if s.Schema == "" {
			continue
		}
		line, err := jsonLine(drySchema{p.names.Subject(s.Resource), json.RawMessage(s.Schema)})
		if err == nil {
			_, err = a.stdout.Write(line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dryLines says what was shown, and what a dry run cannot know.
func dryLines(p *pipeline, all []producer.Previewed) []string {
	lines := []string{"nothing was written. If the topics were empty, run would publish:"}
	for _, s := range all {
		lines = append(lines, fmt.Sprintf("%-20s %s", s.Resource, dryText(p.source.Resource(s.Resource), s, p.names)))
	}
	return append(lines, "not known without Kafka: which of these are in the topics already. run publishes only those that are new or changed, as op u, and what was deleted, as op d")
}

// dryNext are the commands that a dry run leads to.
func dryNext(p *pipeline, all []producer.Previewed, flags dryRunFlags) []string {
	sh := newShell(p.cfg, p.names)
	var next []string
	for _, s := range all {
		if s.Records == 0 {
			continue
		}
		if flags.count > 0 {
			next = append(next, sh.api("run --dry-run "+s.Resource+" -n 0"))
		}
		if !flags.schemas && !sh.json {
			next = append(next, sh.api("run --dry-run "+s.Resource+" --schemas"))
		}
		break
	}
	return append(next, sh.api("plan"), sh.api("check"))
}

func dryText(r *extract.Resource, s producer.Previewed, names producer.Names) string {
	switch {
	case s.Skipped:
		return holdsPlace(r) + "; name it to have it read"
	case s.Err != nil && s.Records+s.DeadLetters == 0:
		return "nothing: see below"
	}
	text := counted(int64(s.Records), "record")
	if s.More {
		text = "the first " + text
	}
	text += " → " + names.Data(s.Resource)
	if s.DeadLetters > 0 {
		text += fmt.Sprintf(", %s → %s", counted(int64(s.DeadLetters), "dead letter"), names.DeadLetters())
	}
	return text
}

// dryFailed is the resources that could not be read.
func dryFailed(all []producer.Previewed) error {
	failed := &producer.FailedError{Resources: map[string]error{}, Nothing: true}
	for _, s := range all {
		if s.Err != nil {
			failed.Resources[s.Resource] = s.Err
		} else {
			failed.Nothing = false
		}
	}
	if len(failed.Resources) == 0 {
		return nil
	}
	return failed
}
