package producer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
)

// fetched counts what clients read of a topic.
type fetched struct {
	topic string
	n     atomic.Int64
}

func (f *fetched) OnFetchRecordBuffered(r *kgo.Record) {
	if r.Topic == f.topic && !r.Attrs.IsControl() {
		f.n.Add(1)
	}
}

func (f *fetched) watch(c *Config) {
	c.Kafka = append(append([]kgo.Opt{}, c.Kafka...), kgo.WithHooks(f))
}

// The live pass after a backfill knows what the windows have published, without reading it back.
func TestOwnRecordsAreNotReadBack(t *testing.T) {
	for _, resource := range []string{"events", "logs"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			for i := range 40 {
				w.api.event(resource, fmt.Sprintf("%02d", i), "a", -400-int64(i)*3600) // the first one is in the live pass's lookback
			}
			read := &fetched{topic: w.names.Data(resource)}
			w.once(only(resource), read.watch, func(c *Config) { c.Partitions = 3 })
			if n := read.n.Load(); n != 0 {
				t.Errorf("%d records were read back", n)
			}
			if n := len(w.records(w.names.Data(resource))); n != 40 {
				t.Errorf("the topic has %d records, want 40", n)
			}
			w.once(only(resource), read.watch) // another process did not write them
			if read.n.Load() == 0 {
				t.Error("what another process wrote was not read")
			}
			if n := len(w.records(w.names.Data(resource))); n != 40 {
				t.Errorf("the topic has %d records, want 40", n)
			}
		})
	}
}

// afterFirst does something when the first record of a topic has been taken by the broker, before its transaction ends.
type afterFirst struct {
	topic string
	do    func()
	once  sync.Once
}

func (a *afterFirst) OnProduceRecordUnbuffered(r *kgo.Record, err error) {
	if err == nil && r.Topic == a.topic {
		a.once.Do(a.do)
	}
}

// What somebody else writes into the topic while windows are read is seen, however they write it.
func TestWhatOthersWriteMeanwhileIsRead(t *testing.T) {
	for _, transactional := range []bool{false, true} {
		t.Run(fmt.Sprint("transactional ", transactional), func(t *testing.T) {
			w := newWorld(t)
			w.api.event("logs", "1", "a", -400)
			w.api.event("logs", "2", "a", -200) // the live pass's alone
			digest, err := avro.Digest([]byte(w.api.lists["logs"]["2"]))
			if err != nil {
				t.Fatal(err)
			}
			opts := w.seeds
			if transactional {
				opts = append(append([]kgo.Opt{}, opts...), kgo.TransactionalID("stranger"))
			}
			stranger, err := kgo.NewClient(opts...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(stranger.Close)
			ts := cursorOf(w.api.lists["logs"]["2"]) * 1000
			meanwhile := &afterFirst{topic: "shop.logs", do: func() {
				w.strange(stranger, transactional, &kgo.Record{Topic: "shop.logs", Key: []byte("2"), Value: []byte("{}"), Headers: []kgo.RecordHeader{
					{Key: headerTS, Value: fmt.Append(nil, ts)}, {Key: headerDigest, Value: formatDigest(digest)},
				}})
			}}
			w.once(only("logs"), func(c *Config) { c.Kafka = append(append([]kgo.Opt{}, c.Kafka...), kgo.WithHooks(meanwhile)) })
			for _, r := range w.records("shop.logs") {
				if string(r.Key) == "2" && header(r, headerOp) != "" {
					t.Fatal("what the topic held was published again")
				}
			}
		})
	}
}

// What the topic held before the windows were read is known, too.
func TestWhatWasThereBeforeIsKnown(t *testing.T) {
	w := newWorld(t)
	w.api.event("logs", "1", "a", -400)
	w.api.event("logs", "2", "a", -200) // the live pass's alone
	text := w.api.lists["logs"]["2"]
	digest, err := avro.Digest([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(w.seeds...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if _, err := ensureTopics(w.context(), client, specs(w.names, []string{"logs"}, 1), 1); err != nil {
		t.Fatal(err)
	}
	w.strange(client, false, &kgo.Record{Topic: "shop.logs", Key: []byte("2"), Value: []byte("{}"), Headers: []kgo.RecordHeader{
		{Key: headerTS, Value: fmt.Append(nil, cursorOf(text)*1000)}, {Key: headerDigest, Value: formatDigest(digest)},
	}})
	w.once(only("logs"))
	if records := w.records("shop.logs"); len(records) != 2 {
		t.Errorf("the topic has %d records, want 2", len(records))
	}
}

func (w *world) strange(client *kgo.Client, transactional bool, r *kgo.Record) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if transactional {
		if err := client.BeginTransaction(); err != nil {
			w.Error(err)
		}
	}
	if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
		w.Error(err)
	}
	if transactional {
		if err := client.EndTransaction(ctx, kgo.TryCommit); err != nil {
			w.Error(err)
		}
	}
}

// Two units' commits are in flight at a time, and are told in the other order than the topic has them: the later offset counts.
func TestTailCountsTheLaterOffset(t *testing.T) {
	t.Parallel()
	const from = 1000
	copyAt := func(ts, offset int64) []lesson {
		return []lesson{{key: "1", entry: entry{digest: uint64(offset), ts: ts}, record: &kgo.Record{Topic: "things", Offset: offset}}}
	}
	for name, told := range map[string]struct {
		expected [][]lesson
		learned  [][]lesson
		digest   uint64 // 0: the live pass must not know the key
	}{
		"the one elsewhere is later, told first": {[][]lesson{copyAt(2000, 0), copyAt(10, 0)}, [][]lesson{copyAt(10, 9), copyAt(2000, 5)}, 0},
		"the one elsewhere is later, told last":  {[][]lesson{copyAt(2000, 0), copyAt(10, 0)}, [][]lesson{copyAt(2000, 5), copyAt(10, 9)}, 0},
		"the one within is later, told first":    {[][]lesson{copyAt(2000, 0), copyAt(10, 0)}, [][]lesson{copyAt(2000, 9), copyAt(10, 5)}, 9},
		"both within":                            {[][]lesson{copyAt(2000, 0), copyAt(3000, 0)}, [][]lesson{copyAt(3000, 9), copyAt(2000, 5)}, 9},
		"not committed":                          {[][]lesson{copyAt(2000, 0)}, nil, 0},
		"elsewhere alone":                        {[][]lesson{copyAt(10, 0)}, [][]lesson{copyAt(10, 5)}, 0},
	} {
		end, memory := &tail{topic: "things", from: from, keys: map[string]tailKey{}}, newPublished(0)
		for _, lessons := range told.expected {
			end.expect(lessons)
		}
		for _, lessons := range told.learned {
			end.learn(lessons)
		}
		if !end.give(memory) {
			t.Fatal(name)
		}
		if got, _ := memory.get("1"); got.digest != told.digest {
			t.Errorf("%s: got the copy of offset %d, want %d", name, got.digest, told.digest)
		}
	}
}

// Where too many keys lie within the tail nothing is believed.
func TestTailIsBounded(t *testing.T) {
	t.Parallel()
	end := &tail{topic: "things", keys: map[string]tailKey{}}
	for i := range tailKeys + 1 {
		end.copy(fmt.Sprint(i), entry{digest: 1, ts: 1}, false, int64(i))
	}
	if end.give(newPublished(0)) || len(end.keys) > 0 {
		t.Errorf("%d keys are held and believed", len(end.keys))
	}
}

// A transaction leaves one marker in each partition that it wrote into, however many units it is of.
func TestLedger(t *testing.T) {
	t.Parallel()
	l := newLedger()
	of := func(topic string, partition int32) *kgo.Record {
		return &kgo.Record{Topic: topic, Partition: partition}
	}
	l.count([]*commitRequest{{records: []*kgo.Record{of("a", 0), of("a", 2), of("state", 3)}}, {records: []*kgo.Record{of("a", 2), of("state", 3)}}})
	l.count([]*commitRequest{{records: []*kgo.Record{of("a", 2)}}})
	for p, want := range []int64{2, 0, 5, 0} {
		if got := l.in("a", int32(p)); got != want {
			t.Errorf("partition %d: %d offsets, want %d", p, got, want)
		}
	}
	if l.in("state", 3) != 3 || l.any("b") || !l.any("a") {
		t.Error("topics are mixed up")
	}
}
