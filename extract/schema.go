package extract

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
)

// scalar stands for a value of the file that is text, a number or a boolean.
type scalar struct{}

// JSONSchema implements what the schema's maker asks of a type.
func (scalar) JSONSchema() *jsonschema.Schema { return oneOfTypes("string", "number", "boolean") }

// values stands for a scalar or a list of them.
type values struct{}

// JSONSchema implements what the schema's maker asks of a type.
func (values) JSONSchema() *jsonschema.Schema {
	s := oneOfTypes("string", "number", "boolean")
	s.OneOf = append(s.OneOf, &jsonschema.Schema{Type: "array", Items: oneOfTypes("string", "number", "boolean")})
	return s
}

// names stands for one name or a list of them.
type names struct{}

// JSONSchema implements what the schema's maker asks of a type.
func (names) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}, MinItems: new(uint64(1))},
	}}
}

// namesOrMapping stands for a list of names, or a mapping of names to texts.
type namesOrMapping struct{}

// JSONSchema implements what the schema's maker asks of a type.
func (namesOrMapping) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "array", Items: &jsonschema.Schema{Type: "string"}}, {Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "string"}},
	}}
}

// contract stands for a contract's word, or for what contractWords describe.
type contract struct{}

// JSONSchema implements what the schema's maker asks of a type.
func (contract) JSONSchema() *jsonschema.Schema {
	long := (&jsonschema.Reflector{Anonymous: true, RequiredFromJSONSchemaTags: true, DoNotReference: true}).Reflect(contractWords{})
	long.Version = ""
	short := &jsonschema.Schema{Type: "string"}
	for _, word := range contractList {
		short.Enum = append(short.Enum, word)
	}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{short, long}}
}

// queryParam stands for a query parameter: a scalar, or what resolveWords describe.
type queryParam struct{}

// JSONSchema implements what the schema's maker asks of a type.
func (queryParam) JSONSchema() *jsonschema.Schema {
	s := oneOfTypes("string", "number", "boolean")
	taken := (&jsonschema.Reflector{Anonymous: true, RequiredFromJSONSchemaTags: true, DoNotReference: true}).Reflect(resolveWords{})
	taken.Version = ""
	s.OneOf = append(s.OneOf, taken)
	return s
}

// statusCode stands for an HTTP status or a class of them.
type statusCode struct{}

// JSONSchema implements what the schema's maker asks of a type.
func (statusCode) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "integer"}, {Type: "string", Pattern: "^[1-5]xx$"}}}
}

func oneOfTypes(types ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{}
	for _, t := range types {
		s.OneOf = append(s.OneOf, &jsonschema.Schema{Type: t})
	}
	return s
}

// JSONSchemaExtend allows the short form: the type alone.
func (paginatorWords) JSONSchemaExtend(s *jsonschema.Schema) {
	kind, _ := s.Properties.Get("type")
	orText(s, &jsonschema.Schema{Type: "string", Enum: kind.Enum})
}

// JSONSchemaExtend allows the short form: the name alone.
func (resourceWords) JSONSchemaExtend(s *jsonschema.Schema) {
	orText(s, &jsonschema.Schema{Type: "string"})
}

// JSONSchemaExtend allows the short form: the path alone.
func (endpointWords) JSONSchemaExtend(s *jsonschema.Schema) {
	orText(s, &jsonschema.Schema{Type: "string"})
}

func orText(s, short *jsonschema.Schema) {
	long := *s
	*s = jsonschema.Schema{OneOf: []*jsonschema.Schema{short, &long}}
}

// FileSchema returns the JSON Schema (draft 2020-12) of a source file, for editors that complete and check while one writes. It is
// deterministic. [Load] checks more than a schema can say.
func FileSchema() ([]byte, error) {
	r := jsonschema.Reflector{
		Anonymous: true, RequiredFromJSONSchemaTags: true, ExpandedStruct: true,
		KeyNamer: func(s string) string { return s },
		Namer:    func(t reflect.Type) string { return strings.TrimSuffix(t.Name(), "Words") },
	}
	s := r.Reflect(sourceWords{})
	s.Title = "Headwater source file"
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}
