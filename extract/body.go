package extract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// bodyNode is a request body taken apart: literals are JSON already, templates are filled in per request.
type bodyNode struct {
	literal json.RawMessage // a scalar that is no template
	text    *template       // text with expressions, or without
	members []bodyMember    // an object, if isObject
	items   []*bodyNode     // a list, if isList
	token   bool            // the page token; left out, with its name, while there is none
	number  bool            // it is a number

	isObject, isList bool
	made             bool // an object that exists for the page token alone
}

type bodyMember struct {
	name  string
	value *bodyNode
}

// insert makes a node a member at path, and the objects on the way.
func (b *bodyNode) insert(path []string, node *bodyNode) error {
	if !b.isObject {
		return fmt.Errorf("%q is no object", path[0])
	}
	for i := range b.members {
		if b.members[i].name != path[0] {
			continue
		}
		if len(path) == 1 {
			return fmt.Errorf("%q is in the body already", path[0])
		}
		return b.members[i].value.insert(path[1:], node)
	}
	child := node
	if len(path) > 1 {
		child = &bodyNode{isObject: true, made: node.token}
		if err := child.insert(path[1:], node); err != nil {
			return err
		}
	}
	b.members = append(b.members, bodyMember{path[0], child})
	return nil
}

// appendTo appends the body as JSON.
func (b *bodyNode) appendTo(dst []byte, v *variables, token string) ([]byte, error) {
	switch {
	case b.isObject:
		return b.appendObject(dst, v, token)
	case b.isList:
		dst = append(dst, '[')
		for i, item := range b.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = item.appendTo(dst, v, token); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case b.token && b.number:
		return append(dst, token...), nil
	case b.token:
		return appendString(dst, token)
	case b.text == nil:
		return append(dst, b.literal...), nil
	}
	if b.text.Lone() {
		return b.text.appendJSON(dst, v)
	}
	text, err := b.text.render(v, asIs)
	if err != nil {
		return nil, err
	}
	return appendString(dst, text)
}

func (b *bodyNode) appendObject(dst []byte, v *variables, token string) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	for _, m := range b.members {
		if (m.value.token || m.value.made) && token == "" {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		var err error
		if dst, err = appendString(dst, m.name); err != nil {
			return nil, err
		}
		dst = append(dst, ':')
		if dst, err = m.value.appendTo(dst, v, token); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) ([]byte, error) {
	if !strings.ContainsFunc(s, isEscaped) {
		return append(append(append(dst, '"'), s...), '"'), nil
	}
	buf := bytes.NewBuffer(dst)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false) // operators such as ">" stay readable in what is shown to people
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// isEscaped reports whether JSON may spell a character in another way than as it is.
func isEscaped(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
