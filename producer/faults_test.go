package producer

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// faultRow is one request of a worker's life to what lies outside of it, and the faults that it meets one after another.
type faultRow struct {
	step   string
	faults []fault
	second bool // of the worker that finds topics and states; otherwise of the first one
	events bool // of an incremental resource; otherwise of a listing
	old    bool // with a broker of transaction.version 1

	known   string // of the commit that fails where the client gives up; "": none fails
	refused bool   // it fails anyway

	nth     int                         // 0: the first
	kafka   func(w *faultWorld) matcher // or
	http    func(r *http.Request) bool  // of the API, or
	lookups func(r *http.Request) bool  // of the registry
}

var (
	anyFault = []fault{notApplied, notAppliedX, answerLost, answerLostX, stopping}
	retried  = []fault{notApplied, answerLost, stopping} // the client repeats it, whatever the error
	writes   = append([]fault{appliedLate}, anyFault...)
)

// faultTable is every request that a worker sends to a server, by what it is for.
func faultTable() []faultRow {
	path := func(method, suffix string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Method == method && strings.HasSuffix(r.URL.RequestURI(), suffix) }
	}
	return []faultRow{
		{step: "registry: look up versions", lookups: path(http.MethodGet, "/versions"), faults: anyFault},
		{step: "registry: register", lookups: path(http.MethodPost, "/versions"), faults: anyFault},
		{step: "API: first page of a root", http: path(http.MethodGet, "/crates"), faults: anyFault},
		{step: "API: second page of a root", http: path(http.MethodGet, "/crates?after=2"), faults: anyFault},
		{step: "API: page of children", http: path(http.MethodGet, "/crates/04/labels"), faults: anyFault},
		{step: "metadata", kafka: key(kmsg.Metadata), faults: anyFault},
		{step: "create topics", kafka: key(kmsg.CreateTopics), nth: 4, faults: anyFault},
		{step: "describe topics", kafka: key(kmsg.DescribeConfigs), faults: anyFault},
		{step: "list offsets of claims", kafka: key(kmsg.ListOffsets), second: true, faults: anyFault},
		{step: "read claims", kafka: key(kmsg.Fetch), second: true, faults: anyFault},
		{step: "find coordinator", kafka: key(kmsg.FindCoordinator), nth: 6, faults: anyFault},
		{step: "init producer id", kafka: ofHome(kmsg.InitProducerID), faults: anyFault},
		{step: "claim: produce", kafka: ofHome(kmsg.Produce), faults: retried},
		{step: "claim: end transaction", kafka: ofHome(kmsg.EndTxn), faults: writes, known: unknown.String()},
		{step: "claim again: end transaction", kafka: ofHome(kmsg.EndTxn), second: true, faults: writes, known: unknown.String()},
		{step: "read state", kafka: afterClaims(kmsg.Fetch), second: true, faults: anyFault},
		{step: "list offsets of a data topic", kafka: afterClaims(kmsg.ListOffsets), nth: 3, second: true, faults: anyFault},
		{step: "read a data topic", kafka: fetchOf("crates"), second: true, faults: anyFault},
		{step: "plan: end transaction", kafka: ofHome(kmsg.EndTxn), nth: 2, faults: writes, known: unknown.String()},
		{step: "page: add partitions", kafka: ofHome(kmsg.AddPartitionsToTxn), faults: []fault{unsent}},
		{step: "page: produce the first record", kafka: pageProduce(false), faults: append([]fault{appliedLate}, retried...)},
		{step: "page: produce the last record", kafka: pageProduce(true), faults: append([]fault{appliedLate}, retried...)},
		{step: "page: end transaction", kafka: pageCommit, faults: writes, known: unknown.String()},
		{step: "last page: end transaction", kafka: pageCommit, nth: 3, faults: writes, known: unknown.String()},
		{step: "end of a listing, deletions: end transaction", kafka: ofHome(kmsg.EndTxn), nth: 5, second: true, faults: writes, known: unknown.String()},
		{step: "abort after a refusal: end transaction", kafka: abortAfterRefusal, faults: writes, refused: true, known: notCommitted.String()},
		{step: "page of a window: produce", events: true, kafka: pageProduce(false), faults: retried},
		{step: "page of a window: end transaction", events: true, kafka: pageCommit, faults: writes, known: unknown.String()},
		{step: "next page of a window: end transaction", events: true, kafka: pageCommit, nth: 2, faults: writes, known: unknown.String()},
		{step: "live pass: end transaction", events: true, second: true, kafka: pageCommit, faults: writes, known: unknown.String()},
		{step: "old broker: add partitions", old: true, kafka: pageAdds, faults: anyFault, known: notCommitted.String()},
		{step: "old broker: produce the last record", old: true, kafka: pageProduce(true), faults: append([]fault{appliedLate}, retried...)},
		{step: "old broker: end transaction", old: true, kafka: pageCommit, faults: writes, known: unknown.String()},
		{step: "old broker: abort after a refusal", old: true, kafka: abortAfterRefusal, faults: writes, refused: true, known: notCommitted.String()},
	}
}

// play lets two workers live, one after another. One of them meets the fault.
func (row faultRow) play(w *faultWorld, how fault) (lives string) {
	w.Helper()
	w.createRoot()
	w.fill()
	if row.old {
		w.opts = append(w.opts, beforeTransactionV2())
	}
	for _, second := range []bool{false, true} {
		if second {
			w.change()
		}
		if second == row.second {
			row.arm(w, how)
		}
		runs, sessions := w.runs, w.sessions
		w.run()
		if second == row.second {
			lives = fmt.Sprintf("%d\t%d", w.runs-runs, w.sessions-sessions)
		}
	}
	if row.second {
		w.run() // finds nothing to do
	}
	if struck := w.wire.hit() || w.apiFront.hit() || w.registers.hit(); struck == (how == unsent) {
		w.Errorf("struck: %v", struck)
	}
	if !row.agrees(how, w.outcomes) {
		w.Errorf("the commits that failed are %q, want %q", w.outcomes, row.wants(how))
	}
	return lives
}

// wants is what has to be known of the commit that fails; "": none does. The worker that was told to stop has nobody to tell.
func (row faultRow) wants(how fault) string {
	if how != stopping && (row.refused || how.givesUp()) {
		return row.known
	}
	return ""
}

// agrees compares the commits that failed with what is wanted. A busy broker may cost a session more, and what the other lanes had under
// way is given up with it: what was not committed changes nothing.
func (row faultRow) agrees(how fault, outcomes []string) bool {
	if want := row.wants(how); want != "" {
		i := slices.Index(outcomes, want)
		if i < 0 {
			return false
		}
		outcomes = slices.Delete(slices.Clone(outcomes), i, i+1)
	}
	return !slices.ContainsFunc(outcomes, func(o string) bool { return o != notCommitted.String() })
}

func (row faultRow) arm(w *faultWorld, how fault) {
	nth := max(row.nth, 1)
	var first func()
	if how == stopping {
		first = func() { w.stop() }
	}
	switch {
	case row.kafka != nil:
		w.wire.arm(nth, row.kafka(w), how, first)
	case row.http != nil:
		w.apiFront.arm(nth, how, row.http, first)
	default:
		w.registers.arm(nth, how, row.lookups, first)
	}
}

// TestFaultTable strikes every request that a worker sends, in every way in which it can fail. Whenever a worker or a session of it
// has ended the whole world is read as any consumer reads it (faultWorld.look), and in the end the topics are the API's truth.
func TestFaultTable(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { faultsOn(t, embeddedServers) })
	t.Run("real", func(t *testing.T) { faultsOn(t, realServers) })
}

func faultsOn(t *testing.T, servers func(*testing.T) faultServers) {
	t.Parallel()
	type result struct{ step, fault, outcome, lives string }
	var results []*result
	t.Run("rows", func(t *testing.T) {
		for i, row := range faultTable() {
			for j, how := range row.faults {
				r := &result{step: row.step, fault: string(how)}
				results = append(results, r)
				t.Run(row.step+"/"+string(how), func(t *testing.T) {
					t.Parallel()
					resources := []string{"crates", "labels"}
					if row.events {
						resources = []string{"events", "notes"}
					}
					w := newFaultWorld(t, servers(t), fmt.Sprintf("fault-%s-%d-%d.", random(), i, j), resources...)
					r.lives = row.play(w, how)
					r.outcome = strings.Join(w.outcomes, ", ")
				})
			}
		}
	})
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "step\tfault\tcommit\tprocesses\tsessions")
	for _, r := range results {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.step, r.fault, r.outcome, r.lives)
	}
	table.Flush()
	t.Log("\n" + text.String())
}

func embeddedServers(t *testing.T) faultServers {
	t.Helper()
	network := &pipes{}
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(network.listen))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	registry, err := sandbox.StartRegistry(sandbox.RegistryConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	// The broker is there: no need to wait before it is asked again.
	soon := []kgo.Opt{kgo.MetadataMinAge(10 * time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return time.Millisecond })}
	return faultServers{brokers: broker.ListenAddrs(), network: network.dial, workers: soon, registry: registry.URL()}
}

func realServers(t *testing.T) faultServers {
	t.Helper()
	s := stack.Servers(t)
	return faultServers{brokers: s.Brokers, registry: strings.TrimRight(s.RegistryURL, "/")}
}
