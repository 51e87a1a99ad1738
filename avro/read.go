package avro

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects of a record may nest.
const maxDepth = 128

// parseValue parses one JSON value. It leaves the grammar to encoding/json, so what follows may trust it. Invalid UTF-8 (each byte) and lone
// surrogates become U+FFFD, as encoding/json has it.
func parseValue(text []byte) (value, error) { return new(parser).parse(text) }

// parser walks text that is known to be valid. It may parse many texts, one after the other; what it returned stays as it is.
type parser struct {
	text  string
	at    int
	utf8  bool     // all of text is
	open  []member // of the objects that are being parsed, the innermost last
	room  []member // for those that are complete
	names [8]uint64
}

func (p *parser) parse(text []byte) (value, error) {
	if !json.Valid(text) {
		var raw json.RawMessage
		return value{}, fmt.Errorf("parse JSON: %w", json.Unmarshal(text, &raw))
	}
	p.text, p.at, p.open = string(text), 0, p.open[:0]
	p.utf8 = utf8.ValidString(p.text)
	v, err := p.value(0)
	if err != nil {
		return value{}, err
	}
	return v, nil
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
	return value{kind: numberValue, text: p.text[from:p.at]}, nil
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
	first := len(p.open)
	for {
		p.space()
		switch p.text[p.at] {
		case '}':
			p.at++
			v.members = p.keep(p.lastOfEach(p.open[first:]))
			p.open = p.open[:first]
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
		p.open = append(p.open, member{name, item})
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
	if plain && (p.utf8 || utf8.ValidString(raw)) {
		return raw[1 : len(raw)-1], nil
	}
	var s string
	err := json.Unmarshal([]byte(raw), &s)
	return s, err
}

// roomMembers is for how many members room is made at a time.
const roomMembers = 512

// keep copies members to where they may stay.
func (p *parser) keep(ms []member) []member {
	if len(ms) == 0 {
		return nil
	}
	if cap(p.room)-len(p.room) < len(ms) {
		p.room = make([]member, 0, max(roomMembers, len(ms)))
	}
	from := len(p.room)
	p.room = append(p.room, ms...)
	return p.room[from:len(p.room):len(p.room)]
}

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
