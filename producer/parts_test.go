package producer

import (
	"fmt"
	"runtime"
	"testing"
	"weak"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/headwater-stream/headwater/extract"
)

// However little room there was, each record stays what it was made of.
func TestPartsOutgrowTheirRoom(t *testing.T) {
	t.Parallel()
	for _, room := range []int{0, 1, 7, 100} {
		b, m := newBatchOf(room), newPublished(0)
		for i := range 100 {
			key := fmt.Sprintf("%0*d", i, i)
			b.publish("t", "r", reading{Record: &extract.Record{Key: key}, value: []byte(key), entry: entry{digest: uint64(i) << 40, ts: int64(i)}}, m)
			b.tombstone("t", "r", "", "gone"+key, m)
		}
		for i := range 100 {
			key, published, gone := fmt.Sprintf("%0*d", i, i), b.records[2*i], b.records[2*i+1]
			headers := fmt.Sprintf("op=r ts=%d digest=%016x ", i, uint64(i)<<40)
			if i == 0 { // no time
				headers = "op=r digest=0000000000000000 "
			}
			if string(published.Key) != key || string(published.Value) != key || showHeaders(published.Headers) != headers || published.Topic != "t" {
				t.Fatalf("%d: %q %q %s", i, published.Key, published.Value, showHeaders(published.Headers))
			}
			if string(gone.Key) != "gone"+key || gone.Value != nil || showHeaders(gone.Headers) != "op=d " {
				t.Fatalf("%d: %q %q %s", i, gone.Key, gone.Value, showHeaders(gone.Headers))
			}
		}
	}
}

// The room of a batch that is committed serves the next one, and holds nothing of the first any more.
func TestRoomOfACommittedBatchIsUsedAgain(t *testing.T) {
	m := newPublished(0) // not parallel: others would take the rooms
	fill := func(b *batch, name string, n int) {
		for i := range n {
			b.publish("t", "r", reading{Record: &extract.Record{Key: fmt.Sprint(name, i)}, value: []byte(name), entry: entry{digest: uint64(i), ts: 1}}, m)
		}
	}
	var second *batch
	var place *kgo.Record
	for tries := 0; ; tries++ { // a collection of garbage, or the race detector, may take a room away
		first := newBatchFor(20)
		fill(first, "first", 20)
		place = first.records[0]
		keepRoom(first)
		second = newBatchFor(10)
		fill(second, "second", 10)
		if second.records[0] == place {
			break
		}
		if tries == 100 {
			t.Fatal("no room is used again")
		}
	}
	if len(second.records) != 10 || len(second.learned) != 10 || second.total != 10 || second.count("r").published != 10 {
		t.Errorf("%d records and %d lessons, %d counted", len(second.records), len(second.learned), second.total)
	}
	for i, r := range second.records {
		if want := fmt.Sprint("second", i); string(r.Key) != want || string(r.Value) != "second" || showHeaders(r.Headers) != fmt.Sprintf("op=r ts=1 digest=%016x ", i) {
			t.Errorf("%d: %q %q %s", i, r.Key, r.Value, showHeaders(r.Headers))
		}
	}
	for _, left := range second.parts.records[:20][10:] {
		if left.Value != nil {
			t.Fatal("the room holds a value of the first batch")
		}
	}
	third := newBatchFor(5)
	if fill(third, "third", 5); third.records[0] == place {
		t.Error("two batches share their room")
	}
}

// A room that nobody uses is garbage: windows that wait or are done hold none.
func TestRoomsAreNotHeld(t *testing.T) {
	b := newBatchFor(keptRecords)
	b.tombstone("t", "r", "", "key", newPublished(0))
	room := weak.Make(&b.parts.records[:1][0])
	keepRoom(b)
	b = nil
	for range 3 {
		runtime.GC()
	}
	if room.Value() != nil {
		t.Error("the room is held")
	}
}

func TestSeenKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 40).Draw(t, "keys")
		seen, first := newSeenKeys(len(keys)), map[int]int{}
		for i, key := range keys {
			hash := uint64(key%5) << 61 // most meet
			index, twice := seen.add(hash, i, func(j int) bool { return keys[j] == key })
			had, known := first[key]
			if !known {
				first[key], had = i, i
			}
			if twice != known || index != had {
				t.Fatalf("key %d: index %d, twice %v; want %d, %v", key, index, twice, had, known)
			}
		}
	})
}

func showHeaders(headers []kgo.RecordHeader) string {
	text := ""
	for _, h := range headers {
		text += h.Key + "=" + string(h.Value) + " "
	}
	return text
}
