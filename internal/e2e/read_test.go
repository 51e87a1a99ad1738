package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// record is one committed record of a topic.
type record struct {
	partition int32
	offset    int64
	key       string
	value     []byte // nil: a tombstone
	headers   map[string]string
	at        time.Time
	producer  int64 // whose transaction it came with, and the epoch that the producer had then
	epoch     int16
}

// mark is how far topics reach: topic → partition → offset after the last record.
type mark map[string]map[int32]int64

// marks asks for the high watermarks of topics; of those that do not exist it knows nothing.
func (w *world) marks(topics ...string) mark {
	w.t.Helper()
	_, ends := w.extents(topics)
	return ends
}

func (w *world) extents(topics []string) (starts, ends mark) {
	w.t.Helper()
	starts, ends, err := w.askExtents(topics)
	if err != nil {
		w.t.Fatal(err)
	}
	return starts, ends
}

// askExtents is extents for a broker that may be away.
func (w *world) askExtents(topics []string) (starts, ends mark, err error) {
	client := w.kafka(w.t)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	admin := kadm.NewClient(client)
	listed, err := admin.ListTopics(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list topics: %w", err)
	}
	known := slices.DeleteFunc(slices.Clone(topics), func(name string) bool { return !listed.Has(name) })
	if len(known) == 0 {
		return mark{}, mark{}, nil
	}
	list := func(how func(context.Context, ...string) (kadm.ListedOffsets, error)) mark {
		listed, failed := how(ctx, known...)
		if failed == nil {
			failed = listed.Error()
		}
		if failed != nil {
			err = fmt.Errorf("list offsets of %v: %w", known, failed)
		}
		m := mark{}
		listed.Each(func(o kadm.ListedOffset) {
			if m[o.Topic] == nil {
				m[o.Topic] = map[int32]int64{}
			}
			m[o.Topic][o.Partition] = o.Offset
		})
		return m
	}
	starts, ends = list(admin.ListStartOffsets), list(admin.ListEndOffsets)
	return starts, ends, err
}

// read reads topics from their start to their end now; nothing for those that do not exist.
func (w *world) read(topics ...string) map[string][]record {
	w.t.Helper()
	return w.since(mark{}, topics...)
}

// since reads what was appended after m was taken. Records are in order within their partition.
func (w *world) since(m mark, topics ...string) map[string][]record {
	w.t.Helper()
	starts, ends := w.extents(topics)
	all := map[string][]record{}
	w.between(later(starts, m), ends, func(topic string, r record) { all[topic] = append(all[topic], r) })
	for _, records := range all {
		sort.SliceStable(records, func(i, j int) bool {
			return records[i].partition < records[j].partition || records[i].partition == records[j].partition && records[i].offset < records[j].offset
		})
	}
	return all
}

// later are the starts, or where m lies behind them, m.
func later(starts, m mark) mark {
	from := mark{}
	for topic, byPartition := range starts {
		from[topic] = map[int32]int64{}
		for p, start := range byPartition {
			from[topic][p] = max(start, m[topic][p])
		}
	}
	return from
}

// between calls each with the committed records from one mark to another. Those of a partition come in order.
//
// Control records are kept, or the end could not be seen where a transaction's marker is the last thing in a partition.
func (w *world) between(from, ends mark, each func(topic string, r record)) {
	w.t.Helper()
	parts := map[string]map[int32]kgo.Offset{}
	open := map[string]bool{} // "topic/partition" still to be read
	for topic, byPartition := range ends {
		for p, end := range byPartition {
			if from[topic][p] >= end {
				continue
			}
			if parts[topic] == nil {
				parts[topic] = map[int32]kgo.Offset{}
			}
			parts[topic][p] = kgo.NewOffset().At(from[topic][p])
			open[fmt.Sprint(topic, "/", p)] = true
		}
	}
	if len(open) == 0 {
		return
	}
	client := w.kafka(w.t, kgo.ConsumePartitions(parts), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.FetchMaxWait(200*time.Millisecond))
	defer client.Close()
	// A transaction that a killed program left open holds readers up until the broker ends it: 30 s, and some.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for len(open) > 0 {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			w.t.Fatalf("read to %v: partitions %v do not reach their high watermark; their producers:\n%s", slices.Sorted(maps.Keys(ends)), open, w.producers(open))
		}
		for _, err := range fetches.Errors() {
			w.t.Fatalf("read %s: %v", err.Topic, err.Err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			end := ends[r.Topic][r.Partition]
			if r.Offset+1 >= end {
				delete(open, fmt.Sprint(r.Topic, "/", r.Partition))
			}
			if !r.Attrs.IsControl() && r.Offset < end {
				each(r.Topic, toRecord(r))
			}
		})
	}
}

// producers tells what transactions the broker knows of partitions, named "topic/partition".
func (w *world) producers(partitions map[string]bool) string {
	client := w.kafka(w.t)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	admin := kadm.NewClient(client)
	set := kadm.TopicsSet{}
	for name := range partitions {
		topic, p, _ := strings.Cut(name, "/")
		set.Add(topic, int32(number(p)))
	}
	text := fmt.Sprintln(time.Now().UnixMilli(), "ms now")
	described, err := admin.DescribeProducers(ctx, set)
	if err != nil {
		return err.Error()
	}
	stuck := map[int64]bool{}
	described.EachProducer(func(p kadm.DescribedProducer) {
		if p.CurrentTxnStartOffset >= 0 {
			stuck[p.ProducerID] = true
			text += fmt.Sprintf("%+v\n", p)
		}
	})
	set.Add(w.topic("_state"), lanes()...)
	text += w.batches(set, stuck)
	open, err := admin.DescribeTransactions(ctx)
	if err != nil {
		return text + err.Error()
	}
	for _, t := range open.Sorted() {
		if strings.Contains(t.TxnID, w.prefix) && len(t.Topics) > 0 {
			text += fmt.Sprintf("%+v\n", t)
		}
	}
	return text
}

func lanes() []int32 {
	var all []int32
	for id := range int32(16) {
		all = append(all, id)
	}
	return all
}

// batches tells what producers have written into partitions, markers included, decided or not: what a broker made of a transaction.
func (w *world) batches(set kadm.TopicsSet, producers map[int64]bool) string {
	parts := map[string]map[int32]kgo.Offset{}
	for topic, ps := range set {
		parts[topic] = map[int32]kgo.Offset{}
		for p := range ps {
			parts[topic][p] = kgo.NewOffset().AtStart()
		}
	}
	client := w.kafka(w.t, kgo.ConsumePartitions(parts), kgo.KeepControlRecords())
	defer client.Close()
	text := ""
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		fetches := client.PollFetches(ctx)
		cancel()
		if fetches.NumRecords() == 0 {
			return text
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !producers[r.ProducerID] {
				return
			}
			what := "record " + string(r.Key)
			if r.Attrs.IsControl() && len(r.Key) == 4 {
				what = [...]string{"ABORT", "COMMIT"}[r.Key[3]]
			}
			text += fmt.Sprintf("%d producer %d epoch %d %s[%d] %d %s\n", r.Timestamp.UnixMilli(), r.ProducerID, r.ProducerEpoch, r.Topic, r.Partition, r.Offset, what)
		})
	}
}

func toRecord(r *kgo.Record) record {
	rec := record{partition: r.Partition, offset: r.Offset, key: string(r.Key), value: r.Value, headers: map[string]string{},
		at: r.Timestamp, producer: r.ProducerID, epoch: r.ProducerEpoch}
	for _, h := range r.Headers {
		rec.headers[h.Key] = string(h.Value)
	}
	return rec
}

// size is how many offsets the topics span: records and markers, committed or not. It is for following progress.
func (w *world) size(topics ...string) int64 {
	w.t.Helper()
	var n int64
	for _, byPartition := range w.marks(topics...) {
		for _, end := range byPartition {
			n += end
		}
	}
	return n
}
