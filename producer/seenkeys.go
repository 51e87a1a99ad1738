package producer

import "math/bits"

// seenKeys finds the keys that occur twice among those of one haul: a table of their indexes, with linear probing.
type seenKeys struct {
	places []int32 // index + 1; 0: free
	shift  int
}

// newSeenKeys makes room for so many keys, and no more.
func newSeenKeys(keys int) seenKeys {
	size := bits.Len(uint(2 * keys)) // at most half full
	return seenKeys{places: make([]int32, 1<<size), shift: 64 - size}
}

// add notes a key under its index, or returns the index that it has already. same says whether the key of an index is this one.
func (s *seenKeys) add(hash uint64, index int, same func(index int) bool) (has int, twice bool) {
	for at := int(hash >> s.shift); ; at = (at + 1) & (len(s.places) - 1) {
		switch n := int(s.places[at]); {
		case n == 0:
			s.places[at] = int32(index + 1)
			return index, false
		case same(n - 1):
			return n - 1, true
		}
	}
}
