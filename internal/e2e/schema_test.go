package e2e

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/twmb/avro"
)

// schema is a registered schema: a decoder, and what the text says of each field.
type schema struct {
	decoder *avro.Schema
	root    *typ
}

// typ is one type of a schema. A union with null is the other branch, nullable.
type typ struct {
	name     string // record, array, string, long …
	logical  string
	nullable bool
	items    *typ
	fields   []field
}

// field is a record's field. It holds values of the JSON member jsonName: all that fit its type, or, with a variant, those
// that do not fit the field without one.
type field struct {
	name, jsonName, variant string
	json                    bool // a string that holds JSON text
	typ                     *typ
}

func parseSchema(text string) (*schema, error) {
	decoder, err := avro.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse schema: %w", err)
	}
	root, err := parseType([]byte(text))
	return &schema{decoder, root}, err
}

func parseType(text []byte) (*typ, error) {
	var name string
	if json.Unmarshal(text, &name) == nil {
		return &typ{name: name}, nil
	}
	var union []json.RawMessage
	if json.Unmarshal(text, &union) == nil {
		if len(union) != 2 || string(union[0]) != `"null"` {
			return nil, fmt.Errorf("union %s: is not [null, T]", text)
		}
		t, err := parseType(union[1])
		if err == nil {
			t.nullable = true
		}
		return t, err
	}
	var doc struct {
		Type        json.RawMessage
		LogicalType string
		Items       json.RawMessage
		Fields      []struct {
			Name, Variant, ContentType string
			JSONName                   *string // may be the empty name
			Type                       json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("type %s: %w", text, err)
	}
	t, err := parseType(doc.Type)
	if err != nil {
		return nil, err
	}
	t.logical = doc.LogicalType
	if t.name == "array" {
		t.items, err = parseType(doc.Items)
		return t, err
	}
	for _, f := range doc.Fields {
		inner, err := parseType(f.Type)
		if err != nil {
			return nil, err
		}
		if f.JSONName == nil {
			f.JSONName = &f.Name
		}
		t.fields = append(t.fields, field{name: f.Name, jsonName: *f.JSONName, variant: f.Variant, json: f.ContentType == "application/json", typ: inner})
	}
	return t, nil
}

// schemaOf fetches the schema that a value names.
func (w *world) schemaOf(value []byte) (*schema, error) {
	if len(value) < 5 || value[0] != 0 {
		return nil, fmt.Errorf("value %x has no registry header", value[:min(len(value), 8)])
	}
	id := int(binary.BigEndian.Uint32(value[1:5]))
	if s := w.schema[id]; s != nil {
		return s, nil
	}
	var answer struct{ Schema string }
	w.get(fmt.Sprintf("%s/schemas/ids/%d", w.registry, id), &answer)
	s, err := parseSchema(answer.Schema)
	w.schema[id] = s
	return s, err
}

// decode decodes a value with the schema that it names.
func (w *world) decode(value []byte) (*schema, map[string]any, error) {
	s, err := w.schemaOf(value)
	if err != nil {
		return nil, nil, err
	}
	var got any
	rest, err := s.decoder.Decode(value[5:], &got)
	if err != nil {
		return nil, nil, fmt.Errorf("decode: %w", err)
	}
	if len(rest) > 0 {
		return nil, nil, fmt.Errorf("decode: %d bytes are left", len(rest))
	}
	object, ok := got.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("decode: %T is not a record", got)
	}
	return s, object, nil
}

// versions are the registered versions of a resource's subject.
func (w *world) versions(resource string) []int {
	w.t.Helper()
	var versions []int
	w.get(w.registry+"/subjects/"+w.topic(resource)+"-value/versions", &versions)
	return versions
}
