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
	link   uint32 // another child of the same parent; of a key that has none the upper half of its hash
}

const (
	wordBits         = 14
	flagFresh uint64 = 1 << 0
	flagDead  uint64 = 1 << 1
	flagSeen  uint64 = 1 << 2
	flagAlone uint64 = 1 << 3             // it has no parent
	hashBits  uint64 = 1<<wordBits - 1<<4 // some of the key's hash: most other keys are told apart without their texts

	maxCursor = 1<<49 - 1 // ms: beyond the year 9999
)

func (s *slot) dead() bool { return s.word&flagDead != 0 }

func (s *slot) entry() entry {
	return entry{digest: s.digest, ts: int64(s.word) >> wordBits, fresh: s.word&flagFresh != 0}
}

// set keeps the mark, and the bits of the hash.
func (s *slot) set(e entry) {
	ts := min(max(e.ts, -maxCursor), maxCursor)
	s.digest, s.word = e.digest, uint64(ts)<<wordBits|s.word&(flagSeen|flagAlone|hashBits)
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
	t := &m.keyed
	if len(t.places) == 0 {
		return 0, 0
	}
	tag := tagOf(hash)
	for place = t.home(hash); t.places[place] != 0; place = t.after(place) {
		if (t.places[place]^tag)&t.tag != 0 {
			continue
		}
		n = t.places[place] &^ t.tag
		s := m.slots.at(n)
		if (s.word^hash)&hashBits != 0 {
			continue
		}
		if text, _ := m.texts.read(s.text); string(text) == key {
			return place, n
		}
	}
	return place, 0
}

// family is the slot at which a parent's children begin; 0: it has none.
func (m *published) family(parent string) uint32 {
	_, n := m.families.find(hashKey(parent), func(n uint32) bool { return string(m.parentOf(n)) == parent })
	return n
}

func (m *published) parentOf(n uint32) []byte {
	_, parent := m.texts.read(m.slots.at(n).text)
	return parent
}

// keySeed is that of every memory: a key is hashed once, whoever is asked for it.
var keySeed = maphash.MakeSeed()

func hashKey(text string) uint64 { return maphash.String(keySeed, text) }

// hashOf is a slot's hash as far as a table needs it.
func (m *published) hashOf(n uint32) uint64 {
	s := m.slots.at(n)
	if s.word&flagAlone != 0 {
		return uint64(s.link)<<32 | s.word&hashBits
	}
	text, _ := m.texts.read(s.text)
	return maphash.Bytes(keySeed, text)
}

// eachHash calls f with every key that is held, in the order in which they lie in memory.
func (m *published) eachHash(f func(hash uint64, n uint32)) {
	for n := uint32(1); n < m.slots.used; n++ {
		if !m.slots.at(n).dead() {
			f(m.hashOf(n), n)
		}
	}
}

// add holds a key that is not held yet; false: it cannot be.
func (m *published) add(hash uint64, parent, key string, e entry) bool {
	text, ok := m.texts.add(key, parent)
	if !ok {
		return false
	}
	n := m.slots.add()
	s := m.slots.at(n)
	s.text, s.word, s.link = text, hash&hashBits, 0
	if parent == "" {
		s.word, s.link = s.word|flagAlone, uint32(hash>>32)
	}
	s.set(e)
	if m.keyed.full(n) {
		m.keyed.grow(m.slots.used)
		m.eachHash(m.keyed.place)
	} else {
		m.keyed.place(hash, n)
	}
	m.count++
	if parent == "" {
		return true
	}
	if place, first := m.families.find(hashKey(parent), func(n uint32) bool { return string(m.parentOf(n)) == parent }); first != 0 {
		s.link, m.families.places[place] = first, n
		return true
	}
	if old := m.families.places; m.families.full(n) {
		m.families.grow(0)
		for _, n := range old {
			if n != 0 {
				m.families.place(maphash.Bytes(keySeed, m.parentOf(n)), n)
			}
		}
	}
	m.families.place(hashKey(parent), n)
	return true
}

// drop takes a key out of its table. Its slot stays, dead, in its parent's list until rebuild.
func (m *published) drop(key string) {
	place, n := m.place(hashKey(key), key)
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
		m.add(hashKey(key), string(parent), key, s.entry())
		if s.word&flagSeen != 0 {
			kept, _ := m.find(hashKey(key), key)
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

// table is a hash table of slots with linear probing, 60 to 75 % full. Beside a slot's number there may be room for some bits of its hash.
type table struct {
	places []uint32 // 0: free
	used   int
	tag    uint32 // the bits of a place that are its slot's hash's; 0: none
}

// tagBits are the bits of a place that may be a hash's: as many as a slot keeps.
const tagBits = uint32(hashBits) << (32 - wordBits)

func tagOf(hash uint64) uint32 { return uint32(hash&hashBits) << (32 - wordBits) }

// find returns the place of the slot that same accepts, or slot 0, in a table without tags.
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

// home is where a hash's slot would be: its upper half says.
func (t *table) home(hash uint64) int {
	return int(hash >> 32 * uint64(len(t.places)) >> 32)
}

func (t *table) after(place int) int {
	if place++; place == len(t.places) {
		return 0
	}
	return place
}

// full says whether the table has to grow before it takes slot n.
func (t *table) full(n uint32) bool { return (t.used+1)*4 > len(t.places)*3 || n&t.tag != 0 }

// grow empties the table and makes it larger; whoever calls it places the slots anew. Of slots below most, if that is not 0, some of
// their hashes' bits are kept.
func (t *table) grow(most uint32) {
	t.places = make([]uint32, (t.used+1)*5/3+8)
	t.used = 0
	if most > 0 {
		t.tag = tagBits &^ (1<<bits.Len(uint(max(most, uint32(len(t.places))))) - 1)
	}
}

func (t *table) place(hash uint64, n uint32) {
	place := t.home(hash)
	for t.places[place] != 0 {
		place = t.after(place)
	}
	t.places[place] = n | tagOf(hash)&t.tag
	t.used++
}

// remove frees a place and moves up what would not be found any more.
func (t *table) remove(place int, hashOf func(n uint32) uint64) {
	t.used--
	free := place
	for at := t.after(free); t.places[at] != 0; at = t.after(at) {
		home := t.home(hashOf(t.places[at] &^ t.tag))
		if free < at && (home <= free || home > at) || free > at && home <= free && home > at {
			t.places[free], free = t.places[at], at
		}
	}
	t.places[free] = 0
}
