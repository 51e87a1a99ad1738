package avro

import (
	"strconv"

	"github.com/cespare/xxhash/v2"
)

// Digest returns 64 bits that are equal for equal JSON values. Whitespace, the order of members, the spelling of numbers
// and members that are null, at any depth, do not count; of duplicate members the last one counts. Strings and names are
// compared after unescaping, invalid UTF-8 (each byte) and lone surrogates as U+FFFD.
//
// H is defined with X, the 64-bit xxHash with seed 0 over bytes that are put together; le is 8 bytes little-endian:
//
//	null    X("z")           counts as an array's item; as an object's member it does not
//	false   X("f")
//	true    X("t")
//	number  X("n" + D)       D is "0" for every zero; otherwise an optional "-", the significant digits without leading
//	                         and trailing zeros, "e" and the power of ten they are multiplied with:
//	                         -1200, -12e2 and -0.12E+4 are all "-12e2", 0.5 is "5e-1"
//	string  X("s" + UTF-8)
//	array   a = 0; for each item in order a = X(le(a) + le(H(item))); then X("a" + le(a) + le(number of items))
//	object  o = 0; for each member that is not null o += X("m" + le(X(name)) + le(H(value))), modulo 2^64;
//	        then X("o" + le(o) + le(number of such members))
//
// An exponent of more than 18 digits (leading zeros apart) is not reckoned with: D is then the sign, the mantissa as
// spelled, "E" and the exponent as spelled, without "+" and leading zeros.
//
// The error says why record is not JSON, or that it nests deeper than 128. Digest is safe for concurrent use.
func Digest(record []byte) (uint64, error) {
	if digest, ok := walkDigest(record); ok {
		return digest, nil
	}
	v, err := parseValue(record)
	if err != nil {
		return 0, err
	}
	return v.digest(), nil
}

// digests walks without a key.
var digests = compileKeys(nil)

// walkDigest takes the digest of any JSON value in a walk; false: in doubt.
func walkDigest(text []byte) (uint64, bool) {
	w, _ := digests.walks.Get().(*walk)
	defer digests.walks.Put(w)
	return w.digestOf(text)
}

// The digests of words and of zero.
var (
	nullHash  = xxhash.Sum64String("z")
	falseHash = xxhash.Sum64String("f")
	trueHash  = xxhash.Sum64String("t")
	zeroHash  = xxhash.Sum64String("n0")
)

func (v value) digest() uint64 {
	switch v.kind {
	case falseValue:
		return falseHash
	case trueValue:
		return trueHash
	case numberValue:
		return numberDigest(v.text)
	case stringValue:
		return stringDigest(v.text)
	case arrayValue:
		var a uint64
		for _, item := range v.items {
			a = pairHash(a, item.digest())
		}
		return tagged('a', a, uint64(len(v.items)))
	case objectValue:
		var o, n uint64
		for _, m := range v.members {
			if m.value.kind != nullValue {
				o += tagged('m', xxhash.Sum64String(m.name), m.value.digest())
				n++
			}
		}
		return tagged('o', o, n)
	}
	return nullHash
}

func stringDigest(s string) uint64 {
	var room [128]byte
	return xxhash.Sum64(append(append(room[:0], 's'), s...))
}

func numberDigest(literal string) uint64 {
	var room [64]byte
	b := append(room[:0], 'n')
	d := parseDecimal(literal)
	if d.digits == "" {
		return xxhash.Sum64(append(b, '0'))
	}
	if d.negative {
		b = append(b, '-')
	}
	b = append(b, d.digits...)
	if d.huge != "" {
		return xxhash.Sum64(append(append(b, 'E'), d.huge...))
	}
	return xxhash.Sum64(strconv.AppendInt(append(b, 'e'), d.exp, 10))
}
