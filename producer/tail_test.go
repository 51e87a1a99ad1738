package producer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
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

// A broker that had a batch already may not tell where it is: then nothing is believed.
func TestTailOfUnknownOffsets(t *testing.T) {
	t.Parallel()
	end, memory := &tail{topic: "things", keys: map[string]tailKey{}}, newPublished(0)
	lessons := []lesson{{key: "1", entry: entry{digest: 1, ts: 1}, record: &kgo.Record{Topic: "things", Offset: -1}}}
	end.expect(lessons)
	if end.learn(lessons); end.give(memory) || memory.len() > 0 {
		t.Error("a copy whose offset is not known is believed")
	}
}

// The follower may tell that the last window is done before its commit is counted and told to the tail: that is waited for, or its records
// would be another's.
func TestTailWaitsForCommitsToBeTold(t *testing.T) {
	w := newWorld(t)
	client := w.writer("own")
	if _, err := ensureTopics(w.context(), client, specs(w.names, []string{"logs"}, 1), 1); err != nil {
		t.Fatal(err)
	}
	r := &runner{session: w.newWorker().newSession(client)}
	end := &tail{topic: "shop.logs", known: map[int32]extent{0: {}}, keys: map[string]tailKey{}}
	record := &kgo.Record{Topic: "shop.logs", Key: []byte("1")}
	end.expect(nil)
	w.strange(client, true, record)
	if ours, sure, err := r.compareOffsets(w.context(), end); ours || sure || err != nil {
		t.Errorf("before it is told: %v, %v, %v", ours, sure, err)
	}
	r.wrote.count([]*commitRequest{{records: []*kgo.Record{record}}})
	end.learn(nil)
	if ours, sure, err := r.compareOffsets(w.context(), end); !ours || !sure || err != nil {
		t.Errorf("when it is told: %v, %v, %v", ours, sure, err)
	}
}

// The markers of own transactions arrive after their commits are answered, at any moment while the topic is asked for its offsets: what
// somebody else wrote meanwhile is not taken for one.
func TestMarkerIsNotTakenForAnothersRecord(t *testing.T) {
	for n := 1; n <= 8; n++ { // requests for offsets, three of each look at the topic
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t)
			client, own := w.writer(""), w.writer("own")
			if _, err := ensureTopics(w.context(), client, specs(w.names, []string{"logs"}, 1), 1); err != nil {
				t.Fatal(err)
			}
			if err := own.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			record := &kgo.Record{Topic: "shop.logs", Key: []byte("1")}
			if err := own.ProduceSync(w.context(), record).FirstErr(); err != nil {
				t.Fatal(err)
			}
			w.strange(client, false, &kgo.Record{Topic: "shop.logs", Key: []byte("2")})
			r := &runner{session: w.newWorker().newSession(client)}
			r.wrote.count([]*commitRequest{{records: []*kgo.Record{record}}})
			end := &tail{topic: "shop.logs", known: map[int32]extent{0: {}}, keys: map[string]tailKey{}}

			asked := 0
			w.kafka.ControlKey(kmsg.ListOffsets.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
				if asked++; asked < n {
					w.kafka.KeepControl()
					return nil, nil, false
				}
				w.kafka.SleepControl(func() {
					if err := own.EndTransaction(w.context(), kgo.TryCommit); err != nil {
						t.Error(err)
					}
				})
				return nil, nil, false
			})
			if ours, err := r.allOurs(w.context(), end); ours || err != nil || asked < n {
				t.Errorf("another's record is taken for our marker: %v, %v, after %d requests", ours, err, asked)
			}
		})
	}
}

// There is no tail where it would prove nothing, and it gives nothing that lies before it.
func TestTailThatWouldProveNothing(t *testing.T) {
	w := newWorld(t)
	from := w.clock.Now()
	end := func(changes ...change) (*runner, *tail) {
		s := w.newWorker(changes...).newSession(nil)
		s.wrote.count([]*commitRequest{{records: []*kgo.Record{{Topic: "shop.events"}}}})
		r := &runner{session: s, root: w.src.Resource("logs")}
		return r, r.newTail(from)
	}
	if _, none := end(func(c *Config) { c.Group = "crew" }); none != nil {
		t.Error("others write into the topic")
	}
	r, some := end()
	r.keepTail(some)
	if ours, err := r.takeTail(w.context(), some.from-1, newPublished(0)); ours || err != nil {
		t.Errorf("it gives what it does not hold: %v", err)
	}
	r.wrote.count([]*commitRequest{{records: []*kgo.Record{{Topic: "shop.logs"}}}})
	if r.newTail(from) != nil {
		t.Error("what was written before does not count")
	}
}

// Workers of a group write into each other's topics, and take lanes one after the other: what they wrote is read back.
func TestGroupReadsBackWhatItWrote(t *testing.T) {
	w := newWorld(t)
	w.quickly(false)
	w.api.event("logs", "1", "a", -400)
	read := &fetched{topic: w.names.Data("logs")}
	w.join(only("logs"), read.watch)
	w.until("a live pass", func() string {
		if w.kafka.TopicInfo(w.names.State()) == nil {
			return "no state"
		}
		if u := w.unit("logs"); u.Phase != extract.PhaseLive.String() || !u.Done {
			return fmt.Sprintf("%+v", u)
		}
		return ""
	})
	if read.n.Load() == 0 {
		t.Error("the topic was not read")
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
