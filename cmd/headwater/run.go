package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/cmd/headwater/web"
)

func (a *app) runCommand() *cobra.Command {
	var o options
	var dry dryRunFlags
	c := &cobra.Command{
		Use:   "run [resource…]",
		Short: "Reads the source and keeps its topics equal to it, until stopped",
		Long: `Reads the source and keeps its topics equal to it, until SIGINT or SIGTERM.

With resources named, only those are published. A substream named without its parent reads the parent and does not publish it.
What an unselected substream misses is remembered and made up for when it is selected again.

With --dry-run it prints what it would publish if the topics were empty, one JSON object a line, from the same reading and the same encoding,
and ends. Neither Kafka nor a schema registry is asked, and nothing is written anywhere. Whether a record is in its topic already, only a real
run knows. What only one may read at a time (a scroll) is read only if it is named.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.resources = args
			if err := dry.check(c.Flags().Changed, o); err != nil {
				return err
			}
			if dry.on {
				return a.dryRun(c.Context(), o, dry)
			}
			p, err := a.work(c.Context(), o, nil)
			if p != nil {
				a.summary(p, true)
			}
			return err
		},
	}
	c.Flags().BoolVar(&o.once, "once", false, "end after what is left of backfills, one live pass and every listing")
	c.Flags().BoolVar(&o.sweep, "sweep", false, "compare incremental resources with their topics now: finds deletions and silent edits")
	c.Flags().BoolVar(&o.allowDeletes, "allow-deletes", false, "delete even more than a fifth of a topic in one pass")
	dry.register(c)
	pprofFlag(c, &o)
	return c
}

// work runs the main job with its display. started, where given, is called when the servers have answered; what is written to
// out later appears above the display. The pipeline is returned if it was started, also with an error.
func (a *app) work(ctx context.Context, o options, started func(p *pipeline, out io.Writer)) (*pipeline, error) {
	cfg, mistakes := a.load()
	_, noColor := filled{a.env}.Lookup("NO_COLOR")
	show := newDisplay(a.stderr, cfg, noColor, time.Now)
	if cfg.MetricsAddr != "off" {
		o.metrics = web.NewMetrics(buildVersion())
	}
	p, err := a.newPipeline(cfg, o, show.logger())
	if err := errors.Join(mistakes, err, o.shared(cfg)); err != nil {
		return nil, err
	}
	defer p.close()
	if o.pprof != "" {
		served, err := serveProfiles(ctx, o.pprof)
		if err != nil {
			return nil, err
		}
		defer served.close()
		a.say(served.String())
	}
	server, err := a.serve(ctx, p, o, show.logger())
	if err != nil {
		return nil, err
	}
	if server != nil {
		defer server.Close()
		p.serves = server.URL()
	}
	if err := p.preflight(ctx, o); err != nil {
		return nil, err
	}
	if what, remedy := p.clockWarning(); what != "" {
		a.say("warning: " + what + " → " + remedy)
	}
	if started != nil {
		started(p, show)
	}
	if server != nil {
		a.say(where(server))
	}
	a.say(p.String())
	show.start(p.worker.Progress)
	told := tellStop(ctx, show)
	err = p.worker.Run(ctx)
	told()
	show.stop()
	return p, err
}

// shared refuses what workers of a group cannot be asked for: each reads what the group gives it, and without end.
func (o options) shared(cfg *Config) error {
	if cfg == nil || cfg.Group == "" || !o.once && len(o.resources) == 0 {
		return nil
	}
	return &usageError{fmt.Errorf("HEADWATER_GROUP=%q: workers that share the work stream every resource of the source: leave --once and the names of resources out, or unset it", cfg.Group)}
}

// tellStop says, when ctx ends, that the program is about to. It is said through the display, which would paint over it
// otherwise. The function that is returned ends the waiting.
func tellStop(ctx context.Context, show io.Writer) func() {
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		_, _ = io.WriteString(show, "stopping after the commit in flight; once more stops at once\n")
	})
	return func() {
		if !stop() {
			<-told
		}
	}
}
