package producer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// deadline is how long a test waits for anything.
const deadline = time.Minute

// world is an API, a broker and a registry, on which workers run.
type world struct {
	*testing.T
	clock    *fakeClock
	api      *shopAPI
	src      *extract.Source
	kafka    *kfake.Cluster
	seeds    []kgo.Opt
	format   Format
	registry *avro.SchemaRegistry
	names    Names
	told     map[string]int // records of a topic that news has told
	worker   *Worker        // the last one
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return openWorld(t)
}

// openWorld is newWorld for a test that nothing else may run beside.
func openWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, clock: newClock(), names: Names{Prefix: "shop."}, told: map[string]int{}}
	w.api = newShopAPI(t, w.clock)
	broker, err := sandbox.StartBroker(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	// Metrics are pushed, compressed, by every client that closes: half of what a short test costs.
	w.kafka, w.seeds = broker.Cluster(), []kgo.Opt{kgo.SeedBrokers(broker.Addr()), kgo.DisableClientMetrics()}
	registry, err := sandbox.StartRegistry(sandbox.RegistryConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	if w.registry, err = avro.NewRegistry(avro.RegistryConfig{URL: registry.URL()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.registry.Close)
	w.use(shop)
	return w
}

// use reads a source file in place of shop.
func (w *world) use(text string) {
	w.Helper()
	var err error
	if w.src, err = extract.Load("shop.yaml", []byte(text)); err != nil {
		w.Fatal(err)
	}
}

// change alters a worker's configuration.
type change func(*Config)

func only(resources ...string) change { return func(c *Config) { c.Resources = resources } }

// newWorker returns a worker with a client of its own, which ends with the test.
func (w *world) newWorker(changes ...change) *Worker {
	w.Helper()
	var worker *Worker
	client, err := extract.NewClient(w.src, map[string]string{"base_url": w.api.server.URL}, extract.Options{
		Now: w.clock.Now, Sleep: w.clock.Sleep, OnWait: func(wait extract.Wait) { worker.Waiting(wait) },
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(client.Close)
	cfg := Config{
		Source: w.src, API: client, Format: w.format, Registry: w.registry, Kafka: w.seeds, Names: w.names, Once: true,
		PollInterval: 30 * time.Second, SnapshotInterval: time.Hour, Concurrency: 4, Partitions: 1, Replication: -1,
		Now: w.clock.Now, Sleep: w.clock.Sleep, Log: slog.New(slog.DiscardHandler),
	}
	for _, c := range changes {
		c(&cfg)
	}
	if worker, err = New(cfg); err != nil {
		w.Fatal(err)
	}
	w.worker = worker
	return worker
}

// context ends with the test, and before it hangs.
func (w *world) context() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), deadline)
	w.Cleanup(cancel)
	return ctx
}

// try runs a worker with Once.
func (w *world) try(changes ...change) error {
	w.Helper()
	ctx := w.context()
	err := w.newWorker(changes...).Run(ctx)
	if ctx.Err() != nil {
		w.Fatal("the run did not end")
	}
	return err
}

// once runs a worker with Once that must not fail.
func (w *world) once(changes ...change) {
	w.Helper()
	if err := w.try(changes...); err != nil {
		w.Fatalf("run: %v", err)
	}
}

// records reads a topic as any consumer does: from its first committed record to its last.
func (w *world) records(topic string) []*kgo.Record {
	w.Helper()
	all, err := readCommitted(w.context(), w.seeds, topic)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func readCommitted(ctx context.Context, kafka []kgo.Opt, topics ...string) ([]*kgo.Record, error) {
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.ConsumeTopics(topics...), kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
	}, kafka...)...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	// What is decided: a killed worker's transaction stays open until the next one comes.
	ends, err := kadm.NewClient(client).ListCommittedOffsets(ctx, topics...)
	if err = errors.Join(err, ends.Error()); err != nil {
		return nil, err
	}
	type partition struct {
		topic string
		n     int32
	}
	left := map[partition]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[partition{o.Topic, o.Partition}] = o.Offset
		}
	})
	var all []*kgo.Record
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("reading %v does not end: %v", topics, left)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
			if p := (partition{r.Topic, r.Partition}); r.Offset+1 >= left[p] {
				delete(left, p)
			}
		})
	}
	return all, nil
}

func header(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// news tells what came into a resource's topic since it was last asked, as "r 1, u 2, d 3".
func (w *world) news(resource string) string {
	w.Helper()
	topic := w.names.Data(resource)
	all := w.records(topic)
	var words []string
	for _, r := range all[w.told[topic]:] {
		op := header(r, headerOp)
		if (op == opDelete) != (r.Value == nil) {
			w.Errorf("%s: %s has op %q and %d bytes", resource, r.Key, op, len(r.Value))
		}
		words = append(words, op+" "+string(r.Key))
	}
	w.told[topic] = len(all)
	return strings.Join(words, ", ")
}

func (w *world) wantNews(resource, want string) {
	w.Helper()
	if got := w.news(resource); got != want {
		w.Errorf("%s: got %q, want %q", resource, got, want)
	}
}

// holds folds a resource's topic: the last value of each key as JSON, one line each.
func (w *world) holds(resource string) string {
	w.Helper()
	decoder := avro.NewDecoder(w.registry)
	last := map[string]string{}
	for _, r := range w.records(w.names.Data(resource)) {
		if r.Value == nil {
			delete(last, string(r.Key))
			continue
		}
		text, err := decoder.JSON(w.context(), r.Value)
		if err != nil {
			w.Fatal(err)
		}
		last[string(r.Key)] = string(text)
	}
	var lines []string
	for key, text := range last {
		lines = append(lines, key+" "+text)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// rows are the units that the state topic shows.
func (w *world) rows() []StateRow {
	w.Helper()
	view, err := ReadState(w.context(), w.seeds, w.names)
	if err != nil {
		w.Fatal(err)
	}
	return view.Units
}

// unit reads a unit's state from the topic; the zero state if there is none.
func (w *world) unit(name string) UnitState {
	w.Helper()
	for _, row := range w.rows() {
		if row.Unit == name {
			return row.State
		}
	}
	return UnitState{}
}

// plan reads a resource's plan.
func (w *world) plan(resource string) Plan {
	w.Helper()
	var p Plan
	for _, r := range w.records(w.names.State()) {
		if string(r.Key) == resource+planSuffix {
			p = Plan{} // what is left out of a record is not left from an older one
			if err := decodeState(string(r.Key), r.Value, &p); err != nil {
				w.Fatal(err)
			}
		}
	}
	return p
}

// failures returns what a run says of each resource that did not complete.
func (w *world) failures(err error) map[string]error {
	w.Helper()
	var failed *FailedError
	if !errors.As(err, &failed) {
		w.Fatalf("got %v, want a *FailedError", err)
	}
	return failed.Resources
}

// stream is a worker that runs until it is stopped. It stands still at every pause until resume.
type stream struct {
	*world
	worker *Worker
	cancel context.CancelFunc
	ended  chan error
	asleep chan time.Duration
	wake   chan struct{}
}

func (w *world) stream(changes ...change) *stream {
	w.Helper()
	s := &stream{world: w, ended: make(chan error, 1), asleep: make(chan time.Duration), wake: make(chan struct{})}
	s.worker = w.newWorker(append(changes, func(c *Config) { c.Once, c.Sleep = false, s.sleep })...)
	ctx, cancel := context.WithCancel(w.context())
	s.cancel = cancel
	go func() { s.ended <- s.worker.Run(ctx) }()
	w.Cleanup(func() { cancel(); s.waitEnd() })
	return s
}

func (s *stream) sleep(ctx context.Context, d time.Duration) error {
	select {
	case s.asleep <- d:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.wake:
		return s.clock.Sleep(ctx, d)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pause waits until the worker pauses, and returns for how long it means to.
func (s *stream) pause() time.Duration {
	s.Helper()
	select {
	case d := <-s.asleep:
		return d
	case err := <-s.ended:
		s.ended <- err
		s.Fatalf("the worker ended: %v", err)
	case <-time.After(deadline):
		s.Fatal("the worker does not come to a pause")
	}
	return 0
}

// pass lets the worker go on until its next pause.
func (s *stream) pass() {
	s.Helper()
	s.wake <- struct{}{}
	s.pause()
}

// stop ends the worker and returns what Run returned.
func (s *stream) stop() error {
	s.cancel()
	return s.waitEnd()
}

func (s *stream) waitEnd() error {
	err := <-s.ended
	s.ended <- err
	return err
}

func ids(from, to int) []string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("%02d", i))
	}
	return all
}
