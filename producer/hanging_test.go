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

// A transaction that only the partition knows of, as a real broker leaves them: the worker ends it, and nobody who only looks does. What
// somebody else has open, what its coordinator knows of, and what the state topic says was committed, stays as it is.
func TestHangingTransaction(t *testing.T) {
	var stack stacktest.Stack
	w := openWorld(t)
	w.seeds = []kgo.Opt{kgo.SeedBrokers(stack.Kafka(t, realstack.KafkaOptions{
		Properties: map[string]string{"transaction.partition.verification.enable": "false"},
	}).Addr()), kgo.DisableClientMetrics()}
	client := w.writer("")
	admin := kadm.NewClient(client)
	if _, err := admin.CreateTopics(w.context(), StatePartitions, 1, nil, "hung", "running", "stranger", "committed", w.names.State()); err != nil {
		t.Fatal(err)
	}
	own, decided := w.names.TransactionalID(3), w.names.TransactionalID(4)
	w.hang(client, own, "hung", 0)
	w.hang(client, "stranger-1", "stranger", 0)
	w.hang(client, w.names.TransactionalID(7), w.names.State(), 7)
	running := w.writer(w.names.TransactionalID(5))
	if err := running.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := running.ProduceSync(w.context(), &kgo.Record{Topic: "running", Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	pid, epoch := w.commitState(decided)
	w.hangAs(client, decided, pid, epoch, "committed", 0)

	var logged strings.Builder
	h := &hanging{w.seeds, w.names, slog.New(slog.NewTextHandler(&logged, nil))}
	for _, test := range []struct {
		topic, says string
		ended       bool
	}{{"running", "", false}, {"stranger", "", false}, {"committed", "its lane in the state topic holds records of that producer's epoch", false}, {"hung", "", true}, {w.names.State(), "", true}} {
		set := kadm.TopicsSet{}
		set.Add(test.topic, 0, 7)
		ended, err := h.end(w.context(), client, set)
		switch {
		case ended != test.ended, (err == nil) != (test.says == ""):
			t.Errorf("%s: ended %t, %v", test.topic, ended, err)
		case err != nil && (!strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "abort --topic committed --partition 0 --start-offset 0")):
			t.Errorf("%s: %v", test.topic, err)
		}
	}
	if !strings.Contains(logged.String(), "topic=hung partition=0 offset=0") {
		t.Errorf("log: %q", logged.String())
	}

	// A reading that is held up looks by itself, long before its deadline, and goes on.
	w.hang(client, w.names.TransactionalID(6), "hung", 0)
	parts, err := listExtents(w.context(), admin, "hung", -1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.context(), scanDeadline/2)
	defer cancel()
	none := func(r *kgo.Record) error { t.Errorf("aborted, but read: %q", r.Value); return nil }
	if err := scan(ctx, w.seeds, h, extents{"hung": parts}, none); err != nil {
		t.Errorf("read what hangs: %v", err)
	}
}

// commitState commits a record of the state topic, and returns in whose name.
func (w *world) commitState(id string) (pid int64, epoch int16) {
	w.Helper()
	c := w.writer(id)
	lane, _ := w.names.laneOf(id)
	r := &kgo.Record{Topic: w.names.State(), Partition: lane, Key: []byte("things"), Value: []byte("{}")}
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
	req := kmsg.NewInitProducerIDRequest()
	req.TransactionalID, req.TransactionTimeoutMillis = &id, 60_000
	resp, err := req.RequestWith(w.context(), client)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		w.Fatal(err)
	}
	w.hangAs(client, id, resp.ProducerID, resp.ProducerEpoch, topic, partition)
}

func (w *world) hangAs(client *kgo.Client, id string, pid int64, epoch int16, topic string, partition int32) {
	w.Helper()
	const beforeImplicitPartitions = 11 // from 12 on the broker itself tells the coordinator
	described, err := kadm.NewClient(client).ListTopics(w.context(), topic)
	if err != nil {
		w.Fatal(err)
	}
	req := kmsg.NewPtrProduceRequest()
	req.TransactionID, req.Acks, req.TimeoutMillis = &id, -1, 5000
	part := kmsg.NewProduceRequestTopicPartition()
	part.Partition, part.Records = partition, transactionalBatch(pid, epoch)
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
func transactionalBatch(pid int64, epoch int16) []byte {
	record := kmsg.Record{Value: []byte("late")}
	record.Length = int32(len(record.AppendTo(nil)) - 1) // without the length itself, a byte
	records := record.AppendTo(nil)
	now := time.Now().UnixMilli()
	batch := kmsg.RecordBatch{PartitionLeaderEpoch: -1, Magic: 2, Attributes: 0x10, FirstTimestamp: now, MaxTimestamp: now,
		ProducerID: pid, ProducerEpoch: epoch, NumRecords: 1, Records: records}
	text := batch.AppendTo(nil)
	binary.BigEndian.PutUint32(text[8:], uint32(len(text)-12))
	const afterChecksum = 21
	binary.BigEndian.PutUint32(text[17:], crc32.Checksum(text[afterChecksum:], crc32.MakeTable(crc32.Castagnoli)))
	return text
}
