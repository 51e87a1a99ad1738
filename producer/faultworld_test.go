package producer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
)

// faultServers is where the fault table finds Kafka and a schema registry.
type faultServers struct {
	brokers  []string
	network  dialer // to the brokers; nil: TCP
	workers  []kgo.Opt
	registry string
}

// faultWorld is a world in which one request can be struck, on its way to the broker, the registry or the API, and whose topics are
// judged by a reader of their own.
type faultWorld struct {
	*world
	wire      *wire
	opts      []kgo.Opt // of workers
	apiFront  *brokenHTTP
	registers *brokenHTTP
	reader    *avro.SchemaRegistry // the reader's own
	resources []string             // a root, and its substreams
	removed   map[string]bool
	stop      context.CancelFunc // ends the worker that runs
	mend      func()             // takes back what a row did to a topic; nil: nothing

	sessions int
	runs     int
	outcomes []string // of commits that are not known to be committed
}

func newFaultWorld(t *testing.T, servers faultServers, prefix string, resources ...string) *faultWorld {
	t.Helper()
	w := &faultWorld{
		world: &world{T: t, clock: newClock(), names: Names{Prefix: prefix}, told: map[string]int{}},
		wire:  &wire{network: servers.network}, opts: servers.workers, resources: resources, removed: map[string]bool{},
	}
	w.seeds = []kgo.Opt{kgo.SeedBrokers(servers.brokers...), kgo.DisableClientMetrics()}
	if servers.network != nil {
		w.seeds = append(w.seeds, kgo.Dialer(servers.network))
	}
	w.api = newShopAPI(t, w.clock)
	w.api.server.Close()
	w.apiFront = &brokenHTTP{server: w.api}
	w.api.server = httptest.NewServer(w.apiFront)
	t.Cleanup(w.api.server.Close)
	target, err := url.Parse(servers.registry)
	if err != nil {
		t.Fatal(err)
	}
	w.registers = &brokenHTTP{server: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}}
	front := httptest.NewServer(w.registers)
	t.Cleanup(front.Close)
	if w.registry, err = avro.NewRegistry(avro.RegistryConfig{URL: front.URL, Sleep: w.clock.Sleep}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.registry.Close)
	if w.reader, err = avro.NewRegistry(avro.RegistryConfig{URL: servers.registry}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.reader.Close)
	w.use(shop)
	return w
}

func (w *faultWorld) home() int32 { return homeLane(w.resources[0], StatePartitions) }

// maxFaultRuns is how many processes may be needed: the one that is struck, and the one that is started again.
const maxFaultRuns = 2

// run starts worker after worker until one has read everything. Whenever one of them, or a session of it, has ended the whole world
// is looked at, and in the end it must be the API's truth.
func (w *faultWorld) run() {
	w.Helper()
	for run := 1; ; run++ {
		ctx, stop := context.WithCancel(w.context())
		w.stop = stop
		worker := w.newWorker(only(w.resources...), func(c *Config) {
			c.Kafka = append(append(slices.Clone(c.Kafka), kgo.Dialer(w.wire.dial)), w.opts...)
			c.Log = slog.New(&faultLog{w})
		})
		w.runs++
		w.sessions++
		err := worker.Run(ctx)
		stop()
		w.note(err)
		w.restore()
		found := w.look("run", err == nil || errors.Is(err, ErrUnfinished))
		if err == nil {
			w.equalsTruth(found)
			return
		}
		w.Logf("run %d ends with %v", run, err)
		if run == maxFaultRuns {
			w.FailNow()
		}
		w.apiFront.disarm()
		w.registers.disarm()
	}
}

// faultLog is told when a session has ended.
type faultLog struct{ w *faultWorld }

func (l *faultLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *faultLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *faultLog) WithGroup(string) slog.Handler            { return l }

func (l *faultLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok && errors.Is(err, errLaneLost) {
			l.w.sessions++
			l.w.note(err)
			l.w.restore()
			l.w.look("session", false)
		}
		return true
	})
	return nil
}

// note keeps what is known of a commit that failed.
func (w *faultWorld) note(err error) {
	var failed *commitError
	if errors.As(err, &failed) {
		w.outcomes = append(w.outcomes, outcomeOf(err).String())
	}
}

func (w *faultWorld) restore() {
	if w.mend != nil {
		w.mend()
		w.mend = nil
	}
}

func outcomeOf(err error) outcome {
	var failed *commitError
	if errors.As(err, &failed) {
		return failed.outcome
	}
	return committed
}

const (
	rootTakes = 20_000 // bytes of a batch of the root's topic
	largeText = 12_000 // two of these do not fit into one batch
	oversize  = rootTakes
)

// fill gives the API what the first worker finds. Two records of the first page do not fit into one batch; one record fits nowhere.
func (w *faultWorld) fill() {
	w.api.put("labels/01", "a", "x", "y")
	w.api.put("labels/04", "a", "x")
	for i, id := range ids(1, 6) {
		size := []int{largeText, largeText, 10, 10, oversize, 10}[i]
		w.api.set("crates", id, fmt.Sprintf(`{"id":%q,"v":"a","text":%q}`, id, noise(size)))
		w.api.event("events", id, "a", int64(i/3)*3600+int64(i)-7200)
		w.api.put("notes/"+id, "a", "x")
	}
}

// change is what happens before the second worker starts.
func (w *faultWorld) change() {
	w.clock.move(15 * time.Minute)
	w.api.put("labels/01", "b", "y")
	w.api.remove("labels/04", "x")
	w.api.remove("crates", "03")
	w.removed["labels 04/x"], w.removed["crates 03"] = true, true
	w.api.put("crates", "b", "02")
	w.api.put("crates", "a", "07")
	w.api.put("notes/02", "b", "x", "y")
	w.api.event("events", "02", "b", -400)
	w.api.event("events", "07", "a", -399)
}

// noise is text that cannot be compressed to less than half.
func noise(size int) string {
	bytes := make([]byte, size/2)
	_, _ = rand.Read(bytes) // never fails
	return hex.EncodeToString(bytes)
}

func random() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// admin is a client that does not go through the wire.
func (w *faultWorld) admin() (*kadm.Client, func()) {
	client, err := kgo.NewClient(w.seeds...)
	if err != nil {
		w.Fatal(err)
	}
	return kadm.NewClient(client), client.Close
}

func (w *faultWorld) topicID(topic string) [16]byte {
	admin, done := w.admin()
	defer done()
	listed, err := admin.ListTopics(w.context(), topic)
	if err != nil {
		w.Fatal(err)
	}
	return listed[topic].ID
}

// createRoot makes the root's topic, with a limit that two records of the first page do not fit into together.
func (w *faultWorld) createRoot() {
	admin, done := w.admin()
	defer done()
	takes, policy := strconv.Itoa(rootTakes), "compact"
	if _, err := admin.CreateTopic(w.context(), 1, -1, map[string]*string{"max.message.bytes": &takes, "cleanup.policy": &policy}, w.names.Data(w.resources[0])); err != nil {
		w.Fatal(err)
	}
}

// limit sets what the root's topic takes of one batch, and waits until the broker knows.
func (w *faultWorld) limit(bytes string) {
	admin, done := w.admin()
	defer done()
	topic, name := w.names.Data(w.resources[0]), "max.message.bytes"
	if _, err := admin.AlterTopicConfigs(w.context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: name, Value: &bytes}}, topic); err != nil {
		w.Error(err)
	}
	for set := ""; set != bytes; {
		configs, err := describeConfigs(w.context(), admin, []string{topic})
		if err != nil {
			w.Error(err)
			return
		}
		set = configs[topic][name]
	}
}
