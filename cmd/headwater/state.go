package main

import (
	"encoding/json"
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
		Use: "state", Short: "Looks at the state topic",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var asJSON bool
	show := &cobra.Command{
		Use: "show", Short: "Prints the position of every unit of work", Args: cobra.NoArgs,
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
			rows, err := producer.ReadState(c.Context(), opts, names)
			if err != nil {
				return err
			}
			if asJSON {
				if rows == nil {
					rows = []producer.StateRow{} // a list, also when it is empty
				}
				return json.NewEncoder(a.stdout).Encode(rows)
			}
			return a.printState(rows)
		},
	}
	show.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	state.AddCommand(show)
	return state
}

func (a *app) printState(rows []producer.StateRow) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "UNIT\tLANE\tPHASE\tDONE\tWATERMARK\tAGE\tRECORDS\tCOMMITTED\tNOTE")
	for _, r := range collapse(rows) {
		old := ""
		if r.State.Phase == "live" && r.State.Watermark != "" {
			if t, err := time.Parse(time.RFC3339, r.State.Watermark); err == nil {
				old = age(time.Since(t))
			}
		}
		note := ""
		if len(r.State.Owed) > 0 {
			note = "owes " + strings.Join(r.State.Owed, ", ")
		}
		if r.Stale {
			note = "of an older plan"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%v\t%s\t%s\t%d\t%s ago\t%s\n", r.Unit, r.Lane, r.State.Phase, r.State.Done, r.State.Watermark, old,
			r.State.Records, age(time.Since(r.State.At)), note)
	}
	return w.Flush()
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
		if !isWindow || !r.State.Done || last < 0 || !short[last].State.Done || !strings.HasPrefix(short[last].Unit, resource+"/") {
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
