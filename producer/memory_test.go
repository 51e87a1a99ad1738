package producer

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Keys of 24 characters take at most 64 bytes each: those of a listing, of children in families, and, most of all, of a million children
// with a parent each.
func TestMemoryPerKey(t *testing.T) { //nolint:paralleltest // it measures the heap
	const limit = 64
	for name, key := range map[string]func(i int) (parent, key string){
		"listing":         func(i int) (string, string) { return "", fmt.Sprintf("%024x", i*2654435761) },
		"one child each":  func(i int) (string, string) { k := fmt.Sprintf("%015x/%08x", i, i); return k[:15], k },
		"ten of a parent": func(i int) (string, string) { k := fmt.Sprintf("%012x/%011x", i/10, i); return k[:12], k },
		"all of a parent": func(i int) (string, string) { return "p", fmt.Sprintf("p/%022x", i) },
	} {
		keys := 100_000
		if name == "one child each" {
			keys = 1_000_000
		}
		before := heap()
		m := newPublished(0)
		for i := range keys {
			parent, k := key(i)
			m.put(parent, k, entry{digest: uint64(i), ts: int64(i) * 1e6})
		}
		each := float64(heap()-before) / float64(keys)
		t.Logf("%s: %.1f bytes a key", name, each)
		if m.len() != keys || each > limit {
			t.Errorf("%s: %d keys of %.1f bytes, want at most %d", name, m.len(), each, limit)
		}
		runtime.KeepAlive(m)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// Whatever is put, removed, marked and dropped by age, memory says what plain maps would.
func TestMemoryIsLikeAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, want, seen := newPublished(0), map[string]entry{}, map[string]bool{}
		key := rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%d/%d", rapid.IntRange(0, 5).Draw(t, "parent"), rapid.IntRange(0, 8).Draw(t, "child"))
		})
		many := rapid.SliceOfN(key, 0, 12)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				e := entry{digest: rapid.Uint64().Draw(t, "digest"), ts: rapid.Int64Range(-100, 100).Draw(t, "ts"), fresh: rapid.Bool().Draw(t, "fresh")}
				for _, k := range many.Draw(t, "keys") {
					m.put(parentOf(k), k, e)
					want[k] = e
				}
			},
			"remove": func(t *rapid.T) {
				for _, k := range many.Draw(t, "keys") {
					m.remove(k)
					delete(want, k)
					delete(seen, k)
				}
			},
			"mark": func(t *rapid.T) {
				for _, k := range many.Draw(t, "keys") {
					if _, held := want[k]; m.mark(k) != held {
						t.Fatalf("%s is held: %v", k, held)
					} else if held {
						seen[k] = true
					}
				}
			},
			"unmark": func(*rapid.T) { m.unmark(); clear(seen) },
			"forget": func(t *rapid.T) {
				before := rapid.Int64Range(-100, 0).Draw(t, "before")
				m.forgetBefore(before)
				for k, e := range want {
					if e.ts < before {
						delete(want, k)
						delete(seen, k)
					}
				}
			},
			"": func(t *rapid.T) { sameAsMap(t, m, want, seen) },
		})
	})
}

// parentOf is escaped in some keys.
func parentOf(key string) string {
	parent, _, _ := strings.Cut(key, "/")
	return strings.Replace(parent, "5", "5/", 1)
}

func sameAsMap(t *rapid.T, m *published, want map[string]entry, seen map[string]bool) {
	groups, marked, unmarked := map[string][]string{}, []string{}, []string{}
	for k, e := range want {
		if got, held := m.get(k); !held || got != e {
			t.Fatalf("%s: %+v %v, want %+v", k, got, held, e)
		}
		parent := parentOf(k)
		groups[parent] = append(groups[parent], k)
		if seen[k] {
			marked = append(marked, k)
		} else {
			unmarked = append(unmarked, k)
		}
	}
	if m.len() != len(want) || len(m.within(math.MinInt64, math.MaxInt64)) != len(want) {
		t.Fatalf("%d keys, want %d", m.len(), len(want))
	}
	var parents []string
	m.eachParent(func(parent string) { parents = append(parents, parent) })
	for _, parent := range parents {
		got := m.keys(parent)
		slices.Sort(got)
		slices.Sort(groups[parent])
		if len(got) == 0 || !slices.Equal(got, groups[parent]) {
			t.Fatalf("children of %s: %v, want %v", parent, got, groups[parent])
		}
	}
	if slices.Sort(parents); len(parents) != len(groups) || len(slices.Compact(parents)) != len(groups) {
		t.Fatalf("parents: %v, want %d", parents, len(groups))
	}
	slices.Sort(marked)
	slices.Sort(unmarked)
	if got := m.unseen(); !slices.Equal(got, unmarked) {
		t.Fatalf("unseen: %v, want %v", got, unmarked)
	}
	all, after := []string{}, ""
	for {
		some := m.seenAfter(after, 3)
		if all = append(all, some...); len(some) < 3 {
			break
		}
		after = some[2]
	}
	if !slices.Equal(all, marked) {
		t.Fatalf("seen: %v, want %v", all, marked)
	}
}

// What cannot be held is forgotten, and that is known.
func TestKeysThatCannotBeHeld(t *testing.T) {
	t.Parallel()
	m := newPublished(0)
	m.put("", strings.Repeat("k", 1<<15), entry{digest: 1})
	if _, held := m.get(strings.Repeat("k", 1<<15)); !held || !m.holdsAll() {
		t.Error("a long key is not held")
	}
	m.put("", strings.Repeat("k", 1<<16), entry{digest: 1})
	if m.holdsAll() || m.len() != 1 {
		t.Error("a key of 64 KiB is held")
	}
	for _, ts := range []int64{math.MaxInt64, math.MinInt64, 253402300799999, -62135596800000} {
		m.put("", "k", entry{ts: ts, fresh: true})
		if e, _ := m.get("k"); e.ts != min(max(ts, -maxCursor), maxCursor) || !e.fresh {
			t.Errorf("%d became %d", ts, e.ts)
		}
	}
}
