package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

func (a *app) stateCommand() *cobra.Command {
	state := &cobra.Command{
		Use: "state", Short: "Looks at the state topic, and changes it",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	state.AddCommand(a.stateShowCommand(), a.stateResetCommand(), a.stateSetCommand())
	return state
}

func (a *app) stateShowCommand() *cobra.Command {
	var asJSON bool
	show := &cobra.Command{
		Use: "show", Short: "Prints the position of every unit of work, the plans, and who holds the lanes", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			names, err := cfg.names()
			if err != nil {
				return err
			}
			opts, err := cfg.kafkaOptions()
			if err != nil {
				return &usageError{err}
			}
			if err := pingKafka(c.Context(), opts, cfg.KafkaBrokers); err != nil {
				return err
			}
			view, err := producer.ReadState(c.Context(), opts, names)
			if view.Units == nil {
				return err
			}
			// A lane that is not understood hides no other: what is there is shown, then what is not is told.
			if asJSON {
				return errors.Join(json.NewEncoder(a.stdout).Encode(stateJSON(view, time.Now())), err)
			}
			return errors.Join(a.printState(view, time.Now()), err)
		},
	}
	show.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return show
}

// watermarkAge is how long ago a live pass's watermark was.
func watermarkAge(r producer.StateRow, now time.Time) (time.Duration, bool) {
	if r.State.Phase != "live" || r.State.Watermark == "" {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339, r.State.Watermark)
	return max(0, now.Sub(t)), err == nil
}

// stateJSON is the view with the ages that the table shows.
func stateJSON(view producer.StateView, now time.Time) any {
	type unit struct {
		producer.StateRow
		Age *int64 `json:"watermark_age_seconds,omitempty"`
	}
	out := struct {
		Units   []unit               `json:"units"`
		Plans   []producer.PlanRow   `json:"plans"`
		Holders []producer.HolderRow `json:"holders"`
	}{[]unit{}, view.Plans, view.Holders}
	for _, r := range view.Units {
		u := unit{StateRow: r}
		if old, ok := watermarkAge(r, now); ok {
			seconds := int64(old.Seconds())
			u.Age = &seconds
		}
		out.Units = append(out.Units, u)
	}
	return out
}

func (a *app) printState(view producer.StateView, now time.Time) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "UNIT\tLANE\tPHASE\tDONE\tWATERMARK\tAGE\tRECORDS\tCOMMITTED\tNOTE")
	for _, r := range collapse(view.Units) {
		old := ""
		if d, ok := watermarkAge(r, now); ok {
			old = age(d)
		}
		note := ""
		if len(r.State.Owed) > 0 {
			note = "owes " + strings.Join(r.State.Owed, ", ")
		}
		if r.Stale {
			note = "of an older plan"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%v\t%s\t%s\t%d\t%s ago\t%s\n", r.Unit, r.Lane, r.State.Phase, r.State.Done, r.State.Watermark, old,
			r.State.Records, age(now.Sub(r.State.At)), note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nPLAN\tNUMBER\tLANE\tFROM\tT0\tWINDOWS\tMADE\tNOTE")
	for _, p := range view.Plans {
		note := ""
		if p.Plan.Reset {
			note = "the next run plans anew"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%d\t%s ago\t%s\n", p.Of, p.Plan.Plan, p.Lane, p.Plan.From, p.Plan.T0, p.Plan.Windows, age(now.Sub(p.Plan.At)), note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nCLAIMED BY\tHOST\tPID\tGROUP\tKIND\tLANES\tSINCE")
	for _, h := range view.Holders {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s ago\n", h.Worker, h.Host, h.PID, h.Group, h.Kind, ranges(h.Lanes), age(now.Sub(h.Since)))
	}
	return w.Flush()
}

// ranges writes numbers that ascend: 0-3, 7.
func ranges(numbers []int32) string {
	var parts []string
	for i := 0; i < len(numbers); {
		last := i
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		if last == i {
			parts = append(parts, fmt.Sprint(numbers[i]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", numbers[i], numbers[last]))
		}
		i = last + 1
	}
	return strings.Join(parts, ", ")
}

// collapse makes one row of neighbouring windows that are done: they say the same, and there can be hundreds.
func collapse(rows []producer.StateRow) []producer.StateRow {
	var short []producer.StateRow
	for _, r := range rows {
		last := len(short) - 1
		resource, number, isWindow := strings.Cut(r.Unit, "/")
		if _, err := strconv.Atoi(number); err != nil {
			isWindow = false // a sweep
		}
		if !isWindow || !r.State.Done || last < 0 || !short[last].State.Done || short[last].Stale != r.Stale || !strings.HasPrefix(short[last].Unit, resource+"/") {
			short = append(short, r)
			continue
		}
		first, _, _ := strings.Cut(short[last].Unit, "…")
		short[last].Unit = first + "…" + number
		short[last].State.Records += r.State.Records
		short[last].State.Watermark, short[last].State.At = r.State.Watermark, r.State.At
	}
	return short
}

// names are the topics of the configured source; its file is read only where no prefix is set.
func (c *Config) names() (producer.Names, error) {
	if c.TopicPrefix != "" {
		return producer.Names{Prefix: c.TopicPrefix}, nil
	}
	src, err := loadSource(c.Source)
	if err != nil {
		return producer.Names{}, err
	}
	return c.namesOf(src), nil
}

func (c *Config) namesOf(src *extract.Source) producer.Names {
	if c.TopicPrefix != "" {
		return producer.Names{Prefix: c.TopicPrefix}
	}
	return producer.Names{Prefix: src.Name + "."}
}
