package producer

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// TestModel reads an API that changes while it is read, with workers that are stopped, killed and cut off at any request and any commit.
// With each goes a script of what happens to the API meanwhile: changes, creations, deletions, records of one time, records that become
// visible late, edits of children, steps of the clock, failures. It goes on with every request and every pause. In the end the topics
// must equal the API, and what their readers saw on the way must be right (modelCase.reads).
//
// A case is its drawn values and nothing else: one root resource, requests one after another, a clock that only the case moves. So a
// failure is replayed by its seed or its file (-rapid.seed, -rapid.failfile). Which rule has which other tests: DESIGN.md.
func TestModel(t *testing.T) {
	for name, kinds := range map[string][]string{"by time": {"search", "search", "days", "log"}, "listings": {"shelf", "crates", "crates", "boxes"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bench := newModelBench(t)
			rapid.Check(t, func(rt *rapid.T) { bench.newCase(rt, rapid.SampledFrom(kinds).Draw(rt, "resource")).play() })
		})
	}
}

func newModelBench(t *testing.T) *modelBench {
	t.Helper()
	server, err := sandbox.StartRegistry(sandbox.RegistryConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	registry, err := avro.NewRegistry(avro.RegistryConfig{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	src, err := extract.Load("model.yaml", []byte(modelSource))
	if err != nil {
		t.Fatal(err)
	}
	return &modelBench{registry: registry, src: src}
}

func (b *modelBench) newCase(t *rapid.T, kind string) *modelCase {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	b.cases++
	clock := &fakeClock{now: time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)}
	network := &pipes{}
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(network.listen)) // an old one gets slow with its producers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	c := &modelCase{T: t, modelBench: b, ctx: ctx, clock: clock, broker: broker, dial: network.dial,
		kafka: []kgo.Opt{kgo.SeedBrokers(broker.ListenAddrs()...), kgo.DisableClientMetrics(), kgo.Dialer(network.dial)},
		api:   newModelAPI(kind, clock),
		names: Names{Prefix: fmt.Sprintf("case%d.", b.cases)}, root: b.src.Resource(kind)}
	if len(c.root.Children) > 0 {
		c.child = c.root.Children[0]
	}
	return c
}

// play lets the drawn runs have their way, and then everything come to rest.
func (c *modelCase) play() {
	c.api.fill(rapid.SliceOfN(rapid.IntRange(0, 40*24), 0, 12).Draw(c.T, "hours old"))
	for _, run := range rapid.SliceOfN(drawRun(), 1, 4).Draw(c.T, "runs") {
		if err := c.run(run); !tolerable(err) {
			c.fail("%v", err)
		}
		c.checkWatermarks()
	}
	c.clock.move(15 * time.Minute) // what was to become visible is
	for range 2 {                  // a listing that was resumed deletes nothing
		c.finish("once")
	}
	c.checkWatermarks()
	c.checkTruth(false)
	again := "once"
	if sweepable(c.root) {
		again = "sweep"
		c.finish(again)
		c.checkTruth(true)
	}
	published := c.published()
	c.finish(again)
	c.checkSilence(published)
}

// finish makes a run that must succeed.
func (c *modelCase) finish(mode string) {
	c.Helper()
	if err := c.run(modelRun{Mode: mode, Select: "both", Crash: "none"}); err != nil {
		c.fail("%v", err)
	}
}
