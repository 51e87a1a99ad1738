package expr

import (
	"strings"
	"time"
)

// Scope is what a template may name where it stands.
type Scope struct {
	Names []string
	// Absent are names that have a value elsewhere, each with what to say about it: "wants the resource to have a parent".
	Absent map[string]string
}

// Vars are the values of one evaluation. See the package's description for the types that Values may hold; a name of the
// scope that is not among them is undefined.
type Vars struct {
	Values map[string]any
	Now    func() time.Time // for now_utc and its like; nil: they fail

	kept map[string]any // Values that were asked for
}

// Kept returns vars whose values are looked through once for all evaluations, not once for each. They are then not for concurrent use.
func (v Vars) Kept() Vars {
	v.kept = make(map[string]any, len(v.Values))
	return v
}

// Reference is one use of a name of the scope.
type Reference struct {
	Name string
	// Member is the first member taken of it, where that is a constant: "start_date" for config.start_date,
	// config['start_date'] and config.get('start_date'). "" where the whole is used, or the member is computed.
	Member string
	Offset int // of the name, in bytes
}

// Template is a text with expressions, or an expression, that was parsed and checked. It never changes and may be evaluated
// by many goroutines at once.
type Template struct {
	text  string
	body  []statement
	refs  []Reference
	clock *Error // where the clock is asked; nil: nowhere
}

// Limits of a template's text. Those of an evaluation are in run.go.
const (
	maxSource = 64 << 10 // bytes
	maxNested = 64       // levels of brackets, blocks and operators
)

// Parse reads a text with {{ expressions }} and {% statements %}. A mistake is an [*Error].
func Parse(text string, scope Scope) (*Template, error) {
	if len(text) > maxSource {
		return nil, errorAt(0, "longer than %d bytes", maxSource)
	}
	tokens, err := lexTemplate(trimEnd(text))
	if err != nil {
		return nil, err
	}
	p := newParser(text, tokens, scope)
	body, _ := p.statements()
	if p.err != nil {
		return nil, p.err
	}
	return &Template{text: text, body: body, refs: p.refs, clock: p.clock}, nil
}

// trimEnd takes one newline off a text with tags, as Jinja does: a block of YAML ends with one.
func trimEnd(text string) string {
	if strings.Contains(text, "{{") || strings.Contains(text, "{%") {
		text = strings.TrimSuffix(text, "\n")
	}
	return text
}

// ParseExpression reads an expression that stands without {{ }}, as conditions do. One with them is understood as well.
func ParseExpression(text string, scope Scope) (*Template, error) {
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{{") || strings.HasPrefix(trimmed, "{%") {
		return Parse(text, scope)
	}
	if len(text) > maxSource {
		return nil, errorAt(0, "longer than %d bytes", maxSource)
	}
	tokens, err := lexExpression(text)
	if err != nil {
		return nil, err
	}
	p := newParser(text, tokens, scope)
	e := p.tuple()
	if t := p.peek(); p.err == nil && t.kind != tokenEnd {
		p.fail(t.from, "unexpected %q", t.text)
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Template{text: text, body: []statement{&output{value: e}}, refs: p.refs, clock: p.clock}, nil
}

// References lists every use of a name of the scope, in the order of the text.
func (t *Template) References() []Reference { return append([]Reference(nil), t.refs...) }

// Named returns the reference of a template that is a lone name of the scope with a member, as {{ config.start_date }} is.
func (t *Template) Named() (Reference, bool) {
	if e := t.lone(); e == nil || !passesOn(e) || len(t.refs) != 1 || t.refs[0].Member == "" {
		return Reference{}, false
	}
	return t.refs[0], true
}

// NoClock returns an [*Error] if the template asks for the time: its text would be another one every time.
func (t *Template) NoClock() error {
	if t.clock != nil {
		return t.clock
	}
	return nil
}

// Literal returns the text of a template that holds no expression.
func (t *Template) Literal() (string, bool) {
	if len(t.body) == 1 {
		text, ok := t.body[0].(*literalText)
		if !ok {
			return "", false
		}
		return text.text, true
	}
	var b strings.Builder
	for _, s := range t.body {
		text, ok := s.(*literalText)
		if !ok {
			return "", false
		}
		b.WriteString(text.text)
	}
	return b.String(), true
}

// Lone reports whether the template is one expression with nothing around it: its value then keeps its type.
func (t *Template) Lone() bool { return t.lone() != nil }

func (t *Template) lone() node {
	if len(t.body) == 1 {
		if o, ok := t.body[0].(*output); ok {
			return o.value
		}
	}
	return nil
}

// Value returns what the template evaluates to, with its type; see the package's description for the types.
//
// A lone expression gives its own value, undefined gives nil. As in the reference, text that an expression computes and that
// reads as a Python literal becomes that value: '1' ~ '2' is 12, "{'a': 1}" a mapping. Text that is only passed on (a name
// with its members, or the result of the filter string) stays text, so an id such as "007" is never touched; so do the empty
// text and numbers joined with commas.
//
// Anything but a lone expression gives text, read as a literal in the same way: {"field": {{ x }}} is a mapping. Use
// [Template.Text] where text is wanted.
func (t *Template) Value(vars Vars) (any, error) {
	r := newRun(t, vars)
	if e := t.lone(); e != nil {
		v, err := r.eval(e)
		if _, missing := v.(*undefined); missing || err != nil {
			return nil, err
		}
		if text, ok := v.(string); ok && !passesOn(e) {
			return literalOf(text), nil
		}
		return v, nil
	}
	if text, ok := t.Literal(); ok {
		return text, nil
	}
	text, err := r.render(t.body, pythonText)
	if err != nil {
		return nil, err
	}
	return literalOf(text), nil
}

// AppendJSON appends [Template.Value] as JSON. Unlike there, what is undefined is an error: it names what is missing.
func (t *Template) AppendJSON(dst []byte, vars Vars) ([]byte, error) {
	e := t.lone()
	if e == nil {
		v, err := t.Value(vars)
		if err != nil {
			return nil, err
		}
		return AppendJSON(dst, v)
	}
	r := newRun(t, vars)
	v, err := r.eval(e)
	if err != nil {
		return nil, err
	}
	if text, ok := emptied(v).(string); ok {
		if v = text; !passesOn(e) {
			v = literalOf(text)
		}
	}
	out, err := AppendJSON(dst, v)
	if err != nil {
		return nil, &Error{Offset: e.place().from, Message: err.Error()}
	}
	return out, nil
}

// Text returns the template's text. Numbers and booleans are spelt as in JSON; null, lists and mappings have no place in a
// text and are errors, and so is what is undefined: the error names what is missing.
func (t *Template) Text(vars Vars) (string, error) {
	return newRun(t, vars).render(t.body, plainText)
}

// EscapedText is [Template.Text] with every value passed through escape; what is literal is not.
func (t *Template) EscapedText(vars Vars, escape func(string) string) (string, error) {
	return newRun(t, vars).render(t.body, func(v any) (string, string) {
		text, wrong := plainText(v)
		return escape(text), wrong
	})
}

// passesOn reports whether an expression hands a value on as it is.
func passesOn(e node) bool {
	switch n := e.(type) {
	case *name:
		return true
	case *memberOf:
		return passesOn(n.of)
	case *methodCall:
		return n.method == "get" && passesOn(n.of)
	case *filtered:
		return n.filter == "string"
	}
	return false
}
