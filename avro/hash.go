package avro

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The arithmetic of digests: see Digest. One multiplication takes 16 bytes in, which is what lets a walk afford a digest; the constants are
// those of wyhash, whose mixing this is. TestTextHash holds the fast ways to the definition.

const (
	factor1 = 0xa0761d6478bd642f
	factor2 = 0xe7037ed1a0b428db
	spread  = 0x9e3779b97f4a7c15
)

// Seeds, one for each kind of value, and for names.
const (
	nullHash   = 'z' * spread & math.MaxUint64
	falseHash  = 'f' * spread & math.MaxUint64
	trueHash   = 't' * spread & math.MaxUint64
	numberSeed = 'n' * spread & math.MaxUint64
	longSeed   = 'N' * spread & math.MaxUint64 // of a number that is hashed as text
	stringSeed = 's' * spread & math.MaxUint64
	nameSeed   = 'm' * spread & math.MaxUint64
	arraySeed  = 'a' * spread & math.MaxUint64
	objectSeed = 'o' * spread & math.MaxUint64
)

// mul is M(a, b).
func mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^factor1, b^factor2)
	return hi ^ lo
}

// textHash is T(seed, b).
func textHash(seed uint64, b []byte) uint64 {
	h := seed + uint64(len(b))
	for len(b) > 16 {
		h = mul(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])^h)
		b = b[16:]
	}
	x, y := lastWords(b)
	return mul(x, y^h)
}

// lastWords are 16 bytes at most, and zeros behind them.
func lastWords(b []byte) (x, y uint64) {
	n := len(b)
	switch {
	case n > 8:
		return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:]) >> (8 * (16 - n))
	case n == 8:
		return binary.LittleEndian.Uint64(b), 0
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<(8*(n-4)), 0
	}
	for i, c := range b {
		x |= uint64(c) << (8 * i)
	}
	return x, 0
}

// wordsHash is T(seed, text) of a text of n bytes that lies in two words, with zeros behind it.
func wordsHash(seed uint64, n int, x, y uint64) uint64 { return mul(x, y^(seed+uint64(n))) }

// wholeHash is the digest of a whole number that has 19 digits at most.
func wholeHash(mantissa uint64, negative bool) uint64 { return decimalHash(mantissa, 0, negative) }

// decimalHash is that of a number of 19 digits at most: mantissa × 10^exp, as Digest says.
func decimalHash(mantissa uint64, exp int64, negative bool) uint64 {
	seed := numberSeed + uint64(exp)<<1
	if negative && mantissa != 0 {
		seed++
	}
	return mul(mantissa, seed)
}
