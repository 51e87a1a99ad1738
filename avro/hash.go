package avro

import (
	"encoding/binary"
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// The 64-bit xxHash of what a digest hashes most: a tag and two sums, and short texts. Calling the library for each of them costs more
// than the hashing itself. TestHashesAreTheLibrarys holds these to the library; what is longer than 31 bytes goes to it.

const (
	prime1 uint64 = 11400714785074694791
	prime2 uint64 = 14029467366897019727
	prime3 uint64 = 1609587929392839161
	prime4 uint64 = 9650029242287828579
	prime5 uint64 = 2870177450012600261
)

// mix takes 8 bytes in.
func mix(h, x uint64) uint64 {
	return bits.RotateLeft64(h^bits.RotateLeft64(x*prime2, 31)*prime1, 27)*prime1 + prime4
}

// mixByte takes a last byte in.
func mixByte(h, b uint64) uint64 { return bits.RotateLeft64(h^b*prime5, 11) * prime1 }

func avalanche(h uint64) uint64 {
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}

// tagged is X(tag + le(a) + le(b)).
func tagged(tag byte, a, b uint64) uint64 { return taggedEnd(taggedStart(tag, a), a>>56, b) }

// taggedStart is the part of tagged that a member's name decides, and taggedEnd the rest; top is a>>56.
func taggedStart(tag byte, a uint64) uint64 { return mix(prime5+17, uint64(tag)|a<<8) }

func taggedEnd(start, top, b uint64) uint64 {
	return avalanche(mixByte(mix(start, top|b<<8), b>>56))
}

// pairHash is X(le(a) + le(b)).
func pairHash(a, b uint64) uint64 { return avalanche(mix(mix(prime5+16, a), b)) }

// shortText bounds, with its tag, what textHash hashes by itself; xxHash works otherwise from 32 bytes on.
const shortText = 31

// textHash is X(tag + b[1:]): b has a byte before the text, whatever that is, and is not written to.
func textHash(tag byte, b []byte) uint64 {
	n := len(b)
	if n > shortText {
		return longTextHash(tag, b)
	}
	h := prime5 + uint64(n)
	switch {
	case n >= 8:
		h = mix(h, binary.LittleEndian.Uint64(b)&^0xff|uint64(tag))
		for b = b[8:]; len(b) >= 8; b = b[8:] {
			h = mix(h, binary.LittleEndian.Uint64(b))
		}
		if len(b) >= 4 {
			h = mixHalf(h, binary.LittleEndian.Uint32(b))
			b = b[4:]
		}
	case n >= 4:
		h = mixHalf(h, binary.LittleEndian.Uint32(b)&^0xff|uint32(tag))
		b = b[4:]
	default:
		h = mixByte(h, uint64(tag))
		b = b[1:]
	}
	for _, c := range b {
		h = mixByte(h, uint64(c))
	}
	return avalanche(h)
}

// mixHalf takes 4 bytes in.
func mixHalf(h uint64, x uint32) uint64 {
	return bits.RotateLeft64(h^uint64(x)*prime1, 23)*prime2 + prime3
}

// wordsHash is xxHash of n bytes, 16 at most, that lie in two words; what lies behind them does not count.
func wordsHash(n int, x, y uint64) uint64 {
	h := prime5 + uint64(n)
	if n >= 8 {
		h = mix(h, x)
		if x, n = y, n-8; n == 8 {
			return avalanche(mix(h, x))
		}
	}
	if n >= 4 {
		h = mixHalf(h, uint32(x))
		x, n = x>>32, n-4
	}
	for ; n > 0; n-- {
		h = mixByte(h, x&0xff)
		x >>= 8
	}
	return avalanche(h)
}

func longTextHash(tag byte, b []byte) uint64 {
	var room [256]byte
	if len(b) <= len(room) {
		n := copy(room[:], b)
		room[0] = tag
		return xxhash.Sum64(room[:n])
	}
	var d xxhash.Digest
	d.Reset()
	room[0] = tag
	n := copy(room[1:], b[1:])
	_, _ = d.Write(room[:1+n])
	_, _ = d.Write(b[1+n:])
	return d.Sum64()
}

// nameHash is X(name).
func nameHash(name []byte) uint64 {
	if n := len(name); n > 0 && n <= shortText {
		return textHash(name[0], name)
	}
	return xxhash.Sum64(name)
}
