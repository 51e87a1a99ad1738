package avro

import "unicode/utf8"

type valueKind uint8

const (
	nullValue valueKind = iota
	falseValue
	trueValue
	numberValue
	stringValue
	arrayValue
	objectValue
)

// value is one parsed JSON value. Numbers stay as they are spelled: converting them is a matter of the field they go to.
type value struct {
	kind    valueKind
	text    string // a string's text, or a number's literal
	items   []value
	members []member // of duplicate names the last one only
}

type member struct {
	name  string
	value value
}

// member returns the value of a name; a null value for none.
func (v value) member(name string) value {
	for _, m := range v.members {
		if m.name == name {
			return m.value
		}
	}
	return value{}
}

// blank reports whether v equals absent: null, an empty array, an object of nothing but such.
func (v value) blank() bool {
	switch v.kind {
	case nullValue:
		return true
	case arrayValue:
		return len(v.items) == 0
	case objectValue:
		for _, m := range v.members {
			if !m.value.blank() {
				return false
			}
		}
		return true
	}
	return false
}

// untyped reports whether v is an array that has items, none of which tells a type: [null], [{}], [[]].
func (v value) untyped() bool {
	if v.kind != arrayValue || len(v.items) == 0 {
		return false
	}
	for _, item := range v.items {
		if !item.blank() && !item.untyped() {
			return false
		}
	}
	return true
}

// appendJSON appends v as compact JSON: members in their order, numbers as spelled, nulls kept, nothing escaped that
// need not be.
func (v value) appendJSON(dst []byte) []byte {
	switch v.kind {
	case falseValue:
		return append(dst, "false"...)
	case trueValue:
		return append(dst, "true"...)
	case numberValue:
		return append(dst, v.text...)
	case stringValue:
		return appendJSONString(dst, v.text)
	case arrayValue:
		dst = append(dst, '[')
		for i, item := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.appendJSON(dst)
		}
		return append(dst, ']')
	case objectValue:
		dst = append(dst, '{')
		for i, m := range v.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSONString(dst, m.name), ':')
			dst = m.value.appendJSON(dst)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

// appendJSONString appends s, which is valid UTF-8, as a JSON string with the escapes that JSON requires and no others.
func appendJSONString[T string | []byte](dst []byte, s T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// validText returns s with each byte that is not UTF-8 as U+FFFD.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}
