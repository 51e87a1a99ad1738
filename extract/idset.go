package extract

import "slices"

// idSet is a set of hashes, of which it keeps 56 bits, in six to seven bytes each: a reading remembers what it has seen, be it millions of
// records. Two different records are taken for the same one about once in a thousand readings of ten million. The zero set is empty.
//
// The upper bits of a hash choose its bucket, which holds the others; so it can be told again when there are to be more buckets.
type idSet struct {
	n       int
	sum     uint64   // of the hashes: two sets that agree in it and in n are equal
	first   []uint64 // while there are few: most lists are short
	bits    uint     // that choose the bucket
	buckets [][]byte
}

const (
	idBits     = 56
	few        = 32
	firstBits  = 8   // then six bytes are left
	lessBits   = 16  // from here on, five
	bucketFill = 160 // hashes in a bucket on average, before there are more
)

// add reports whether id was not in the set.
func (s *idSet) add(id uint64) bool {
	if s.has(id) {
		return false
	}
	id &= 1<<idBits - 1
	s.n++
	s.sum += id
	switch {
	case s.n <= few:
		s.first = append(s.first, id)
		return true
	case s.buckets == nil:
		s.bits, s.buckets = firstBits, make([][]byte, 1<<firstBits)
		for _, id := range s.first {
			s.put(id)
		}
		s.first = nil
	case s.n > bucketFill<<s.bits:
		s.spread()
	}
	s.put(id)
	return true
}

func (s *idSet) has(id uint64) bool {
	id &= 1<<idBits - 1
	if s.buckets == nil {
		return slices.Contains(s.first, id)
	}
	bucket, width := s.buckets[id>>(idBits-s.bits)], s.width()
	for ; len(bucket) > 0; bucket = bucket[width:] {
		if bucket[0] == byte(id) && s.rest(bucket) == id&(1<<(idBits-s.bits)-1) {
			return true
		}
	}
	return false
}

// width is how many bytes a bucket has for each hash.
func (s *idSet) width() int {
	if s.bits >= lessBits {
		return (idBits - lessBits) / 8
	}
	return (idBits - firstBits) / 8
}

// rest reads the first hash in a bucket, without the bits that the bucket stands for.
func (s *idSet) rest(bucket []byte) uint64 {
	rest := uint64(0)
	for i := s.width() - 1; i >= 0; i-- {
		rest = rest<<8 | uint64(bucket[i])
	}
	return rest & (1<<(idBits-s.bits) - 1)
}

func (s *idSet) put(id uint64) {
	bucket, width := &s.buckets[id>>(idBits-s.bits)], s.width()
	if cap(*bucket)-len(*bucket) < width { // append alone would make a quarter more room
		grown := append([]byte(nil), make([]byte, len(*bucket)+width)...)
		*bucket = grown[:copy(grown, *bucket)]
	}
	for rest, i := id&(1<<(idBits-s.bits)-1), 0; i < width; i++ {
		*bucket = append(*bucket, byte(rest>>(8*i)))
	}
}

// spread makes four buckets of each.
func (s *idSet) spread() {
	old := *s
	s.bits += 2
	s.buckets = make([][]byte, 1<<s.bits)
	for i, bucket := range old.buckets {
		for ; len(bucket) > 0; bucket = bucket[old.width():] {
			s.put(uint64(i)<<(idBits-old.bits) | old.rest(bucket))
		}
		old.buckets[i] = nil
	}
}

// seenIDs counts different ids. With a bound it forgets the oldest when it holds twice as many: ids that are further apart may then
// be counted twice.
type seenIDs struct {
	bound        int // 0: none
	count        int
	now, earlier idSet
}

// add reports whether id is new.
func (s *seenIDs) add(id uint64) bool {
	if s.earlier.has(id) || !s.now.add(id) {
		return false
	}
	s.count++
	if s.bound > 0 && s.now.n >= s.bound {
		s.earlier, s.now = s.now, idSet{}
	}
	return true
}

// equal reports whether two readings saw the same ids.
func (s *seenIDs) equal(other *seenIDs) bool {
	return s.count == other.count && s.now.n == other.now.n && s.now.sum == other.now.sum
}
