package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/avro"
)

func (a *app) planCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "plan [resource…]",
		Short: "Says how many requests and how long the first reading will take, before it starts",
		Long: `Asks the API what run asks before it begins, and reckons from that how many requests the first reading takes: the backfill and one live
pass, or one listing, and a list of children for each parent. How long that takes is reckoned from the rate limit that the API tells, from
HEADWATER_CONCURRENCY, and from what a request takes now. What is not certain is said. Neither Kafka nor a schema registry is needed. What only
one may read at a time (a scroll) is reckoned only if it is named: it is read to its end then.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return a.plan(c.Context(), args, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func (a *app) plan(ctx context.Context, resources []string, asJSON bool) error {
	seen := newPace()
	o := options{resources: resources, attempts: lookAttempts, waiting: a.tellWait, observer: seen}
	cfg, mistakes := a.load()
	p := &pipeline{cfg: cfg}
	named, err := a.openSource(p, o)
	if errors.Join(mistakes, err) != nil {
		return errors.Join(mistakes, asUsage(err))
	}
	defer p.close()
	seen.budgetNow = p.api.Budget
	if err := p.newDryWorker(avro.NewDesk(), named); err != nil {
		return &usageError{err}
	}
	if err := p.checkAPI(ctx, o); err != nil {
		return err
	}
	forecasts, err := p.worker.Forecast(ctx, seen.of)
	if err != nil {
		return err
	}
	if err := p.learnPeriod(ctx, seen); err != nil {
		return err
	}
	e := newEstimate(forecasts, seen, cfg.Concurrency)
	if asJSON {
		err = a.writeJSON(e)
	} else {
		err = e.print(a.stdout)
		for _, line := range e.notes() {
			a.say(line)
		}
		sh := newShell(cfg, p.names)
		a.sayNext([]string{sh.api("check"), sh.source + sh.kafka + sh.registry + sh.program + " run"})
	}
	return errors.Join(err, e.failed(forecasts))
}

// learnPeriod waits for the end of a period of the API's budget where that is soon, and what was seen of it does not tell how long it is.
func (p *pipeline) learnPeriod(ctx context.Context, seen *pace) error {
	b, now := p.api.Budget(), time.Now()
	if b.Limit == 0 || seen.exact > 0 || seen.longest >= soon {
		return nil
	}
	if err := sleep(ctx, b.Reset.Sub(now)); err != nil {
		return err
	}
	for _, r := range p.source.Roots() {
		if !r.Singleton {
			_ = p.api.Check(ctx, r) // its headers are what is wanted; its error was told
			break
		}
	}
	return ctx.Err()
}

// soon is how long a person waits for an answer without wondering.
const soon = 5 * time.Second
