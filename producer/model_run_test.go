package producer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// modelRun is one worker's life: what it is to do, and what ends it before it has.
type modelRun struct {
	Mode   string // once, sweep, or stream: until it has paused Pauses times
	Pauses int
	Select string // both, root or children
	Crash  string // none; event: stopped at request or pause Nth; lost, kept: commit Nth is not carried out, or its answer is lost
	Nth    int
	Dies   bool // of such a commit; otherwise the worker goes on
	Script []modelOp
}

func drawRun() *rapid.Generator[modelRun] {
	return rapid.Custom(func(t *rapid.T) modelRun {
		return modelRun{
			Mode: rapid.SampledFrom([]string{"once", "stream", "stream", "sweep"}).Draw(t, "mode"), Pauses: rapid.IntRange(1, 6).Draw(t, "pauses"),
			Select: rapid.SampledFrom([]string{"both", "both", "both", "root", "children"}).Draw(t, "selected"),
			Crash:  rapid.SampledFrom([]string{"none", "none", "event", "event", "lost", "kept"}).Draw(t, "crash"), Nth: rapid.IntRange(1, 24).Draw(t, "nth"),
			Dies: rapid.Bool().Draw(t, "dies"), Script: rapid.SliceOfN(drawOp, 0, 12).Draw(t, "script"),
		}
	})
}

// modelBench is what cases share: a registry and a source.
type modelBench struct {
	registry *avro.SchemaRegistry
	src      *extract.Source
	cases    int
}

// modelCase is one case: an API that changes, and workers one after another.
type modelCase struct {
	*rapid.T
	*modelBench
	broker *kfake.Cluster
	kafka  []kgo.Opt
	dial   dialer
	ctx    context.Context
	api    *modelAPI
	clock  *fakeClock
	names  Names
	root   *extract.Resource
	child  *extract.Resource // nil: it has none
	pauses int               // of a stream; then it ends
}

// stamper gives records the test's time. It is a hook of kgo's clients.
type stamper struct{ clock *fakeClock }

func (s stamper) OnProduceRecordBuffered(r *kgo.Record) { r.Timestamp = s.clock.Now() }

// Sleep moves the clock. A pause that was drawn by lot counts as a second, so that the same case always takes the same time.
func (c *modelCase) sleep(ctx context.Context, d time.Duration) error {
	if d%time.Second != 0 {
		d = time.Second
	}
	c.clock.move(d)
	return ctx.Err()
}

// pause is the worker's sleep: the API changes meanwhile.
func (c *modelCase) pause(ctx context.Context, d time.Duration) error {
	c.clock.move(d)
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	c.api.note("pause %v", d)
	c.api.happens()
	if c.pauses--; c.pauses == 0 {
		c.api.stop()
	}
	return ctx.Err()
}

// selection are the resources that a run publishes.
func (c *modelCase) selection(which string) []string {
	switch {
	case c.child == nil || which == "root":
		return []string{c.root.Name}
	case which == "children":
		return []string{c.child.Name}
	default:
		return []string{c.root.Name, c.child.Name}
	}
}

// run lets one worker live and returns what Run did.
func (c *modelCase) run(run modelRun) error {
	c.api.note("RUN %+v", run)
	ctx, stop := context.WithCancel(c.ctx)
	defer stop()
	at := 0
	if run.Crash == "event" {
		at = run.Nth
	}
	c.api.begin(at, stop, run.Script)
	c.pauses = -1
	if run.Mode == "stream" {
		c.pauses = run.Pauses
	}
	client, err := extract.NewClient(c.src, map[string]string{"base_url": "http://model.test"},
		extract.Options{Concurrency: 1, HTTP: &http.Client{Transport: c.api}, Now: c.clock.Now, Sleep: c.sleep})
	if err != nil {
		c.Fatal(err)
	}
	defer client.Close()
	saboteur := &saboteur{c: c, run: run, stop: stop}
	fault := c.broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.UnknownServerError, Count: -1, When: saboteur.refuses})
	defer fault.Remove()
	worker, err := New(Config{
		Source: c.src, API: client, Registry: c.registry, Names: c.names, Resources: c.selection(run.Select),
		Kafka: append(append([]kgo.Opt{}, c.kafka...), kgo.WithHooks(stamper{c.clock}), kgo.Dialer(saboteur.dialer())),
		Once:  run.Mode != "stream", Sweep: run.Mode == "sweep" && sweepable(c.root) && run.Select != "children", AllowDeletes: true,
		PollInterval: 30 * time.Second, SnapshotInterval: 2 * time.Minute, Concurrency: 1, Partitions: 2, Replication: -1,
		Now: c.clock.Now, Sleep: c.pause, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		c.Fatal(err)
	}
	err = worker.Run(ctx)
	if c.ctx.Err() != nil {
		c.fail("the run did not end")
	}
	c.api.note("END %v", err)
	return err
}

// tolerable says whether a run among changes and failures may end so.
func tolerable(err error) bool {
	if err == nil || errors.Is(err, ErrUnfinished) {
		return true
	}
	var failed *FailedError
	if !errors.As(err, &failed) {
		return false
	}
	for _, why := range failed.Resources {
		var api *extract.Error
		if !errors.As(why, &api) || api.Kind == extract.KindCursor {
			return false
		}
	}
	return true
}

// saboteur disturbs one commit of a run, or all from it on. The claims of the first session are not counted.
type saboteur struct {
	c    *modelCase
	run  modelRun
	stop func()

	mu   sync.Mutex
	seen int
	dead bool
}

// refuses keeps a commit from being carried out. It sees every one.
func (s *saboteur) refuses(kmsg.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen++
	disturbs := s.run.Crash == "lost" || s.run.Crash == "kept"
	at := disturbs && s.seen == StatePartitions+s.run.Nth
	if at && s.run.Dies {
		s.dead = true
		s.stop()
	}
	return s.run.Crash == "lost" && (s.dead || at)
}

// dialer loses the answer to a commit that was carried out.
func (s *saboteur) dialer() dialer {
	if s.run.Crash != "kept" {
		return s.c.dial
	}
	return (&wire{network: s.c.dial, nth: StatePartitions + s.run.Nth, when: isKey(kmsg.EndTxn), how: answerLost}).dial
}

func (c *modelCase) fail(format string, args ...any) {
	c.Helper()
	last := c.api.trace[max(0, len(c.api.trace)-200):]
	c.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(last, "\n"))
}
