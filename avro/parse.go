package avro

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/avro"
)

// parseSchema reads a registered schema's text into a tree. Types that this package does not write (another producer
// registered them) are kept as they are.
func parseSchema(text string) (*node, error) {
	var raw rawType
	if err := json.Unmarshal([]byte(text), &raw); err != nil || raw.Type != "record" {
		return nil, errors.New("schema is not an Avro record")
	}
	root, err := parseRecordType(raw, "")
	if err != nil {
		return nil, err
	}
	root.index(nil)
	return root, nil
}

type rawType struct {
	Type        string          `json:"type"`
	LogicalType string          `json:"logicalType"`
	Name        string          `json:"name"`
	Namespace   *string         `json:"namespace"`
	Doc         string          `json:"doc"`
	Fields      []rawField      `json:"fields"`
	Items       json.RawMessage `json:"items"`
}

type rawField struct {
	Name        string          `json:"name"`
	Type        json.RawMessage `json:"type"`
	Default     json.RawMessage `json:"default"`
	Doc         string          `json:"doc"`
	JSONName    *string         `json:"jsonName"`
	Variant     string          `json:"variant"`
	ContentType string          `json:"contentType"`
}

func parseRecordType(raw rawType, namespace string) (*node, error) {
	n := &node{kind: recordKind, name: raw.Name, doc: raw.Doc}
	if raw.Namespace != nil {
		namespace = *raw.Namespace
	}
	if i := strings.LastIndexByte(raw.Name, '.'); i >= 0 {
		namespace = raw.Name[:i]
	} else if namespace != "" {
		n.name = namespace + "." + raw.Name
	}
	for _, rf := range raw.Fields {
		f, err := parseField(rf, namespace)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", rf.Name, err)
		}
		n.fields = append(n.fields, f)
	}
	return n, nil
}

func parseField(raw rawField, namespace string) (*field, error) {
	f := &field{name: raw.Name, jsonName: raw.Name, doc: raw.Doc}
	if raw.JSONName != nil {
		f.jsonName = *raw.JSONName
	}
	for v := range variants {
		if v.String() == raw.Variant {
			f.variant = v
		}
	}
	var err error
	if f.typ, f.null, err = parseType(raw.Type, namespace); err != nil {
		return nil, err
	}
	if f.typ.kind == stringKind && raw.ContentType == jsonContent {
		f.typ.kind = jsonKind
	}
	if f.null != 0 && len(raw.Default) > 0 {
		f.deflt = raw.Default
	}
	if f.deflt != nil && f.null < 0 {
		f.filler = filler(raw, namespace)
	}
	return f, nil
}

// filler is the binary of a required field's default, which stands in records that have no value for it.
func filler(raw rawField, namespace string) []byte {
	text, err := json.Marshal(map[string]any{"type": "record", "name": "Filler", "namespace": namespace,
		"fields": []any{map[string]any{"name": raw.Name, "type": raw.Type, "default": raw.Default}}})
	if err != nil {
		return nil
	}
	schema, err := avro.Parse(string(text)) // goavro takes the default of bytes for UTF-8
	if err != nil {
		return nil // of a type that is defined elsewhere in the schema
	}
	binary, err := schema.AppendEncode([]byte{}, map[string]any{})
	if err != nil {
		return nil
	}
	return binary
}

// parseType reads a type and the position of its null branch, -1 where it has none.
func parseType(raw json.RawMessage, namespace string) (*node, int, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil, 0, errors.New("has no type")
	}
	if raw[0] != '[' {
		n, err := parseBranch(raw, namespace)
		return n, -1, err
	}
	var branches []json.RawMessage
	if err := json.Unmarshal(raw, &branches); err != nil {
		return nil, 0, err
	}
	null := slices.IndexFunc(branches, func(b json.RawMessage) bool { return string(b) == `"null"` })
	if null < 0 || len(branches) != 2 {
		return opaque(raw), null, nil
	}
	n, err := parseBranch(branches[1-null], namespace)
	if err == nil && n.kind == opaqueKind {
		return opaque(raw), null, nil
	}
	return n, null, err
}

// parseBranch reads a type that is not a union.
func parseBranch(raw json.RawMessage, namespace string) (*node, error) {
	var t rawType
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &t.Type); err != nil {
			return nil, err
		}
	} else if err := json.Unmarshal(raw, &t); err != nil {
		return opaque(raw), nil //nolint:nilerr // {"type": {…}}: no type of ours
	}
	switch t.Type + " " + t.LogicalType {
	case "record ":
		return parseRecordType(t, namespace)
	case "array ":
		items, null, err := parseType(t.Items, namespace)
		if err != nil {
			return nil, err
		}
		if items.kind == opaqueKind || null > 0 {
			return opaque(raw), nil
		}
		return &node{kind: arrayKind, items: items, nullItems: null == 0}, nil
	case "long ":
		return &node{kind: longKind}, nil
	case "long timestamp-millis":
		return &node{kind: timestampKind}, nil
	case "int date":
		return &node{kind: dateKind}, nil
	case "double ":
		return &node{kind: doubleKind}, nil
	case "string ":
		return &node{kind: stringKind}, nil
	case "boolean ":
		return &node{kind: booleanKind}, nil
	}
	return opaque(raw), nil
}

// opaque keeps a type as it stands, without the whitespace.
func opaque(raw json.RawMessage) *node {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return &node{kind: opaqueKind, raw: raw}
	}
	return &node{kind: opaqueKind, raw: b.Bytes()}
}
