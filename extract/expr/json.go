package expr

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"sync"
	"unicode/utf8"
)

// JSON returns the value of a JSON text. Its lists and mappings are read where they are asked for: a member is found in the
// bytes, and what is beside it is skipped. Numbers keep their digits and mappings their order; of repeated names the last
// counts. The caller has checked that raw is JSON, and leaves it alone as long as the value is used. Goroutines may share it.
func JSON(raw []byte) any {
	i := skipSpace(raw, 0)
	if i >= len(raw) {
		return &undefined{what: "an empty JSON text"}
	}
	span := bytes.TrimRight(raw[i:], " \n\r\t")
	span = span[:len(span):len(span)]
	switch raw[i] {
	case '{':
		return &object{raw: span}
	case '[':
		return &array{raw: span}
	case '"':
		return textOf(span[:skipString(span, 0)])
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	}
	return jsonNumber(string(span))
}

// textOf unescapes a JSON string.
func textOf(raw []byte) string {
	if len(raw) > 1 && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// jsonNumber returns an int64, a *big.Int, or a float64 where it is spelt like the text; else the text itself.
func jsonNumber(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil && text != "-0" {
		return i
	}
	if len(text) < maxDigits && !bytes.ContainsAny([]byte(text), ".eE") {
		if i, ok := new(big.Int).SetString(text, 10); ok && text != "-0" {
			return i
		}
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && floatText(f) == text {
		return f
	}
	if !json.Valid([]byte(text)) {
		return &undefined{what: "a broken JSON text"}
	}
	return json.Number(text)
}

// object is a mapping that still is bytes.
type object struct {
	raw     []byte
	once    sync.Once
	members []jsonMember
}

type jsonMember struct{ name, value []byte } // the name with its quotes

// cost returns how many bytes the next question has to look through.
func (o *object) cost() int {
	if o.index() {
		return len(o.raw)
	}
	return 16 * len(o.members)
}

// index finds the members, once; it reports whether it was this call that did.
func (o *object) index() (first bool) {
	o.once.Do(func() { first, o.members = true, membersOf(o.raw) })
	return first
}

// any reports whether there is a member, without looking for all.
func (o *object) any() bool {
	i := skipSpace(o.raw, 1)
	return i < len(o.raw) && o.raw[i] == '"'
}

// Get returns a member's value.
func (o *object) Get(key any) (any, bool) {
	name, ok := key.(string)
	if !ok {
		return nil, false
	}
	o.index()
	for i := len(o.members) - 1; i >= 0; i-- {
		if o.members[i].is(name) {
			return JSON(o.members[i].value), true
		}
	}
	return nil, false
}

func (m jsonMember) is(name string) bool {
	inner := m.name[1 : len(m.name)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner) == name
	}
	return textOf(m.name) == name
}

// Each goes through the members; a name that is repeated comes once, with its last value.
func (o *object) Each(f func(key, value any) bool) {
	o.index()
	last := make(map[string]int, len(o.members))
	names := make([]string, len(o.members))
	for i, m := range o.members {
		names[i] = textOf(m.name)
		last[names[i]] = i
	}
	for _, name := range names {
		if i, again := last[name]; again {
			delete(last, name)
			if !f(name, JSON(o.members[i].value)) {
				return
			}
		}
	}
}

// Len returns the number of members.
func (o *object) Len() int {
	n := 0
	o.Each(func(any, any) bool { n++; return true })
	return n
}

// array is a list that still is bytes.
type array struct {
	raw      []byte
	once     sync.Once
	elements [][]byte
}

func (a *array) index() (first bool) {
	a.once.Do(func() { first, a.elements = true, elementsOf(a.raw) })
	return first
}

func (a *array) any() bool {
	i := skipSpace(a.raw, 1)
	return i < len(a.raw) && a.raw[i] != ']'
}

func (a *array) size() int {
	a.index()
	return len(a.elements)
}

func (a *array) all() []any {
	a.index()
	items := make([]any, len(a.elements))
	for i, e := range a.elements {
		items[i] = JSON(e)
	}
	return items
}

// AppendJSON appends a value as JSON. Mappings keep their order; a part of a JSON text is copied as it is spelt.
func AppendJSON(dst []byte, v any) ([]byte, error) { return appendJSON(dst, fromGo(v), 0) }

func appendJSON(dst []byte, v any, depth int) ([]byte, error) {
	if depth > maxDeep {
		return nil, failuref("nested deeper than %d", maxDeep)
	}
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case *object:
		return append(dst, v.raw...), nil
	case *array:
		return append(dst, v.raw...), nil
	case []any:
		return appendList(dst, v, depth)
	case Tuple:
		return appendList(dst, v, depth)
	case mapping:
		return appendMapping(dst, v, depth)
	case bool:
		return strconv.AppendBool(dst, v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, failure("a number that JSON cannot spell")
		}
		return append(dst, floatText(v)...), nil
	case int64, *big.Int, json.Number:
		return append(dst, pythonRepr(v)...), nil
	case *undefined:
		return nil, failure(v.missing())
	}
	return appendText(dst, pythonStr(v)), nil
}

func appendList(dst []byte, items []any, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendJSON(dst, item, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendMapping(dst []byte, m mapping, depth int) (_ []byte, err error) {
	dst = append(dst, '{')
	first := true
	m.Each(func(k, value any) bool {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		var name string
		if name, err = nameOf(k); err != nil {
			return false
		}
		dst = append(appendText(dst, name), ':')
		dst, err = appendJSON(dst, value, depth+1)
		return err == nil
	})
	return append(dst, '}'), err
}

// nameOf spells a key: JSON's names are texts.
func nameOf(key any) (string, error) {
	switch k := key.(type) {
	case string:
		return k, nil
	case nil:
		return "null", nil
	case bool:
		return strconv.FormatBool(k), nil
	case int64, *big.Int, json.Number, float64:
		return pythonRepr(k), nil
	}
	return "", failuref("%s cannot be a name in JSON", kindOf(key))
}

// appendText appends a JSON string.
func appendText(dst []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // operators such as > stay readable in what is shown to people
	if enc.Encode(s) != nil {
		return append(dst, `""`...) // cannot happen: every string has a JSON form
	}
	return append(dst, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
