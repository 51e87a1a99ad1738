package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// discoverFlags say how much is looked at, and in which form it is shown.
type discoverFlags struct {
	records int
	avro    bool
	json    bool
}

func (a *app) discoverCommand() *cobra.Command {
	var flags discoverFlags
	c := &cobra.Command{
		Use:   "discover [resource…]",
		Short: "Shows what the API holds: counts, keys, and the schema that its records ask for",
		Long: fmt.Sprintf(`Reads the beginning of each resource and shows how many records there are as far as the API tells, key, cursor field, and the schema
that run would register for the same records: before it registers one it looks as far ahead itself. At most %d pages of a resource are
read, or the children of %d parents. Neither Kafka nor a schema registry is needed. What only one may read at a time (a scroll) is looked
at only if it is named.`, producer.LookAhead.Pages, producer.LookAhead.Pages),
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case flags.records < 1:
				return &usageError{fmt.Errorf("--records %d: must be at least 1", flags.records)}
			case flags.avro && flags.json:
				return &usageError{errors.New("--avro and --json are two forms: give one")}
			}
			return a.discover(c.Context(), args, flags)
		},
	}
	c.Flags().IntVar(&flags.records, "records", producer.LookAhead.Records, "look at so many records of a resource, and the rest of their page")
	c.Flags().BoolVar(&flags.avro, "avro", false, "print Avro schemas, one a line")
	c.Flags().BoolVar(&flags.json, "json", false, "as JSON")
	return c
}

// discovered is what the beginning of a resource shows.
type discovered struct {
	Resource string          `json:"resource"`
	Skipped  string          `json:"skipped,omitempty"` // why it was not looked at
	Count    *int            `json:"count,omitempty"`   // records in all; left out: not known
	More     bool            `json:"more"`              // there are more than Looked
	Looked   int             `json:"looked"`            // records looked at
	Refused  int             `json:"refused,omitempty"` // of them, those without a usable key or that cannot be encoded
	Key      []string        `json:"key"`
	Cursor   string          `json:"cursor,omitempty"`
	Fields   []avro.Field    `json:"fields"`
	Schema   json.RawMessage `json:"schema,omitempty"` // as it would be registered
}

func (a *app) discover(ctx context.Context, resources []string, flags discoverFlags) error {
	cfg, mistakes := a.load()
	p := &pipeline{cfg: cfg}
	o := options{resources: resources, attempts: lookAttempts, waiting: a.tellWait}
	if _, err := a.openSource(p, o); errors.Join(mistakes, err) != nil {
		return errors.Join(mistakes, asUsage(err))
	}
	defer p.close()
	if err := p.checkAPI(ctx, o); err != nil {
		return err
	}
	selected := selection(p.source, resources)
	all, errs := make([]*discovered, len(selected)), make([]error, len(selected))
	var group errgroup.Group
	group.SetLimit(cfg.Concurrency)
	for i, r := range selected {
		group.Go(func() error {
			all[i], errs[i] = p.look(ctx, r, flags.records, len(resources) > 0)
			return nil
		})
	}
	_ = group.Wait() // errors are in errs
	if ctx.Err() != nil {
		return ctx.Err()
	}
	failed := &producer.FailedError{Resources: map[string]error{}}
	var good []*discovered
	for i, r := range selected {
		if errs[i] != nil {
			failed.Resources[r.Name] = errs[i]
		} else {
			good = append(good, all[i])
		}
	}
	if err := a.printDiscovered(good, flags); err != nil || len(failed.Resources) == 0 {
		return err
	}
	failed.Nothing = len(good) == 0
	return failed
}

// asUsage marks every mistake of configuration.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err}
}

// look reads the beginning of a resource and drafts its schema.
func (p *pipeline) look(ctx context.Context, r *extract.Resource, records int, named bool) (*discovered, error) {
	declared := producer.Declare(p.source, r)
	d := &discovered{Resource: r.Name, Key: declared.Key, Cursor: r.CursorPath, Fields: []avro.Field{}}
	if r.HoldsPlace() && !named {
		d.Skipped = holdsPlace(r) + "; name it to have it read"
		return d, nil
	}
	s, err := p.api.Sample(ctx, r, extract.SampleLimit{Records: records, Pages: producer.LookAhead.Pages})
	if err != nil {
		return nil, err
	}
	draft := avro.NewDraft(declared)
	if err := d.take(ctx, draft, s); err != nil {
		return nil, err
	}
	d.Looked, d.More = s.Records, s.More
	switch {
	case s.Total >= 0:
		d.Count = &s.Total
	case !s.More:
		d.Count = &s.Records
	}
	if fields := draft.Fields(); len(fields) > 0 {
		d.Fields, d.Schema = fields, json.RawMessage(draft.Schema())
	}
	return d, nil
}

// take gives the draft all records at once, as run gives them to a subject.
func (d *discovered) take(ctx context.Context, draft *avro.Draft, s extract.Sample) error {
	records := slices.Concat(s.Pages...)
	encoded, err := draft.Add(ctx, s.Texts())
	for i, e := range encoded {
		if e.Err != nil || records[i].KeyErr != nil {
			d.Refused++
		}
	}
	return err
}

func (a *app) printDiscovered(all []*discovered, flags discoverFlags) error {
	switch {
	case flags.json:
		if all == nil {
			all = []*discovered{} // a list, also when it is empty
		}
		return a.writeJSON(all)
	case flags.avro:
		for _, d := range all {
			if d.Schema == nil {
				a.say(d.Resource + ": " + d.noSchema())
			} else if _, err := fmt.Fprintf(a.stdout, "%s\n", d.Schema); err != nil {
				return err
			}
		}
		return nil
	}
	for i, d := range all {
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		if err := d.print(a.stdout); err != nil {
			return err
		}
	}
	return nil
}

func (d *discovered) noSchema() string {
	if d.Skipped != "" {
		return d.Skipped
	}
	return "no schema: there is no record that asks for one"
}

func (d *discovered) print(out io.Writer) error {
	if d.Skipped != "" {
		_, err := fmt.Fprintf(out, "%s: %s\n", d.Resource, d.Skipped)
		return err
	}
	head := fmt.Sprintf("%s: %s; key %s", d.Resource, d.countText(), strings.Join(d.Key, "/"))
	if d.Cursor != "" {
		head += "; cursor " + d.Cursor
	}
	if d.Refused > 0 {
		head += fmt.Sprintf("; %d of them cannot be published", d.Refused)
	}
	fmt.Fprintln(out, head)
	if len(d.Fields) == 0 {
		_, err := fmt.Fprintln(out, "  "+d.noSchema())
		return err
	}
	return writeFields(out, d.Fields)
}

// writeFields prints a schema's fields as a table.
func writeFields(out io.Writer, fields []avro.Field) error {
	rows := [][]string{{"  FIELD", "TYPE", "JSON", "DOC"}}
	for _, f := range fields {
		kind := f.Type
		if f.Required {
			kind += ", required"
		}
		rows = append(rows, []string{"  " + f.Name, oneLine(kind), oneLine(f.JSON), oneLine(f.Doc)})
	}
	return writeTable(out, rows)
}

func (d *discovered) countText() string {
	switch {
	case d.Count != nil && *d.Count == d.Looked:
		return counted(int64(d.Looked), "record")
	case d.Count != nil:
		return fmt.Sprintf("%s, schema of the first %d", counted(int64(*d.Count), "record"), d.Looked)
	default:
		return fmt.Sprintf("%d+ records, schema of the first %d", d.Looked, d.Looked)
	}
}
