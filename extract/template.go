package extract

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// scope is where a placeholder takes its value from.
type scope string

const (
	scopeConfig   scope = "config"          // the source's settings
	scopeInterval scope = "stream_interval" // the window asked for
	scopeSlice    scope = "stream_slice"    // the parent record
)

// placeholder is a plain dotted name in a template.
type placeholder struct {
	scope scope
	field string
}

// template is text with placeholders, taken apart when the file is loaded so that a misspelt name cannot surface in the
// middle of a run.
type template struct {
	parts []templatePart
}

// templatePart is literal text, or a placeholder.
type templatePart struct {
	literal string
	name    *placeholder
}

var plainName = regexp.MustCompile(`^([a-z_]+)\.([A-Za-z_][A-Za-z0-9_]*)$`)

// compileTemplate takes text apart. allowed says which placeholders exist where the text stands.
func compileTemplate(text string, allowed func(placeholder) error) (*template, error) {
	t := &template{}
	for _, mark := range []string{"{%", "{#"} {
		if strings.Contains(text, mark) {
			return nil, fmt.Errorf("%s is not supported yet; a template takes plain names such as {{ config.base_url }}", mark)
		}
	}
	rest := text
	for {
		before, after, found := strings.Cut(rest, "{{")
		if before != "" {
			t.parts = append(t.parts, templatePart{literal: before})
		}
		if !found {
			return t, nil
		}
		inner, following, closed := strings.Cut(after, "}}")
		if !closed {
			return nil, fmt.Errorf("{{ without }} in %q", text)
		}
		m := plainName.FindStringSubmatch(strings.TrimSpace(inner))
		if m == nil {
			return nil, fmt.Errorf("{{%s}} is not supported yet; a template takes plain names such as {{ config.base_url }}", inner)
		}
		p := placeholder{scope(m[1]), m[2]}
		if err := allowed(p); err != nil {
			return nil, err
		}
		t.parts = append(t.parts, templatePart{name: &p})
		rest = following
	}
}

// lone returns the placeholder of a template that is nothing else: its value keeps its type.
func (t *template) lone() *placeholder {
	if len(t.parts) == 1 {
		return t.parts[0].name
	}
	return nil
}

// variables are the values of placeholders for one request: JSON scalars.
type variables struct {
	config   map[string]string
	interval map[string]json.RawMessage
	slice    func(field string) (json.RawMessage, error)
}

// value returns a placeholder's JSON scalar.
func (v *variables) value(p placeholder) (json.RawMessage, error) {
	switch p.scope {
	case scopeConfig:
		return json.Marshal(v.config[p.field])
	case scopeInterval:
		if raw, ok := v.interval[p.field]; ok {
			return raw, nil
		}
	case scopeSlice:
		if v.slice != nil {
			return v.slice(p.field)
		}
	}
	return nil, fmt.Errorf("no value for {{ %s.%s }} here", p.scope, p.field)
}

// render returns the text with every placeholder's value, each passed through escape.
func (t *template) render(v *variables, escape func(string) string) (string, error) {
	var b strings.Builder
	for _, part := range t.parts {
		if part.name == nil {
			b.WriteString(part.literal)
			continue
		}
		raw, err := v.value(*part.name)
		if err != nil {
			return "", err
		}
		text, err := scalarText(raw)
		if err != nil {
			return "", fmt.Errorf("{{ %s.%s }}: %w", part.name.scope, part.name.field, err)
		}
		b.WriteString(escape(text))
	}
	return b.String(), nil
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
