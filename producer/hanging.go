package producer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// hangingCheck is how long a reading stands still before it is looked for transactions that hang.
const hangingCheck = 10 * time.Second

// hangingDeadline bounds one look. What a lane that hangs itself has to be asked of may be all that was published since.
const hangingDeadline = 5 * time.Minute

// hanging ends our own transactions that a partition takes for open and their coordinator for ended. Brokers leave them: a coordinator
// that finds no leader for a partition just then (its only replica was cut off from the controller) takes the partition for deleted
// and never writes the transaction's marker there, of a commit as of an abort (Kafka 4.3: getPartitionLeaderEndpoint is empty for both).
// Nobody else ever ends it, and read_committed readers do not get past it. Kafka's own remedy is kafka-transactions.sh abort (KIP-664),
// which forgets half of a transaction where the other half was committed; this asks the topics what was decided.
type hanging struct {
	kafka  []kgo.Opt
	names  Names
	topics []string // in which our transactions write, beside the state topic; those that do not exist do not count
	log    *slog.Logger
}

func (w *Worker) hanging() *hanging {
	h := &hanging{kafka: w.cfg.Kafka, names: w.names, topics: []string{w.names.DeadLetters()}, log: w.cfg.Log}
	for _, r := range w.cfg.Source.Resources {
		h.topics = append(h.topics, w.names.Data(r.Name))
	}
	return h
}

// end ends what hangs in the partitions, and reports whether there was any. The error says what hangs and could not be ended.
func (h *hanging) end(ctx context.Context, client *kgo.Client, set kadm.TopicsSet) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, hangingDeadline)
	defer cancel()
	admin := kadm.NewClient(client)
	found, err := h.find(ctx, admin, set)
	if err != nil || len(found) == 0 {
		return false, nil // the reading's own deadline ends in an error that says more
	}
	for _, p := range found {
		commit, err := h.decide(ctx, admin, p)
		if err == nil {
			err = h.mark(ctx, admin, p, commit)
		}
		if err != nil {
			return false, fmt.Errorf("a transaction of producer %d hangs in %s[%d] from offset %d on, and its coordinator has forgotten it: %w",
				p.ProducerID, p.Topic, p.Partition, p.CurrentTxnStartOffset, err)
		}
		h.log.Warn("ended a transaction that its coordinator had forgotten", "topic", p.Topic, "partition", p.Partition,
			"offset", p.CurrentTxnStartOffset, "producer", p.ProducerID, "epoch", p.ProducerEpoch, "committed", commit)
	}
	return true, nil
}

// hung is a transaction that hangs in a partition, the lane in whose name it was begun, and what its coordinator has of that lane's last one.
type hung struct {
	kadm.DescribedProducer
	lane int32
	last kadm.DescribedTransaction
}

// find returns our producers that have a transaction open in the partitions which its coordinator does not have there. A coordinator has a
// partition in its transaction before something is appended, and until the marker is: what was open before it was asked, and
// is still the same afterwards, hangs. While the coordinator is still writing markers nothing is said of it yet.
func (h *hanging) find(ctx context.Context, admin *kadm.Client, set kadm.TopicsSet) ([]hung, error) {
	before, err := openProducers(ctx, admin, set)
	if err != nil || len(before) == 0 {
		return nil, err
	}
	known, err := h.coordinated(ctx, admin, before)
	if err != nil {
		return nil, err
	}
	after, err := openProducers(ctx, admin, set)
	if err != nil {
		return nil, err
	}
	var found []hung
	for _, p := range before {
		t, ours := known[p.ProducerID]
		_, listed := t.Topics[p.Topic][p.Partition]
		same := func(q kadm.DescribedProducer) bool {
			p.Leader = q.Leader // it may have moved
			return q == p
		}
		if ours && !listed && !strings.HasPrefix(t.State, "Prepare") && slices.ContainsFunc(after, same) {
			lane, _ := h.names.laneOf(t.TxnID)
			found = append(found, hung{p, lane, t})
		}
	}
	return found, nil
}

func openProducers(ctx context.Context, admin *kadm.Client, set kadm.TopicsSet) ([]kadm.DescribedProducer, error) {
	described, err := admin.DescribeProducers(ctx, set)
	var open []kadm.DescribedProducer
	described.EachProducer(func(p kadm.DescribedProducer) {
		if p.CurrentTxnStartOffset >= 0 {
			open = append(open, p)
		}
	})
	return open, err
}

// coordinated are, by producer id, the transactions of those producers that are ours.
func (h *hanging) coordinated(ctx context.Context, admin *kadm.Client, producers []kadm.DescribedProducer) (map[int64]kadm.DescribedTransaction, error) {
	var pids []int64
	for _, p := range producers {
		pids = append(pids, p.ProducerID)
	}
	listed, err := admin.ListTransactions(ctx, pids, nil)
	if err != nil {
		return nil, err
	}
	ids := slices.DeleteFunc(listed.TransactionalIDs(), func(id string) bool {
		_, ours := h.names.laneOf(id)
		return !ours
	})
	known := map[int64]kadm.DescribedTransaction{}
	if len(ids) == 0 {
		return known, nil // of no ids, those of all are described
	}
	described, err := admin.DescribeTransactions(ctx, ids...)
	for _, t := range described {
		err = errors.Join(err, t.Err)
		known[t.ProducerID] = t
	}
	return known, err
}

// mark writes the marker that is missing, with the epoch of the transaction itself: if its producer has meanwhile begun the next one in
// that partition, the broker refuses the marker, which would end that one.
func (h *hanging) mark(ctx context.Context, admin *kadm.Client, p hung, commit bool) error {
	set := kadm.TopicsSet{}
	set.Add(p.Topic, p.Partition)
	markers, err := admin.WriteTxnMarkers(ctx, kadm.TxnMarkers{ProducerID: p.ProducerID, ProducerEpoch: p.ProducerEpoch, Commit: commit,
		CoordinatorEpoch: max(p.CoordinatorEpoch, 0), Topics: set})
	markers.EachPartition(func(r kadm.TxnMarkersPartitionResponse) {
		err = errors.Join(err, r.Err)
	})
	if errors.Is(err, kerr.ClusterAuthorizationFailed) {
		return fmt.Errorf("%w: allow this user Alter on the cluster, and it is ended by itself", err)
	}
	return err
}
