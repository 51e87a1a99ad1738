package extract

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/headwater-stream/headwater/extract/expr"
)

// scope is where an expression takes its values from.
type scope string

const (
	scopeConfig    scope = "config"           // the source's settings
	scopeInterval  scope = "stream_interval"  // the window asked for
	scopeSlice     scope = "stream_slice"     // the parent record
	scopePartition scope = "stream_partition" // the same

	// scopeResource is the name of the resource that the parent record is of.
	scopeResource scope = "stream_slice_resource"
)

// placeholder is a use of a scope in a template: of one field, or of what only shows when it is evaluated, then field is "".
type placeholder struct {
	scope scope
	field string
}

func (p placeholder) String() string {
	if p.field == "" {
		return "{{ " + string(p.scope) + " }}"
	}
	return fmt.Sprintf("{{ %s.%s }}", p.scope, p.field)
}

// template is text with expressions, checked when the file is loaded so that a misspelt name cannot surface in the middle
// of a run.
type template struct {
	*expr.Template
}

var templateScope = expr.Scope{Names: []string{string(scopeConfig), string(scopeInterval), string(scopeSlice), string(scopePartition), string(scopeResource)}}

// compileTemplate reads text. allowed says which placeholders exist where the text stands. A mistake is an [*expr.Error].
func compileTemplate(text string, allowed func(placeholder) error) (*template, error) {
	t, err := expr.Parse(text, templateScope)
	if err != nil {
		return nil, err
	}
	// A page token is good for the very same request only, and a restart asks it again.
	if err := t.NoClock(); err != nil {
		return nil, err
	}
	for _, ref := range t.References() {
		p := placeholder{scope(ref.Name), ref.Member}
		if p.scope == scopePartition {
			p.scope = scopeSlice
		}
		if err := allowed(p); err != nil {
			return nil, &expr.Error{Offset: ref.Offset, Message: err.Error()}
		}
	}
	return &template{t}, nil
}

// variables are the values of the scopes for one request.
type variables struct {
	config   map[string]any
	interval map[string]json.RawMessage
	slice    any    // the parent record's fields
	resource string // the parent resource's name
	parent   string // names the parent record, for messages

	named *expr.Vars // what vars has made of them: they do not change after that
}

// vars gives the scopes that have values here their names.
func (v *variables) vars() expr.Vars {
	if v.named != nil {
		return *v.named
	}
	values := map[string]any{string(scopeConfig): v.config}
	if v.interval != nil {
		interval := make(map[string]any, len(v.interval))
		for name, raw := range v.interval {
			interval[name] = raw
		}
		values[string(scopeInterval)] = interval
	}
	if v.slice != nil {
		values[string(scopeSlice)], values[string(scopePartition)], values[string(scopeResource)] = v.slice, v.slice, v.resource
	}
	vars := expr.Vars{Values: values}.Kept()
	v.named = &vars
	return vars
}

// explain adds which parent record lacks what a template needs.
func (v *variables) explain(err error) error {
	if err != nil && v.parent != "" {
		return fmt.Errorf("%w (stream_slice is %s)", err, v.parent)
	}
	return err
}

// render returns the text with every expression's value passed through escape.
func (t *template) render(v *variables, escape func(string) string) (string, error) {
	if text, ok := t.Literal(); ok {
		return text, nil
	}
	text, err := t.EscapedText(v.vars(), escape)
	return text, v.explain(err)
}

// appendJSON appends the value of a template that is a lone expression.
func (t *template) appendJSON(dst []byte, v *variables) ([]byte, error) {
	dst, err := t.AppendJSON(dst, v.vars())
	return dst, v.explain(err)
}

// asIs escapes nothing.
func asIs(s string) string { return s }

// scalarText returns a string's text, or a number's or boolean's own spelling.
func scalarText(raw json.RawMessage) (string, error) {
	if len(raw) == 0 {
		return "", fmt.Errorf("no value")
	}
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case '{', '[', 'n':
		return "", fmt.Errorf("want text, a number or a boolean, not %s", jsonKind(raw))
	default:
		return string(raw), nil
	}
}

// offsetOf returns where in a template a mistake is.
func offsetOf(err error) int {
	var placed *expr.Error
	if errors.As(err, &placed) {
		return placed.Offset
	}
	return 0
}
