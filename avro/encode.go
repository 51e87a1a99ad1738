package avro

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// encoder writes JSON values as Avro binary by going over a schema's tree. What the tree has no field for is noted in misses
// and left out; the caller lets the schema grow and encodes again.
//
// It is the slow of two ways: the one for records that ask for fields, are not as they should be, or that a walk is in doubt of for another
// reason, and the measure for what a walk writes.
type encoder struct {
	misses []miss
	values []*value // of the records that are being written, the innermost last

	tracing bool     // misses tell their place to the item; else they are told from where they are in the schema
	trace   []string // segments of the path to what is being written
}

// miss is a value for which a record has no field.
type miss struct {
	record   *node
	jsonName string
	variant  variant
	member   *member // of the object that is encoded
	at       string  // JSON path, when the encoder traces
}

// appendRecord appends object, a JSON object, in the shape of n, a record. The error is a *recordError.
func (e *encoder) appendRecord(dst []byte, n *node, object value) ([]byte, error) {
	first := len(e.values)
	e.values = append(e.values, make([]*value, len(n.fields))...)
	values := e.values[first:] // stays what it is while records within this one are written behind it
	var rest []member
	for i := range object.members {
		m := &object.members[i]
		if m.value.kind == nullValue {
			continue
		}
		s := n.byName[m.name]
		if s == nil {
			s = &noSlots
		}
		var base *node
		if s[baseVariant] >= 0 {
			base = n.fields[s[baseVariant]].typ
		}
		target, skip := place(base, m.value)
		if skip {
			continue
		}
		if target == longVariant && base.kind == stringKind && n.fields[s[baseVariant]].null < 0 {
			values[s[baseVariant]] = &m.value // a key: its digits, and beside them the typed copy
		}
		switch {
		case s[target] >= 0:
			values[s[target]] = &m.value
		case base == nil && n.rest >= 0:
			rest = append(rest, *m)
		default:
			e.miss(n, m, target)
		}
	}
	if len(rest) > 0 {
		values[n.rest] = &value{kind: objectValue, members: rest}
	}
	dst, err := e.appendFields(dst, n, values)
	e.values = e.values[:first]
	return dst, err
}

func (e *encoder) miss(n *node, m *member, target variant) {
	one := miss{record: n, jsonName: m.name, variant: target, member: m}
	if e.tracing {
		one.at = joinSegments(append(slices.Clip(e.trace), pathSegment(m.name)))
	}
	e.misses = append(e.misses, one)
}

func (e *encoder) appendFields(dst []byte, n *node, values []*value) ([]byte, error) {
	var err error
	for i, f := range n.fields {
		v := values[i]
		switch {
		case v == nil && f.filler != nil:
			dst = append(dst, f.filler...)
			continue
		case v == nil && f.null < 0:
			path := append(append([]string{}, n.path...), f.jsonName)
			return dst, &recordError{pathString(path), errors.New("field is missing and the schema requires it")}
		case v == nil:
			dst = binary.AppendVarint(dst, int64(f.null))
			continue
		case f.null >= 0:
			dst = binary.AppendVarint(dst, int64(1-f.null))
		}
		if e.tracing {
			e.trace = append(e.trace, pathSegment(f.jsonName))
		}
		if dst, err = e.appendValue(dst, f.typ, *v); err != nil {
			return dst, err
		}
		if e.tracing {
			e.trace = e.trace[:len(e.trace)-1]
		}
	}
	return dst, nil
}

// appendValue appends v, of which place said that n takes it.
func (e *encoder) appendValue(dst []byte, n *node, v value) ([]byte, error) {
	switch n.kind {
	case longKind:
		i, _ := parseDecimal(v.text).int64()
		return binary.AppendVarint(dst, i), nil
	case doubleKind:
		f, _ := exactDouble(v.text)
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f)), nil
	case stringKind:
		return appendString(dst, v.text), nil // a number's literal, too
	case booleanKind:
		if v.kind == trueValue {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case timestampKind:
		ms, _ := millis(v)
		return binary.AppendVarint(dst, ms), nil
	case dateKind:
		d, _ := days(v)
		return binary.AppendVarint(dst, int64(d)), nil
	case jsonKind:
		return appendString(dst, string(v.appendJSON(nil))), nil
	case recordKind:
		return e.appendRecord(dst, n, v)
	case arrayKind:
		return e.appendArray(dst, n, v)
	}
	return dst, fmt.Errorf("encode %s: cannot be written", n.kind)
}

func (e *encoder) appendArray(dst []byte, n *node, v value) ([]byte, error) {
	var err error
	if len(v.items) > 0 {
		dst = binary.AppendVarint(dst, int64(len(v.items)))
	}
	for i, item := range v.items {
		if e.tracing {
			e.trace = append(e.trace, "["+strconv.Itoa(i)+"]")
		}
		if dst, err = e.appendItem(dst, n, item); err != nil {
			return dst, err
		}
		if e.tracing {
			e.trace = e.trace[:len(e.trace)-1]
		}
	}
	return append(dst, 0), nil
}

func (e *encoder) appendItem(dst []byte, n *node, item value) ([]byte, error) {
	if n.nullItems {
		if item.kind == nullValue {
			return append(dst, 0), nil
		}
		dst = append(dst, 2)
	}
	return e.appendValue(dst, n.items, item)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendVarint(dst, int64(len(s))), s...)
}
