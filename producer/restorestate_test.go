package producer

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/internal/realstack"
	"github.com/headwater-stream/headwater/internal/realstack/stacktest"
)

const (
	stateRecords = 100_000
	stateTries   = 3
	stateLimit   = 2 * time.Second // from Worker.Run to the first request to the API: topics looked at, lanes taken, state read
	stateBusy    = 6               // on a machine that is busy: so many times what it takes just then to decode the same texts alone
	stateBytes   = 800             // of memory for a record
)

// A worker that finds 100,000 state records has taken every lane and read them within two seconds, and holds at most 800 bytes for
// each. Not parallel: it measures.
func TestStateIsRestored(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { testStateIsRestored(openWorld(t)) })
	t.Run("real", func(t *testing.T) {
		var stack stacktest.Stack
		w := openWorld(t)
		w.seeds = []kgo.Opt{kgo.SeedBrokers(stack.Kafka(t, realstack.KafkaOptions{}).Addr()), kgo.DisableClientMetrics()}
		testStateIsRestored(w)
	})
}

func testStateIsRestored(w *world) {
	w.once(only("things")) // makes the topics
	w.writeStates()
	for range stateTries {
		busy := w.decodingAlone()
		took, held := w.restoring()
		w.Logf("%d state records: %v until the first request (decoding alone %v), %d bytes a record held", stateRecords, took, busy, held/stateRecords)
		if held > stateBytes*stateRecords || held < 100*stateRecords {
			w.Errorf("%d bytes a record held, want from 100 to %d", held/stateRecords, stateBytes)
		}
		if took <= max(stateLimit, stateBusy*busy) {
			return
		}
	}
	w.Errorf("not restored within %v", stateLimit)
}

// decodingAlone is how long this machine takes just now for what every reader of the records has to do.
func (w *world) decodingAlone() time.Duration {
	text, began := encodeState(w.stateOf(3)), time.Now()
	for range stateRecords {
		var u UnitState
		if err := json.Unmarshal(text, &u); err != nil {
			w.Fatal(err)
		}
	}
	return time.Since(began)
}

// writeStates writes the states of a backfill's windows, as their lanes' owners did.
func (w *world) writeStates() {
	w.Helper()
	for lane := range int32(StatePartitions) {
		client, err := kgo.NewClient(append([]kgo.Opt{kgo.TransactionalID(w.names.TransactionalID(lane)), kgo.RecordPartitioner(kgo.ManualPartitioner())}, w.seeds...)...)
		if err != nil {
			w.Fatal(err)
		}
		var records []*kgo.Record
		for n := int(lane); n < stateRecords; n += StatePartitions {
			records = append(records, stateRecord(w.names, lane, windowUnit("events", n), w.stateOf(n)))
		}
		err = client.BeginTransaction()
		if err == nil {
			err = client.ProduceSync(w.context(), records...).FirstErr()
		}
		if err = errors.Join(err, client.EndTransaction(w.context(), kgo.TryCommit)); err != nil {
			w.Fatal(err)
		}
		client.Close()
	}
}

// stateOf is the state of window n, as large as states are: some with a page's token, some done, some that owe.
func (w *world) stateOf(n int) UnitState {
	start := w.clock.Now()
	u := UnitState{V: stateVersion, Plan: 1, Phase: "backfill", Window: []string{rfc3339(start), rfc3339(start.Add(time.Hour))},
		Page: strings.Repeat("x", n%7*50), Done: n%3 == 0, Records: int64(n), At: start}
	if n%10 == 0 {
		u.Owed = []string{"notes", "remarks"}
	}
	return u
}

// restoring starts a worker and stops it at its first request: how long that took, and what memory is held then.
func (w *world) restoring() (took time.Duration, held int64) {
	w.Helper()
	ctx, stop := context.WithCancel(w.context())
	defer stop()
	worker := w.newWorker(only("things"))
	var first sync.Once
	before, began := heap(), time.Now()
	w.api.intercept(func(*http.Request) (int, string) {
		first.Do(func() {
			took = time.Since(began)
			held = heap() - before
			stop()
		})
		return http.StatusServiceUnavailable, ""
	})
	defer w.api.intercept(nil)
	_ = worker.Run(ctx) // it was stopped
	if took == 0 {
		w.Fatal("the worker has not come to a request")
	}
	return took, held
}
