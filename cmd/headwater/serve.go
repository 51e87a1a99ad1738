package main

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"

	"github.com/headwater-stream/headwater/cmd/headwater/web"
	"github.com/headwater-stream/headwater/producer"
)

// serve tells of the pipeline over HTTP, unless HEADWATER_METRICS_ADDR is off; then the server is nil. A port that is taken is an error
// where the user has named it: a scrape would meet another process there. The default port is replaced by a free one, so that a second
// worker on a machine starts.
func (a *app) serve(ctx context.Context, p *pipeline, o options, log *slog.Logger) (*web.Server, error) {
	if p.cfg.MetricsAddr == "off" {
		return nil, nil //nolint:nilnil // there is none
	}
	addr, err := web.ParseAddress(p.cfg.MetricsAddr)
	if err != nil {
		return nil, err // a mistake that was told before
	}
	_, named := filled{a.env}.Lookup("HEADWATER_METRICS_ADDR")
	s, err := web.Listen(ctx, web.Config{Addr: addr, Free: o.freePorts || !named, Version: buildVersion(), Log: log})
	if err != nil {
		remedy := "set HEADWATER_METRICS_ADDR to an address of this machine, or to off"
		if errors.Is(err, syscall.EADDRINUSE) {
			remedy = "set HEADWATER_METRICS_ADDR to another port (0 takes a free one), or to off"
		}
		return nil, &producer.EnvironmentError{Op: "serve health and metrics", Err: err, Remedy: remedy, Lasting: true}
	}
	o.metrics.Watch(p.worker, p.api)
	o.metrics.Routes(s)
	ready := &web.Ready{Worker: p.worker, Metrics: o.metrics, Shared: p.cfg.Group != "", Now: time.Now}
	if p.registry != nil {
		ready.Registry = p.registry
	}
	ready.Routes(s)
	page := &web.Page{Source: p.source, Target: p.String(), Version: buildVersion(), Worker: p.worker, API: p.api}
	page.Routes(s)
	return s, nil
}

// where is what people are told of a server.
func where(s *web.Server) string {
	line := "status page, health and metrics at " + s.URL()
	if s.Moved() {
		line += "  (its usual port is taken)"
	}
	return line
}
