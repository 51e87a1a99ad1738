package producer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// writer writes into one partition, in transactions if it has an id.
func (w *world) writer(id string) *kgo.Client {
	w.Helper()
	opts := append([]kgo.Opt{kgo.DefaultProduceTopic("log"), kgo.RecordPartitioner(kgo.ManualPartitioner())}, w.seeds...)
	if id != "" {
		opts = append(opts, kgo.TransactionalID(id))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(client.Close)
	return client
}

func (w *world) write(client *kgo.Client, keys ...string) {
	w.Helper()
	for _, key := range keys {
		if err := client.ProduceSync(w.context(), &kgo.Record{Key: []byte(key)}).FirstErr(); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *world) transaction(client *kgo.Client, how kgo.TransactionEndTry, keys ...string) {
	w.Helper()
	if err := client.BeginTransaction(); err != nil {
		w.Fatal(err)
	}
	w.write(client, keys...)
	if err := client.EndTransaction(w.context(), how); err != nil {
		w.Fatal(err)
	}
}

// A reader that waits for records alone hangs at what is no record: the tail of a transactional partition.
func TestScanEndsWhateverTheTail(t *testing.T) {
	for name, test := range map[string]struct {
		fill func(w *world)
		want []string
	}{
		"empty":         {func(*world) {}, nil},
		"record":        {func(w *world) { w.write(w.writer(""), "1", "2") }, []string{"1", "2"}},
		"commit marker": {func(w *world) { w.transaction(w.writer("x"), kgo.TryCommit, "1", "2") }, []string{"1", "2"}},
		"aborted data":  {func(w *world) { w.transaction(w.writer("x"), kgo.TryAbort, "1", "2") }, nil},
		"committed, then aborted data": {func(w *world) {
			c := w.writer("x")
			w.transaction(c, kgo.TryCommit, "1")
			w.transaction(c, kgo.TryAbort, "2", "3")
		}, []string{"1"}},
		"start moved up": {func(w *world) {
			w.write(w.writer(""), "1", "2", "3")
			if err := w.kafka.DeleteRecords("log", 0, 2); err != nil {
				w.Fatal(err)
			}
		}, []string{"3"}},
		"everything deleted": {func(w *world) {
			w.write(w.writer(""), "1", "2", "3")
			if err := w.kafka.DeleteRecords("log", 0, 3); err != nil {
				w.Fatal(err)
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.kafka.CreateTopic("log", 2, nil); err != nil {
				t.Fatal(err)
			}
			test.fill(w)
			var got []string
			err := Read(w.context(), w.seeds, "log", false, func(r *kgo.Record) error {
				got = append(got, string(r.Key))
				return nil
			})
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %v %v, want %v", got, err, test.want)
			}
		})
	}
}

// What lies behind the target was not there when it was taken, and a target below the partition's start is reached at once.
func TestScanKeepsToItsExtent(t *testing.T) {
	w := newWorld(t)
	if err := w.kafka.CreateTopic("log", 1, nil); err != nil {
		t.Fatal(err)
	}
	w.write(w.writer(""), "0", "1", "2", "3", "4", "5")
	if err := w.kafka.DeleteRecords("log", 0, 3); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		extent extent
		want   []string
	}{{extent{0, 5}, []string{"3", "4"}}, {extent{4, 5}, []string{"4"}}, {extent{0, 2}, nil}, {extent{0, 0}, nil}, {extent{5, 5}, nil}} {
		var got []string
		err := scan(w.context(), w.seeds, nil, extents{"log": {0: test.extent}}, func(r *kgo.Record) error {
			got = append(got, string(r.Key))
			return nil
		})
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%v: got %v %v, want %v", test.extent, got, err, test.want)
		}
	}
}

func TestScanEndsWithItsReadersError(t *testing.T) {
	w := newWorld(t)
	if err := w.kafka.CreateTopic("log", 1, nil); err != nil {
		t.Fatal(err)
	}
	w.write(w.writer(""), "0", "1")
	calls := 0
	err := Read(w.context(), w.seeds, "log", true, func(r *kgo.Record) error {
		calls++
		return fmt.Errorf("enough of %s", r.Key)
	})
	if err == nil || err.Error() != "enough of 0" || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// A stranger's open transaction keeps readers from what lies behind it: whose it is helps more than that nothing moves.
func TestStallNamesTheOpenTransaction(t *testing.T) {
	w := newWorld(t)
	if err := w.kafka.CreateTopic("log", 1, nil); err != nil {
		t.Fatal(err)
	}
	stranger := w.writer("stranger-7")
	if err := stranger.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	w.write(stranger, "0")
	reader, err := kgo.NewClient(w.seeds...)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	err = stalled(w.context(), reader, map[string]map[int32]int64{"log": {0: 1}})
	if err == nil || !strings.Contains(err.Error(), "log[0]") || !strings.Contains(err.Error(), `"stranger-7"`) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(w.context(), 50*time.Millisecond)
	defer cancel()
	if err := scan(ctx, w.seeds, nil, extents{"log": {0: {0, 1}}}, func(*kgo.Record) error { return nil }); err == nil {
		t.Error("a scan ends before what it has to read is decided")
	}
}

func TestReadFollows(t *testing.T) {
	w := newWorld(t)
	if err := w.kafka.CreateTopic("log", 1, nil); err != nil {
		t.Fatal(err)
	}
	c := w.writer("")
	w.write(c, "0")
	ctx, cancel := context.WithCancel(w.context())
	got := make(chan string, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- Read(ctx, w.seeds, "log", true, func(r *kgo.Record) error { got <- string(r.Key); return nil })
	}()
	for i := range 3 {
		if key := <-got; key != fmt.Sprint(i) {
			t.Errorf("got %s, want %d", key, i)
		}
		w.write(c, fmt.Sprint(i+1))
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("it ends without an error")
	}
}

func TestReadOfATopicThatIsNotThere(t *testing.T) {
	w := newWorld(t)
	err := Read(w.context(), w.seeds, "log", false, func(*kgo.Record) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "does not exist → run headwater first") {
		t.Errorf("got %v", err)
	}
}

// lastMoment gives what it has when its time is over, as a client may.
type lastMoment struct{ record *kgo.Record }

func (l lastMoment) PollFetches(ctx context.Context) kgo.Fetches {
	<-ctx.Done()
	return kgo.Fetches{{Topics: []kgo.FetchTopic{{Topic: l.record.Topic, Partitions: []kgo.FetchPartition{{Records: []*kgo.Record{l.record}}}}}}}
}

// A reading that stands still looks why, and goes on: what came at that moment must not be lost on the way.
func TestScanKeepsWhatComesAtTheLastMoment(t *testing.T) {
	s := newScanner(extents{"log": {0: {0, 1}}})
	still := newStandstill(nil, nil)
	still.next = time.Now()
	var got []string
	err := s.poll(t.Context(), lastMoment{&kgo.Record{Topic: "log", Key: []byte("0")}}, still, func(r *kgo.Record) error {
		got = append(got, string(r.Key))
		return nil
	})
	if err != nil || len(got) != 1 || s.open != 0 {
		t.Errorf("read %q, %d partitions open, %v", got, s.open, err)
	}
}
