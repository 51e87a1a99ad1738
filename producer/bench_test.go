package producer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// benchRecords are records as a page brings them, each of 490 bytes, never read before.
const benchRecords = 2000

func benchHaul() ([]extract.Record, []avro.Encoded) {
	records, encoded := make([]extract.Record, benchRecords), make([]avro.Encoded, benchRecords)
	for i := range records {
		records[i] = extract.Record{Key: fmt.Sprintf("%024x", i*7919), JSON: []byte("{}"), Cursor: time.Unix(1_700_000_000, 0)}
		encoded[i] = avro.Encoded{Value: make([]byte, 490), Digest: uint64(i) * 0x9e3779b97f4a7c15}
	}
	return records, encoded
}

func benchPass(b *testing.B) (*pass, *extract.Resource) {
	res := &extract.Resource{Name: "things"}
	names := Names{Prefix: "shop."}
	s := &session{Worker: &Worker{names: names, dead: newDeadLetters(names.DeadLetters(), strings.Clone)}, topics: map[string]topicInfo{names.Data("things"): {MaxBytes: 1 << 20}}}
	return &pass{runner: &runner{session: s, root: res}, topic: names.Data("things"), publish: true, guard: true, memory: newPublished(0)}, res
}

func perRecord(b *testing.B, records int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*records), "ns/record")
}

// BenchmarkJudge compares records with a memory of 100,000 keys that does not know them.
func BenchmarkJudge(b *testing.B) {
	p, res := benchPass(b)
	for i := range 100_000 {
		p.memory.put("", fmt.Sprintf("x%023x", i), entry{digest: 1, ts: 1})
	}
	records, encoded := benchHaul()
	b.ReportAllocs()
	for b.Loop() {
		if readings := p.judge(res, records, encoded, p.memory, newBatch()); len(readings) != benchRecords {
			b.Fatal(len(readings))
		}
	}
	perRecord(b, benchRecords)
}

// BenchmarkBatch makes Kafka records of what was judged.
func BenchmarkBatch(b *testing.B) {
	p, res := benchPass(b)
	records, encoded := benchHaul()
	readings := p.judge(res, records, encoded, p.memory, newBatch())
	b.ReportAllocs()
	for b.Loop() {
		batch := newBatchOf(benchRecords)
		for _, rd := range readings {
			p.addReading(batch, res, rd, p.memory)
		}
	}
	perRecord(b, benchRecords)
}

// BenchmarkLearn is what memory does after a commit of keys that it does not know.
func BenchmarkLearn(b *testing.B) {
	p, res := benchPass(b)
	records, encoded := benchHaul()
	batch := newBatchOf(benchRecords)
	for _, rd := range p.judge(res, records, encoded, p.memory, batch) {
		p.addReading(batch, res, rd, p.memory)
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		*p.memory = published{complete: true}
		b.StartTimer()
		learn(batch.learned)
	}
	perRecord(b, benchRecords)
}

// BenchmarkCommit is a lane's commit to the embedded broker, whose own work is in the figure: its growth with the records of a commit is what
// can be read from it.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{150, 1000, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			broker, err := sandbox.StartBroker(0)
			if err != nil {
				b.Fatal(err)
			}
			defer broker.Close()
			names := Names{Prefix: "shop."}
			seeds := []kgo.Opt{kgo.SeedBrokers(broker.Addr()), kgo.DisableClientMetrics(), kgo.ProducerBatchCompression(kgo.NoCompression())}
			admin, err := kgo.NewClient(seeds...)
			if err != nil {
				b.Fatal(err)
			}
			defer admin.Close()
			topics, err := ensureTopics(b.Context(), admin, specs(names, []string{"things"}, 3), 1)
			if err != nil {
				b.Fatal(err)
			}
			l, err := openLane(seeds, names, 0, topics)
			if err != nil {
				b.Fatal(err)
			}
			defer l.close()
			if err := l.take(b.Context(), Claim{V: stateVersion, Kind: claimWorker, Nonce: "bench"}); err != nil {
				b.Fatal(err)
			}
			value := make([]byte, 490)
			b.ReportAllocs()
			for b.Loop() {
				batch := newBatchOf(size)
				for i := range size {
					batch.publish("shop.things", "things", reading{Record: &extract.Record{Key: fmt.Sprintf("%024x", i)}, value: value}, nil)
				}
				if err := l.transact([]*commitRequest{{records: batch.records}}); err != nil {
					b.Fatal(err)
				}
			}
			perRecord(b, size)
		})
	}
}
