package extract

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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

// topMembers walks a record once and returns what is taken from it: the members that make its key, and last the one that holds its
// cursor. Of repeated names the last counts. end is the index behind the record, which other text may follow.
func (r *Resource) topMembers(obj []byte) (top []json.RawMessage, end int) {
	top = make([]json.RawMessage, len(r.Key)+1)
	cursor, _, _ := strings.Cut(r.CursorPath, ".")
	end = eachMember(obj, func(m member) bool {
		for i, field := range r.Key {
			if m.is(field.Name) {
				top[i] = m.value
			}
		}
		if m.is(cursor) {
			top[len(r.Key)] = m.value
		}
		return true
	})
	return top, end
}

// eachRecord calls f for the elements of an array, with what topMembers returns of them. It reports whether list is an array.
func (r *Resource) eachRecord(list []byte, f func(obj json.RawMessage, top []json.RawMessage)) bool {
	i := skipSpace(list, 0)
	if i >= len(list) || list[i] != '[' {
		return false
	}
	for i = skipSpace(list, i+1); i < len(list) && list[i] != ']'; {
		top, length := []json.RawMessage(nil), 0
		if list[i] == '{' {
			top, length = r.topMembers(list[i:])
		} else {
			length = skipValue(list[i:], 0)
		}
		end := i + length
		f(list[i:end:end], top)
		if i = skipSpace(list, end); i < len(list) && list[i] == ',' {
			i = skipSpace(list, i+1)
		}
	}
	return true
}

// key returns the text of r's primary key in one published record; top is what topMembers returned of it.
func (r *Resource) key(top []json.RawMessage) (string, error) {
	parts := make([]string, len(r.Key))
	for i, field := range r.Key {
		part, err := keyPart(top[i])
		if err != nil {
			return "", fmt.Errorf("key field %s %w", field.Name, err)
		}
		parts[i] = part
	}
	return JoinKey(parts...), nil
}
