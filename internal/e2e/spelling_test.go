package e2e

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// spelling says how a program writes Avro values as JSON.
type spelling struct {
	longAsText bool // JSON numbers are no integers of 64 bits there
}

// read takes a decoded value out of what a program wrote of it: exactly what the schema promises, or an error. Records have all of
// their fields, integers come as int64 and instants as time.Time.
func (s spelling) read(t *typ, v any) (any, error) {
	if v == nil {
		if !t.nullable {
			return nil, fmt.Errorf("null, want a %s", t.name)
		}
		return nil, nil
	}
	switch {
	case t.logical == "timestamp-millis":
		return readTime(time.RFC3339Nano, v)
	case t.logical == "date":
		return readTime(time.DateOnly, v)
	case t.name == "long":
		return s.long(v)
	}
	switch v := v.(type) {
	case map[string]any:
		if t.name == "record" {
			return s.record(t, v)
		}
	case []any:
		if t.name == "array" {
			return s.array(t, v)
		}
	case json.Number:
		if t.name == "double" {
			return strconv.ParseFloat(v.String(), 64)
		}
	case string:
		if t.name == "string" {
			return v, nil
		}
	case bool:
		if t.name == "boolean" {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%T %v, want a %s", v, v, t.name)
}

func (s spelling) record(t *typ, v map[string]any) (any, error) {
	all := map[string]any{}
	for _, f := range t.fields {
		inner, there := v[f.name]
		if !there {
			return nil, fmt.Errorf("%s is not there", f.name)
		}
		value, err := s.read(f.typ, inner)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		all[f.name] = value
	}
	for name := range v {
		if _, known := all[name]; !known {
			return nil, fmt.Errorf("%s is in no schema", name)
		}
	}
	return all, nil
}

func (s spelling) array(t *typ, v []any) (any, error) {
	items := make([]any, len(v))
	for i := range v {
		item, err := s.read(t.items, v[i])
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		items[i] = item
	}
	return items, nil
}

func (s spelling) long(v any) (any, error) {
	var digits string
	switch v := v.(type) {
	case string:
		if s.longAsText {
			digits = v
		}
	case json.Number:
		if !s.longAsText {
			digits = v.String()
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%T %v is no long of this program", v, v)
	}
	return n, nil
}

func readTime(layout string, v any) (any, error) {
	text, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("%T %v, want a time as text", v, v)
	}
	return time.Parse(layout, text)
}
