package extract

import (
	"hash/maphash"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

func TestIDSetIsASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s idSet
		want := map[uint64]bool{}
		spread := rapid.Uint64Range(1, 1<<40).Draw(t, "spread")
		for range rapid.IntRange(0, 3000).Draw(t, "adds") {
			id := rapid.Uint64Range(0, 2000).Draw(t, "id") * spread * 0x9e3779b97f4a7c15 & (1<<idBits - 1)
			if s.add(id) == want[id] || !s.has(id) {
				t.Fatalf("%d was held: %v", id, want[id])
			}
			want[id] = true
		}
		if s.n != len(want) {
			t.Fatalf("%d ids, want %d", s.n, len(want))
		}
	})
}

// Whatever the number, an id takes at most seven bytes; with the 57 that the producer needs for a key of 24 characters, a listing
// takes 64.
func TestIDSetInBytes(t *testing.T) { //nolint:paralleltest // it measures the heap
	seed := maphash.MakeSeed()
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	for _, n := range []int{100_000, 1_000_000} {
		before := heap()
		var s idSet
		for i := range n {
			if !s.add(maphash.Comparable(seed, i)) {
				t.Fatalf("%d is taken for another", i)
			}
		}
		for i := range n {
			if s.add(maphash.Comparable(seed, i)) {
				t.Fatalf("%d of %d is not found again", i, n)
			}
		}
		each := float64(heap()-before) / float64(n)
		t.Logf("%d: %.2f bytes each", n, each)
		if each > 7.1 || s.n != n {
			t.Errorf("%d ids of %.2f bytes, want %d of at most 7", s.n, each, n)
		}
		runtime.KeepAlive(s)
	}
}

// With a bound, memory does not grow with what was seen, and what repeats nearby is still counted once.
func TestSeenIDsAreBounded(t *testing.T) {
	t.Parallel()
	s := seenIDs{bound: 1000}
	for i := range uint64(100_000) {
		if !s.add(i*0x9e3779b97f4a7c15) || i >= 900 && s.add((i-900)*0x9e3779b97f4a7c15) {
			t.Fatalf("id %d", i)
		}
		if s.now.n+s.earlier.n > 2000 {
			t.Fatalf("%d are held", s.now.n+s.earlier.n)
		}
	}
	if s.count != 100_000 {
		t.Errorf("%d counted", s.count)
	}
}
