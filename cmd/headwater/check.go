package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// lookAttempts is how often a request is sent while somebody waits for the answer.
const lookAttempts = 3

// resourceDeadline is how long a resource may take for its first page: longer than the period of usual rate limits.
const resourceDeadline = 15 * time.Second

func (a *app) checkCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check [resource…]",
		Short: "Tells whether everything that run needs is there, and what to do where it is not",
		Long: `Looks at everything that run needs and says in one line each how it is: the configuration, the API's credentials, the first page of
each resource, Kafka, this user's rights, topics, state, the schema registry. All of it is looked at, also after a failure.
Nothing is created or written, and a worker that runs is not disturbed. With resources named, only those are looked at.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return a.check(c.Context(), args, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func (a *app) check(ctx context.Context, resources []string, asJSON bool) error {
	cfg, mistakes := a.load()
	o := options{resources: resources, attempts: lookAttempts, waiting: a.tellWait}
	p, err := a.newPipeline(cfg, o, slog.New(slog.DiscardHandler))
	if err := errors.Join(mistakes, err); err != nil {
		return err
	}
	defer p.close()
	all := []finding{{Status: statusOK, Area: areaConfig, What: "configuration", Detail: "source " + p.source.Name + ", topics " + p.names.Prefix + "*"}}
	var group errgroup.Group
	parts := make([][]finding, 3)
	for i, look := range []func(context.Context, options) []finding{p.findAPI, p.findKafka, p.findRegistry} {
		group.Go(func() error {
			parts[i] = look(ctx, o)
			return nil
		})
	}
	_ = group.Wait() // what is wrong is a finding
	if ctx.Err() != nil {
		return ctx.Err()
	}
	all = append(all, slices.Concat(parts...)...)
	if err := printFindings(a.stdout, all, asJSON); err != nil {
		return err
	}
	return outcome(all)
}

// tellWait says why an answer takes its time.
func (a *app) tellWait(w extract.Wait) {
	if w.Reason != "" {
		a.say("waiting: " + w.Resource + ": " + oneLine(w.Reason))
	}
}

// findAPI looks at the credentials, and then at every selected resource.
func (p *pipeline) findAPI(ctx context.Context, o options) []finding {
	selected := selection(p.source, o.resources)
	if err := p.checkAPI(ctx, options{}); err != nil { // any resource tells whether the credentials are good
		all := []finding{failure(areaAPI, "API", err)}
		for _, r := range selected {
			all = append(all, finding{Status: statusSkip, Area: areaResource, What: r.Name, Detail: "not asked: see API"})
		}
		return all
	}
	all := make([]finding, len(selected)+1)
	all[0] = finding{Status: statusOK, Area: areaAPI, What: "API", Detail: p.source.Title + " answers and takes the credentials"}
	if what, remedy := p.clockWarning(); what != "" {
		all[0].Status, all[0].Detail, all[0].Remedy = statusWarn, what, remedy
	}
	var group errgroup.Group
	group.SetLimit(p.cfg.Concurrency)
	for i, r := range selected {
		group.Go(func() error {
			all[i+1] = p.findResource(ctx, r)
			return nil
		})
	}
	_ = group.Wait() // what is wrong is a finding
	return all
}

func (p *pipeline) findResource(ctx context.Context, r *extract.Resource) finding {
	f := finding{Status: statusOK, Area: areaResource, What: r.Name}
	if r.HoldsPlace() {
		f.Status, f.Detail = statusSkip, holdsPlace(r)
		return f
	}
	bounded, cancel := context.WithTimeout(ctx, resourceDeadline)
	defer cancel()
	s, err := p.api.Sample(bounded, r, extract.SampleLimit{Records: 1, Pages: 1})
	if err != nil && bounded.Err() != nil {
		err = fmt.Errorf("no answer within %v", resourceDeadline)
	}
	if err != nil {
		return failure(areaResource, r.Name, err)
	}
	f.Detail = pageText(r, s)
	for _, page := range s.Pages {
		for _, record := range page {
			if record.KeyErr != nil {
				f.Status, f.Remedy = statusWarn, "run puts records without a usable key aside; check primary_key in the source file"
				f.Detail += "; without a usable key: " + oneLine(record.KeyErr.Error())
				return f
			}
		}
	}
	return f
}

// holdsPlace is why a resource that one may read at a time (a scroll above all), or what is read with one, is not looked at.
func holdsPlace(r *extract.Resource) string {
	if r.Parent != nil {
		return "not asked: it is read with " + r.Parent.Name + ", which only one may read at a time: a look would take a worker's place"
	}
	return "not asked: only one may read it at a time, and a look would take a worker's place"
}

// pageText says what a first page shows of a resource's size.
func pageText(r *extract.Resource, s extract.Sample) string {
	switch {
	case r.Parent != nil && s.Parents == 0:
		return "no record of " + r.Parent.Name + " to ask for"
	case r.Parent != nil:
		return fmt.Sprintf("%d for the first record of %s", s.Records, r.Parent.Name)
	case s.Total >= 0:
		return fmt.Sprintf("first page of %d, %d in all", s.Read, s.Total)
	case s.More:
		return fmt.Sprintf("first page of %d, more follow", s.Read)
	default:
		return fmt.Sprintf("%d in all", s.Read)
	}
}

func (p *pipeline) findKafka(ctx context.Context, _ options) []finding {
	where := strings.Join(p.cfg.KafkaBrokers, ",")
	if err := pingKafka(ctx, p.kafka, p.cfg.KafkaBrokers); err != nil {
		return []finding{failure(areaKafka, "Kafka", err), {Status: statusSkip, Area: areaKafka, What: "topics", Detail: "not asked: see Kafka"}}
	}
	all := []finding{{Status: statusOK, Area: areaKafka, What: "Kafka", Detail: where + " answers"}}
	all = append(all, p.findRights(ctx))
	found, err := p.worker.Inspect(ctx)
	if err != nil {
		return append(all, failure(areaKafka, "topics", err))
	}
	all[0].Detail = fmt.Sprintf("%s answers: %s", where, counted(int64(found.Brokers), "broker"))
	for _, t := range found.Topics {
		f := finding{Status: statusOK, Area: areaKafka, What: t.Topic, Detail: "will be created"}
		if t.Partitions > 0 {
			f.Detail = "is there: " + counted(int64(t.Partitions), "partition")
		}
		if t.Err != nil {
			f = failure(areaKafka, t.Topic, t.Err)
		}
		all = append(all, f)
	}
	return append(all, p.findState(found.State)...)
}

func (p *pipeline) findState(s producer.StateSummary) []finding {
	f := finding{Status: statusOK, Area: areaKafka, What: "state"}
	switch {
	case s.Err != nil:
		return []finding{failure(areaKafka, "state", s.Err)}
	case s.Worker == "":
		return nil // nothing has run yet
	}
	f.Detail = fmt.Sprintf("%d of %s done; last taken by %s at %s", s.Done, counted(int64(s.Units), "unit"), s.Worker, s.At.UTC().Format(time.RFC3339))
	return []finding{f}
}

func (p *pipeline) findRights(ctx context.Context) finding {
	f := finding{Status: statusOK, Area: areaKafka, What: "rights", Detail: "this user may read and write the topics and use the transactional ids"}
	rights, err := p.worker.Rights(ctx)
	switch {
	case err != nil:
		return failure(areaKafka, f.What, err)
	case rights.NoAuthorizer:
		f.Detail = "the brokers have no authorizer: every user may do everything"
	case len(rights.Missing) > 0:
		f.Status, f.Detail = statusFail, "this user lacks "+strings.Join(rights.Missing, "; ")
		f.Remedy = fmt.Sprintf("allow it Create, Describe, DescribeConfigs, Read and Write on topics that begin with %s, and Write on transactional ids that begin with %s",
			p.names.Prefix, p.names.TransactionalIDs())
		if p.cfg.Group != "" {
			f.Remedy += ", and Read on group " + p.cfg.Group
		}
	}
	return f
}

// findRegistry looks at the registry and at the levels of the subjects that are there.
func (p *pipeline) findRegistry(ctx context.Context, o options) []finding {
	bounded, cancel := context.WithTimeout(ctx, resourceDeadline)
	defer cancel()
	const what = "schema registry"
	if p.registry == nil {
		return []finding{{Status: statusSkip, Area: areaRegistry, What: what, Detail: "not needed: HEADWATER_VALUE_FORMAT=json"}}
	}
	subjects, err := p.registry.Subjects(bounded)
	if err != nil {
		return []finding{failure(areaRegistry, what, err)}
	}
	there, selected := 0, selection(p.source, o.resources)
	wrong := make([][]finding, len(selected))
	var group errgroup.Group
	group.SetLimit(p.cfg.Concurrency)
	for i, r := range selected {
		if slices.Contains(subjects, p.names.Subject(r.Name)) {
			there++
			group.Go(func() error {
				wrong[i] = p.findSubject(ctx, r)
				return nil
			})
		}
	}
	_ = group.Wait() // what is wrong is a finding
	detail := fmt.Sprintf("%s answers: %d of %s registered", withoutUser(p.cfg.RegistryURL), there, counted(int64(len(selected)), "subject"))
	return append([]finding{{Status: statusOK, Area: areaRegistry, What: what, Detail: detail}}, slices.Concat(wrong...)...)
}

// findSubject looks at the level and at the versions of a resource's subject.
func (p *pipeline) findSubject(ctx context.Context, r *extract.Resource) []finding {
	bounded, cancel := context.WithTimeout(ctx, resourceDeadline)
	defer cancel()
	level, wrong := p.findLevel(bounded, p.names.Subject(r.Name))
	return append(wrong, p.findVersions(bounded, r, level)...)
}

// findLevel looks whether a subject's level is still the one that it was given.
func (p *pipeline) findLevel(ctx context.Context, subject string) (level string, wrong []finding) {
	level, err := p.registry.LevelOf(ctx, subject)
	if err != nil {
		f := failure(areaRegistry, subject, err)
		f.Status = statusWarn // run leaves a level alone that it may not see
		return "", []finding{f}
	}
	if level == avro.Level || level == "" {
		return level, nil
	}
	return level, []finding{{Status: statusWarn, Area: areaRegistry, What: subject,
		Detail: "its compatibility level is " + level + ", no longer " + avro.Level + ": a change that readers cannot follow would be let in",
		Remedy: fmt.Sprintf(`curl -X PUT -H 'Content-Type: application/json' -d '{"compatibility":"%s"}' %s/config/%s`, avro.Level,
			strings.TrimRight(withoutUser(p.cfg.RegistryURL), "/"), subject)}}
}

// findVersions looks whether run can go on from the versions of a resource's subject, which other producers may have registered, too.
func (p *pipeline) findVersions(ctx context.Context, r *extract.Resource, level string) []finding {
	subject := p.names.Subject(r.Name)
	versions, err := p.registry.Versions(ctx, subject)
	if err != nil {
		return []finding{failure(areaRegistry, subject, err)}
	}
	if err = avro.CheckVersions(versions); err == nil {
		return nil
	}
	f := failure(areaResource, subject, err) // of this resource alone
	f.Remedy = "another producer registered it: take its version out of the subject, or give the topics another prefix"
	if level != avro.Level && level != "" && !errors.As(err, new(*avro.Unusable)) {
		f.Status = statusWarn // at this level the registry may take what run registers
	}
	return []finding{f}
}
