package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// schemaDiffFlags say what is compared with what.
type schemaDiffFlags struct {
	source  bool
	records int
	json    bool
}

func (a *app) schemaDiffCommand() *cobra.Command {
	var flags schemaDiffFlags
	c := &cobra.Command{
		Use:   "diff RESOURCE [FROM [TO]]",
		Short: "Compares two registered versions, or the latest with what run would register now",
		Long: `Compares two versions of a resource's schema, field by field: the last two, FROM and the latest, or FROM and TO. Each difference is
judged: readers of either version can read what is written with the other, or the change is breaking. A change of meaning that keeps
the bytes (long to timestamp, text to JSON text, another member of the record) is breaking, although registries let it pass.

With --source the latest version is compared with what the source file as it is now and the API's first records ask for, before run
registers it. Run never changes a registered type: where the source file declares another one, that is shown as breaking.

Exit code 1 where a difference is breaking.`,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return &usageError{errors.New("name one resource: headwater schema diff contacts")}
			case 1, 2, 3:
				return nil
			}
			return &usageError{fmt.Errorf("a resource and two versions can be named, not %d words", len(args))}
		},
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case flags.source && len(args) > 1:
				return &usageError{errors.New("--source compares with the latest version: leave the versions out")}
			case flags.records < 1:
				return &usageError{fmt.Errorf("--records %d: must be at least 1", flags.records)}
			}
			return a.schemaDiff(c.Context(), args[0], args[1:], flags)
		},
	}
	c.Flags().BoolVar(&flags.source, "source", false, "compare with what the source file and the API's records ask for now")
	c.Flags().IntVar(&flags.records, "records", producer.LookAhead.Records, "with --source: look at so many records, and the rest of their page")
	c.Flags().BoolVar(&flags.json, "json", false, "as JSON")
	return c
}

// compared is two schemas with what is different.
type compared struct {
	Resource    string            `json:"resource"`
	Subject     string            `json:"subject"`
	From        int               `json:"from"`         // version
	To          int               `json:"to,omitempty"` // version; left out: what run would register
	Breaking    bool              `json:"breaking"`
	Differences []avro.Difference `json:"differences"`
}

// breakingError ends a comparison that found something; what it is was its output.
type breakingError struct{ changes int }

func (e *breakingError) Error() string { return counted(int64(e.changes), "breaking difference") }

func (a *app) schemaDiff(ctx context.Context, resource string, versions []string, flags schemaDiffFlags) error {
	s, err := a.openSubjects([]string{resource})
	if err != nil || s.registry == nil {
		return err
	}
	defer s.close()
	found, err := s.read(ctx, s.selected)
	if err == nil {
		err = s.missing([]string{resource}, found)
	}
	if err != nil {
		return err
	}
	var c *compared
	if flags.source {
		c, err = a.compareSource(ctx, s, found[0], flags.records)
	} else {
		c, err = a.compareVersions(found[0], versions)
	}
	if err != nil || c == nil {
		return err
	}
	if err := a.printCompared(c, flags.json); err != nil {
		return err
	}
	if broken := avro.Breaking(c.Differences); len(broken) > 0 {
		return &breakingError{len(broken)}
	}
	return nil
}

// compareVersions compares what the arguments name; nil: there is one version alone.
func (a *app) compareVersions(r *registered, arguments []string) (*compared, error) {
	picked := []registeredVersion{r.latest(), r.latest()}
	if len(arguments) == 0 {
		if len(r.Versions) == 1 {
			a.say(fmt.Sprintf("%s has one version, %d: there is nothing to compare it with", r.Subject, r.latest().Version))
			return nil, nil
		}
		picked[0] = r.Versions[len(r.Versions)-2]
	}
	for i, text := range arguments {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, &usageError{fmt.Errorf("%q is no version's number: %s has %s", text, r.Subject, r.numbers())}
		}
		at := slices.IndexFunc(r.Versions, func(v registeredVersion) bool { return v.Version == n })
		if at < 0 {
			return nil, fmt.Errorf("%s has no version %d: it has %s", r.Subject, n, r.numbers())
		}
		picked[i] = r.Versions[at]
	}
	all, err := avro.Diff(string(picked[0].Schema), string(picked[1].Schema))
	if err != nil {
		return nil, fmt.Errorf("compare versions %d and %d of %s: %w", picked[0].Version, picked[1].Version, r.Subject, err)
	}
	return newCompared(r, picked[0].Version, picked[1].Version, all), nil
}

func newCompared(r *registered, from, to int, all []avro.Difference) *compared {
	return &compared{r.Resource, r.Subject, from, to, len(avro.Breaking(all)) > 0, slices.Concat([]avro.Difference{}, all)}
}

// compareSource lets the registered schema grow by the API's first records as run would, and looks whether it is what is declared.
func (a *app) compareSource(ctx context.Context, s *subjects, r *registered, records int) (*compared, error) {
	p := &pipeline{cfg: s.cfg}
	o := options{resources: []string{r.Resource}, attempts: lookAttempts, waiting: a.tellWait}
	if _, err := a.openSource(p, o); err != nil {
		return nil, asUsage(err)
	}
	defer p.api.Close()
	resource := p.source.Resource(r.Resource)
	declared := producer.Declare(p.source, resource)
	all, err := declared.Conflicts(string(r.latest().Schema))
	if err != nil {
		return nil, fmt.Errorf("%s version %d: %w", r.Subject, r.latest().Version, err)
	}
	sample, err := p.api.Sample(ctx, resource, extract.SampleLimit{Records: records, Pages: producer.LookAhead.Pages})
	if err != nil {
		return nil, err
	}
	if declared.Contract != avro.Evolve {
		a.say(fmt.Sprintf("the schema_contract of %s is %v: run registers no field for what its records bring", r.Resource, declared.Contract))
	}
	draft := avro.NewDraftOn(declared, r.plain())
	if _, err := draft.Add(ctx, sample.Texts()); err != nil {
		return nil, err
	}
	if grown := draft.Schema(); grown != "" { // without a record there is nothing to register
		more, err := avro.Diff(string(r.latest().Schema), grown)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return newCompared(r, r.latest().Version, 0, all), nil
}

func (a *app) printCompared(c *compared, asJSON bool) error {
	if asJSON {
		return a.writeJSON(c)
	}
	to := "what the source file and the API's records ask for"
	if c.To > 0 {
		to = fmt.Sprintf("version %d", c.To)
	}
	fmt.Fprintf(a.stdout, "%s: version %d → %s: %s\n", c.Subject, c.From, to, verdict(c))
	if len(c.Differences) == 0 {
		return nil
	}
	rows := [][]string{{"  JUDGEMENT", "FIELD", "CHANGE", "FROM", "TO", "WHY"}}
	for _, d := range c.Differences {
		judgement := "compatible"
		if d.Breaking {
			judgement = "BREAKING"
		}
		rows = append(rows, []string{"  " + judgement, d.Field, d.Change, oneLine(d.From), oneLine(d.To), oneLine(d.Reason)})
	}
	return writeTable(a.stdout, rows)
}

func verdict(c *compared) string {
	broken := len(avro.Breaking(c.Differences))
	switch {
	case broken > 0:
		return fmt.Sprintf("%s, %d breaking", counted(int64(len(c.Differences)), "difference"), broken)
	case len(c.Differences) > 0:
		return counted(int64(len(c.Differences)), "difference") + ", none breaking"
	}
	return "no difference"
}
