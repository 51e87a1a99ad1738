package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// typ is an Avro type as far as the wrapping of values for goavro needs it. A union is null or this.
type typ struct {
	name     string // as a union's branch is named
	kind     string // record, array, string, long …
	logical  string
	nullable bool
	json     bool // a string that holds JSON text
	items    *typ
	fields   []field
}

type field struct {
	name, jsonName string
	typ            *typ
}

// parse reads a schema. namespace is the one around it.
func parse(text []byte, namespace string) (*typ, error) {
	var name string
	if json.Unmarshal(text, &name) == nil {
		return &typ{name: name, kind: name}, nil
	}
	var union []json.RawMessage
	if json.Unmarshal(text, &union) == nil {
		if len(union) != 2 || string(union[0]) != `"null"` {
			return nil, fmt.Errorf("union %s: is not [null, T]", text)
		}
		t, err := parse(union[1], namespace)
		if err == nil {
			t.nullable = true
		}
		return t, err
	}
	var doc struct {
		Type                         json.RawMessage
		Name, Namespace, LogicalType string
		Items                        json.RawMessage
		Fields                       []struct {
			Name, JSONName, ContentType, Variant string
			Type                                 json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	t, err := parse(doc.Type, namespace)
	if err != nil {
		return nil, err
	}
	if doc.LogicalType != "" {
		t.logical, t.name = doc.LogicalType, t.kind+"."+doc.LogicalType
	}
	if doc.Namespace != "" {
		namespace = doc.Namespace
	}
	if doc.Name != "" {
		t.name = namespace + "." + doc.Name
	}
	if t.kind == "array" {
		t.items, err = parse(doc.Items, namespace)
		return t, err
	}
	for _, f := range doc.Fields {
		if f.Variant != "" {
			return nil, fmt.Errorf("field %s: values that do not fit their field are not this program's concern", f.Name)
		}
		inner, err := parse(f.Type, namespace)
		if err != nil {
			return nil, err
		}
		inner.json = f.ContentType == "application/json"
		if f.JSONName == "" {
			f.JSONName = f.Name
		}
		t.fields = append(t.fields, field{f.Name, f.JSONName, inner})
	}
	return t, nil
}

// native makes of a decoded JSON value what goavro encodes, its unions wrapped.
func (t *typ) native(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	native, err := t.bare(v)
	if err != nil || !t.nullable {
		return native, err
	}
	return map[string]any{t.name: native}, nil
}

func (t *typ) bare(v any) (any, error) {
	if t.json {
		text, err := json.Marshal(v)
		return string(text), err
	}
	switch v := v.(type) {
	case map[string]any:
		record := make(map[string]any, len(t.fields))
		for _, f := range t.fields {
			native, err := f.typ.native(v[f.jsonName])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.jsonName, err)
			}
			record[f.name] = native
		}
		return record, nil
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			native, err := t.items.native(item)
			if err != nil {
				return nil, err
			}
			items[i] = native
		}
		return items, nil
	case json.Number:
		if t.kind == "double" {
			return v.Float64()
		}
		n, err := v.Int64()
		if err == nil && t.logical == "timestamp-millis" {
			return time.Unix(n, 0), nil
		}
		return n, err
	}
	return v, nil // text, true and false are what they are
}
