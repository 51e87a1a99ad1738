package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// operands reads the value of a filter: one, or for IN and NIN several. Whole numbers may be sent as digit strings.
func operands(node queryNode, kind fieldKind) ([]any, *apiError) {
	values := []json.RawMessage{node.Value}
	if node.Operator == "IN" || node.Operator == "NIN" {
		values = nil
		if json.Unmarshal(node.Value, &values) != nil || len(values) == 0 {
			return nil, &apiError{http.StatusBadRequest, "parameter_invalid", fmt.Sprintf("Operator '%s' takes an array", node.Operator), *node.Field}
		}
	}
	out := make([]any, 0, len(values))
	for _, text := range values {
		v, ok := operand(text, kind)
		if !ok {
			return nil, &apiError{http.StatusBadRequest, "type_mismatch", fmt.Sprintf("Value of field '%s' has the wrong type", *node.Field), *node.Field}
		}
		out = append(out, v)
	}
	return out, nil
}

func operand(text json.RawMessage, kind fieldKind) (any, bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	switch t := v.(type) {
	case nil:
		return nil, true
	case bool:
		return t, kind == booleanField || kind == textField
	case json.Number:
		if n, err := t.Int64(); err == nil {
			return n, kind != booleanField
		}
		return t.String(), kind == textField
	case string:
		switch kind {
		case integerField, dateField:
			n, err := strconv.ParseInt(t, 10, 64)
			return n, err == nil
		case booleanField:
			b, err := strconv.ParseBool(t)
			return b, err == nil
		}
		return t, true
	}
	return nil, false
}
