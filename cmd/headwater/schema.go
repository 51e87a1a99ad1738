package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

func (a *app) schemaCommand() *cobra.Command {
	schema := &cobra.Command{
		Use: "schema", Short: "Shows, compares and exports the schemas that are registered",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	schema.AddCommand(a.schemaShowCommand(), a.schemaDiffCommand(), a.schemaExportCommand())
	return schema
}

// subjects is what the schema commands work with.
type subjects struct {
	cfg      *Config
	source   *extract.Source
	names    producer.Names
	selected []*extract.Resource
	registry *avro.SchemaRegistry // nil where values are JSON
}

// openSubjects needs neither Kafka nor the API, so their settings may be missing. Errors are mistakes of configuration.
func (a *app) openSubjects(resources []string) (*subjects, error) {
	cfg, mistakes := a.load()
	src, err := loadSource(cfg.Source)
	if err = errors.Join(mistakes, err); err != nil {
		return nil, err
	}
	for _, name := range resources {
		if src.Resource(name) == nil {
			mistakes = errors.Join(mistakes, &usageError{unknownResource(src, name)})
		}
	}
	if mistakes != nil {
		return nil, mistakes
	}
	s := &subjects{cfg: cfg, source: src, names: cfg.namesOf(src), selected: selection(src, resources)}
	if cfg.ValueFormat == producer.FormatJSON.String() {
		a.say("the values of " + s.names.Prefix + "* are JSON (HEADWATER_VALUE_FORMAT): no schema of them is registered")
		return s, nil
	}
	if s.registry, err = cfg.registry(); err != nil {
		return nil, &usageError{err}
	}
	return s, nil
}

func (s *subjects) close() {
	if s.registry != nil {
		s.registry.Close()
	}
}

// registered is what a resource's subject holds.
type registered struct {
	Resource string              `json:"resource"`
	Subject  string              `json:"subject"`
	Level    string              `json:"compatibility,omitempty"` // "": none of its own, or it may not be read
	Versions []registeredVersion `json:"versions"`                // oldest first
	levelErr error
}

type registeredVersion struct {
	Version int             `json:"version"`
	ID      int             `json:"id"`
	Fields  []avro.Field    `json:"fields"`
	Schema  json.RawMessage `json:"schema"` // as registered
}

func (r *registered) latest() registeredVersion { return r.Versions[len(r.Versions)-1] }

// plain are the versions as avro has them.
func (r *registered) plain() []avro.Registered {
	all := make([]avro.Registered, len(r.Versions))
	for i, v := range r.Versions {
		all[i] = avro.Registered{ID: v.ID, Version: v.Version, Schema: string(v.Schema)}
	}
	return all
}

// read asks for what is registered of resources. Those of which nothing is are left out.
func (s *subjects) read(ctx context.Context, resources []*extract.Resource) ([]*registered, error) {
	if s.registry == nil {
		return nil, nil
	}
	all := make([]*registered, len(resources))
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(s.cfg.Concurrency)
	for i, r := range resources {
		group.Go(func() (err error) {
			all[i], err = s.readOne(within, r)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var found []*registered
	for _, r := range all {
		if len(r.Versions) > 0 {
			found = append(found, r)
		}
	}
	return found, nil
}

func (s *subjects) readOne(ctx context.Context, r *extract.Resource) (*registered, error) {
	one := &registered{Resource: r.Name, Subject: s.names.Subject(r.Name)}
	versions, err := s.registry.Versions(ctx, one.Subject)
	if err != nil || len(versions) == 0 {
		return one, err
	}
	one.Level, one.levelErr = s.registry.LevelOf(ctx, one.Subject)
	for _, v := range versions {
		fields, err := avro.FieldsOf(v.Schema)
		if err != nil {
			fields = nil // of another producer: its text shows what it is
		}
		one.Versions = append(one.Versions, registeredVersion{v.Version, v.ID, fields, json.RawMessage(v.Schema)})
	}
	return one, nil
}

// missing is the error of resources that are named and not registered.
func (s *subjects) missing(named []string, found []*registered) error {
	if s.registry == nil {
		return nil
	}
	have := map[string]bool{}
	for _, r := range found {
		have[r.Resource] = true
	}
	var errs []error
	for _, name := range named {
		if !have[name] {
			errs = append(errs, fmt.Errorf("nothing is registered of %s (%s): run headwater first, or check HEADWATER_TOPIC_PREFIX", name, s.names.Subject(name)))
		}
	}
	return errors.Join(errs...)
}

// compacted is a schema on one line.
func compacted(text []byte) string {
	var line bytes.Buffer
	if json.Compact(&line, text) != nil {
		return oneLine(string(text))
	}
	return line.String()
}

// writeJSON prints v on one line.
func (a *app) writeJSON(v any) error {
	line, err := jsonLine(v)
	if err == nil {
		_, err = a.stdout.Write(line)
	}
	return err
}

// jsonLine is v on one line, with its end, as people read it: < stays <.
func jsonLine(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}
