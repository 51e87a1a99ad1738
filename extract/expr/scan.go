package expr

import "bytes"

// These walk over JSON without decoding it. On bytes that are no JSON they give something, but stay inside and end.

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// skipString returns the index behind the string that begins at i.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		end := bytes.IndexByte(b[i:], '"')
		if end < 0 {
			return len(b)
		}
		slash := bytes.IndexByte(b[i:i+end], '\\')
		if slash < 0 {
			return i + end + 1
		}
		i += slash + 1 // on the escaped byte: the loop goes behind it
	}
	return len(b)
}

// structural marks the bytes that matter to skipValue inside a list or mapping.
var structural = [256]bool{'"': true, '{': true, '[': true, '}': true, ']': true}

// skipValue returns the index behind the value that begins at i.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for i < len(b) {
			c := b[i]
			if !structural[c] {
				i++
				continue
			}
			switch c {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			default:
				depth--
			}
			if i++; depth == 0 {
				return i
			}
		}
		return len(b)
	}
	for ; i < len(b); i++ {
		switch b[i] {
		case ',', ']', '}', ' ', '\n', '\r', '\t':
			return i
		}
	}
	return len(b)
}

// membersOf returns the members of an object, in order.
func membersOf(b []byte) []jsonMember {
	var members []jsonMember
	for i := skipSpace(b, 1); i < len(b) && b[i] == '"'; {
		end := skipString(b, i)
		if end-i < 2 {
			break
		}
		name := b[i:end:end]
		from := skipSpace(b, skipSpace(b, end)+1) // behind the colon
		if from >= len(b) {
			break
		}
		end = skipValue(b, from)
		members = append(members, jsonMember{name, b[from:end:end]})
		if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	return members
}

// elementsOf returns the elements of an array.
func elementsOf(b []byte) [][]byte {
	var elements [][]byte
	for i := skipSpace(b, 1); i < len(b) && b[i] != ']'; {
		end := skipValue(b, i)
		if end == i {
			break // no value: not JSON
		}
		elements = append(elements, b[i:end:end])
		if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	return elements
}

// tooDeep reports whether a JSON text nests further than may be written, at a depth.
func tooDeep(b []byte, depth int) bool {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = skipString(b, i) - 1
		case '{', '[':
			if depth++; depth > maxDeep {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}
