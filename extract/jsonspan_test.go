package extract

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawJSON draws a value in an odd spelling.
func drawJSON(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(t, "space")
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	text := func() string {
		raw, _ := json.Marshal(rapid.String().Draw(t, "text"))
		return string(raw)
	}
	switch kind {
	case 0:
		return space + rapid.SampledFrom([]string{"null", "true", "false", "0", "-1.5e+3", `"\u00e9\"\\"`}).Draw(t, "scalar") + space
	case 1, 2, 3:
		return space + text() + space
	case 4:
		var items []string
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			items = append(items, drawJSON(t, depth-1))
		}
		return space + "[" + space + strings.Join(items, ",") + "]" + space
	default:
		var items []string
		for range rapid.IntRange(0, 3).Draw(t, "members") {
			items = append(items, space+text()+space+":"+drawJSON(t, depth-1))
		}
		return space + "{" + space + strings.Join(items, ",") + "}" + space
	}
}

func decoded(t *rapid.T, raw []byte) any {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

func TestSpansAgreeWithTheLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(drawJSON(t, 4))
		if err := checkJSON(text); err != nil {
			t.Fatal(err)
		}
		var walk func(raw json.RawMessage, want any)
		walk = func(raw json.RawMessage, want any) {
			if got := decoded(t, raw); !reflect.DeepEqual(got, want) {
				t.Fatalf("span %q: got %v, want %v", raw, got, want)
			}
			switch v := want.(type) {
			case map[string]any:
				for name, value := range v {
					walk(at(raw, []string{name}), value)
				}
			case []any:
				i := 0
				eachElement(raw, func(e json.RawMessage) {
					walk(e, v[i])
					i++
				})
				if i != len(v) {
					t.Fatalf("%d of %d elements", i, len(v))
				}
			}
		}
		walk(at(text, nil), decoded(t, text))
	})
}

func TestWithMembers(t *testing.T) {
	t.Parallel()
	for obj, want := range map[string]string{
		`{}`:                             `{"p":1}`,
		`{ }`:                            `{"p":1}`,
		`{"a":{"p":2}}`:                  `{"a":{"p":2},"p":1}`,
		`{"p":2,"a":3 , "\u0070":[4] }`:  `{"a":3,"p":1}`,
		"{\n \"p\" : 2 ,\n \"b\" : 3\n}": `{"b" : 3,"p":1}`,
	} {
		if got := string(withMembers([]byte(obj), []string{"p"}, []json.RawMessage{json.RawMessage("1")})); got != want {
			t.Errorf("%s: got %s, want %s", obj, got, want)
		}
	}
}

func TestCheckJSON(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		`{}`: true, ``: false, `{`: false, `[1,]`: false, `{} x`: false, `"[[[["`: true,
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth):     true,
		strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1): false,
	} {
		if err := checkJSON([]byte(text)); (err == nil) != ok {
			t.Errorf("%.20s: %v", text, err)
		}
	}
}
