package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/cmd/headwater/web"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// pipeline is the main job with everything that it needs from outside, checked.
type pipeline struct {
	cfg      *Config
	source   *extract.Source
	names    producer.Names
	kafka    []kgo.Opt
	registry *avro.SchemaRegistry // nil where values are JSON
	api      *extract.Client
	worker   *producer.Worker
	serves   string        // where health and metrics are; "": nowhere
	ahead    time.Duration // of ours, the API's clock, where that is far; checkAPI finds it
}

// options of the main job that come from flags.
type options struct {
	resources    []string
	once         bool
	sweep        bool
	allowDeletes bool
	pprof        profilesAddress
	freePorts    bool // a port that is taken is replaced by a free one

	metrics  *web.Metrics       // observe the clients; nil: nobody does
	waiting  func(extract.Wait) // told why the API's client waits; nil: the worker's status shows it
	attempts int                // of one request to the API; 0: as many as the work takes
	observer extract.Observer   // told what requests come to; nil: nobody is
}

// newPipeline builds the parts. Its errors are mistakes of configuration, all that can be found without the network; nothing was
// sent anywhere yet.
func (a *app) newPipeline(cfg *Config, o options, log *slog.Logger) (*pipeline, error) {
	p := &pipeline{cfg: cfg}
	var mistakes []error
	note := func(err error) {
		if err != nil {
			mistakes = append(mistakes, &usageError{err})
		}
	}
	var err error
	p.kafka, err = cfg.kafkaOptions()
	note(err)
	if o.metrics != nil {
		p.kafka = append(p.kafka, o.metrics.Kafka())
	}
	format, _ := producer.ParseFormat(cfg.ValueFormat) // a mistake is told already
	encoder, _ := avro.ParseEncoder(cfg.Encoder)
	if format == producer.FormatAvro {
		p.registry, err = cfg.registry()
		note(err)
	}
	if o.waiting == nil {
		o.waiting = func(w extract.Wait) { p.worker.Waiting(w) }
	}
	resources, err := a.openSource(p, o)
	note(err)
	if p.source == nil {
		return nil, errors.Join(mistakes...)
	}
	p.names = cfg.namesOf(p.source)
	p.worker, err = producer.New(producer.Config{
		Source: p.source, API: p.api, Format: format, Encoder: encoder, Registry: p.registry, LookAhead: producer.LookAhead, Kafka: p.kafka, Names: p.names, Resources: resources, Group: cfg.Group,
		Once: o.once, Sweep: o.sweep, AllowDeletes: o.allowDeletes,
		PollInterval: cfg.PollInterval, SnapshotInterval: cfg.SnapshotInterval, Concurrency: cfg.Concurrency,
		MemoryKeys: producer.DefaultMemoryKeys,
		Partitions: cfg.Partitions, Replication: cfg.Replication,
		Now: time.Now, Sleep: sleep, Log: log,
	})
	note(err)
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return p, nil
}

// openSource makes what is needed to read: the source and the API's client, and returns the resources that are named and there are.
func (a *app) openSource(p *pipeline, o options) (resources []string, err error) {
	if p.source, err = loadSource(p.cfg.Source); err != nil {
		return nil, err
	}
	mistakes := []error{a.newClient(p, o)}
	for _, name := range o.resources {
		if p.source.Resource(name) == nil {
			mistakes = append(mistakes, unknownResource(p.source, name))
			continue
		}
		resources = append(resources, name)
	}
	return resources, errors.Join(mistakes...)
}

// newClient makes the API's client from the source's own settings.
func (a *app) newClient(p *pipeline, o options) error {
	settings, warnings, missing := sourceSettings(p.source, a.env, a.environ)
	for _, w := range warnings {
		a.say("warning: " + w)
	}
	client := extract.Options{Concurrency: p.cfg.Concurrency, Attempts: o.attempts, UserAgent: "headwater/" + buildVersion().Version, OnWait: o.waiting, Observer: o.observer}
	if o.metrics != nil {
		client.Observer = o.metrics
	}
	var err error
	p.api, err = extract.NewClient(p.source, settings, client)
	return errors.Join(append(missing, settingMistakes(p.source, missing, err)...)...)
}

// close gives back the connections that idle.
func (p *pipeline) close() {
	p.api.Close()
	if p.registry != nil {
		p.registry.Close()
	}
}

// selection lists the resources that are named, or those that the source selects, in the source's order.
func selection(src *extract.Source, names []string) []*extract.Resource {
	var all []*extract.Resource
	for _, r := range src.Resources {
		if len(names) == 0 && r.Selected || slices.Contains(names, r.Name) {
			all = append(all, r)
		}
	}
	return all
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
	text := fmt.Sprintf("reading %s → Kafka at %s, topics %s*, ", p.source.Title, strings.Join(p.cfg.KafkaBrokers, ","), p.names.Prefix)
	if p.registry == nil {
		return text + "values in JSON"
	}
	return text + "schemas at " + withoutUser(p.cfg.RegistryURL)
}
