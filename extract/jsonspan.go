package extract

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// skipSpace returns the index of the first byte from i on that is no white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// shortString is how long a string must be for a search with vector instructions to pay.
const shortString = 24

// skipString returns the index behind the string that begins at i.
func skipString(b []byte, i int) int {
	from := i + 1
	for ; from < len(b) && from < i+shortString && b[from] != '\\'; from++ {
		if b[from] == '"' {
			return from + 1
		}
	}
	for {
		quote := bytes.IndexByte(b[from:], '"')
		if quote < 0 {
			return len(b)
		}
		end := from + quote
		slashes := 0
		for end-slashes > i+1 && b[end-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return end + 1
		}
		from = end + 1
	}
}

// skipValue returns the index behind the value that begins at i.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for i < len(b) {
			switch b[i] {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			i++
			if depth == 0 {
				return i
			}
		}
		return len(b)
	}
	for ; i < len(b); i++ {
		switch b[i] {
		case ',', ']', '}', ' ', '\n', '\r', '\t':
			return i
		}
	}
	return len(b)
}

// member is one name and value of an object, as spans of its bytes. start and end include the name.
type member struct {
	name       []byte // with its quotes
	value      json.RawMessage
	start, end int
}

// is reports whether the member has that name. Names are rarely escaped, so the plain spelling is tried first.
func (m member) is(name string) bool {
	inner := m.name[1 : len(m.name)-1]
	if name != "" && len(inner) > 0 && inner[0] != name[0] && inner[0] != '\\' && inner[0] < utf8.RuneSelf {
		return false // most of them
	}
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner) == name
	}
	var s string
	return json.Unmarshal(m.name, &s) == nil && s == name
}

// eachMember calls f for the members of an object until it returns false. Anything but an object has none. It returns the index behind
// the object, or where f ended it.
func eachMember(obj []byte, f func(member) bool) (end int) {
	i := skipSpace(obj, 0)
	if i >= len(obj) || obj[i] != '{' {
		return i
	}
	for i = skipSpace(obj, i+1); i < len(obj) && obj[i] == '"'; {
		m := member{start: i}
		i = skipString(obj, i)
		m.name = obj[m.start:i]
		i = skipSpace(obj, i) + 1 // the colon
		from := skipSpace(obj, i)
		i = skipValue(obj, from)
		m.value, m.end = obj[from:i:i], i
		if !f(m) {
			return i
		}
		if i = skipSpace(obj, i); i < len(obj) && obj[i] == ',' {
			i = skipSpace(obj, i+1)
		}
	}
	return min(i+1, len(obj))
}

// eachElement calls f for the elements of an array. It reports whether b is an array.
func eachElement(b []byte, f func(json.RawMessage)) bool {
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '[' {
		return false
	}
	for i = skipSpace(b, i+1); i < len(b) && b[i] != ']'; {
		end := skipValue(b, i)
		f(b[i:end:end])
		if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
			i = skipSpace(b, i+1)
		}
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

// document is a JSON text whose top level was walked once.
type document struct {
	whole json.RawMessage
	top   map[string]json.RawMessage
}

func newDocument(b []byte) document {
	d := document{whole: at(b, nil), top: map[string]json.RawMessage{}}
	eachMember(d.whole, func(m member) bool {
		var name string
		if json.Unmarshal(m.name, &name) == nil {
			d.top[name] = m.value
		}
		return true
	})
	return d
}

// at returns the value at a path; nil if there is none.
func (d document) at(path ...string) json.RawMessage {
	if len(path) == 0 {
		return d.whole
	}
	v, ok := d.top[path[0]]
	if !ok {
		return nil
	}
	return at(v, path[1:])
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
