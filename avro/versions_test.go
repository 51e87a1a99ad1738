package avro

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// However often records of a few shapes come, and in which order: there are no more versions than distinct shapes, because only a shape that
// was not seen yet asks for one.
func TestNoMoreVersionsThanShapes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		reg := &strictRegistry{}
		s := NewSubject(reg, "r-value", Declaration{Name: "headwater.test.R", Key: []string{"id"}}, nil)
		shapes := make([]map[string]any, rapid.IntRange(1, 6).Draw(rt, "shapes"))
		distinct := map[string]bool{}
		for i := range shapes {
			shapes[i] = drawShape(rt, 3)
			distinct[fmt.Sprint(shapes[i])] = true
		}
		for n := range rapid.IntRange(1, 30).Draw(rt, "records") {
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				s = NewSubject(reg, "r-value", s.declared.Declaration, nil)
			}
			record, _ := fill(rt, rapid.SampledFrom(shapes).Draw(rt, "shape")).(map[string]any)
			record["id"] = fmt.Sprint(n)
			text, err := json.Marshal(record)
			if err != nil {
				rt.Fatal(err)
			}
			checkRecord(adapter{t, rt}, reg, text, encodeAll(adapter{t, rt}, s, string(text))[0])
		}
		if len(reg.versions) > len(distinct) {
			rt.Fatalf("%d versions of records of %d shapes: %v", len(reg.versions), len(distinct), shapes)
		}
	})
}

// drawShape draws an object in which a word stands for each value.
func drawShape(t *rapid.T, depth int) map[string]any {
	shape := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		name := rapid.SampledFrom([]string{"a", "b", "c", "a-b", "a_b"}).Draw(t, "name")
		words := []string{"integer", "half", "string", "boolean", "integers", "object", "objects"}
		if depth == 0 {
			words = words[:5]
		}
		switch word := rapid.SampledFrom(words).Draw(t, "type"); word {
		case "object":
			shape[name] = drawShape(t, depth-1)
		case "objects":
			shape[name] = []any{drawShape(t, depth-1)}
		default:
			shape[name] = word
		}
	}
	return shape
}

// fill draws values of a shape.
func fill(t *rapid.T, shape any) any {
	switch shape := shape.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, inner := range shape {
			object[name] = fill(t, inner)
		}
		return object
	case []any:
		return []any{fill(t, shape[0]), fill(t, shape[0])}
	}
	switch shape {
	case "integer":
		return rapid.Int32().Draw(t, "integer") // a double holds it exactly, whatever was seen first
	case "half":
		return float64(rapid.Int32().Draw(t, "half")) + 0.5
	case "boolean":
		return rapid.Bool().Draw(t, "boolean")
	case "integers":
		return []int32{rapid.Int32().Draw(t, "item")}
	}
	return rapid.StringN(1, 5, -1).Draw(t, "string")
}
