package producer

import (
	"sort"
	"sync"
)

// entry is what is remembered of a published record.
type entry struct {
	digest uint64
	ts     int64 // cursor field, ms; 0 where there is none
	// fresh: the time that the cursor field tells was not over when the record's children were read. More may have happened in it,
	// which the record does not show: its children are read once more although it is unchanged.
	fresh bool
}

// olderThan compares cursors. Without one on both sides nothing is known of their order: the later-sent request wins.
func (e entry) olderThan(other entry) bool { return e.ts != 0 && other.ts != 0 && e.ts < other.ts }

// verdict is what change detection says of a record that was read.
type verdict int

const (
	verdictFirst     verdict = iota // not in the topic: publish with op r
	verdictChanged                  // in the topic with another value, or memory cannot tell: publish with op u
	verdictUnchanged                // in the topic as it is
	verdictStale                    // the topic holds a newer copy
)

// published remembers what the topic holds of one resource, or of one unit's range of it: digests by key, learnt from the
// topic itself and from our own commits, never from anywhere else. Entries are grouped by the parent's key (root resources have one
// group, ""), so that a parent's children can be compared as a list. Safe for concurrent use.
//
// A key of 24 characters takes at most 64 bytes: its slot (24), its text (26), and its places in the two tables (at most 13). Keys
// that were removed take theirs until an eighth is removed.
type published struct {
	mu        sync.Mutex
	slots     slots
	texts     texts
	keyed     table // slot by key
	families  table // of each parent, the slot of the child that was put last; slots lead to the others
	count     int   // keys held
	dead      int   // slots of keys that were removed
	limit     int   // keys held at most; 0: no limit
	room      *room // shared with other memories; nil: none
	counted   int   // keys that room counts
	again     bool  // what room makes it forget is missed, and said
	forgotten int64 // keys beyond the limit: may be published again unchanged
	complete  bool  // every key of the topic that this memory is asked about is in it, so absence means: never published
}

func newPublished(limit int) *published {
	return &published{limit: limit, complete: true}
}

// judge compares a record that was read with the topic. Where two readings can hold the same key (guard), an older copy is
// stale: compaction keeps the last offset, not the newest record.
func (m *published) judge(key string, e entry, guard bool) verdict {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.compare(hashKey(key), key, e, guard)
}

// compare is judge for who holds mu and knows the key's hash.
func (m *published) compare(hash uint64, key string, e entry, guard bool) verdict {
	had, known := m.find(hash, key)
	switch {
	case known && had.digest == e.digest:
		return verdictUnchanged
	case known && guard && e.olderThan(had.entry()):
		return verdictStale
	case known || !m.complete:
		return verdictChanged
	default:
		return verdictFirst
	}
}

// put remembers a record. Only what is committed may be put.
func (m *published) put(parent, key string, e entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.account()
	m.learn(hashKey(key), parent, key, e)
}

// learn is put for who holds mu, knows the key's hash, and calls account.
func (m *published) learn(hash uint64, parent, key string, e entry) {
	if had, known := m.find(hash, key); known {
		had.set(e)
		return
	}
	if m.room != nil && m.room.full(m.count, m.counted) {
		m.forgetHalf()
	}
	if m.limit > 0 && m.count >= m.limit || !m.add(hash, parent, key, e) {
		m.forgotten++
		m.complete = false
	}
}

// remove forgets a key that is deleted, or that another memory holds.
func (m *published) remove(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.account()
	m.forget(key)
}

// forget is remove for who holds mu, and calls account.
func (m *published) forget(key string) {
	if m.drop(key); m.dead*8 > m.count {
		m.rebuild(func(*slot) bool { return true })
	}
}

// forgetBefore drops entries older than ts: what the unit cannot meet any more.
func (m *published) forgetBefore(ts int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.account()
	old := 0
	m.slots.each(func(s *slot) {
		if !s.dead() && s.entry().ts < ts {
			old++
		}
	})
	if old > 0 {
		m.rebuild(func(s *slot) bool { return s.entry().ts >= ts })
	}
}

// forgetAll gives the memory back when its unit has ended.
func (m *published) forgetAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rebuild(func(*slot) bool { return false })
	m.account()
}

// keys returns the keys of one parent's group.
func (m *published) keys(parent string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []string
	if parent == "" {
		m.slots.each(func(s *slot) {
			if key, of := m.texts.read(s.text); !s.dead() && len(of) == 0 {
				list = append(list, string(key))
			}
		})
		return list
	}
	for n := m.family(parent); n != 0; n = m.slots.at(n).link {
		if s := m.slots.at(n); !s.dead() {
			key, _ := m.texts.read(s.text)
			list = append(list, string(key))
		}
	}
	return list
}

// eachParent calls f with the key of every parent that has children in the topic.
func (m *published) eachParent(f func(parent string)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, first := range m.families.places {
		for n := first; n != 0; n = m.slots.at(n).link {
			if s := m.slots.at(n); !s.dead() {
				_, of := m.texts.read(s.text)
				f(string(of))
				break
			}
		}
	}
}

// within returns the keys whose cursor is in from ≤ ts < to, with it.
func (m *published) within(from, to int64) map[string]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[string]int64{}
	m.slots.each(func(s *slot) {
		if ts := s.entry().ts; !s.dead() && from <= ts && ts < to {
			key, _ := m.texts.read(s.text)
			found[string(key)] = ts
		}
	})
	return found
}

// mark notes that a listing shows the key; false: it is not held.
func (m *published) mark(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, known := m.find(hashKey(key), key)
	if known {
		s.word |= flagSeen
	}
	return known
}

// unmark begins a listing: nothing was seen yet.
func (m *published) unmark() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slots.each(func(s *slot) { s.word &^= flagSeen })
}

// markFamily notes that a listing shows the parent of some keys.
func (m *published) markFamily(parent string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.family(parent); n != 0 {
		m.slots.at(n).word |= flagSeen
	}
}

// unmarkedParents returns the parents that have children in the topic and were not marked since unmark.
func (m *published) unmarkedParents() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []string
	for _, first := range m.families.places {
		alive, seen := false, false
		for n := first; n != 0; n = m.slots.at(n).link {
			s := m.slots.at(n)
			alive, seen = alive || !s.dead(), seen || s.word&flagSeen != 0
		}
		if alive && !seen {
			list = append(list, string(m.parentOf(first)))
		}
	}
	return list
}

// seenAfter returns the least n marked keys that are greater than after, sorted.
func (m *published) seenAfter(after string, n int) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var least []string
	limit := "" // no key from here on is among them
	m.slots.each(func(s *slot) {
		if s.dead() || s.word&flagSeen == 0 {
			return
		}
		text, _ := m.texts.read(s.text)
		if string(text) <= after || limit != "" && string(text) >= limit {
			return
		}
		if least = append(least, string(text)); len(least) == 2*n {
			sort.Strings(least)
			least = append([]string(nil), least[:n]...)
			limit = least[n-1]
		}
	})
	sort.Strings(least)
	return least[:min(n, len(least))]
}

// unseen returns the keys that were not marked, sorted.
func (m *published) unseen() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []string
	m.slots.each(func(s *slot) {
		if !s.dead() && s.word&flagSeen == 0 {
			key, _ := m.texts.read(s.text)
			list = append(list, string(key))
		}
	})
	sort.Strings(list)
	return list
}

// len is the number of keys held.
func (m *published) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count
}

// holdsAll says whether no key was forgotten: only then does absence from a listing prove anything.
func (m *published) holdsAll() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.forgotten == 0
}

// get returns what is remembered of a key.
func (m *published) get(key string) (entry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, known := m.find(hashKey(key), key)
	if !known {
		return entry{}, false
	}
	return s.entry(), true
}
