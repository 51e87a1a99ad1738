package avro

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects of a record may nest.
const maxDepth = 128

// errSyntax says that a text is not JSON. What people read of it is encoding/json's own error.
var errSyntax = errors.New("not JSON")

// parseValue parses one JSON value, by the grammar of RFC 8259 and nothing beyond it. Invalid UTF-8 (each byte) and lone surrogates
// become U+FFFD, as encoding/json has it.
func parseValue(text []byte) (value, error) { return new(parser).parse(text) }

// parser checks and takes a text apart in one walk; a test holds it against encoding/json, value by value. It may parse many texts,
// one after the other; what it returned stays as it is.
type parser struct {
	text  string
	at    int
	utf8  bool     // all of text is
	open  []member // of the objects that are being parsed, the innermost last
	room  []member // for those that are complete
	full  [][]member
	free  [][]member
	names [8]uint64
}

func (p *parser) parse(text []byte) (value, error) {
	p.text, p.at, p.open = string(text), 0, p.open[:0]
	p.utf8 = utf8.ValidString(p.text)
	v, err := p.value(0)
	if p.next(); err == nil && p.at < len(p.text) {
		err = errSyntax
	}
	if errors.Is(err, errSyntax) {
		var raw json.RawMessage
		err = fmt.Errorf("parse JSON: %w", json.Unmarshal(text, &raw))
	}
	if err != nil {
		return value{}, err
	}
	return v, nil
}

// next skips white space and returns the byte behind it, 0 at the end of the text; a byte of 0 begins nothing in JSON.
func (p *parser) next() byte {
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (p *parser) value(depth int) (value, error) {
	switch c := p.next(); c {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"':
		s, err := p.string()
		return value{kind: stringValue, text: s}, err
	case 'n':
		return value{}, p.word("null")
	case 't':
		return value{kind: trueValue}, p.word("true")
	case 'f':
		return value{kind: falseValue}, p.word("false")
	default:
		return p.number()
	}
}

func (p *parser) word(w string) error {
	if !strings.HasPrefix(p.text[p.at:], w) {
		return errSyntax
	}
	p.at += len(w)
	return nil
}

func (p *parser) number() (value, error) {
	from := p.at
	p.is('-')
	ok := p.is('0') || p.digits()
	if ok && p.is('.') {
		ok = p.digits()
	}
	if ok && (p.is('e') || p.is('E')) {
		_ = p.is('+') || p.is('-')
		ok = p.digits()
	}
	if !ok {
		return value{}, errSyntax
	}
	return value{kind: numberValue, text: p.text[from:p.at]}, nil
}

// is skips c and reports whether it was there.
func (p *parser) is(c byte) bool {
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// digits skips digits and reports whether there was one.
func (p *parser) digits() bool {
	from := p.at
	for p.at < len(p.text) && p.text[p.at]-'0' <= 9 {
		p.at++
	}
	return p.at > from
}

func (p *parser) array(depth int) (value, error) {
	v := value{kind: arrayValue}
	if depth >= maxDepth {
		return v, &recordError{err: fmt.Errorf("arrays and objects nest deeper than %d", maxDepth)}
	}
	p.at++
	if p.next() == ']' {
		p.at++
		return v, nil
	}
	for {
		item, err := p.value(depth + 1)
		if err != nil {
			return v, within("["+strconv.Itoa(len(v.items))+"]", err)
		}
		v.items = append(v.items, item)
		switch p.next() {
		case ']':
			p.at++
			return v, nil
		case ',':
			p.at++
		default:
			return v, errSyntax
		}
	}
}

func (p *parser) object(depth int) (value, error) {
	v := value{kind: objectValue}
	if depth >= maxDepth {
		return v, &recordError{err: fmt.Errorf("arrays and objects nest deeper than %d", maxDepth)}
	}
	p.at++
	if p.next() == '}' {
		p.at++
		return v, nil
	}
	first := len(p.open)
	for {
		if p.next() != '"' {
			return v, errSyntax
		}
		name, err := p.string()
		if err != nil {
			return v, err
		}
		if p.next() != ':' {
			return v, errSyntax
		}
		p.at++
		item, err := p.value(depth + 1)
		if err != nil {
			return v, within(pathSegment(name), err)
		}
		p.open = append(p.open, member{name, item})
		switch p.next() {
		case '}':
			p.at++
			v.members = p.keep(p.lastOfEach(p.open[first:]))
			p.open = p.open[:first]
			return v, nil
		case ',':
			p.at++
		default:
			return v, errSyntax
		}
	}
}

func (p *parser) string() (string, error) {
	from, plain := p.at, true
	for p.at++; ; p.at++ {
		if p.at >= len(p.text) || p.text[p.at] < ' ' {
			return "", errSyntax
		}
		if p.text[p.at] == '"' {
			break
		}
		if p.text[p.at] == '\\' {
			plain = false
			p.at++ // of what follows only a quote matters here; encoding/json looks at the rest
		}
	}
	p.at++
	raw := p.text[from:p.at]
	if plain && (p.utf8 || utf8.ValidString(raw)) {
		return raw[1 : len(raw)-1], nil
	}
	var s string
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return "", errSyntax
	}
	return s, nil
}

// roomMembers is for how many members room is made at a time.
const roomMembers = 512

// keep copies members to where they may stay.
func (p *parser) keep(ms []member) []member {
	if len(ms) == 0 {
		return nil
	}
	if cap(p.room)-len(p.room) < len(ms) {
		p.nextRoom(len(ms))
	}
	from := len(p.room)
	p.room = append(p.room, ms...)
	return p.room[from:len(p.room):len(p.room)]
}

// nextRoom takes a room that is free again, or makes one.
func (p *parser) nextRoom(members int) {
	if p.room != nil {
		p.full = append(p.full, p.room)
	}
	if n := len(p.free); n > 0 && members <= roomMembers {
		p.room, p.free = p.free[n-1], p.free[:n-1]
		return
	}
	p.room = make([]member, 0, max(roomMembers, members))
}

// again makes the parser's rooms free: nothing that it returned may be used any more. Rooms of an unusual size are given up.
func (p *parser) again() {
	for _, room := range append(p.full, p.room) {
		if cap(room) == roomMembers && len(p.free) < maxFree {
			clear(room) // what was parsed is not to be held
			p.free = append(p.free, room[:0])
		}
	}
	clear(p.full)
	clear(p.open[:cap(p.open)])
	p.text, p.room, p.full, p.open = "", nil, p.full[:0], p.open[:0]
}

// maxFree bounds what a parser keeps for the next page: some 2 MB.
const maxFree = 48

// lastOfEach drops all but the last member of a name; the order of those that stay is kept. Most objects have no name twice, which a
// few bits of each name mostly show.
func (p *parser) lastOfEach(ms []member) []member {
	clear(p.names[:])
	for i, m := range ms {
		bit := uint(len(m.name))
		if n := len(m.name); n > 0 {
			bit = (bit*31+uint(m.name[n-1]))*31 + uint(m.name[n/2])*7 + uint(m.name[0])
		}
		word, mask := &p.names[bit/64%8], uint64(1)<<(bit%64)
		if *word&mask != 0 && slices.ContainsFunc(ms[:i], func(had member) bool { return had.name == m.name }) {
			return dropEarlier(ms)
		}
		*word |= mask
	}
	return ms
}

func dropEarlier(ms []member) []member {
	last := make(map[string]int, len(ms))
	for i, m := range ms {
		last[m.name] = i
	}
	kept := ms[:0]
	for i, m := range ms {
		if last[m.name] == i {
			kept = append(kept, m)
		}
	}
	return kept
}
