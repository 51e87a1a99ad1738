package producer

import "sync"

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
// topic itself and from our own commits, never from anywhere else. Some 100 bytes a key. Entries are grouped by the parent's
// key (root resources have one group, ""), so that a parent's children can be compared as a list. Safe for concurrent use.
type published struct {
	mu        sync.Mutex
	groups    map[string]map[string]entry
	count     int
	limit     int   // keys held at most; 0: no limit
	forgotten int64 // keys beyond the limit: may be published again unchanged
	complete  bool  // every key of the topic that this memory is asked about is in it, so absence means: never published
}

func newPublished(limit int) *published {
	return &published{groups: map[string]map[string]entry{}, limit: limit, complete: true}
}

// judge compares a record that was read with the topic. Where two readings can hold the same key (guard), an older copy is
// stale: compaction keeps the last offset, not the newest record.
func (m *published) judge(parent, key string, e entry, guard bool) verdict {
	m.mu.Lock()
	defer m.mu.Unlock()
	had, known := m.groups[parent][key]
	switch {
	case known && had.digest == e.digest:
		return verdictUnchanged
	case known && guard && e.olderThan(had):
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
	group := m.groups[parent]
	if _, known := group[key]; !known {
		if m.limit > 0 && m.count >= m.limit {
			m.forgotten++
			m.complete = false
			return
		}
		m.count++
	}
	if group == nil {
		group = map[string]entry{}
		m.groups[parent] = group
	}
	group[key] = e
}

// remove forgets a key that was tombstoned.
func (m *published) remove(parent, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	group := m.groups[parent]
	if _, known := group[key]; !known {
		return
	}
	delete(group, key)
	m.count--
	if len(group) == 0 {
		delete(m.groups, parent)
	}
}

// forgetBefore drops entries with a cursor below ts: a unit that reads in cursor order does not meet them again.
func (m *published) forgetBefore(ts int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for parent, group := range m.groups {
		for key, e := range group {
			if e.ts < ts {
				delete(group, key)
				m.count--
			}
		}
		if len(group) == 0 {
			delete(m.groups, parent)
		}
	}
}

// keys returns the keys of one parent's group.
func (m *published) keys(parent string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]string, 0, len(m.groups[parent]))
	for key := range m.groups[parent] {
		list = append(list, key)
	}
	return list
}

// within returns the keys of root records whose cursor is in from ≤ ts < to.
func (m *published) within(from, to int64) map[string]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[string]int64{}
	for key, e := range m.groups[""] {
		if from <= e.ts && e.ts < to {
			found[key] = e.ts
		}
	}
	return found
}

// parents returns the keys of the parents that have children in the topic.
func (m *published) parents() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]string, 0, len(m.groups))
	for parent := range m.groups {
		list = append(list, parent)
	}
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
func (m *published) get(parent, key string) (entry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.groups[parent][key]
	return e, ok
}
