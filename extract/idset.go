package extract

import (
	"bytes"
	"slices"
)

// idSet is a set of hashes, of which it keeps 56 bits, in six to seven bytes each: a reading remembers what it has seen, be it millions of
// records. Two different records are taken for the same one about once in a thousand readings of ten million. The zero set is empty.
//
// The upper bits of a hash choose its bucket, which holds the others; so it can be told again when there are to be more buckets. A bucket
// has the lowest byte of each hash at its beginning, where it is looked for, and behind the room for those the other bytes, in the same order.
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
	lowest, from := bucket[:len(bucket)/width], 0
	for {
		i := bytes.IndexByte(lowest[from:], byte(id))
		if i < 0 {
			return false
		}
		if s.rest(bucket, from+i) == id&(1<<(idBits-s.bits)-1) {
			return true
		}
		from += i + 1
	}
}

// width is how many bytes a bucket has for each hash.
func (s *idSet) width() int {
	if s.bits >= lessBits {
		return (idBits - lessBits) / 8
	}
	return (idBits - firstBits) / 8
}

// rest reads the i-th hash in a bucket, without the bits that the bucket stands for.
func (s *idSet) rest(bucket []byte, i int) uint64 {
	width := s.width()
	others := bucket[:cap(bucket)][cap(bucket)/width+i*(width-1):]
	rest := uint64(0)
	for k := width - 2; k >= 0; k-- {
		rest = rest<<8 | uint64(others[k])
	}
	return (rest<<8 | uint64(bucket[i])) & (1<<(idBits-s.bits) - 1)
}

func (s *idSet) put(id uint64) {
	bucket, width := &s.buckets[id>>(idBits-s.bits)], s.width()
	n := len(*bucket) / width
	if cap(*bucket) < (n+1)*width { // append alone would make a quarter more room; this is for a few more
		grown, old := append([]byte(nil), make([]byte, (n+4)*width)...), *bucket
		copy(grown, old[:n])
		copy(grown[:cap(grown)][cap(grown)/width:], old[:cap(old)][cap(old)/width:][:n*(width-1)])
		*bucket = grown
	}
	*bucket = (*bucket)[:(n+1)*width]
	id &= 1<<(idBits-s.bits) - 1
	(*bucket)[n] = byte(id)
	others := (*bucket)[:cap(*bucket)][cap(*bucket)/width+n*(width-1):]
	for k := range width - 1 {
		others[k] = byte(id >> (8 + 8*k))
	}
}

// spread makes four buckets of each.
func (s *idSet) spread() {
	old := *s
	s.bits += 2
	s.buckets = make([][]byte, 1<<s.bits)
	for i, bucket := range old.buckets {
		for k := range len(bucket) / old.width() {
			s.put(uint64(i)<<(idBits-old.bits) | old.rest(bucket, k))
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
