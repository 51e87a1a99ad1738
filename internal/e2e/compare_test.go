package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// comparison looks for every member of a JSON object in a decoded Avro record, and for anything else in the record.
type comparison struct {
	keys  []string // key fields: strings, whatever the JSON value is
	wrong []string
}

// compare says in what got, decoded with s, differs from the JSON object want.
func compare(s *schema, got map[string]any, want []byte, keys []string) []string {
	c := &comparison{keys: keys}
	object, ok := parseJSON(want).(map[string]any)
	if !ok {
		return []string{"the truth is not an object"}
	}
	c.record("", s.root, got, object)
	return c.wrong
}

// parseJSON keeps numbers as they are spelled.
func parseJSON(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	return v
}

func (c *comparison) differ(path, format string, args ...any) {
	c.wrong = append(c.wrong, path+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) record(path string, t *typ, got, want map[string]any) {
	if t.name != "record" {
		c.differ(path, "the schema has a %s, want a record", t.name)
		return
	}
	var rest map[string]any // members that have no field of their own
	for _, f := range t.fields {
		if text, _ := got[f.name].(string); f.variant == "rest" && text != "" {
			rest, _ = parseJSON([]byte(text)).(map[string]any)
		}
	}
	for name, held := range rest {
		if !equalJSON(held, want[name]) {
			c.differ(path+"."+name, "JSON text %v, want %v", held, want[name])
		}
		want = maps.Clone(want)
		delete(want, name)
	}
	for name := range want {
		if !slices.ContainsFunc(t.fields, func(f field) bool { return f.jsonName == name }) && !blank(want[name]) {
			c.differ(path+"."+name, "no field for %v", want[name])
		}
	}
	members := map[string][]field{}
	for _, f := range t.fields {
		if f.variant != "rest" {
			members[f.jsonName] = append(members[f.jsonName], f)
		}
	}
	for name, fields := range members {
		c.member(path, name, fields, got, want[name])
	}
}

// member checks the fields that may hold one JSON member: exactly one does, if there is anything to hold.
func (c *comparison) member(path, name string, fields []field, got map[string]any, want any) {
	full := path + "." + name
	if blank(want) {
		for _, f := range fields {
			if v := got[f.name]; !empty(f, v) {
				c.differ(full, "%s holds %v, want nothing", f.name, v)
			}
		}
		return
	}
	key := path == "" && slices.Contains(c.keys, name)
	holding := 0
	for _, f := range fields {
		v := got[f.name]
		switch {
		case v == nil:
			continue
		case key && f.variant == "long": // a typed copy beside the text
			c.value(full+"("+f.name+")", f, v, want)
			continue
		case key:
			if f.typ.nullable || f.typ.name != "string" || f.json {
				c.differ(full, "a key field has to be a required string")
			}
			if text := fmt.Sprint(want); text != v {
				c.differ(full, "%v, want the key field %q", v, text)
			}
		default:
			c.value(full, f, v, want)
		}
		holding++
	}
	if holding != 1 {
		c.differ(full, "%d fields hold %v, want one", holding, want)
	}
}

// value compares one value that is there on both sides.
func (c *comparison) value(path string, f field, got, want any) {
	if f.json {
		text, _ := got.(string)
		if held := parseJSON([]byte(text)); !equalJSON(held, want) {
			c.differ(path, "JSON text %s, want %v", text, want)
		}
		return
	}
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			c.differ(path, "%T %v, want an object", got, got)
			return
		}
		c.record(path, f.typ, object, want)
	case []any:
		c.array(path, f, got, want)
	case json.Number:
		c.number(path, f, got, want)
	case string:
		if f.typ.logical == "timestamp-millis" {
			at, err := time.Parse(time.RFC3339Nano, want)
			if held, ok := millis(got); err != nil || !ok || held != at.UnixMilli() {
				c.differ(path, "timestamp %v, want %s", got, want)
			}
			return
		}
		if got != want {
			c.differ(path, "%T %v, want %q", got, got, want)
		}
	case bool:
		if got != want {
			c.differ(path, "%T %v, want %v", got, got, want)
		}
	default:
		c.differ(path, "%T is no JSON value", want)
	}
}

func (c *comparison) array(path string, f field, got any, want []any) {
	items, ok := got.([]any)
	if !ok || f.typ.name != "array" || len(items) != len(want) {
		c.differ(path, "%T %v, want an array of %d: %v", got, got, len(want), want)
		return
	}
	item := field{name: f.name, typ: f.typ.items}
	for i := range want {
		at := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case blank(want[i]):
			if !empty(item, items[i]) {
				c.differ(at, "%v, want nothing", items[i])
			}
		case items[i] == nil:
			c.differ(at, "nothing, want %v", want[i])
		default:
			c.value(at, item, items[i], want[i])
		}
	}
}

// number compares numbers exactly, whatever their size.
func (c *comparison) number(path string, f field, got any, want json.Number) {
	exact, ok := new(big.Rat).SetString(want.String())
	if !ok {
		c.differ(path, "%s is no number", want)
		return
	}
	name := path[strings.LastIndexByte(path, '.')+1:]
	if strings.HasSuffix(name, "_at") && f.typ.logical != "timestamp-millis" {
		c.differ(path, "a time has to be a timestamp, the schema has %s", f.typ.name)
	}
	if f.typ.logical == "timestamp-millis" {
		exact.Mul(exact, big.NewRat(1000, 1))
		held, ok := millis(got)
		if !ok || new(big.Rat).SetInt64(held).Cmp(exact) != 0 {
			c.differ(path, "timestamp %v (%T), want %s seconds", got, got, want)
		}
		return
	}
	var held *big.Rat
	switch v := got.(type) {
	case int64:
		held = new(big.Rat).SetInt64(v)
	case float64:
		held, _ = new(big.Rat).SetString(strconv.FormatFloat(v, 'e', -1, 64))
	case string: // for what no number type holds: a sibling, or the field of texts that is there already
		if f.variant == "string" || f.typ.name == "string" && exact.IsInt() && !exact.Num().IsInt64() {
			held, _ = new(big.Rat).SetString(v)
		}
	}
	if held == nil || held.Cmp(exact) != 0 {
		c.differ(path, "%T %v, want %s", got, got, want)
	}
}

func millis(v any) (int64, bool) {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMilli(), true
	case int64:
		return v, true
	}
	return 0, false
}

// blank says that a JSON value tells nothing: it equals absent.
func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, member := range v {
			if !blank(member) {
				return false
			}
		}
		return true
	}
	return false
}

// empty says that a field holds no value, at any depth.
func empty(f field, v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, member := range v {
			if !empty(field{}, member) {
				return false
			}
		}
		return true
	case string:
		return f.json && blank(parseJSON([]byte(v)))
	}
	return false
}

// equalJSON compares JSON values; numbers by their value.
func equalJSON(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		n, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, okX := new(big.Rat).SetString(a.String())
		y, okY := new(big.Rat).SetString(n.String())
		return okX && okY && x.Cmp(y) == 0
	case []any:
		list, ok := b.([]any)
		return ok && slices.EqualFunc(a, list, equalJSON)
	case map[string]any:
		object, ok := b.(map[string]any)
		if !ok || len(object) != len(a) {
			return false
		}
		for name, member := range a {
			other, ok := object[name]
			if !ok || !equalJSON(member, other) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}
