//go:build unix

package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/realstack"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// The drills hurt workers and servers while the API's data changes, and have an independent reader judge what arrived. Without flags
// they are short enough for every change; `make drill` runs the long form (docs/drills.md).
var (
	drillFull   = flag.Bool("drill.full", false, "drills: the long form, in which times are judged as well")
	drillRounds = flag.Int("drill.rounds", 6, "drills: how often the worker is killed")
	drillChaos  = flag.Duration("drill.chaos", 8*time.Second, "drills: how long everything is hurt at random")
	drillSeed   = flag.Uint64("drill.seed", 0, "drills: seed of every random choice; 0: the clock's")
)

func TestDrills(t *testing.T) {
	t.Parallel()
	seed := *drillSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-drill.seed=%d repeats every random choice", seed)
	shared := realServers(t) // or the drills are skipped, all of them
	results := &table{}
	t.Run("all", func(t *testing.T) {
		series := func(name string, servers func(t *testing.T) drillServers, drills ...drillOf) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := servers(t)
				for _, one := range drills {
					t.Run(one.name, func(t *testing.T) { one.run(newDrill(t, s, one.name, seed, results)) })
				}
			})
		}
		// Two at a time, of about the same length.
		series("workers", func(t *testing.T) drillServers { return ownRegistry(t, shared) },
			drillOf{"worker killed", killWorker}, drillOf{"zombie", zombie}, drillOf{"zombie without a fence", zombieUnfenced},
			drillOf{"API refuses connections", apiAway}, drillOf{"registry away", registryAway}, drillOf{"three workers", shareWork})
		series("servers", startDrillServers,
			drillOf{"broker killed", killBroker}, drillOf{"broker paused", pauseBroker}, drillOf{"chaos", chaos})
	})
	t.Logf("drills, seed %d:\n%s", seed, results)
}

// drillOf is a drill by its name.
type drillOf struct {
	name string
	run  func(d *drill)
}

// drillServers are what the drills of a series work on. The broker and the registry are there where they may be hurt.
type drillServers struct {
	servers
	broker   *realstack.Kafka
	registry *realstack.Registry
}

// ownRegistry is for drills that leave the broker in peace.
func ownRegistry(t *testing.T, s servers) drillServers {
	t.Helper()
	registry := stack.Registry(t, realstack.RegistryOptions{})
	s.registry = registry.URL()
	return drillServers{servers: s, registry: registry}
}

func startDrillServers(t *testing.T) drillServers {
	t.Helper()
	s := drillServers{
		// What is compacted away the verdict cannot see.
		broker:   stack.Kafka(t, realstack.KafkaOptions{Controller: true, Properties: map[string]string{"log.segment.bytes": "1073741824"}}),
		registry: stack.Registry(t, realstack.RegistryOptions{}),
	}
	s.servers = servers{brokers: []string{s.broker.Addr()}, registry: s.registry.URL(), own: true}
	return s
}

// drill is one drill: a world whose API can be taken away from the workers, and what is measured.
type drill struct {
	*world
	row
	broker  *realstack.Kafka
	store   *realstack.Registry
	dice    *rand.Rand
	seed    uint64
	program string // "": the program as it is
	env     map[string]string
	door    *sandbox.Server // through which workers reach the API; what the test asks goes another way
	cuts    []mark
	results *table
}

// newDrill prepares a world. Searches take 15 ms, so that a backfill lasts; pages are small, so that there are many commits.
func newDrill(t *testing.T, s drillServers, name string, seed uint64, results *table) *drill {
	t.Helper()
	text, err := os.ReadFile("../../sources/intercom.yaml")
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "intercom.yaml")
	write(t, source, strings.NewReplacer("per_page: 150", "per_page: 10", "lookback: 5m", "lookback: 5s").Replace(string(text)))
	size := 60
	if *drillFull {
		size = 150
	}
	w := newWorld(t, s.servers, sandbox.APIConfig{Seed: seed, Size: size, ScrollExpiry: time.Second, RateLimit: -1})
	for _, name := range append(slices.DeleteFunc(all(), func(name string) bool { return !incremental(name) }), "conversation_parts") {
		w.fail("resource=" + name + "&slow=15ms&permanent=1")
	}
	d := &drill{world: w, broker: s.broker, store: s.registry, row: row{drill: name}, seed: seed, dice: rand.New(rand.NewPCG(seed, hash(name))), results: results}
	d.door, err = sandbox.Serve("127.0.0.1:0", w.sample)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.door.Close() })
	d.env = quick()
	d.env["HEADWATER_SOURCE"], d.env["SOURCE_BASE_URL"] = source, d.door.URL()
	return d
}

// hash spreads a name over numbers, so that drills of one seed make different choices.
func hash(name string) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range []byte(name) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// worker starts a worker. How much is deleted while one is dead depends on how long that is, so none of it is refused.
func (d *drill) worker() *process {
	d.t.Helper()
	path := d.program
	if path == "" {
		path = program(d.t)
	}
	return startProgram(d.t, path, d.world.env(d.env), []string{d.token}, "run", "--allow-deletes")
}

// pause waits although nothing is expected: where the drill is that something lasts so long, or happens at no particular moment.
func pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// upTo is a random time.
func (d *drill) upTo(most time.Duration) time.Duration {
	return time.Duration(d.dice.Int64N(int64(most)))
}

// cut notes where every topic ends. No worker may be alive.
func (d *drill) cut() mark {
	d.t.Helper()
	m := d.marksAfterTrouble()
	d.cuts = append(d.cuts, m)
	return m
}

// working waits until the worker has published something, so that there is work to interrupt.
func (d *drill) working(p *process) {
	d.t.Helper()
	eventually(d.t, settle, "a first page", func() (bool, string) {
		if !p.running() {
			d.t.Fatalf("the worker ended: %s", p.lastLine())
		}
		return d.size(d.topics(all())...) > 0, ""
	})
}

// caughtUp has the API's data hold still and waits until the topics of resources equal it. It gives up without a word: the verdict will
// say what is lost.
func (d *drill) caughtUp(workers []*process, resources []string) {
	d.t.Helper()
	d.churn("0")
	truth, open := d.holdings(resources...), map[string][]string{} // keys that were not equal yet
	l := newLedger(d.world)
	deadline := time.NewTimer(2 * settle)
	defer deadline.Stop()
	again := time.NewTicker(300 * time.Millisecond)
	defer again.Stop()
	for first := true; ; first = false {
		if l.read(); len(l.duplicated)+len(l.disordered) > 0 {
			return // no waiting will mend it
		}
		n := 0
		for _, r := range resources {
			if first {
				open[r] = eitherKeys(l.last[r], truth[r])
			}
			open[r] = slices.DeleteFunc(open[r], func(key string) bool { return len(d.differs(r, key, l.last[r], truth[r])) == 0 })
			n += len(open[r])
		}
		if n == 0 {
			return
		}
		select {
		case <-again.C:
		case <-deadline.C:
			return
		}
		for _, p := range workers {
			if !p.running() {
				d.t.Fatalf("a worker ended: %s", p.lastLine())
			}
		}
	}
}

// end lets the workers catch up, ends them, and judges. All has to be zero.
func (d *drill) end(workers ...*process) {
	d.t.Helper()
	d.caughtUp(workers, all())
	d.judge(workers)
}

// endAfterOutage is end after the API was away. A listing that waited for it counts as one that takes long, and the next one comes only
// after ten times as long: other workers list at once.
func (d *drill) endAfterOutage(workers ...*process) {
	d.t.Helper()
	d.caughtUp(workers, slices.DeleteFunc(all(), func(name string) bool { return !incremental(name) }))
	for i, p := range workers {
		p.terminate()
		workers[i] = d.worker()
	}
	d.end(workers...)
}

func (d *drill) judge(workers []*process) {
	d.t.Helper()
	for _, p := range workers {
		p.terminate() // a kill would leave transactions open, and the judge with a wait until the broker ends them
	}
	d.cut()
	d.verdict = d.assess(d.cuts)
	d.results.add(d.row)
	if !d.clean() {
		d.t.Errorf("%s", strings.Join(append([]string{d.row.String()}, d.samples...), "\n"))
	}
	for _, odd := range d.odd {
		d.t.Error(odd)
	}
	d.noDeadLetters()
}

// row is one drill's line of the table.
type row struct {
	drill  string
	rounds int
	verdict
	times []time.Duration // from the restart, or whatever note says, to the first new page
	note  string
}

func (r row) String() string {
	times := "-"
	if len(r.times) > 0 {
		slices.Sort(r.times)
		times = fmt.Sprintf("%.2f / %.2f s", r.median().Seconds(), r.times[len(r.times)-1].Seconds())
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %s | %s |",
		r.drill, r.rounds, r.records, r.lost, r.duplicated, r.disordered, r.beyond, times, r.note)
}

func (r row) median() time.Duration {
	times := slices.Sorted(slices.Values(r.times))
	return times[len(times)/2]
}

// table collects the rows of drills that run side by side.
type table struct {
	mu   sync.Mutex
	rows []row
}

func (t *table) add(r row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, r)
}

func (t *table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := []string{
		"| drill | rounds | records | lost | duplicated | out of order | beyond the cursor | median / max | note |",
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
	}
	for _, r := range t.rows {
		lines = append(lines, r.String())
	}
	return strings.Join(lines, "\n")
}
