package producer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// scanDeadline bounds one reading to its target. A stranger's open transaction can hold a reader back for its timeout and ten
// seconds more (the broker's abort scan); a minute is beyond that for our own transactions.
const scanDeadline = 60 * time.Second

// extent is the part of a partition that a scan reads: from ≤ offset < to.
type extent struct{ from, to int64 }

type extents map[string]map[int32]extent

// listExtents is a topic from the first record that was produced at or after since (ms; negative: from its start) to its high
// watermark. Not to the last stable offset: an open transaction in between may be decided in our favour.
func listExtents(ctx context.Context, admin *kadm.Client, topic string, since int64) (map[int32]extent, error) {
	list := admin.ListStartOffsets
	if since >= 0 {
		list = func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
			return admin.ListOffsetsAfterMilli(ctx, since, topics...)
		}
	}
	starts, err := list(ctx, topic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, err
	}
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, err
	}
	parts := map[int32]extent{}
	starts.Each(func(o kadm.ListedOffset) {
		end, _ := ends.Lookup(topic, o.Partition)
		parts[o.Partition] = extent{from: max(o.Offset, 0), to: end.Offset}
	})
	return parts, nil
}

// decidedExtents is a topic from its start to the last offset that is decided.
func decidedExtents(ctx context.Context, admin *kadm.Client, topic string) (map[int32]extent, error) {
	parts, err := listExtents(ctx, admin, topic, -1)
	if err != nil {
		return nil, err
	}
	decided, err := admin.ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = decided.Error()
	}
	decided.Each(func(o kadm.ListedOffset) {
		parts[o.Partition] = extent{from: parts[o.Partition].from, to: o.Offset}
	})
	return parts, err
}

// scan reads the extents read_committed and hands every record, in partition order, to each. It ends when the target offset of
// every partition was reached: control records are kept for counting, because the tail of a transactional partition is a
// commit marker that a reader otherwise never sees. The caller took the target after it fenced its predecessor, so records
// below it are decided or will be as soon as a stranger's transaction ends. Transactions of ours that hang it ends itself; hung is nil
// where somebody only looks.
func scan(ctx context.Context, base []kgo.Opt, hung *hanging, parts extents, each func(*kgo.Record) error) error {
	s := newScanner(parts)
	if s.open == 0 {
		return nil
	}
	client, err := openReader(base, s.from)
	if err != nil {
		return fmt.Errorf("open reader: %w", err)
	}
	defer client.Close()
	still := newStandstill(client, hung)
	for s.open > 0 {
		if err := s.poll(ctx, client, still, each); err != nil {
			return err
		}
	}
	return nil
}

// fetcher is what a scanner needs of a client.
type fetcher interface {
	PollFetches(ctx context.Context) kgo.Fetches
}

// poll takes what comes until it is time to look why nothing does. What has come at that very moment counts: the client does not give it a
// second time.
func (s *scanner) poll(ctx context.Context, client fetcher, still *standstill, each func(*kgo.Record) error) error {
	bounded, cancel := context.WithDeadline(ctx, still.next)
	defer cancel()
	fetches := client.PollFetches(bounded)
	if err := fatalFetch(fetches); err != nil {
		return err
	}
	if err := s.take(fetches, each); err != nil {
		return err
	}
	switch {
	case fetches.NumRecords() > 0:
		still.moved()
	case bounded.Err() != nil:
		return still.look(ctx, s.left)
	}
	return nil
}

// scanner keeps the account of one scan. It belongs to one goroutine.
type scanner struct {
	from map[string]map[int32]kgo.Offset
	left map[string]map[int32]int64 // targets of the partitions that are not read to them yet
	open int                        // how many there are
}

func newScanner(parts extents) *scanner {
	s := &scanner{from: map[string]map[int32]kgo.Offset{}, left: map[string]map[int32]int64{}}
	for topic, ps := range parts {
		for p, e := range ps {
			if e.from >= e.to {
				continue
			}
			if s.left[topic] == nil {
				s.left[topic], s.from[topic] = map[int32]int64{}, map[int32]kgo.Offset{}
			}
			s.left[topic][p], s.from[topic][p] = e.to, kgo.NewOffset().At(e.from)
			s.open++
		}
	}
	return s
}

// openReader reads partitions from offsets on, what is committed, with the control records, to count by.
func openReader(base []kgo.Opt, from map[string]map[int32]kgo.Offset) (*kgo.Client, error) {
	return kgo.NewClient(append(append([]kgo.Opt{}, base...),
		kgo.ConsumePartitions(from),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableClientMetrics(), // a reader of a moment: pushing its metrics would cost more than its reading
	)...)
}

// take hands the records below the targets to each, and ticks off the partitions that have reached theirs.
func (s *scanner) take(fetches kgo.Fetches, each func(*kgo.Record) error) error {
	for it := fetches.RecordIter(); !it.Done(); {
		r := it.Next()
		target, reading := s.left[r.Topic][r.Partition]
		if !reading || r.Offset >= target || r.Attrs.IsControl() {
			continue
		}
		if err := each(r); err != nil {
			return err
		}
	}
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) == 0 {
			return
		}
		last := p.Records[len(p.Records)-1].Offset
		if target, reading := s.left[p.Topic][p.Partition]; reading && last+1 >= target {
			delete(s.left[p.Topic], p.Partition)
			s.open--
		}
	})
	return nil
}

func fatalFetch(fetches kgo.Fetches) error {
	for _, e := range fetches.Errors() {
		if errors.Is(e.Err, context.DeadlineExceeded) || errors.Is(e.Err, context.Canceled) {
			continue
		}
		if kgo.IsRetryableBrokerErr(e.Err) {
			continue // the client retries; the deadline bounds it
		}
		return fmt.Errorf("read %s partition %d: %w", e.Topic, e.Partition, e.Err)
	}
	return nil
}
