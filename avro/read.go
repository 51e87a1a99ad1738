package avro

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects of a record may nest.
const maxDepth = 128

// parseValue parses one JSON value. It leaves the grammar to encoding/json, so what follows may trust it. Invalid UTF-8 (each byte) and lone
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
