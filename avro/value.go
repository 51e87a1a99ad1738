package avro

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects of a record may nest.
const maxDepth = 128

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

// recordError is an error with the place in the record where it arose.
type recordError struct {
	path string
	err  error
}

func (e *recordError) Error() string {
	if e.path == "" {
		return e.err.Error()
	}
	return e.path + ": " + e.err.Error()
}

func (e *recordError) Unwrap() error { return e.err }

// parseRecord parses a record, which has to be one JSON object.
func parseRecord(text []byte) (value, error) {
	v, err := parseValue(text)
	if err != nil {
		return value{}, err
	}
	if v.kind != objectValue {
		return value{}, errors.New("record is not a JSON object")
	}
	return v, nil
}

// parseValue leaves the grammar to encoding/json, so what follows may trust it. Invalid UTF-8 (each byte) and lone
// surrogates become U+FFFD, as encoding/json has it.
func parseValue(text []byte) (value, error) {
	if !json.Valid(text) {
		var raw json.RawMessage
		return value{}, fmt.Errorf("parse JSON: %w", json.Unmarshal(text, &raw))
	}
	p := parser{text: text}
	v, err := p.value(0)
	if err != nil {
		return value{}, err
	}
	return v, nil
}

// parser walks text that is known to be valid.
type parser struct {
	text []byte
	at   int
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) value(depth int) (value, error) {
	p.space()
	switch p.text[p.at] {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"':
		s, err := p.string()
		return value{kind: stringValue, text: s}, err
	case 'n':
		p.at += len("null")
		return value{}, nil
	case 't':
		p.at += len("true")
		return value{kind: trueValue}, nil
	case 'f':
		p.at += len("false")
		return value{kind: falseValue}, nil
	}
	from := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789eE", p.text[p.at]) >= 0 {
		p.at++
	}
	return value{kind: numberValue, text: string(p.text[from:p.at])}, nil
}

func (p *parser) array(depth int) (value, error) {
	v := value{kind: arrayValue}
	if depth >= maxDepth {
		return v, &recordError{err: fmt.Errorf("arrays and objects nest deeper than %d", maxDepth)}
	}
	p.at++
	for {
		p.space()
		switch p.text[p.at] {
		case ']':
			p.at++
			return v, nil
		case ',':
			p.at++
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return v, within("["+strconv.Itoa(len(v.items))+"]", err)
		}
		v.items = append(v.items, item)
	}
}

func (p *parser) object(depth int) (value, error) {
	v := value{kind: objectValue}
	if depth >= maxDepth {
		return v, &recordError{err: fmt.Errorf("arrays and objects nest deeper than %d", maxDepth)}
	}
	p.at++
	for {
		p.space()
		switch p.text[p.at] {
		case '}':
			p.at++
			v.members = lastOfEach(v.members)
			return v, nil
		case ',':
			p.at++
			p.space()
		}
		name, err := p.string()
		if err != nil {
			return v, err
		}
		p.space()
		p.at++ // the colon
		item, err := p.value(depth + 1)
		if err != nil {
			return v, within(pathSegment(name), err)
		}
		v.members = append(v.members, member{name, item})
	}
}

func (p *parser) string() (string, error) {
	from, plain := p.at, true
	for p.at++; p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			plain = false
			p.at++
		}
	}
	p.at++
	raw := p.text[from:p.at]
	if plain && utf8.Valid(raw) {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}

// lastOfEach drops all but the last member of a name; the order of those that stay is kept.
func lastOfEach(ms []member) []member {
	last := make(map[string]int, len(ms))
	for i, m := range ms {
		last[m.name] = i
	}
	if len(last) == len(ms) {
		return ms
	}
	kept := ms[:0]
	for i, m := range ms {
		if last[m.name] == i {
			kept = append(kept, m)
		}
	}
	return kept
}

// within puts a path segment before the path of err.
func within(segment string, err error) error {
	var at *recordError
	if !errors.As(err, &at) {
		return &recordError{segment, err}
	}
	if at.path != "" && at.path[0] != '[' {
		segment += "."
	}
	return &recordError{segment + at.path, at.err}
}

// pathSegment is a JSON name as it stands in a path; quoted where it could be misread.
func pathSegment(name string) string {
	if name == "" || strings.ContainsAny(name, ".[]\"\n\r\t ") {
		return "[" + strconv.Quote(name) + "]"
	}
	return name
}

func pathString(path []string) string {
	var b strings.Builder
	for _, name := range path {
		s := pathSegment(name)
		if b.Len() > 0 && s[0] != '[' {
			b.WriteByte('.')
		}
		b.WriteString(s)
	}
	return b.String()
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
func appendJSONString(dst []byte, s string) []byte {
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
