package producer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// hangingCheck is how long a reading stands still before it is looked for transactions that hang.
const hangingCheck = 10 * time.Second

// hanging ends our own transactions that a partition takes for open and their coordinator for ended: a broker that lost touch with its
// controller can leave one, when it appends what was sent before the transaction was aborted. Nobody else ever ends it, and read_committed
// readers do not get past it. Kafka's own remedy is kafka-transactions.sh abort (KIP-664); this does the same for transactional ids of
// this prefix, after it has made sure that the state topic holds nothing of the transaction.
type hanging struct {
	kafka []kgo.Opt
	names Names
	log   *slog.Logger
}

func (w *Worker) hanging() *hanging { return &hanging{w.cfg.Kafka, w.names, w.cfg.Log} }

// end aborts what hangs in the partitions, and reports whether there was any. The error says what hangs and could not be ended.
func (h *hanging) end(ctx context.Context, client *kgo.Client, set kadm.TopicsSet) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, setupDeadline)
	defer cancel()
	admin := kadm.NewClient(client)
	found, err := h.find(ctx, admin, set)
	if err != nil || len(found) == 0 {
		return false, nil // the reading's own deadline ends in an error that says more
	}
	for _, p := range found {
		if err := h.abort(ctx, admin, p); err != nil {
			return false, fmt.Errorf("a transaction of producer %d hangs in %s[%d] from offset %d on, and its coordinator has forgotten it: %w; "+
				"kafka-transactions.sh --bootstrap-server … abort --topic %s --partition %d --start-offset %d ends it",
				p.ProducerID, p.Topic, p.Partition, p.CurrentTxnStartOffset, err, p.Topic, p.Partition, p.CurrentTxnStartOffset)
		}
		h.log.Warn("ended a transaction that its coordinator had forgotten", "topic", p.Topic, "partition", p.Partition,
			"offset", p.CurrentTxnStartOffset, "producer", p.ProducerID, "epoch", p.ProducerEpoch)
	}
	return true, nil
}

// hung is a transaction that hangs in a partition, and the lane in whose name it was begun.
type hung struct {
	kadm.DescribedProducer
	lane int32
}

// find returns our producers that have a transaction open in the partitions which its coordinator does not have there. A coordinator has a
// partition in its transaction before something is appended, and until the marker is: what was open before it was asked, and
// is still the same afterwards, hangs.
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
			return q.Topic == p.Topic && q.Partition == p.Partition && q.ProducerID == p.ProducerID && q.CurrentTxnStartOffset == p.CurrentTxnStartOffset
		}
		if ours && !listed && slices.ContainsFunc(after, same) {
			lane, _ := h.names.laneOf(t.TxnID)
			found = append(found, hung{p, lane})
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

// abort writes the marker that is missing. A transaction of which the lane holds a record is not ended by guess: it was committed. To see
// that the lane is read to its high watermark, because a commit is answered before its markers are written.
// (Each transaction has an epoch of its own where the broker's transaction.version is 2; where it is not, one of an epoch that ever
// committed is left to a person.)
func (h *hanging) abort(ctx context.Context, admin *kadm.Client, p hung) error {
	parts, err := listExtents(ctx, admin, h.names.State(), -1)
	if err != nil {
		return err
	}
	lane := parts[p.lane]
	if p.Topic == h.names.State() && p.Partition == p.lane {
		lane.to = p.CurrentTxnStartOffset // what comes after it nobody can read
	}
	committed := errors.New("its lane in the state topic holds records of that producer's epoch")
	err = scan(ctx, h.kafka, nil, extents{h.names.State(): {p.lane: lane}}, func(r *kgo.Record) error {
		if r.ProducerID == p.ProducerID && r.ProducerEpoch == p.ProducerEpoch {
			return committed
		}
		return nil
	})
	if err != nil {
		return err
	}
	set := kadm.TopicsSet{}
	set.Add(p.Topic, p.Partition)
	markers, err := admin.WriteTxnMarkers(ctx, kadm.TxnMarkers{ProducerID: p.ProducerID, ProducerEpoch: p.ProducerEpoch,
		CoordinatorEpoch: max(p.CoordinatorEpoch, 0), Topics: set})
	markers.EachPartition(func(r kadm.TxnMarkersPartitionResponse) {
		err = errors.Join(err, r.Err)
	})
	if errors.Is(err, kerr.ClusterAuthorizationFailed) {
		return fmt.Errorf("%w: this user may not Alter the cluster", err)
	}
	return err
}
