package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

var (
	escapeKeyPart   = strings.NewReplacer("%", "%25", "/", "%2F")
	unescapeKeyPart = strings.NewReplacer("%25", "%", "%2F", "/")
)

// JoinKey makes the text of a primary key of its parts. One part stays as it is; those of a composite key are joined with
// "/", and only "%" and "/" are percent-escaped in them, so that different parts never make the same key.
func JoinKey(parts ...string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	escaped := make([]string, len(parts))
	for i, p := range parts {
		escaped[i] = escapeKeyPart.Replace(p)
	}
	return strings.Join(escaped, "/")
}

// SplitKey takes the text of a key of n parts apart again.
func SplitKey(key string, n int) ([]string, error) {
	if n == 1 {
		return []string{key}, nil
	}
	parts := strings.Split(key, "/")
	if len(parts) != n {
		return nil, fmt.Errorf("split key %q: want %d parts, not %d", key, n, len(parts))
	}
	for i, p := range parts {
		parts[i] = unescapeKeyPart.Replace(p)
	}
	return parts, nil
}

// keyPart returns the text of one key field: a string's, or an integer's own digits. It never goes through a float.
func keyPart(v json.RawMessage) (string, error) {
	if len(v) == 0 {
		return "", errors.New("is missing")
	}
	switch c := v[0]; {
	case c == '"':
		var s string
		if err := json.Unmarshal(v, &s); err != nil {
			return "", err
		}
		if s == "" {
			return "", errors.New("is empty")
		}
		return s, nil
	case c == '-' || c >= '0' && c <= '9':
		if strings.ContainsAny(string(v), ".eE") {
			return "", fmt.Errorf("is %s: want text or a whole number", v)
		}
		return string(v), nil
	default:
		return "", fmt.Errorf("is %s: want text or a whole number", jsonKind(v))
	}
}

// topMembers fills top with the members of a record that the resource takes; see Resource.takes. Of repeated names the last counts.
func (r *Resource) topMembers(top []json.RawMessage, obj []byte) {
	names := r.takes()
	clear(top)
	eachMember(obj, func(m member) bool {
		for i, name := range names {
			if m.is(name) {
				top[i] = m.value
			}
		}
		return true
	})
}

// key returns the text of the primary key of the record at hand, in the text of all keys.
func (m *recordMaker) key() (string, error) {
	from := m.keys.Len()
	for i, field := range m.q.resource.Key {
		v := m.top[i]
		if len(m.parts) == 1 && isPlain(v) {
			m.keys.Write(v[1 : len(v)-1])
			return m.keys.String()[from:], nil
		}
		part, err := keyPart(v)
		if err != nil {
			return "", fmt.Errorf("key field %s %w", field.Name, err)
		}
		m.parts[i] = part
	}
	m.keys.WriteString(JoinKey(m.parts...))
	return m.keys.String()[from:], nil
}

// isPlain reports whether v is a text that is spelled as it is, and not empty.
func isPlain(v json.RawMessage) bool {
	return len(v) > 2 && v[0] == '"' && bytes.IndexByte(v, '\\') < 0 && utf8.Valid(v)
}
