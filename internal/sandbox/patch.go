package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// patches are members that were set by hand over what is invented: dotted path → JSON value.
type patches map[string]json.RawMessage

// with returns p and one more patch; p is not changed.
func (p patches) with(path string, value json.RawMessage) patches {
	q := make(patches, len(p)+1)
	for k, v := range p {
		q[k] = v
	}
	q[path] = value
	return q
}

// apply sets the patches in the object doc.
func (p patches) apply(doc []byte) ([]byte, error) {
	if len(p) == 0 {
		return doc, nil
	}
	root, err := decodeObject(doc)
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(p)) {
		value := p[path]
		at, names := root, strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			next, ok := at[name].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[name] = next
			}
			at = next
		}
		at[names[len(names)-1]] = value
	}
	return encode(root)
}

func decodeObject(doc []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var root map[string]any
	if err := dec.Decode(&root); err != nil {
		return nil, fmt.Errorf("decode object: %w", err)
	}
	return root, nil
}

// encode renders v as JSON without HTML escapes and without the newline at the end.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode object: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
