package extract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// step is one processing step: a filter or a mapping. It works on a record's bytes and leaves what it does not name as it is spelt.
type step struct {
	filter  *filter
	mapping *mapping
}

// process applies the steps in order. A record that a filter drops is not mapped further; its bytes are of no use.
func process(steps []step, obj []byte) (out []byte, dropped bool, err error) {
	for _, s := range steps {
		if s.mapping != nil {
			obj = s.mapping.apply(obj)
			continue
		}
		matches, err := s.filter.matches(obj)
		if err != nil || !matches {
			return obj, true, err
		}
	}
	return obj, false, nil
}

// filter compares one field with literals, in JSON. All conditions must hold.
type filter struct {
	path           []string
	exists         *bool
	in, notIn      []json.RawMessage // equals and not_equals are lists of one
	hasIn          bool
	atLeast, below json.RawMessage // nil: no bound
}

// matches reports whether the record is kept. What is absent or null equals nothing and is in no range. An order between different
// kinds of values is an error: a record must not get lost because an API changed a type.
func (f *filter) matches(obj []byte) (bool, error) {
	v := at(obj, f.path)
	if f.exists != nil && *f.exists == absent(v) {
		return false, nil
	}
	if f.hasIn && !oneOf(v, f.in) || oneOf(v, f.notIn) {
		return false, nil
	}
	for _, bound := range []struct {
		value json.RawMessage
		below bool
	}{{f.atLeast, false}, {f.below, true}} {
		if bound.value == nil {
			continue
		}
		if absent(v) {
			return false, nil
		}
		if jsonKind(v) != jsonKind(bound.value) {
			return false, fmt.Errorf("filter: %s is %s, which has no order with %s", strings.Join(f.path, "."), jsonKind(v), shown(bound.value))
		}
		if less := compareScalars(v, bound.value) < 0; less != bound.below {
			return false, nil
		}
	}
	return true, nil
}

func oneOf(v json.RawMessage, list []json.RawMessage) bool {
	for _, literal := range list {
		if !absent(v) && jsonKind(v) == jsonKind(literal) && compareScalars(v, literal) == 0 {
			return true
		}
	}
	return false
}

// compareScalars compares two values of the same kind: texts by their bytes, numbers exactly, and false before true. Objects and lists
// are never the literal of a filter.
func compareScalars(a, b json.RawMessage) int {
	switch a[0] {
	case '"':
		return strings.Compare(plainText(a), plainText(b))
	case 't', 'f':
		return strings.Compare(string(a), string(b))
	}
	return parseDecimal(a).compare(parseDecimal(b))
}

// plainText unescapes a JSON string.
func plainText(v json.RawMessage) string {
	if bytes.IndexByte(v, '\\') < 0 && utf8.Valid(v) {
		return string(v[1 : len(v)-1])
	}
	var s string
	_ = json.Unmarshal(v, &s) // the page was checked to be JSON
	return s
}

// decimal is a number without loss: ± 0.digits × 10^exp, without zeros at the ends.
type decimal struct {
	negative bool
	digits   string // "": zero
	exp      int64
}

const maxExp = 1 << 60 // no digits lie behind: what is larger is as good as this

// parseDecimal reads a JSON number.
func parseDecimal(raw []byte) decimal {
	var d decimal
	text := string(raw)
	text, d.negative = strings.TrimPrefix(text, "-"), strings.HasPrefix(text, "-")
	mantissa, exponent := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	d.exp = int64(len(whole)) - int64(len(whole)+len(fraction)-len(digits))
	if d.digits = strings.TrimRight(digits, "0"); d.digits == "" {
		return decimal{}
	}
	sign, shift := int64(1), int64(0)
	if strings.HasPrefix(exponent, "-") {
		sign = -1
	}
	for _, c := range strings.TrimLeft(exponent, "+-0") {
		if shift = shift*10 + int64(c-'0'); shift > maxExp {
			shift = maxExp
		}
	}
	d.exp += sign * shift
	return d
}

func (d decimal) compare(e decimal) int {
	switch {
	case d.digits == "" && e.digits == "":
		return 0
	case d.digits == "":
		return map[bool]int{true: 1, false: -1}[e.negative]
	case e.digits == "" || d.negative != e.negative:
		return map[bool]int{true: -1, false: 1}[d.negative]
	}
	order := strings.Compare(d.digits, e.digits)
	if d.exp != e.exp {
		order = map[bool]int{true: -1, false: 1}[d.exp < e.exp]
	}
	if d.negative {
		return -order
	}
	return order
}

// mapping changes fields. All its names are those of the record that it gets: what is renamed or removed can be lifted too.
type mapping struct {
	rename []renamed
	lift   []lifted
	remove [][]string
}

type renamed struct{ from, to string }

type lifted struct {
	to   string
	path []string
}

// apply returns the changed record. A name that is given anew takes the place of a field that has it; where there is nothing to rename
// or to lift that field stays.
func (m *mapping) apply(obj []byte) []byte {
	var given []string // names that are given anew
	for _, r := range m.rename {
		if at(obj, []string{r.from}) != nil {
			given = append(given, r.to)
		}
	}
	values := make([]json.RawMessage, len(m.lift))
	for i, l := range m.lift {
		if values[i] = at(obj, l.path); values[i] != nil {
			given = append(given, l.to)
		}
	}
	out := append(make([]byte, 0, len(obj)+64), '{')
	eachMember(obj, func(field member) bool {
		value, removed := remove(field, m.remove)
		if removed {
			return true
		}
		name := field.name
		for _, r := range m.rename {
			if field.is(r.from) {
				out = appendMember(out, []byte(quote(r.to)), value)
				return true
			}
		}
		for _, g := range given {
			if field.is(g) {
				return true
			}
		}
		out = appendMember(out, name, value)
		return true
	})
	for i, l := range m.lift {
		if values[i] != nil {
			out = appendMember(out, []byte(quote(l.to)), values[i])
		}
	}
	return append(out, '}')
}

func appendMember(out, name []byte, value json.RawMessage) []byte {
	if len(out) > 0 && out[len(out)-1] != '{' {
		out = append(out, ',')
	}
	return append(append(append(out, name...), ':'), value...)
}

// remove takes paths out of a member: it returns what is left of its value, or that the member itself is to go.
func remove(field member, paths [][]string) (json.RawMessage, bool) {
	var inner [][]string
	for _, path := range paths {
		if !field.is(path[0]) {
			continue
		}
		if len(path) == 1 {
			return nil, true
		}
		inner = append(inner, path[1:])
	}
	if inner == nil || len(field.value) == 0 || field.value[0] != '{' {
		return field.value, false
	}
	out := append(make([]byte, 0, len(field.value)), '{')
	eachMember(field.value, func(f member) bool {
		if value, removed := remove(f, inner); !removed {
			out = appendMember(out, f.name, value)
		}
		return true
	})
	return append(out, '}'), false
}
