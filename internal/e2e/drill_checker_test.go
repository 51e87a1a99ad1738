//go:build unix

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// The drills are worth what their ledger sees: every kind of fault, once.
func TestLedgerSeesFaults(t *testing.T) {
	t.Parallel()
	value := func(digest, ts string) record {
		return record{key: "k", value: []byte{0}, headers: map[string]string{"op": "u", "digest": digest, "ts": ts}}
	}
	gone := record{key: "k", headers: map[string]string{"op": "d"}}
	for _, c := range []struct {
		name    string
		records []record
		want    string // duplicated, disordered, odd
	}{
		{"in order", []record{value("a", "1"), value("b", "1"), gone, value("b", "2"), gone}, "0 0 0"},
		{"twice", []record{value("a", "1"), value("a", "1")}, "1 0 0"},
		{"twice with another between", []record{value("a", "1"), value("b", "1"), value("a", "1")}, "0 0 0"},
		{"deleted twice", []record{value("a", "1"), gone, gone}, "1 0 0"},
		{"back in time", []record{value("a", "2"), value("b", "1")}, "0 1 0"},
		{"back in time, and further", []record{value("a", "5"), value("b", "1"), value("c", "2")}, "0 2 0"},
		{"back in time after a deletion", []record{value("a", "2"), gone, value("b", "1")}, "0 1 0"},
		{"deleted before it was there", []record{gone}, "0 0 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLedger(&world{})
			for i, r := range c.records {
				r.offset = int64(i)
				l.add("contacts", r)
			}
			if got := fmt.Sprint(len(l.duplicated), len(l.disordered), len(l.odd)); got != c.want {
				t.Errorf("the ledger counts %s, want %s: %v %v %v", got, c.want, l.duplicated, l.disordered, l.odd)
			}
		})
	}
}

// What lies beyond the cursor is seen at the cut, in both directions, and what was written after it does not count.
func TestLedgerSeesWhatTheStateDoesNotCover(t *testing.T) {
	t.Parallel()
	w := &world{prefix: "p."}
	l := newLedger(w)
	data := func(resource string, partition int32, offset int64) {
		l.add(resource, record{partition: partition, offset: offset, key: fmt.Sprint(resource, partition, offset), value: []byte{0},
			headers: map[string]string{"op": "r", "digest": fmt.Sprint(offset)}})
	}
	state := func(key string, offset, records int64) {
		l.state(record{partition: 3, offset: offset, key: key, value: fmt.Appendf(nil, `{"v":1,"records":%d}`, records)})
	}
	at := func(conversations, parts, state int64) mark {
		return mark{"p.conversations": {0: conversations}, "p.conversation_parts": {0: parts, 1: 1}, "p._state": {3: state}}
	}
	// A page of a window: a parent and two children. A page of the live pass. The window again, after its count began anew.
	data("conversations", 0, 0)
	data("conversation_parts", 0, 0)
	data("conversation_parts", 1, 0)
	state("conversations/4", 10, 3)
	state("conversations/plan", 11, 77)
	data("conversations", 0, 5)
	state("conversations", 20, 1)
	data("conversations", 0, 9)
	state("conversations/4", 30, 1)
	for _, c := range []struct {
		name string
		cut  mark
		want int
	}{
		{"after everything", at(10, 1, 31), 0},
		{"after the first page", at(1, 1, 11), 0},
		{"the state alone", at(1, 1, 21), 1},
		{"records alone", at(6, 1, 11), 1},
		{"nothing", mark{}, 0},
		{"no state at all", at(10, 1, 0), 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got, where := l.beyond(c.cut); got != c.want {
				t.Errorf("%d records beyond, want %d: %v", got, c.want, where)
			}
		})
	}
}

// A topic that lacks what the API holds has lost it; so has one that holds what the API lacks.
func TestLedgerSeesLosses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, servers{own: true}, sandbox.APIConfig{Seed: 3, Size: 40})
	l := newLedger(w)
	want := len(w.truth("tags"))
	if n, _ := l.lost([]string{"tags"}); n != want || n == 0 {
		t.Errorf("an empty topic has lost %d, want %d", n, want)
	}
	for key := range w.truth("tags") {
		l.add("tags", record{key: key, headers: map[string]string{"op": "d"}})
	}
	l.add("tags", record{key: "never", value: []byte{0}, headers: map[string]string{"op": "r"}})
	n, wrong := l.lost([]string{"tags"})
	if all := strings.Join(wrong, "\n"); n != want+1 || !strings.Contains(all, "is deleted, but the API has it") || !strings.Contains(all, "never is in the topic, but not in the API") {
		t.Errorf("%d are lost, want %d: %s", n, want+1, all)
	}
}

// A rebalance moves what it must: a lane that need not have changed hands is seen, and one that did twice.
func TestRebalanceSeesWhatMoved(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	before := map[int32]int{0: 1, 1: 1, 2: 2, 3: 3}
	claims := func(more map[int32][]taken) map[int32][]taken {
		all := map[int32][]taken{}
		for lane, pid := range before {
			all[lane] = append([]taken{{pid, at.Add(-time.Minute)}}, more[lane]...)
		}
		return all
	}
	in := func(pid int, seconds time.Duration) taken { return taken{pid, at.Add(seconds * time.Second)} }
	for _, c := range []struct {
		name string
		more map[int32][]taken
		want string // moved, again, strangers, the longest
	}{
		{"nothing", nil, "0 0 0 0s"},
		{"what must", map[int32][]taken{0: {in(2, 3)}, 1: {in(3, 5)}}, "2 0 0 5s"},
		{"its owner took it again", map[int32][]taken{2: {in(2, 3)}}, "0 0 0 0s"},
		{"a stranger", map[int32][]taken{0: {in(2, 3)}, 2: {in(3, 4)}}, "2 0 1 4s"},
		{"to and fro", map[int32][]taken{0: {in(2, 3), in(3, 4), in(2, 9)}}, "1 2 0 3s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := rebalanced(before, claims(c.more), at, func(was, _ int) bool { return was == 1 })
			longest := time.Duration(0)
			if n := len(r.within); n > 0 {
				longest = r.within[n-1]
			}
			if got := fmt.Sprint(r.moved, r.again, r.strangers, " ", longest); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
