package producer

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/extract"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	whole, part := newPublished(0), newPublished(0)
	whole.put("", "1", entry{digest: 1, ts: 50})
	part.put("", "1", entry{digest: 1, ts: 50})
	part.complete = false
	for _, test := range []struct {
		name   string
		memory *published
		key    string
		e      entry
		guard  bool
		want   verdict
	}{
		{"not in the topic", whole, "2", entry{digest: 1}, false, verdictFirst},
		{"memory cannot tell", part, "2", entry{digest: 1}, false, verdictChanged},
		{"the same", whole, "1", entry{digest: 1, ts: 50}, true, verdictUnchanged},
		{"the same value, touched", whole, "1", entry{digest: 1, ts: 60}, true, verdictUnchanged},
		{"changed", whole, "1", entry{digest: 2, ts: 60}, true, verdictChanged},
		{"an older copy", whole, "1", entry{digest: 2, ts: 49}, true, verdictStale},
		{"of the same time, sent later", whole, "1", entry{digest: 2, ts: 50}, true, verdictChanged},
		{"an older copy, where only one reading holds the key", whole, "1", entry{digest: 2, ts: 49}, false, verdictChanged},
	} {
		if got := test.memory.judge(test.key, test.e, test.guard); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := newPublished(2)
	for _, key := range []string{"p/1", "p/2", "p/3", "p/1"} {
		m.put("p", key, entry{digest: 1})
	}
	if m.len() != 2 || m.forgotten != 1 || m.holdsAll() {
		t.Errorf("holds %d, forgot %d, holds all: %v", m.len(), m.forgotten, m.holdsAll())
	}
	if got := m.judge("p/3", entry{digest: 1}, false); got != verdictChanged {
		t.Errorf("what was forgotten is judged %d, want it to be published again", got)
	}
	m.remove("p/1")
	m.remove("p/1")
	m.put("p", "p/4", entry{})
	if got := m.keys("p"); m.len() != 2 || len(got) != 2 || !slices.Contains(got, "p/4") {
		t.Errorf("after a removal: %v", got)
	}
}

func TestMemoryForgetsWhatIsNotMetAgain(t *testing.T) {
	t.Parallel()
	m := newPublished(0)
	for key, ts := range map[string]int64{"1": 10, "2": 20, "3": 30} {
		m.put(key, key+"/x", entry{ts: ts})
	}
	m.forgetBefore(20)
	var got []string
	m.eachParent(func(parent string) { got = append(got, parent) })
	slices.Sort(got)
	if m.len() != 2 || !slices.Equal(got, []string{"2", "3"}) || !m.holdsAll() {
		t.Errorf("%v", got)
	}
}

func TestDeletesThatAreTooMany(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		deletes, held int
		allow, want   bool // want: refused
	}{{10, 10, false, false}, {11, 54, false, true}, {11, 55, false, false}, {11, 11, true, false}, {200, 1000, false, false}, {201, 1000, false, true}} {
		r := &runner{session: &session{Worker: &Worker{cfg: Config{AllowDeletes: test.allow}}}}
		err := r.allowDeletes("things", test.deletes, test.held)
		var refused *DeletesRefusedError
		if errors.As(err, &refused) != test.want {
			t.Errorf("%d of %d, allowed %v: %v", test.deletes, test.held, test.allow, err)
		}
	}
}

func TestHeadersOfRecords(t *testing.T) {
	t.Parallel()
	b, m := newBatch(), newPublished(0)
	b.publish("t", "r", reading{Record: &extract.Record{Key: "1"}, entry: entry{digest: 0xab, ts: 1700000000123}, verdict: verdictFirst}, m)
	b.publish("t", "r", reading{Record: &extract.Record{Key: "2"}, entry: entry{digest: 1}, verdict: verdictChanged}, m)
	b.tombstone("t", "r", "", "3", m)
	want := [][]kgo.RecordHeader{
		{{Key: "op", Value: []byte("r")}, {Key: "ts", Value: []byte("1700000000123")}, {Key: "digest", Value: []byte("00000000000000ab")}},
		{{Key: "op", Value: []byte("u")}, {Key: "digest", Value: []byte("0000000000000001")}},
		{{Key: "op", Value: []byte("d")}},
	}
	for i, r := range b.records {
		if !slices.EqualFunc(r.Headers, want[i], func(a, b kgo.RecordHeader) bool { return a.Key == b.Key && string(a.Value) == string(b.Value) }) {
			t.Errorf("record %d: %s, want %s", i, r.Headers, want[i])
		}
	}
	if m.len() != 0 {
		t.Error("memory knows before the commit")
	}
	if learn(b.learned); m.len() != 2 {
		t.Errorf("after the commit memory holds %d", m.len())
	}
	for after, fresh := range map[time.Duration]bool{time.Second: true, tailMargin - 1: true, tailMargin: false, time.Hour: false} {
		b.records[0].Timestamp = time.UnixMilli(1700000000123).Add(after)
		if e := parsePublished(b.records[0], 0); e != (entry{digest: 0xab, ts: 1700000000123, fresh: fresh}) {
			t.Errorf("read back when it was published %v after its cursor: %v", after, e)
		}
	}
	for _, h := range []kgo.RecordHeader{{Key: "digest", Value: []byte("xyz")}, {Key: "ts", Value: []byte("1.5")}} {
		// Somebody else's record: none of our digests is like it, so the key is published again.
		if e := parsePublished(&kgo.Record{Topic: "t", Headers: []kgo.RecordHeader{h}}, 0); e != (entry{}) {
			t.Errorf("header %s=%s is taken: %v", h.Key, h.Value, e)
		}
	}
}
