package producer

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// decide says what became of a transaction that hangs: what became of the rest of it. Every transaction writes into its lane, so the lane tells;
// where it hangs there as well, a commit marker in any other topic does. If there is none, nothing of it was ever seen, and it is aborted:
// what was not committed is read again.
//
// That one transaction can be told from the producer's others needs an epoch for each (transaction.version 2, Kafka 4.0 and later).
func (h *hanging) decide(ctx context.Context, admin *kadm.Client, p hung) (commit bool, err error) {
	if err := epochForEach(ctx, admin); err != nil {
		return false, err
	}
	parts, err := listExtents(ctx, admin, h.names.State(), -1)
	if err != nil {
		return false, err
	}
	lane := parts[p.lane]
	if p.Topic == h.names.State() && p.Partition == p.lane {
		return h.committedElsewhere(ctx, admin, p)
	}
	// To the high watermark, because a commit is answered before its markers are written.
	err = scan(ctx, h.kafka, nil, extents{h.names.State(): {p.lane: lane}}, func(r *kgo.Record) error {
		commit = commit || r.ProducerID == p.ProducerID && r.ProducerEpoch == p.ProducerEpoch
		return nil
	})
	return commit, err
}

func epochForEach(ctx context.Context, admin *kadm.Client) error {
	brokers, err := admin.ApiVersions(ctx)
	if err != nil {
		return err
	}
	for _, b := range brokers {
		if b.Err != nil {
			continue
		}
		for _, f := range b.Raw().FinalizedFeatures {
			if f.Name == "transaction.version" && f.MaxVersionLevel >= 2 {
				return nil
			}
		}
	}
	return errors.New("the cluster's transaction.version is below 2, so it cannot be told whether it was committed; " +
		"if it was not, kafka-transactions.sh abort ends it")
}

// committedElsewhere looks for a commit marker of the transaction in the topics that it may have written into.
func (h *hanging) committedElsewhere(ctx context.Context, admin *kadm.Client, p hung) (bool, error) {
	parts := extents{}
	for _, topic := range h.topics {
		of, err := listExtents(ctx, admin, topic, max(0, p.LastTimestamp-tailMargin.Milliseconds()))
		if errors.Is(err, kerr.UnknownTopicOrPartition) {
			continue
		}
		if err != nil {
			return false, err
		}
		parts[topic] = of
	}
	s := newScanner(parts)
	if s.open == 0 {
		return false, nil
	}
	client, err := kgo.NewClient(append(append([]kgo.Opt{}, h.kafka...), kgo.ConsumePartitions(s.from), kgo.KeepControlRecords(),
		kgo.DisableClientMetrics())...)
	if err != nil {
		return false, err
	}
	defer client.Close()
	committed := false
	for s.open > 0 {
		fetches := client.PollFetches(ctx)
		if err := errors.Join(ctx.Err(), fatalFetch(fetches)); err != nil {
			return false, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			committed = committed || p.committedBy(r)
		})
		if err := s.take(fetches, func(*kgo.Record) error { return nil }); err != nil {
			return false, err
		}
	}
	return committed, nil
}

// committedBy reports whether r is a commit marker of the transaction. It carries the epoch after the transaction's (KIP-890); one with
// the transaction's own ended the one before it.
func (p hung) committedBy(r *kgo.Record) bool {
	const typeAt, length = 2, 4 // behind the version
	return r.Attrs.IsControl() && len(r.Key) >= length && r.ProducerID == p.ProducerID &&
		r.ProducerEpoch == p.ProducerEpoch+1 &&
		kmsg.ControlRecordKeyType(binary.BigEndian.Uint16(r.Key[typeAt:])) == kmsg.ControlRecordKeyTypeCommit
}
