package extract

import (
	"encoding/json"
	"testing"
)

// Editors get every field that the loader knows, with what it is for.
func TestFileSchemaDescribesTheVocabulary(t *testing.T) {
	t.Parallel()
	text, err := FileSchema()
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]struct {
			Description string
			Enum        []string
		}
		Required []string
		OneOf    []struct {
			Type       string
			Required   []string
			Properties map[string]struct{ Enum []string }
		} // short forms, and the long one
	}
	var schema struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	for _, field := range words[sourceWords]().known {
		if schema.Properties[field].Description == "" && field != "resources" {
			t.Errorf("%s is not described", field)
		}
	}
	for _, field := range words[endpointWords]().known {
		if _, ok := schema.Defs["endpoint"].OneOf[1].Properties[field]; !ok {
			t.Errorf("endpoint has no %s", field)
		}
	}
	if got := schema.Defs["endpoint"].OneOf[1].Properties["method"].Enum; len(got) != 2 || got[0] != "GET" {
		t.Errorf("methods: %v", got)
	}
	if got := schema.Defs["queryParam"].OneOf; len(got) != 4 || got[3].Type != "object" || len(got[3].Required) != 3 {
		t.Errorf("params: %+v", got)
	}
	if got := schema.Defs["namesOrMapping"].OneOf; len(got) != 2 || got[0].Type != "array" || got[1].Type != "object" {
		t.Errorf("include_from_parent: %+v", got)
	}
	if len(schema.Required) != 3 {
		t.Errorf("required: %v", schema.Required)
	}
}
