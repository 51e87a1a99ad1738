package expr

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"time"
)

// disagree are the expressions of the reference's table that give something else here, and why.
var disagree = map[string]string{
	"{{ config.get('missing') or '' }}":   "the reference makes null of an empty text; here it stays text",
	"{{ today_utc() | string | length }}": "the reference gives the expression back as it stands; here it is 10",
	"{% include '/etc/passwd' %}":         "the reference gives the text back as it stands; here it is a mistake",
}

// TestReference compares with what the reference's engine gives. Its table is not a part of the module.
func TestReference(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../shared/reference/expressions.json")
	if os.IsNotExist(err) {
		t.Skip("the reference's table is not here; TestValues has cases of the same kinds")
	}
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Ctx   map[string]json.RawMessage
		Cases []struct {
			E   string
			V   json.RawMessage
			Err string
		}
	}
	if err := json.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	vars := Vars{Values: map[string]any{}, Now: func() time.Time { return time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC) }}
	for name, raw := range table.Ctx {
		vars.Values[name] = raw
	}
	vars.Values["stream_partition"] = table.Ctx["stream_slice"]
	vars.Values["stream_interval"] = table.Ctx["stream_slice"]
	scope := Scope{Names: namesOf(vars.Values)}
	agree, met := 0, 0
	for _, c := range table.Cases {
		got := "error"
		tmpl, err := Parse(c.E, scope)
		if err == nil {
			var v any
			if v, err = tmpl.Value(vars); err == nil {
				got = jsonOf(t, v)
			}
		}
		same := err != nil == (c.Err != "") && (err != nil || sameJSON(t, got, string(c.V)))
		why, listed := disagree[c.E]
		switch {
		case listed:
			if met++; same {
				t.Errorf("%s agrees by now: take it off the list (%s)", c.E, why)
			}
		case !same:
			t.Errorf("%s\n got  %s, %v\n want %s %s", c.E, got, err, c.V, c.Err)
		default:
			agree++
		}
	}
	if met != len(disagree) {
		t.Errorf("of %d listed expressions the table has %d", len(disagree), met)
	}
	if agree < 155 {
		t.Errorf("%d of %d agree", agree, len(table.Cases))
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	raw, err := AppendJSON(nil, v)
	if err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	return string(raw)
}

// sameJSON compares values; an integer is no float.
func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	values := [2]any{}
	for i, text := range []string{a, b} {
		d := json.NewDecoder(bytes.NewReader([]byte(text)))
		d.UseNumber()
		if err := d.Decode(&values[i]); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}
