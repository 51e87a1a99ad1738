package avro

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// sameRecord compares a decoded record with the JSON object it came from: each member has to be in one of its fields
// without loss, and no field may hold anything else. Null, empty arrays and empty objects may be absent.
func sameRecord(n *node, decoded, original any) error {
	fields, ok := decoded.(map[string]any)
	object, ok2 := original.(map[string]any)
	if !ok || !ok2 {
		return fmt.Errorf("%T for %T", decoded, original)
	}
	held := map[string]int{}
	for _, f := range n.fields {
		v := fields[f.name]
		if v == nil {
			continue
		}
		if f.variant == longVariant && isKeyCopy(n, f) {
			if err := sameValue(f.typ, v, object[f.jsonName]); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			continue
		}
		if f.variant == restVariant {
			if err := sameRest(v, object, held); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			continue
		}
		held[f.jsonName]++
		if err := sameValue(f.typ, v, object[f.jsonName]); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	for name, v := range object {
		if held[name] > 1 || held[name] == 0 && !blankJSON(v) {
			return fmt.Errorf("member %q is held %d times", name, held[name])
		}
	}
	return nil
}

// sameRest checks the members that a record's last field holds.
func sameRest(decoded any, object map[string]any, held map[string]int) error {
	d := json.NewDecoder(strings.NewReader(decoded.(string)))
	d.UseNumber()
	var rest map[string]any
	if err := d.Decode(&rest); err != nil || len(rest) == 0 {
		return fmt.Errorf("%v: %w", decoded, err)
	}
	for name, v := range rest {
		held[name]++
		if err := sameJSON(v, object[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func isKeyCopy(n *node, f *field) bool {
	for _, g := range n.fields {
		if g.jsonName == f.jsonName && g.variant == baseVariant {
			return g.null < 0
		}
	}
	return false
}

func sameValue(n *node, decoded, original any) error {
	switch n.kind {
	case recordKind:
		return sameRecord(n, decoded, original)
	case arrayKind:
		a, ok := decoded.([]any)
		b, ok2 := original.([]any)
		if !ok || !ok2 || len(a) != len(b) {
			return fmt.Errorf("%v for %v", decoded, original)
		}
		for i := range a {
			if a[i] == nil && b[i] == nil {
				continue
			}
			if err := sameValue(n.items, a[i], b[i]); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return nil
	case jsonKind:
		var text any
		d := json.NewDecoder(strings.NewReader(decoded.(string)))
		d.UseNumber()
		if err := d.Decode(&text); err != nil {
			return err
		}
		return sameJSON(text, original)
	}
	if !sameScalar(n.kind, decoded, original) {
		return fmt.Errorf("%s %v (%T) for %v (%T)", n.kind, decoded, decoded, original, original)
	}
	return nil
}

func sameScalar(k kind, decoded, original any) bool {
	switch x := decoded.(type) {
	case bool:
		return x == original
	case string:
		if literal, ok := original.(json.Number); ok {
			return x == literal.String()
		}
		return x == original
	case int64:
		return sameNumber(json.Number(strconv.FormatInt(x, 10)), original)
	case float64:
		return sameNumber(json.Number(strconv.FormatFloat(x, 'g', -1, 64)), original)
	case time.Time:
		switch o := original.(type) {
		case string:
			layout := time.RFC3339Nano
			if k == dateKind {
				layout = time.DateOnly
			}
			t, err := time.Parse(layout, o)
			return err == nil && t.Equal(x)
		case json.Number:
			return sameNumber(json.Number(strconv.FormatInt(x.UnixMilli(), 10)+"e-3"), o)
		}
	}
	return false
}

// sameNumber compares exactly; exponents too long for that are compared as spelled.
func sameNumber(a json.Number, other any) bool {
	b, ok := other.(json.Number)
	if !ok {
		return false
	}
	if len(a) > 400 || len(b) > 400 || hugeExponent(a) || hugeExponent(b) {
		return a == b
	}
	x, ok1 := new(big.Rat).SetString(string(a))
	y, ok2 := new(big.Rat).SetString(string(b))
	return ok1 && ok2 && x.Cmp(y) == 0
}

func hugeExponent(n json.Number) bool {
	_, e, ok := strings.Cut(strings.ToLower(string(n)), "e")
	return ok && len(strings.TrimLeft(e, "+-0")) > 4
}

func sameJSON(a, b any) error {
	different := errors.New("JSON text differs")
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return different
		}
		for k := range x {
			if _, ok := y[k]; !ok || sameJSON(x[k], y[k]) != nil {
				return different
			}
		}
		return nil
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return different
		}
		for i := range x {
			if sameJSON(x[i], y[i]) != nil {
				return different
			}
		}
		return nil
	case json.Number:
		if sameNumber(x, b) {
			return nil
		}
		return different
	}
	if a != b {
		return different
	}
	return nil
}

func blankJSON(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case []any:
		return len(x) == 0
	case map[string]any:
		for _, m := range x {
			if !blankJSON(m) {
				return false
			}
		}
		return true
	}
	return false
}
