package extract

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
)

// maxDepth bounds the nesting of an answer. Real records nest a dozen deep; what nests further is an attack on a parser.
const maxDepth = 128

// This file is the grammar of JSON, as encoding/json has it (invalid UTF-8 in texts and lone surrogates pass). Each function takes the
// index at which something begins and returns the index behind it, or a negative number: noJSON or tooDeep. depth is how many brackets are
// open around a value.

const (
	noJSON  = -1
	tooDeep = -2
)

// checkJSON reports whether b is one JSON text that does not nest too deep. The functions that walk spans rely on it and do not check
// again.
func checkJSON(b []byte) error {
	end := endOfValue(b, skipSpace(b, 0), 0)
	if end >= 0 {
		end = endOfDocument(b, end)
	}
	return explain(b, end)
}

// endOfDocument takes what may follow the one value.
func endOfDocument(b []byte, i int) int {
	if i = skipSpace(b, i); i != len(b) {
		return noJSON
	}
	return i
}

// explain says why a walk over b has ended where it did; nil where it came to the end.
func explain(b []byte, end int) error {
	if end >= 0 {
		return nil
	}
	if end == tooDeep {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	var v json.RawMessage
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	return errors.New("invalid JSON")
}

// skipSpace returns the index of the first byte from i on that is no white space.
func skipSpace(b []byte, i int) int {
	if i < len(b) && b[i] > ' ' {
		return i
	}
	return skipSpaces(b, i)
}

func skipSpaces(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

func endOfValue(b []byte, i, depth int) int {
	if i >= len(b) {
		return noJSON
	}
	switch b[i] {
	case '"':
		i, _ = endOfText(b, i)
		return i
	case '{':
		return endOfObject(b, i, depth)
	case '[':
		return endOfList(b, i, depth)
	case 't':
		return endOfWord(b, i, "true")
	case 'f':
		return endOfWord(b, i, "false")
	case 'n':
		return endOfWord(b, i, "null")
	default:
		return endOfNumber(b, i)
	}
}

func endOfObject(b []byte, i, depth int) int {
	if depth++; depth > maxDepth {
		return tooDeep
	}
	if i = skipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1
	}
	for more := true; more; {
		if i, _, _ = endOfName(b, i); i < 0 {
			return i
		}
		if i = endOfValue(b, i, depth); i < 0 {
			return i
		}
		if i, more = next(b, i, '}'); i < 0 {
			return i
		}
	}
	return i
}

func endOfList(b []byte, i, depth int) int {
	if depth++; depth > maxDepth {
		return tooDeep
	}
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1
	}
	for more := true; more; {
		if i = endOfValue(b, i, depth); i < 0 {
			return i
		}
		if i, more = next(b, i, ']'); i < 0 {
			return i
		}
	}
	return i
}

// next takes what follows a value in an object or a list: a comma, and then more is to come, or the bracket that closes it.
func next(b []byte, i int, closing byte) (end int, more bool) {
	if i = skipSpace(b, i); i >= len(b) {
		return noJSON, false
	}
	switch b[i] {
	case ',':
		return skipSpace(b, i+1), true
	case closing:
		return i + 1, false
	}
	return noJSON, false
}

// endOfName takes a member's name and the colon, up to its value. name is the index behind the name, and escaped whether there are
// escapes in it.
func endOfName(b []byte, i int) (end, name int, escaped bool) {
	if i >= len(b) || b[i] != '"' {
		return noJSON, 0, false
	}
	if name, escaped = endOfText(b, i); name < 0 {
		return name, 0, false
	}
	if i = skipSpace(b, name); i >= len(b) || b[i] != ':' {
		return noJSON, 0, false
	}
	return skipSpace(b, i+1), name, escaped
}

// endOfText takes a text with its quotes, eight bytes at a time.
func endOfText(b []byte, i int) (end int, escaped bool) {
	for i++; ; {
		for i+8 <= len(b) {
			found := endsText(binary.LittleEndian.Uint64(b[i:]))
			if found != 0 {
				i += bits.TrailingZeros64(found) >> 3
				break
			}
			i += 8
		}
		for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
			i++ // the last few bytes of all
		}
		if i >= len(b) || b[i] < ' ' {
			return noJSON, escaped
		}
		if b[i] == '"' {
			return i + 1, escaped
		}
		escaped = true
		if i = endOfEscape(b, i); i < 0 {
			return i, true
		}
	}
}

const (
	eachByte = 0x0101010101010101
	eachHigh = 0x8080808080808080
)

// endsText marks the first of eight bytes that is a quote, a backslash or a control character with its high bit. Bytes behind it may be
// marked without being one. With its second bit turned over, a quote is the one byte beside the control characters that is below '!'.
func endsText(x uint64) uint64 {
	return (((x ^ 2*eachByte) - '!'*eachByte) | ((x ^ '\\'*eachByte) - eachByte)) &^ x & eachHigh
}

func endOfEscape(b []byte, i int) int {
	if i++; i >= len(b) {
		return noJSON
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if i+5 > len(b) || !isHex(b[i+1]) || !isHex(b[i+2]) || !isHex(b[i+3]) || !isHex(b[i+4]) {
			return noJSON
		}
		return i + 5
	}
	return noJSON
}

func isHex(ch byte) bool {
	return ch >= '0' && ch <= '9' || ch >= 'a' && ch <= 'f' || ch >= 'A' && ch <= 'F'
}

func endOfWord(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return noJSON
	}
	return i + len(word)
}

func endOfNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i = endOfDigits(b, i); i < 0 {
		return noJSON
	}
	if i < len(b) && b[i] == '.' {
		if i = endOfDigits(b, i+1); i < 0 {
			return noJSON
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return endOfDigits(b, i)
	}
	return i
}

// endOfDigits takes at least one.
func endOfDigits(b []byte, i int) int {
	from := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	if i == from {
		return noJSON
	}
	return i
}
