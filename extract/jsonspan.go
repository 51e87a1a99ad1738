package extract

import (
	"bytes"
	"encoding/json"
)

// member is one name and value of an object, as spans of its bytes. start and end include the name.
type member struct {
	name       []byte // with its quotes
	escaped    bool   // there are escapes in it
	value      json.RawMessage
	start, end int
}

// is reports whether the member has that name.
func (m member) is(name string) bool { return sameName(m.name, m.escaped, name) }

// eachMember calls f for the members of an object until it returns false. Anything but an object has none.
func eachMember(obj []byte, f func(member) bool) {
	i := skipSpace(obj, 0)
	if i >= len(obj) || obj[i] != '{' {
		return
	}
	i = skipSpace(obj, i+1)
	for more := i < len(obj) && obj[i] == '"'; more; {
		m := member{start: i}
		var name, from int
		if from, name, m.escaped = endOfName(obj, i); from < 0 {
			return
		}
		if m.end = endOfValue(obj, from, 0); m.end < 0 {
			return
		}
		m.name, m.value = obj[m.start:name], obj[from:m.end:m.end]
		if !f(m) {
			return
		}
		i, more = next(obj, m.end, '}')
	}
}

// eachElement calls f for the elements of an array. It reports whether b is an array.
func eachElement(b []byte, f func(json.RawMessage)) bool {
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '[' {
		return false
	}
	i = skipSpace(b, i+1)
	for more := i < len(b) && b[i] != ']'; more; {
		end := endOfValue(b, i, 0)
		if end < 0 {
			break
		}
		f(b[i:end:end])
		i, more = next(b, end, ']')
	}
	return true
}

// at returns the value at a path of member names; nil if there is none. Of repeated names the last counts, as with every
// common parser.
func at(b []byte, path []string) json.RawMessage {
	i := skipSpace(b, 0)
	value := json.RawMessage(bytes.TrimRight(b[i:], " \n\r\t"))
	for _, name := range path {
		var found json.RawMessage
		eachMember(value, func(m member) bool {
			if m.is(name) {
				found = m.value
			}
			return true
		})
		if value = found; value == nil {
			return nil
		}
	}
	return value
}

// absent reports whether a value is missing or null.
func absent(v json.RawMessage) bool { return v == nil || string(v) == "null" }

// jsonKind names what a value is, for messages.
func jsonKind(v json.RawMessage) string {
	if len(v) == 0 {
		return "nothing"
	}
	switch v[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "text"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// withMembers returns obj with the members appended. Those of the same name that it has already are taken out, so that
// ours count whatever a reader makes of repeated names. names and values have the same length.
func withMembers(obj []byte, names []string, values []json.RawMessage) []byte {
	out := make([]byte, 0, len(obj)+32*len(names))
	out = append(out, '{')
	eachMember(obj, func(m member) bool {
		for _, name := range names {
			if m.is(name) {
				return true
			}
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, obj[m.start:m.end]...)
		return true
	})
	for i, name := range names {
		if len(out) > 1 {
			out = append(out, ',')
		}
		quoted, _ := json.Marshal(name) // a string always has a JSON form
		out = append(append(append(out, quoted...), ':'), values[i]...)
	}
	return append(out, '}')
}
