package producer

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"strings"
)

// This file is how published holds its keys: in chunks without pointers, so that a million of them costs what their bytes cost, and
// the garbage collector nothing.

// slot is one key. Slot 0 is none.
type slot struct {
	digest uint64
	word   uint64 // cursor in ms, 50 bits, signed; hashBits; the flags
	text   uint32 // where its text is
	next   uint32 // another child of the same parent
}

const (
	wordBits         = 14
	flagFresh uint64 = 1 << 0
	flagDead  uint64 = 1 << 1
	flagSeen  uint64 = 1 << 2
	hashBits  uint64 = 1<<wordBits - 1<<3 // some of the key's hash: most other keys are told apart without their texts

	maxCursor = 1<<49 - 1 // ms: beyond the year 9999
)

func (s *slot) dead() bool { return s.word&flagDead != 0 }

func (s *slot) entry() entry {
	return entry{digest: s.digest, ts: int64(s.word) >> wordBits, fresh: s.word&flagFresh != 0}
}

// set keeps the mark, and the bits of the hash.
func (s *slot) set(e entry) {
	ts := min(max(e.ts, -maxCursor), maxCursor)
	s.digest, s.word = e.digest, uint64(ts)<<wordBits|s.word&(flagSeen|hashBits)
	if e.fresh {
		s.word |= flagFresh
	}
}

// find returns a key's slot; it is valid until the next put or removal.
func (m *published) find(hash uint64, key string) (*slot, bool) {
	_, n := m.place(hash, key)
	if n == 0 {
		return nil, false
	}
	return m.slots.at(n), true
}

// place is where the key's slot stands in its table.
func (m *published) place(hash uint64, key string) (place int, n uint32) {
	return m.keyed.find(hash, func(n uint32) bool {
		s := m.slots.at(n)
		if (s.word^hash)&hashBits != 0 {
			return false
		}
		text, _ := m.texts.read(s.text)
		return string(text) == key
	})
}

// family is the slot at which a parent's children begin; 0: it has none.
func (m *published) family(parent string) uint32 {
	_, n := m.families.find(m.hash(parent), func(n uint32) bool { return string(m.parentOf(n)) == parent })
	return n
}

func (m *published) parentOf(n uint32) []byte {
	_, parent := m.texts.read(m.slots.at(n).text)
	return parent
}

func (m *published) hash(text string) uint64 { return maphash.String(m.seed, text) }

func (m *published) hashOf(n uint32) uint64 {
	text, _ := m.texts.read(m.slots.at(n).text)
	return maphash.Bytes(m.seed, text)
}

// add holds a key that is not held yet; false: it cannot be.
func (m *published) add(hash uint64, parent, key string, e entry) bool {
	text, ok := m.texts.add(key, parent)
	if !ok {
		return false
	}
	n := m.slots.add()
	s := m.slots.at(n)
	s.text, s.word = text, hash&hashBits
	s.set(e)
	m.keyed.insert(hash, n, m.hashOf)
	m.count++
	if parent == "" {
		return true
	}
	if place, first := m.families.find(m.hash(parent), func(n uint32) bool { return string(m.parentOf(n)) == parent }); first != 0 {
		s.next, m.families.places[place] = first, n
		return true
	}
	m.families.insert(m.hash(parent), n, func(n uint32) uint64 { return maphash.Bytes(m.seed, m.parentOf(n)) })
	return true
}

// drop takes a key out of its table. Its slot stays, dead, in its parent's list until rebuild.
func (m *published) drop(key string) {
	place, n := m.place(m.hash(key), key)
	if n == 0 {
		return
	}
	m.keyed.remove(place, m.hashOf)
	m.slots.at(n).word |= flagDead
	m.count--
	m.dead++
}

// rebuild holds anew what is to be kept.
func (m *published) rebuild(keep func(*slot) bool) {
	old := published{slots: m.slots, texts: m.texts}
	m.slots, m.texts, m.keyed, m.families, m.count, m.dead = slots{}, texts{}, table{}, table{}, 0, 0
	old.slots.each(func(s *slot) {
		if s.dead() || !keep(s) {
			return
		}
		text, parent := old.texts.read(s.text)
		key := string(text)
		m.add(m.hash(key), string(parent), key, s.entry())
		if s.word&flagSeen != 0 {
			kept, _ := m.find(m.hash(key), key)
			kept.word |= flagSeen
		}
	})
}

// slots are in chunks that are never copied.
type slots struct {
	chunks []*[slotChunk]slot
	used   uint32
}

const slotChunk = 1 << 10

func (s *slots) at(n uint32) *slot { return &s.chunks[n/slotChunk][n%slotChunk] }

func (s *slots) add() uint32 {
	if s.used == 0 {
		s.used = 1
	}
	n := s.used
	if int(n/slotChunk) == len(s.chunks) {
		s.chunks = append(s.chunks, new([slotChunk]slot))
	}
	s.used++
	return n
}

func (s *slots) each(f func(*slot)) {
	for n := uint32(1); n < s.used; n++ {
		f(s.at(n))
	}
}

// texts are keys, each after its length and that of its parent's key, in chunks that are never copied. A child's key begins with its
// parent's, which takes no room then, unless that is escaped in it: then it stands behind.
type texts struct {
	chunks [][]byte
}

const (
	textChunk  = 1 << 16
	textChunks = 1 << 16
)

// add returns false for a key of some 64 KiB or more, which Kafka's brokers would not take for long either, and beyond 4 GiB of them.
func (t *texts) add(key, parent string) (uint32, bool) {
	of, apart := uint64(len(parent))<<1, ""
	if !strings.HasPrefix(key, parent) {
		of, apart = of|1, parent
	}
	var head [2 * binary.MaxVarintLen64]byte
	h := binary.AppendUvarint(binary.AppendUvarint(head[:0], uint64(len(key))), of)
	size := len(h) + len(key) + len(apart)
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last])+size > textChunk {
		if size > textChunk || len(t.chunks) == textChunks {
			return 0, false
		}
		t.chunks = append(t.chunks, make([]byte, 0, textChunk))
		last++
	}
	at := len(t.chunks[last])
	t.chunks[last] = append(append(append(t.chunks[last], h...), key...), apart...)
	return uint32(last)<<16 | uint32(at), true
}

// read returns a key and its parent's, "" where it has none. The bytes are not to be kept.
func (t *texts) read(at uint32) (key, parent []byte) {
	chunk := t.chunks[at>>16][at&(textChunk-1):]
	size, n := binary.Uvarint(chunk)
	of, k := binary.Uvarint(chunk[n:])
	chunk = chunk[n+k:]
	key, parent = chunk[:size], chunk[:of>>1]
	if of&1 != 0 {
		parent = chunk[size : size+(of>>1)]
	}
	return key, parent
}

// table is a hash table of slots with linear probing, 60 to 75 % full.
type table struct {
	places []uint32 // 0: free
	used   int
}

// find returns the place of the slot that same accepts, or slot 0.
func (t *table) find(hash uint64, same func(n uint32) bool) (place int, n uint32) {
	if len(t.places) == 0 {
		return 0, 0
	}
	for place = t.home(hash); t.places[place] != 0; place = t.after(place) {
		if same(t.places[place]) {
			return place, t.places[place]
		}
	}
	return place, 0
}

// home is where a hash's slot would be.
func (t *table) home(hash uint64) int {
	hi, _ := bits.Mul64(hash, uint64(len(t.places)))
	return int(hi)
}

func (t *table) after(place int) int {
	if place++; place == len(t.places) {
		return 0
	}
	return place
}

func (t *table) insert(hash uint64, n uint32, hashOf func(n uint32) uint64) {
	if t.used++; t.used*4 > len(t.places)*3 {
		old := t.places
		t.places = make([]uint32, t.used*5/3+8)
		for _, n := range old {
			if n != 0 {
				t.place(hashOf(n), n)
			}
		}
	}
	t.place(hash, n)
}

func (t *table) place(hash uint64, n uint32) {
	place := t.home(hash)
	for t.places[place] != 0 {
		place = t.after(place)
	}
	t.places[place] = n
}

// remove frees a place and moves up what would not be found any more.
func (t *table) remove(place int, hashOf func(n uint32) uint64) {
	t.used--
	free := place
	for at := t.after(free); t.places[at] != 0; at = t.after(at) {
		home := t.home(hashOf(t.places[at]))
		if free < at && (home <= free || home > at) || free > at && home <= free && home > at {
			t.places[free], free = t.places[at], at
		}
	}
	t.places[free] = 0
}
