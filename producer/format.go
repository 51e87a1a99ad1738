package producer

import (
	"context"
	"fmt"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// Format is what the values of data topics are. A topic keeps its format, because readers decode all of it in one way: the plan says which
// (Plan.Format), and a worker with another one refuses to go on.
type Format uint8

// Formats of values.
const (
	FormatAvro Format = iota // framed for a schema registry
	FormatJSON               // the record's JSON text, without a schema
)

func (f Format) String() string { return [...]string{"avro", "json"}[f] }

// ParseFormat is the inverse of String.
func ParseFormat(s string) (Format, error) {
	for _, f := range []Format{FormatAvro, FormatJSON} {
		if s == f.String() {
			return f, nil
		}
	}
	return 0, fmt.Errorf("value format %q: must be avro or json", s)
}

// encoder makes a resource's values; avro.Subject and avro.Plain do. It is used by several goroutines at once. An error concerns all
// records; one that is about a single record is in its Encoded.
type encoder interface {
	Encode(ctx context.Context, records [][]byte) ([]avro.Encoded, error)
}

// LookAhead is how much of a resource is read before its schema is registered for the first time, so that this version is already a good
// one: at most so many records and the rest of their page, from so many pages, or of a substream parents.
var LookAhead = extract.SampleLimit{Records: 300, Pages: 20}

func (w *Worker) encoder(r *extract.Resource) encoder {
	declared := Declare(w.cfg.Source, r)
	declared.Encoder = w.cfg.Encoder
	if w.cfg.Format == FormatJSON {
		return avro.NewPlain(declared)
	}
	subject := avro.NewSubject(w.cfg.Registry, w.names.Subject(r.Name), declared, func(c avro.Change) { w.schemaChanged(r.Name, c) })
	if w.cfg.LookAhead.Pages > 0 && !r.HoldsPlace() {
		subject.LookAhead(func(ctx context.Context) [][]byte { return w.lookAhead(ctx, r) })
	}
	return subject
}

// schemaChanged counts a change and, unless it is the first registration, logs it.
func (w *Worker) schemaChanged(resource string, c avro.Change) {
	w.progress.schema(resource, c)
	if c.Field != "" {
		w.cfg.Log.Info("schema changed", "resource", resource, "path", c.Field, "what", c.What, "version", c.Version)
	}
}

// lookAhead reads the beginning of a resource. Where that fails the schema is made of the records at hand: they say what the trouble is,
// if it lasts.
func (w *Worker) lookAhead(ctx context.Context, r *extract.Resource) [][]byte {
	s, err := w.cfg.API.Sample(ctx, r, w.cfg.LookAhead)
	if err != nil && ctx.Err() == nil {
		w.cfg.Log.Warn("could not look ahead before the schema is registered", "resource", r.Name, "err", err)
	}
	return s.Texts()
}

// checkContracts refuses contracts that nothing could keep: values in JSON have no schema.
func (w *Worker) checkContracts(names []string) error {
	for _, name := range names {
		if c := w.cfg.Source.Resource(name).Contract; w.cfg.Format == FormatJSON && c != extract.ContractEvolve {
			return fmt.Errorf("resource %s: schema_contract %s is for values with a schema: unset HEADWATER_VALUE_FORMAT=json, or take the contract out of the source file", name, c)
		}
	}
	return nil
}
