package avro

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special marks, by the high bit of its byte, what in eight bytes of a string is not plain ASCII text: a quote, a backslash, a control
// character, what is above 0x7f. Above the lowest mark there may be false ones.
func special(x uint64) uint64 {
	quote, slash := x^'"'*ones, x^'\\'*ones
	return ((quote-ones)&^quote | (slash-ones)&^slash | (x-' '*ones)&^x | x) & highs
}

// text reads the string whose quote is at at. plain: it stands in the text as JSON text is written (value.appendJSON). What is returned is
// good until the next call, and not to be written to. end is doubt for what is no string.
func (w *walk) text(at int) (text []byte, end int, plain bool) {
	src := w.src
	i := at + 1
	for ; i+8 <= len(src); i += 8 {
		if stop := special(binary.LittleEndian.Uint64(src[i:])); stop != 0 {
			i += bits.TrailingZeros64(stop) >> 3
			if src[i] == '"' {
				return src[at+1 : i], i + 1, true
			}
			break
		}
	}
	return w.textFrom(at, i)
}

// short reads a string of plain ASCII text and 15 bytes at most, whose quote is at at: its size, and its bytes in two words with zeros behind
// them. size is -1 for any other.
func (w *walk) short(at int) (size int, x, y uint64) {
	if at+17 > len(w.src) {
		return -1, 0, 0
	}
	b := w.src[at+1 : at+17]
	x = binary.LittleEndian.Uint64(b)
	if stop := special(x); stop != 0 {
		end := uint(bits.TrailingZeros64(stop)) &^ 7
		if byte(x>>end) != '"' {
			return -1, 0, 0
		}
		return int(end >> 3), x & (1<<end - 1), 0
	}
	y = binary.LittleEndian.Uint64(b[8:])
	end := uint(bits.TrailingZeros64(special(y))) &^ 7
	if byte(y>>end) != '"' { // nor where there is none
		return -1, 0, 0
	}
	return 8 + int(end>>3), x, y & (1<<end - 1)
}

// textFrom is text where src is plain from at to i.
func (w *walk) textFrom(at, i int) (text []byte, end int, plain bool) {
	src := w.src
	for i < len(src) {
		switch c := src[i]; {
		case c == '"':
			return src[at+1 : i], i + 1, true
		case c == '\\':
			return w.decode(at, i)
		case c < ' ':
			return nil, doubt, false
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRune(src[i:])
			if r == utf8.RuneError && size == 1 {
				return w.decode(at, i)
			}
			i += size
		}
	}
	return nil, doubt, false
}

// decode is textFrom where something at i is to be written in another way: an escape, a byte that is not UTF-8.
func (w *walk) decode(at, i int) (text []byte, end int, plain bool) {
	src := w.src
	d := append(w.decoded[:0], src[at+1:i]...)
	for i < len(src) {
		from := i
		for i < len(src) && src[i] >= ' ' && src[i] != '"' && src[i] != '\\' && src[i] < utf8.RuneSelf {
			i++
		}
		if d = append(d, src[from:i]...); i >= len(src) || src[i] < ' ' {
			break
		}
		if src[i] == '"' {
			w.decoded = d
			return d, i + 1, false
		}
		r, size := utf8.DecodeRune(src[i:])
		if src[i] == '\\' {
			if r, size = escape(src[i:]); size == 0 {
				break
			}
		}
		d = utf8.AppendRune(d, r)
		i += size
	}
	w.decoded = d
	return nil, doubt, false
}

// escape reads an escape sequence, and with it the second one of a surrogate pair. Surrogates that make no pair are U+FFFD. The size of
// what is none is 0.
func escape(b []byte) (r rune, size int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	r, ok := unicodeEscape(b)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := unicodeEscape(b[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

// unicodeEscape reads \u and four hexadecimal digits.
func unicodeEscape(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
