package avro

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep arrays and objects of a record may nest.
const maxDepth = 128

// parseValue parses one JSON value with a library's tokenizer: the way of all that a walk leaves, and of what a schema grows by. Invalid
// UTF-8 (each byte) and lone surrogates become U+FFFD, as encoding/json has it.
func parseValue(text []byte) (value, error) {
	r := reader{jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	v, err := r.value(0)
	if err == nil {
		if _, err = r.ReadToken(); err == nil {
			err = syntaxError(errors.New("more than one value"), r.InputOffset())
		} else if errors.Is(err, io.EOF) {
			return v, nil
		}
	}
	var at *recordError
	if errors.As(err, &at) {
		return value{}, err
	}
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax):
		err = syntaxError(syntax.Err, syntax.ByteOffset)
	case errors.Is(err, io.EOF):
		err = syntaxError(io.ErrUnexpectedEOF, r.InputOffset())
	}
	return value{}, err
}

func syntaxError(err error, offset int64) error {
	return fmt.Errorf("parse JSON: %w at byte %d", err, offset)
}

// reader puts tokens together to values.
type reader struct{ *jsontext.Decoder }

func (r reader) value(depth int) (value, error) {
	t, err := r.ReadToken()
	if err != nil {
		return value{}, err
	}
	switch t.Kind() {
	case '{', '[':
		if depth >= maxDepth {
			return value{}, &recordError{err: fmt.Errorf("arrays and objects nest deeper than %d", maxDepth)}
		}
		if t.Kind() == '{' {
			return r.object(depth)
		}
		return r.array(depth)
	case '"':
		return value{kind: stringValue, text: t.String()}, nil
	case '0':
		return value{kind: numberValue, text: t.String()}, nil
	case 't':
		return value{kind: trueValue}, nil
	case 'f':
		return value{kind: falseValue}, nil
	}
	return value{}, nil
}

func (r reader) array(depth int) (value, error) {
	v := value{kind: arrayValue}
	for r.PeekKind() != ']' {
		item, err := r.value(depth + 1)
		if err != nil {
			return v, inPath("["+strconv.Itoa(len(v.items))+"]", err)
		}
		v.items = append(v.items, item)
	}
	_, err := r.ReadToken()
	return v, err
}

func (r reader) object(depth int) (value, error) {
	v := value{kind: objectValue}
	for r.PeekKind() != '}' {
		t, err := r.ReadToken()
		if err != nil {
			return v, err
		}
		name := t.String()
		item, err := r.value(depth + 1)
		if err != nil {
			return v, inPath(pathSegment(name), err)
		}
		v.members = append(v.members, member{name, item})
	}
	_, err := r.ReadToken()
	v.members = lastOfEach(v.members)
	return v, err
}

// inPath tells of an error where in the record it is; one of syntax says so by its offset.
func inPath(segment string, err error) error {
	var at *recordError
	if errors.As(err, &at) {
		return within(segment, err)
	}
	return err
}

// fewMembers is up to how many names are compared one by one.
const fewMembers = 16

// lastOfEach drops all but the last member of a name; the order of those that stay is kept.
func lastOfEach(ms []member) []member {
	if len(ms) <= fewMembers && distinct(ms) {
		return ms
	}
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

func distinct(ms []member) bool {
	for i := range ms {
		for j := range i {
			if ms[i].name == ms[j].name {
				return false
			}
		}
	}
	return true
}
