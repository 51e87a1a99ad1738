package producer

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A refused record does not fail Kafka's commit: only the promise tells.
func TestRefusedRecordIsNotPassedOver(t *testing.T) {
	for _, refusal := range []*kerr.Error{kerr.MessageTooLarge, kerr.InvalidRecord} {
		t.Run(refusal.Message, func(t *testing.T) {
			w := newWorld(t)
			w.api.put("things", "a", ids(1, 3)...)
			w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "shop.things", Err: refusal})
			w.once(only("things"))
			w.wantNews("things", "r 01, r 02, r 03")
			if u := w.unit("things"); !u.Done || u.Records != 3 {
				t.Errorf("state: %+v", u)
			}
		})
	}
}

func TestThreeRefusalsStopTheResource(t *testing.T) {
	for _, topic := range []string{"shop.things", "shop._dead_letters"} {
		t.Run(topic, func(t *testing.T) {
			w := newWorld(t)
			w.api.put("things", "a", "1")
			w.api.set("things", "2", `{"v":"no key"}`)
			w.api.put("books", "a", "1")
			refused := w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.InvalidRecord, Count: -1})
			failures := w.failures(w.try(only("things", "books")))
			var rejected *RejectedError
			if len(failures) != 1 || !errors.As(failures["things"], &rejected) || rejected.Topic != topic {
				t.Fatalf("failures: %v", failures)
			}
			if n := refused.Hits(); n != 3 {
				t.Errorf("refused %d times, want 3", n)
			}
			w.wantNews("books", "r 1")
			w.wantNews("things", "")
			if u := w.unit("things"); u.Phase != "" {
				t.Errorf("the state moved: %+v", u)
			}
		})
	}
}

// The broker answers a commit with an error, of which nothing follows: the topic decides. Other ends of a commit: TestFaultTable.
func TestUnclearCommits(t *testing.T) {
	for n := 1; n <= 4; n++ { // of the home lane: claim, plan, first page, second page
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t)
			w.api.put("books", "a", ids(1, 5)...)
			seen, struck := 0, false
			w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: w.names.TransactionalID(homeLane("books", StatePartitions)),
				Err: kerr.UnknownServerError, When: func(kmsg.Request) bool {
					seen++
					struck = struck || seen == n
					return seen == n
				}})
			began := time.Now()
			w.once(only("books"))
			if took := time.Since(began); took > transactionTimeout/2 {
				t.Errorf("%v: it waited for the timeout of its own transaction", took)
			}
			if !struck {
				t.Fatal("no commit was disturbed")
			}
			w.wantNews("books", "r 01, r 02, r 03, r 04, r 05")
			if u := w.unit("books"); !u.Done || u.Records != 5 {
				t.Errorf("state: %+v", u)
			}
			w.once(only("books"))
			w.wantNews("books", "")
		})
	}
}

// A produce that is cut off leaves the client stuck in its transaction, and a cut-off EndTransaction leaves the outcome unknown.
func TestShutdownDoesNotCutOffACommit(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.Produce, kmsg.EndTxn} {
		t.Run(key.Name(), func(t *testing.T) {
			w := newWorld(t)
			w.api.put("things", "a", "1", "2")
			s := w.stream(only("things"))
			s.pause()
			w.news("things")
			reached, release := make(chan struct{}), make(chan struct{})
			w.kafka.ControlKey(key.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
				w.kafka.DropControl()
				close(reached)
				w.kafka.SleepControl(func() { <-release })
				return nil, nil, false
			})
			w.api.put("things", "b", "1", "2")
			s.wake <- struct{}{}
			<-reached
			s.cancel()
			close(release)
			if err := s.waitEnd(); err != nil {
				t.Errorf("a graceful stop: %v", err)
			}
			w.wantNews("things", "u 1, u 2")
			if u := w.unit("things"); u.Records != 4 {
				t.Errorf("the state lacks the records: %+v", u)
			}
		})
	}
}

// A reader of committed records never finds a state without the records that it covers, nor records without their state.
func TestRecordsAndStateAgreeAtAnyTime(t *testing.T) {
	w := newWorld(t)
	w.api.put("books", "a", ids(1, 40)...)
	w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: w.names.TransactionalID(homeLane("books", StatePartitions)), Err: kerr.InvalidTxnState, Count: -1,
		When: everyNth(7)})
	w.once(only("things")) // the topics must be there
	w.newWorker(only("books"))
	ended := make(chan error, 1)
	go func() { ended <- w.worker.Run(w.Context()) }()
	looks := 0
	for running := true; running; looks++ {
		select {
		case err := <-ended:
			if running = false; err != nil {
				t.Fatal(err)
			}
		default:
		}
		if w.kafka.TopicInfo("shop.books") == nil {
			continue
		}
		before := len(w.records("shop.books"))
		state := w.unit("books").Records
		after := len(w.records("shop.books"))
		if int64(before) > state || state > int64(after) {
			t.Fatalf("the state says %d records while there are %d to %d", state, before, after)
		}
	}
	if n := len(w.records("shop.books")); n != 40 {
		t.Errorf("%d records after %d looks, want 40", n, looks)
	}
}

func everyNth(n int) func(kmsg.Request) bool {
	seen := 0
	return func(kmsg.Request) bool { seen++; return seen%n == 0 }
}

func TestUnitsOfALaneAreCommittedTogether(t *testing.T) {
	t.Parallel()
	l := &lane{requests: make(chan *commitRequest, 10)}
	of := func(records, bytes int) *commitRequest {
		return &commitRequest{records: make([]*kgo.Record, records), bytes: bytes}
	}
	for name, test := range map[string]struct {
		ready []*commitRequest
		want  int
	}{
		"nobody else":  {nil, 1},
		"all":          {[]*commitRequest{of(1, 10), of(1, 10), of(1, 10)}, 4},
		"many records": {[]*commitRequest{of(maxGroupRecords-2, 10), of(1, 10), of(1, 10)}, 3},
		"many bytes":   {[]*commitRequest{of(1, maxGroupBytes), of(1, 10)}, 2},
	} {
		for _, req := range test.ready {
			l.requests <- req
		}
		if got := len(l.gather(of(1, 10))); got != test.want {
			t.Errorf("%s: %d are committed together, want %d", name, got, test.want)
		}
		for len(l.requests) > 0 {
			<-l.requests
		}
	}
}

// Without the right to write states nothing can run, and no waiting helps.
func TestRefusedClaimEndsTheRun(t *testing.T) {
	w := newWorld(t)
	w.once(only("things"))
	w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: w.names.State(), Err: kerr.TopicAuthorizationFailed, Count: -1})
	err := w.newWorker(only("things"), func(c *Config) { c.Once = false }).Run(w.context())
	var environment *EnvironmentError
	if !errors.As(err, &environment) || !strings.Contains(environment.Remedy, "Write on topics that begin with "+w.names.Prefix) {
		t.Errorf("got %v, want what to allow", err)
	}
}
