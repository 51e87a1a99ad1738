package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// pipeline is the main job with everything that it needs from outside, checked.
type pipeline struct {
	cfg      *Config
	source   *extract.Source
	names    producer.Names
	kafka    []kgo.Opt
	registry *avro.SchemaRegistry
	api      *extract.Client
	worker   *producer.Worker
}

// options of the main job that come from flags.
type options struct {
	resources    []string
	once         bool
	allowDeletes bool
}

// newPipeline builds the parts. Its errors are mistakes of configuration; nothing was sent anywhere yet.
func (a *app) newPipeline(cfg *Config, o options, log *slog.Logger) (*pipeline, error) {
	p := &pipeline{cfg: cfg}
	var err error
	if p.source, err = loadSource(cfg.Source); err != nil {
		return nil, err
	}
	settings, warnings, err := sourceSettings(p.source, a.env, a.environ)
	for _, w := range warnings {
		a.say("warning: " + w)
	}
	if err != nil {
		return nil, err
	}
	p.names = producer.Names{Prefix: cfg.TopicPrefix}
	if cfg.TopicPrefix == "" {
		p.names.Prefix = p.source.Name + "."
	}
	if p.kafka, err = cfg.kafkaOptions(); err != nil {
		return nil, &usageError{err}
	}
	if p.registry, err = cfg.registry(); err != nil {
		return nil, &usageError{err}
	}
	v, _ := buildVersion()
	p.api, err = extract.NewClient(p.source, settings, extract.Options{
		Concurrency: cfg.Concurrency, UserAgent: "headwater/" + v, OnWait: func(w extract.Wait) { p.worker.Waiting(w) },
	})
	if err != nil {
		return nil, &usageError{err}
	}
	p.worker, err = producer.New(producer.Config{
		Source: p.source, API: p.api, Registry: p.registry, Kafka: p.kafka, Names: p.names, Resources: o.resources,
		Once: o.once, AllowDeletes: o.allowDeletes,
		PollInterval: cfg.PollInterval, SnapshotInterval: cfg.SnapshotInterval, Concurrency: cfg.Concurrency,
		Partitions: cfg.Partitions, Replication: cfg.Replication,
		Now: time.Now, Sleep: sleep, Log: log,
	})
	if err != nil {
		return nil, &usageError{err}
	}
	return p, nil
}

// preflight asks every server once, so that what is away or refuses us is said in one line before anything is created.
func (p *pipeline) preflight(ctx context.Context, o options) error {
	if err := pingKafka(ctx, p.kafka, p.cfg.KafkaBrokers); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, preflightDeadline)
	defer cancel()
	if err := p.registry.Ping(bounded); err != nil {
		return &producer.EnvironmentError{Op: "reach the schema registry", Err: err, Remedy: "check SCHEMA_REGISTRY_URL and its credentials"}
	}
	return p.checkAPI(ctx, o)
}

// checkAPI asks for one page of a selected resource. A token may lack the permission for one kind of record only, so others are
// asked before it is called wrong. Resources that allow one traversal at a time are not asked: that would hold their place.
func (p *pipeline) checkAPI(ctx context.Context, o options) error {
	bounded, cancel := context.WithTimeout(ctx, preflightDeadline)
	defer cancel()
	var refused error
	for _, r := range p.source.Roots() {
		if r.Singleton || !wanted(r, o.resources) {
			continue
		}
		err := p.api.Check(bounded, r)
		var api *extract.Error
		if errors.As(err, &api) && api.Kind == extract.KindUnauthorized {
			if refused == nil {
				refused = err
			}
			continue
		}
		if err != nil && (bounded.Err() != nil || errors.As(err, &api) && api.Kind == extract.KindUnavailable) {
			return &producer.EnvironmentError{Op: "reach the API", Err: err, Remedy: "check the source's base URL and the network"}
		}
		return nil // it answers; what is wrong with this resource alone is told when it is read
	}
	if refused != nil {
		return &producer.EnvironmentError{Op: "read the API", Err: refused, Remedy: "check the token and its permissions"}
	}
	return nil
}

// wanted says whether the root or one of its substreams is among the resources; none named: all.
func wanted(r *extract.Resource, resources []string) bool {
	if len(resources) == 0 {
		return true
	}
	for _, name := range resources {
		if name == r.Name {
			return true
		}
		for _, c := range r.Children {
			if name == c.Name {
				return true
			}
		}
	}
	return false
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// String is one line that says what is read and where it goes.
func (p *pipeline) String() string {
	return fmt.Sprintf("reading %s → Kafka at %s, topics %s*, schemas at %s", p.source.Title,
		strings.Join(p.cfg.KafkaBrokers, ","), p.names.Prefix, p.cfg.RegistryURL)
}
