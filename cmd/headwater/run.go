package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) runCommand() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "run [resource…]",
		Short: "Reads the source and keeps its topics equal to it, until stopped",
		Long: `Reads the source and keeps its topics equal to it, until SIGINT or SIGTERM.

With resources named, only those are published. A substream named without its parent reads the parent and does not publish it.
What an unselected substream misses is remembered and made up for when it is selected again.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.resources = args
			cfg, err := a.load()
			if err != nil {
				return err
			}
			p, err := a.work(c.Context(), cfg, o, nil)
			if p != nil {
				a.summary(p, true)
			}
			return err
		},
	}
	c.Flags().BoolVar(&o.once, "once", false, "end after what is left of backfills, one live pass and every listing")
	c.Flags().BoolVar(&o.allowDeletes, "allow-deletes", false, "delete even more than a fifth of a topic in one pass")
	return c
}

// work runs the main job with its display. started, where given, is called when the servers have answered; what is written to
// out appears above the display. The pipeline is returned if it was started, also with an error.
func (a *app) work(ctx context.Context, cfg *Config, o options, started func(p *pipeline, out io.Writer)) (*pipeline, error) {
	show := newDisplay(a.stderr, cfg, time.Now)
	p, err := a.newPipeline(cfg, o, show.logger())
	if err != nil {
		return nil, err
	}
	if err := p.preflight(ctx, o); err != nil {
		return nil, err
	}
	a.say(p.String())
	if started != nil {
		started(p, show)
	}
	show.start(p.worker.Progress)
	err = p.worker.Run(ctx)
	show.stop()
	return p, err
}
