package avro

import (
	"encoding/binary"
	"math"
	"strconv"
)

// number is a JSON number as a walk has read it: ±mantissa × 10^exp where that is all of it.
type number struct {
	mantissa uint64
	exp      int
	negative bool
	integer  bool // spelled without fraction and exponent
	small    bool // mantissa and exp are the number; else it has more digits than a mantissa takes, or an exponent that is long
}

// maxMantissa is how many digits always fit a mantissa.
const maxMantissa = 19

// scanNumber reads a number; its end is doubt for what is none.
func scanNumber(src []byte, at int) (n number, end int) {
	i := at
	if i < len(src) && src[i] == '-' {
		n.negative = true
		i++
	}
	start := i
	i, n.mantissa = digits(src, i, 0)
	size := i - start
	if size == 0 || size > 1 && src[start] == '0' {
		return n, doubt
	}
	n.integer, n.small = true, size <= maxMantissa
	if i >= len(src) || src[i] != '.' && src[i]|0x20 != 'e' {
		return n, i
	}
	return n.scanRest(src, i, size)
}

// scanRest reads the fraction and the exponent of a number that has size digits before them.
func (n number) scanRest(src []byte, i, size int) (number, int) {
	n.integer = false
	if src[i] == '.' {
		start := i + 1
		i, n.mantissa = digits(src, start, n.mantissa)
		if i == start {
			return n, doubt
		}
		n.exp = start - i
		n.small = size+i-start <= maxMantissa
	}
	if i >= len(src) || src[i]|0x20 != 'e' {
		return n, i
	}
	i++
	negative := i < len(src) && src[i] == '-'
	if i < len(src) && (src[i] == '-' || src[i] == '+') {
		i++
	}
	end, exp := digits(src, i, 0)
	if end == i {
		return n, doubt
	}
	if end-i > 4 {
		n.small = false
		return n, end
	}
	if negative {
		n.exp -= int(exp)
	} else {
		n.exp += int(exp)
	}
	return n, end
}

// digits reads decimal digits behind those of value, which is of no use if there are too many.
func digits(src []byte, i int, value uint64) (end int, _ uint64) {
	for i+8 <= len(src) {
		x := binary.LittleEndian.Uint64(src[i:]) ^ '0'*ones
		if (x|(x+6*ones))&(0xf0*ones) != 0 {
			break
		}
		// Pairs, then fours, then all eight, the first digit in the lowest byte.
		x = x*10 + x>>8
		x = (x&0x000000ff000000ff*(100+1000000<<32) + x>>16&0x000000ff000000ff*(1+10000<<32)) >> 32
		value = value*100000000 + x&0xffffffff
		i += 8
	}
	for i < len(src) && src[i]-'0' <= 9 {
		value = value*10 + uint64(src[i]-'0')
		i++
	}
	return i, value
}

// exactPowers are the powers of ten that doubles hold exactly.
var exactPowers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// double is exactDouble. With 15 digits the shortest text of the nearest double is always the same decimal, and an integer of 53 bits is a
// double; with a power of ten that is one, too, one operation gives the nearest.
func (n number) double(literal []byte) (float64, bool) {
	if !n.small || n.mantissa >= 1e15 && (n.exp != 0 || n.mantissa >= 1<<53) || n.exp < 1-len(exactPowers) || n.exp >= len(exactPowers) {
		return n.longDouble(literal)
	}
	f := float64(n.mantissa)
	if n.exp < 0 {
		f /= exactPowers[-n.exp]
	} else {
		f *= exactPowers[n.exp]
	}
	if n.negative && f != 0 {
		f = -f
	}
	return f, true
}

// longDouble is double for many digits.
func (n number) longDouble(literal []byte) (float64, bool) {
	if !n.small {
		return exactDouble(string(literal))
	}
	f, err := strconv.ParseFloat(string(literal), 64)
	if err != nil || f == 0 && n.mantissa != 0 {
		return 0, false
	}
	if f == 0 {
		return 0, true // -0 is 0
	}
	var room [32]byte
	shortest, _ := scanNumber(strconv.AppendFloat(room[:0], f, 'e', -1, 64), 0)
	m, exp := n.normal()
	sm, sexp := shortest.normal()
	return f, m == sm && exp == sexp
}

// normal is a small number's mantissa without trailing zeros, and the exponent that goes with it.
func (n number) normal() (mantissa uint64, exp int) {
	m, exp := n.mantissa, n.exp
	if m == 0 {
		return 0, 0
	}
	for m%10 == 0 {
		m /= 10
		exp++
	}
	return m, exp
}

// long is the number where it is a whole one within int64.
func (n number) long(literal []byte) (int64, bool) {
	if !n.small {
		return parseDecimal(string(literal)).int64()
	}
	m := n.mantissa
	if n.exp != 0 {
		exp := 0
		if m, exp = n.normal(); exp < 0 || exp > maxMantissa {
			return 0, m == 0
		}
		for range exp {
			if m > math.MaxInt64/10 {
				return 0, false
			}
			m *= 10
		}
	}
	if n.negative {
		return -int64(m), m <= 1<<63
	}
	return int64(m), m <= math.MaxInt64
}

// millis is what a timestamp field holds of Unix seconds.
func (n number) millis(literal []byte) (int64, bool) {
	if !n.small || n.exp != 0 {
		return millis(value{kind: numberValue, text: string(literal)})
	}
	s, ok := n.long(nil)
	return s * 1000, ok && s >= earliest && s <= latest
}

// place says which of a member's fields takes the number, the base field being of kind base: place, for numbers.
func (n number) place(base kind, literal []byte) variant {
	fits := false
	switch base {
	case longKind:
		_, fits = n.long(literal)
	case doubleKind:
		_, fits = n.double(literal)
	case timestampKind:
		_, fits = n.millis(literal)
	}
	if fits {
		return baseVariant
	}
	if _, ok := n.long(literal); ok && n.integer && base != doubleKind {
		return longVariant
	}
	v := sibling(base, value{kind: numberValue, text: string(literal)})
	if v.kind() == base {
		return baseVariant // digits into a string
	}
	return v
}

// appendNumber appends a number to a field of kind k, which place said takes it.
func (w *walk) appendNumber(k kind, n number, literal []byte) {
	switch k {
	case longKind:
		v, _ := n.long(literal)
		w.long(v)
	case timestampKind:
		v, _ := n.millis(literal)
		w.long(v)
	case doubleKind:
		v, _ := n.double(literal)
		w.double(math.Float64bits(v))
	default:
		w.string(literal)
	}
}

// hash is the digest of a number that stands in the text as literal.
func (n number) hash(literal []byte) uint64 {
	switch {
	case !n.small:
		return numberDigest(string(literal))
	case n.exp == 0:
		return wholeHash(n.mantissa, n.negative)
	}
	m, exp := n.normal()
	if m == 0 || exp == 0 {
		return wholeHash(m, n.negative)
	}
	if exp > 0 && exp < len(wholePowers) && m < wholePowers[maxMantissa-exp] {
		return wholeHash(m*wholePowers[exp], n.negative)
	}
	return decimalHash(m, int64(exp), n.negative)
}

// wholePowers are the powers of ten of 64 bits.
var wholePowers = func() (all [maxMantissa + 1]uint64) {
	all[0] = 1
	for i := range all[1:] {
		all[i+1] = 10 * all[i]
	}
	return all
}()
