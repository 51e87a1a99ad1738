package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

func (a *app) stateResetCommand() *cobra.Command {
	var to string
	var asJSON bool
	c := &cobra.Command{
		Use:   "reset RESOURCE",
		Short: "Has a resource read again, from its beginning or from a time on",
		Long: `Has a resource read again from its beginning, by the worker that runs or by the next one. With --to what is searched by time is read
again from that time on. Nothing that is unchanged is published again: what the topic holds is known (of resources that are searched by
time, the last 320,000 keys or so that are to be read again). A topic that was deleted is filled again. The children of parents are
another resource, to be reset by their own name.

Workers may go on: they are held up for a moment, and take up the new plan. It takes the rights that a worker has.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("name one resource: headwater state reset contacts")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			var from time.Time
			if c.Flags().Changed("to") {
				var err error
				if from, err = extract.ParseDatetime(to); err != nil || from.IsZero() {
					return &usageError{fmt.Errorf("--to %q is no time; give RFC 3339 or a date, in UTC: 2026-01-31T08:00:00Z or 2026-01-31", to)}
				}
			}
			return a.visit(c.Context(), asJSON, args[0], func(ctx context.Context, v producer.VisitConfig) (producer.Visited, error) {
				return producer.ResetState(ctx, v, args[0], from)
			})
		},
	}
	c.Flags().StringVar(&to, "to", "", "read again from this time on: RFC 3339 or a date, UTC")
	c.Flags().BoolVar(&asJSON, "json", false, "what was done, as JSON")
	return c
}

func (a *app) stateSetCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "set UNIT JSON",
		Short: "Sets the position of one unit of work by hand",
		Long: `Sets the position of one unit of work: the resource's own (contacts), a window of its backfill (contacts/3), its sweep (contacts/sweep).
JSON is the unit's state as "state show --json" shows it: phase, window, page, watermark, done, owed, records. What is owed and counted stays
where it is left out; v, plan and at are checked where they are given. The other units stay where they are.

A watermark that is later than what was read skips what lies between; whoever wants that says it here.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &usageError{errors.New(`name one unit and its state: headwater state set contacts '{"phase":"live","watermark":"2026-01-31T08:00:00Z","done":true}'`)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			resource, _, _ := strings.Cut(args[0], "/")
			return a.visit(c.Context(), asJSON, resource, func(ctx context.Context, v producer.VisitConfig) (producer.Visited, error) {
				return producer.SetState(ctx, v, args[0], []byte(args[1]))
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "what was done, as JSON")
	return c
}

// visit has the state changed and says in one line what was done.
func (a *app) visit(ctx context.Context, asJSON bool, resource string, change func(context.Context, producer.VisitConfig) (producer.Visited, error)) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	src, err := loadSource(cfg.Source)
	if err != nil {
		return err
	}
	if src.Resource(resource) == nil {
		return &usageError{unknownResource(src, resource)}
	}
	opts, err := cfg.kafkaOptions()
	if err != nil {
		return &usageError{err}
	}
	if err := pingKafka(ctx, opts, cfg.KafkaBrokers); err != nil {
		return err
	}
	done, err := change(ctx, producer.VisitConfig{Source: src, Kafka: opts, Names: cfg.namesOf(src), Now: time.Now, Sleep: sleep})
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(done)
	}
	var plans []string
	for _, p := range done.Plans {
		plans = append(plans, fmt.Sprintf("%s: plan %d → %d", p.Of, p.Was, p.Is))
	}
	lanes := "lanes "
	if len(done.Lanes) == 1 {
		lanes = "lane "
	}
	_, err = fmt.Fprintln(a.stdout, strings.Join(append(plans, lanes+ranges(done.Lanes)), "; "))
	return err
}
