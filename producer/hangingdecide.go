package producer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// decide says what became of a transaction that hangs: what its coordinator says, as long as the lane has begun no other, or what became of
// the rest of it. Every transaction writes into its lane, so its record or its marker there tells; where it hangs there as well, a marker in
// any other topic does. If there is none, nothing of it was ever seen, and it is aborted: what was not committed is read again.
//
// That one transaction can be told from the producer's others needs an epoch for each (transaction.version 2, Kafka 4.0 and later).
func (h *hanging) decide(ctx context.Context, admin *kadm.Client, p hung) (commit bool, err error) {
	if err := epochForEach(ctx, admin); err != nil {
		return false, err
	}
	if p.last.ProducerEpoch == p.ProducerEpoch+1 { // a transaction's end raises it
		switch p.last.State {
		case "CompleteCommit":
			return true, nil
		case "CompleteAbort":
			return false, nil
		}
	}
	parts, err := listExtents(ctx, admin, h.names.State(), -1)
	if err != nil {
		return false, err
	}
	lane := extents{h.names.State(): {p.lane: parts[p.lane]}}
	if p.Topic == h.names.State() && p.Partition == p.lane {
		if lane, err = h.elsewhere(ctx, admin, p); err != nil {
			return false, err
		}
	} else {
		// To the high watermark, because a commit is answered before its markers are written.
		err = scan(ctx, h.kafka, nil, lane, func(r *kgo.Record) error {
			commit = commit || r.ProducerID == p.ProducerID && r.ProducerEpoch == p.ProducerEpoch
			return nil
		})
		if err != nil || commit {
			return commit, err
		}
	}
	if commit, err = h.marked(ctx, p, lane); err != nil || commit {
		return commit, err
	}
	stay, err := h.markersStay(ctx, admin)
	if err != nil {
		return false, err
	}
	if began := time.UnixMilli(p.LastTimestamp); time.Since(began) > stay {
		return false, fmt.Errorf("it is of %s, too long ago to tell whether it was committed; kafka-transactions.sh abort ends it, "+
			"and state reset of the resource publishes what that takes away", began.UTC().Format(time.RFC3339))
	}
	return false, nil
}

// markersStay is for how long compaction surely leaves a transaction's markers in the state topic, less a part for clocks. Its records may
// go earlier, when the state has moved on.
func (h *hanging) markersStay(ctx context.Context, admin *kadm.Client) (time.Duration, error) {
	configs, err := admin.DescribeTopicConfigs(ctx, h.names.State())
	if err != nil {
		return 0, err
	}
	topic, err := configs.On(h.names.State(), nil)
	if err == nil {
		err = topic.Err
	}
	if err != nil {
		return 0, err
	}
	for _, c := range topic.Configs {
		if c.Key == "delete.retention.ms" && c.Value != nil {
			ms, err := strconv.ParseInt(*c.Value, 10, 64)
			return time.Duration(min(ms, time.Hour.Milliseconds()*24)) * time.Millisecond * 5 / 6, err
		}
	}
	return 0, errors.New("the broker does not tell delete.retention.ms of " + h.names.State())
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

// elsewhere are the topics that the transaction may have written into, beside the state topic, from when it did.
func (h *hanging) elsewhere(ctx context.Context, admin *kadm.Client, p hung) (extents, error) {
	parts := extents{}
	for _, topic := range h.topics {
		of, err := listExtents(ctx, admin, topic, max(0, p.LastTimestamp-tailMargin.Milliseconds()))
		if errors.Is(err, kerr.UnknownTopicOrPartition) {
			continue
		}
		if err != nil {
			return nil, err
		}
		parts[topic] = of
	}
	return parts, nil
}

// marked looks for a commit marker of the transaction.
func (h *hanging) marked(ctx context.Context, p hung, parts extents) (bool, error) {
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
	for s.open > 0 && !committed {
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
