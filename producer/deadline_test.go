package producer

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A broker that takes requests and does not answer holds a commit up for the deadline, and not longer than it keeps a transaction open
// itself. What it had taken is never committed.
func TestCommitHasADeadline(t *testing.T) {
	for key, want := range map[kmsg.Key]outcome{kmsg.Produce: notCommitted, kmsg.EndTxn: unknown} {
		t.Run(key.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := &pipes{}
				broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(network.listen), kfake.SeedTopics(StatePartitions, "deadline._state"))
				if err != nil {
					t.Fatal(err)
				}
				defer broker.Close()
				kafka := []kgo.Opt{kgo.SeedBrokers(broker.ListenAddrs()...), kgo.Dialer(network.dial), kgo.DisableClientMetrics()}
				names := Names{Prefix: "deadline."}
				take := func(nonce string) *lane {
					l, err := openLane(kafka, names, 0, nil)
					if err == nil {
						err = l.take(t.Context(), Claim{V: stateVersion, Kind: claimWorker, Nonce: nonce})
					}
					if err != nil {
						t.Fatal(err)
					}
					return l
				}
				first := take("first")
				silent := make(chan struct{})
				broker.ControlKey(key.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
					broker.SleepControl(func() { <-silent })
					return nil, errors.New("the connection breaks"), true
				})
				began := time.Now()
				err = first.transact([]*commitRequest{{records: []*kgo.Record{stateRecord(names, 0, "things", UnitState{V: stateVersion, Phase: "snapshot"})}}})
				if took := time.Since(began); took < commitDeadline || took > transactionTimeout {
					t.Errorf("the commit takes %v", took)
				}
				var failed *commitError
				if !errors.As(err, &failed) || failed.outcome != want || !errors.Is(err, errLaneLost) {
					t.Errorf("got %v, want %v", err, want)
				}
				close(silent)
				first.close()
				second := take("second")
				defer second.close()
				states, _, err := readLanes(t.Context(), kafka, names, map[int32]extent{0: {to: second.claimed + 1}})
				if err != nil || len(states[0].units) != 0 || states[0].claim.Nonce != "second" {
					t.Errorf("the lane holds %+v %v", states[0], err)
				}
			})
		})
	}
}

// The client sends what waited for a topic's partitions before it has stored them. A broker that answers at once must not make of the
// first commit an abort that is called a success: one in some fifty was, on pipes.
func TestFirstCommitIsACommit(t *testing.T) {
	network := &pipes{}
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(network.listen), kfake.SeedTopics(StatePartitions, "first._state"))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	kafka := []kgo.Opt{kgo.SeedBrokers(broker.ListenAddrs()...), kgo.Dialer(network.dial), kgo.DisableClientMetrics()}
	names := Names{Prefix: "first."}
	for i := range 300 {
		l, err := openLane(kafka, names, 0, nil)
		if err == nil {
			err = l.take(t.Context(), Claim{V: stateVersion, Kind: claimWorker, Nonce: strconv.Itoa(i)})
		}
		if err != nil {
			t.Fatal(err)
		}
		states, _, err := readLanes(t.Context(), kafka, names, map[int32]extent{0: {to: l.claimed + 1}})
		if err != nil || states[0].claim.Nonce != strconv.Itoa(i) {
			t.Fatalf("claim %d: the lane holds %+v %v", i, states[0], err)
		}
		l.close()
	}
}

// What the client does not show yet is waited for, and no longer than the commit's deadline.
func TestCommitWaitsForWhatTheClientShows(t *testing.T) {
	network := &pipes{}
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(network.listen), kfake.SeedTopics(1, "shown.data"))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	l, err := openLane([]kgo.Opt{kgo.SeedBrokers(broker.ListenAddrs()...), kgo.Dialer(network.dial), kgo.DisableClientMetrics()}, Names{Prefix: "shown."}, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	group := []*commitRequest{{records: []*kgo.Record{{Topic: "shown.data", Key: []byte("k")}}}}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.shown(over, group); !errors.Is(err, context.Canceled) {
		t.Fatalf("a topic that was never produced to: %v", err)
	}
	if err := l.client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	produced := make(chan error, 1)
	go func() {
		produced <- l.client.ProduceSync(t.Context(), &kgo.Record{Topic: "shown.data", Key: []byte("k")}).FirstErr()
	}()
	if err := l.shown(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	if err := <-produced; err != nil {
		t.Fatal(err)
	}
	if err := l.client.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
}
