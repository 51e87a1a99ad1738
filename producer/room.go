package producer

import (
	"slices"
	"sync/atomic"
)

// incrementalKeys bounds the keys that a worker remembers of incremental resources, whatever their number: some 20 MB. A window of a
// backfill and a live pass meet a record again only near its own time, so what is oldest by its cursor is forgotten first.
const incrementalKeys = 320_000

// room is how many keys several memories may hold together. Safe for concurrent use.
type room struct {
	most int
	held atomic.Int64
}

// full says whether a memory of so many keys, of which it has told the room, has to forget some before it takes another. One that holds
// little need not: those that hold much have to.
func (r *room) full(count, told int) bool {
	return count >= r.most/16 && int(r.held.Load())+count-told >= r.most
}

// account tells the room what has come and gone. The caller holds mu.
func (m *published) account() {
	if m.room != nil {
		m.room.held.Add(int64(m.count - m.counted))
		m.counted = m.count
	}
}

// forgetHalf drops the older half. What is forgotten may be published again unchanged, should it be read again. The caller holds mu.
func (m *published) forgetHalf() {
	times := make([]int64, 0, m.count)
	m.slots.each(func(s *slot) {
		if !s.dead() {
			times = append(times, s.entry().ts)
		}
	})
	slices.Sort(times)
	middle, had := times[len(times)/2], m.count
	m.rebuild(func(s *slot) bool { return s.entry().ts > middle })
	if m.again {
		m.forgotten += int64(had - m.count)
	}
	m.complete = false
	m.account()
}

// newMemory makes the memory of a unit of an incremental resource. again: what it holds will be read again in any case, as a live
// pass's overlap is; a window is read once.
func (r *runner) newMemory(again bool) *published {
	m := newPublished(r.cfg.MemoryKeys)
	m.room, m.again = &r.room, again
	return m
}
