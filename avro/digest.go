package avro

import (
	"strconv"
	"strings"
)

// Digest returns 64 bits that are equal for equal JSON values. Whitespace, the order of members, the spelling of numbers
// and members that are null, at any depth, do not count; of duplicate members the last one counts. Strings and names are
// compared after unescaping, invalid UTF-8 (each byte) and lone surrogates as U+FFFD.
//
// H is defined with 64-bit words, sums modulo 2^64, in which S(c) is a character's code times 0x9e3779b97f4a7c15, and M(a, b) is the 128-bit
// product of a xor 0xa0761d6478bd642f and b xor 0xe7037ed1a0b428db, its two halves xored:
//
//	null    S('z')           counts as an array's item; as an object's member it does not
//	false   S('f')
//	true    S('t')
//	number  M(m, S('n') + 2e + s)   m × 10^e is the number without its sign, s is 1 for a negative one: e is 0 for a whole number of at
//	                         most 19 digits; else m ends with no zero. A number for which m has more than 19 digits is
//	                         T(S('N'), D), D an optional "-", the digits of m, "e" and e
//	string  T(S('s'), UTF-8)
//	array   a = S('a'); for each item in order a = M(H(item), a)
//	object  o = 0; for each member that is not null o += M(T(S('m'), name), H(value)); then M(o, S('o') + number of such members)
//
// T(seed, text) is h after h = seed + number of bytes and then, for each 16 bytes, the last ones filled up with zeros, an empty text as 16
// zeros: h = M(x, y xor h), with x and y their two little-endian words.
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

func (v value) digest() uint64 {
	switch v.kind {
	case falseValue:
		return falseHash
	case trueValue:
		return trueHash
	case numberValue:
		return numberDigest(v.text)
	case stringValue:
		return textHash(stringSeed, []byte(v.text))
	case arrayValue:
		a := uint64(arraySeed)
		for _, item := range v.items {
			a = mul(item.digest(), a)
		}
		return a
	case objectValue:
		var o, n uint64
		for _, m := range v.members {
			if m.value.kind != nullValue {
				o += mul(textHash(nameSeed, []byte(m.name)), m.value.digest())
				n++
			}
		}
		return mul(o, objectSeed+n)
	}
	return nullHash
}

// numberDigest is the digest of a number by its exact form.
func numberDigest(literal string) uint64 {
	d := parseDecimal(literal)
	size := int64(len(d.digits))
	switch {
	case d.huge != "":
	case d.exp >= 0 && d.exp <= maxMantissa && size+d.exp <= maxMantissa:
		m, _ := strconv.ParseUint("0"+d.digits+strings.Repeat("0", int(d.exp)), 10, 64)
		return wholeHash(m, d.negative)
	case size <= maxMantissa:
		m, _ := strconv.ParseUint(d.digits, 10, 64)
		return decimalHash(m, d.exp, d.negative)
	}
	var room [64]byte
	b := room[:0]
	if d.negative {
		b = append(b, '-')
	}
	b = append(b, d.digits...)
	if d.huge != "" {
		b = append(append(b, 'E'), d.huge...)
	} else {
		b = strconv.AppendInt(append(b, 'e'), d.exp, 10)
	}
	return textHash(longSeed, b)
}
