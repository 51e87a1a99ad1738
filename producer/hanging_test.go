package producer

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/headwater-stream/headwater/internal/realstack"
	"github.com/headwater-stream/headwater/internal/realstack/stacktest"
)

// A transaction that only the partition knows of, as a real broker leaves them: it is ended as the rest of it was. What somebody else has
// open, and what its coordinator knows of, stays as it is.
func TestHangingTransaction(t *testing.T) {
	var stack stacktest.Stack
	w := openWorld(t)
	w.seeds = []kgo.Opt{kgo.SeedBrokers(stack.Kafka(t, realstack.KafkaOptions{
		Properties: map[string]string{"transaction.partition.verification.enable": "false"},
	}).Addr()), kgo.DisableClientMetrics()}
	client := w.writer("")
	admin := kadm.NewClient(client)
	state := w.names.State()
	if _, err := admin.CreateTopics(w.context(), StatePartitions, 1, nil, "hung", "running", "stranger", "committed", "elsewhere", "before", state); err != nil {
		t.Fatal(err)
	}
	w.commitOne(3, state)               // the one before
	pid, epoch := w.commitOne(2, state) // whose record is gone, as after compaction
	drop := kadm.Offsets{}
	drop.AddOffset(state, 2, 1, -1)
	if _, err := admin.DeleteRecords(w.context(), drop); err != nil {
		t.Fatal(err)
	}
	w.hangAs(client, w.names.TransactionalID(2), pid, epoch, "committed", 2)
	const stays = 20 * time.Hour // of the day that is the broker's default
	w.hangSince(client, w.names.TransactionalID(1), "hung", 2, time.Now().Add(-stays-time.Minute))
	w.hangSince(client, w.names.TransactionalID(11), "hung", 11, time.Now().Add(-stays+time.Minute))
	w.hang(client, w.names.TransactionalID(3), "hung", 0)
	w.hang(client, "stranger-1", "stranger", 0)
	w.hang(client, w.names.TransactionalID(7), state, 7)
	running := w.writer(w.names.TransactionalID(5))
	if err := running.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	now := &kgo.Record{Topic: "running", Value: []byte("x")}
	if err := running.ProduceSync(w.context(), now).FirstErr(); err != nil {
		t.Fatal(err)
	}
	pid, epoch = w.commitOne(4, state)
	w.hangAs(client, w.names.TransactionalID(4), pid, epoch, "committed", 0)
	pid, epoch = w.commitOne(8, "elsewhere")
	w.hangAs(client, w.names.TransactionalID(8), pid, epoch, state, 8)
	pid, epoch = w.commitOne(9, "before")
	w.hangAs(client, w.names.TransactionalID(9), pid, epoch+1, state, 9)
	pid, epoch = w.commitOne(12, "before")
	w.hangAs(client, w.names.TransactionalID(12), pid, epoch+1, "hung", 12)
	w.commitOne(12, state)                     // of that one the coordinator tells
	for _, lane := range []int32{2, 4, 8, 9} { // which have begun anew since: their coordinator tells nothing of what was
		w.initProducer(client, w.names.TransactionalID(lane))
	}
	pid, epoch = w.commitOne(10, "stranger") // of which no topic of ours tells, but the coordinator does
	w.hangAs(client, w.names.TransactionalID(10), pid, epoch, "committed", 10)

	var logged strings.Builder
	h := &hanging{w.seeds, w.names, []string{"elsewhere", "before", "never-made"}, slog.New(slog.NewTextHandler(&logged, nil))}
	for _, test := range []struct {
		topic     string
		partition int32
		says      string // "": nothing is ended
		reads     string // what is seen of it then
	}{
		{"running", 0, "", ""}, {"stranger", 0, "", ""},
		{"committed", 0, "committed=true", "late"}, {"committed", 2, "committed=true", "late"},
		{"committed", 10, "committed=true", "late"}, {"hung", 11, "committed=false", ""}, {"hung", 12, "committed=false", ""}, {"hung", 0, "committed=false", ""},
		{state, 7, "committed=false", ""}, {state, 8, "committed=true", "late"}, {state, 9, "committed=false", ""},
	} {
		logged.Reset()
		set := kadm.TopicsSet{}
		set.Add(test.topic, test.partition)
		ended, err := h.end(w.context(), client, set)
		if err != nil || ended != (test.says != "") || !strings.Contains(logged.String(), test.says) {
			t.Errorf("%s[%d]: ended %t, %v, %s", test.topic, test.partition, ended, err, logged.String())
		}
		if ended {
			if got := w.readAll(admin, nil, test.topic, test.partition); got != test.reads {
				t.Errorf("%s[%d] reads %q, want %q", test.topic, test.partition, got, test.reads)
			}
		}
	}

	set := kadm.TopicsSet{}
	set.Add("hung", 2)
	if ended, err := h.end(w.context(), client, set); ended || err == nil || !strings.Contains(err.Error(), "hung[2] from offset 0 on") || !strings.Contains(err.Error(), "too long ago to tell") {
		t.Errorf("of yesterday: ended %t, %v", ended, err)
	}

	// The next transaction has begun in the partition: a marker for the one before must not end it.
	before := hung{DescribedProducer: kadm.DescribedProducer{Topic: "running", ProducerID: now.ProducerID, ProducerEpoch: now.ProducerEpoch - 1}}
	if err := h.mark(w.context(), admin, before, false); err == nil {
		t.Error("a marker ended the transaction after its own")
	}
	if err := running.EndTransaction(w.context(), kgo.TryCommit); err != nil {
		t.Error(err)
	}
	if got := w.readAll(admin, nil, "running", 0); got != "x" {
		t.Errorf("the next transaction reads %q", got)
	}

	// A reading that is held up looks by itself, long before its deadline, and goes on.
	w.hang(client, w.names.TransactionalID(6), "hung", 1)
	if got := w.readAll(admin, h, "hung", 1); got != "" {
		t.Errorf("aborted, but read: %q", got)
	}
}

// readAll reads a partition to its end, and returns the values.
func (w *world) readAll(admin *kadm.Client, h *hanging, topic string, partition int32) (values string) {
	w.Helper()
	parts, err := listExtents(w.context(), admin, topic, -1)
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.context(), scanDeadline/2)
	defer cancel()
	err = scan(ctx, w.seeds, h, extents{topic: {partition: parts[partition]}}, func(r *kgo.Record) error { values += string(r.Value); return nil })
	if err != nil {
		w.Errorf("read %s[%d]: %v", topic, partition, err)
	}
	return values
}

// commitOne commits a record in the name of a lane, and returns its producer and epoch.
func (w *world) commitOne(lane int32, topic string) (pid int64, epoch int16) {
	w.Helper()
	c := w.writer(w.names.TransactionalID(lane))
	r := &kgo.Record{Topic: topic, Partition: lane, Key: []byte("things")}
	err := c.BeginTransaction()
	if err == nil {
		err = c.ProduceSync(w.context(), r).FirstErr()
	}
	if err == nil {
		err = c.EndTransaction(w.context(), kgo.TryCommit)
	}
	if err != nil {
		w.Fatal(err)
	}
	return r.ProducerID, r.ProducerEpoch
}

// hang appends a record to a partition in the name of a new transactional id, whose coordinator is not told.
func (w *world) hang(client *kgo.Client, id, topic string, partition int32) {
	w.Helper()
	w.hangSince(client, id, topic, partition, time.Now())
}

func (w *world) hangSince(client *kgo.Client, id, topic string, partition int32, at time.Time) {
	w.Helper()
	resp := w.initProducer(client, id)
	w.append(client, id, resp.ProducerID, resp.ProducerEpoch, topic, partition, at)
}

// initProducer begins anew with a transactional id, as a worker does that takes a lane.
func (w *world) initProducer(client *kgo.Client, id string) *kmsg.InitProducerIDResponse {
	w.Helper()
	req := kmsg.NewInitProducerIDRequest()
	req.TransactionalID, req.TransactionTimeoutMillis = &id, 60_000
	resp, err := req.RequestWith(w.context(), client)
	for err == nil && resp.ErrorCode == kerr.ConcurrentTransactions.Code { // the one before is committed, and its markers are on their way
		resp, err = req.RequestWith(w.context(), client)
	}
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		w.Fatal(err)
	}
	return resp
}

func (w *world) hangAs(client *kgo.Client, id string, pid int64, epoch int16, topic string, partition int32) {
	w.Helper()
	w.append(client, id, pid, epoch, topic, partition, time.Now())
}

func (w *world) append(client *kgo.Client, id string, pid int64, epoch int16, topic string, partition int32, at time.Time) {
	w.Helper()
	const beforeImplicitPartitions = 11 // from 12 on the broker itself tells the coordinator
	described, err := kadm.NewClient(client).ListTopics(w.context(), topic)
	if err != nil {
		w.Fatal(err)
	}
	req := kmsg.NewPtrProduceRequest()
	req.TransactionID, req.Acks, req.TimeoutMillis = &id, -1, 5000
	part := kmsg.NewProduceRequestTopicPartition()
	part.Partition, part.Records = partition, transactionalBatch(pid, epoch, at)
	req.Topics = []kmsg.ProduceRequestTopic{{Topic: topic, TopicID: described[topic].ID, Partitions: []kmsg.ProduceRequestTopicPartition{part}}}
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(req.Key(), beforeImplicitPartitions)
	old, err := kgo.NewClient(append([]kgo.Opt{kgo.MaxVersions(versions)}, w.seeds...)...)
	if err != nil {
		w.Fatal(err)
	}
	defer old.Close()
	resp, err := req.RequestWith(w.context(), old)
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// transactionalBatch is a batch of one record, of an open transaction.
func transactionalBatch(pid int64, epoch int16, at time.Time) []byte {
	record := kmsg.Record{Value: []byte("late")}
	record.Length = int32(len(record.AppendTo(nil)) - 1) // without the length itself, a byte
	records := record.AppendTo(nil)
	batch := kmsg.RecordBatch{PartitionLeaderEpoch: -1, Magic: 2, Attributes: 0x10, FirstTimestamp: at.UnixMilli(), MaxTimestamp: at.UnixMilli(),
		ProducerID: pid, ProducerEpoch: epoch, NumRecords: 1, Records: records}
	text := batch.AppendTo(nil)
	binary.BigEndian.PutUint32(text[8:], uint32(len(text)-12))
	const afterChecksum = 21
	binary.BigEndian.PutUint32(text[17:], crc32.Checksum(text[afterChecksum:], crc32.MakeTable(crc32.Castagnoli)))
	return text
}
