package expr

import (
	"strings"
)

// Limits of one evaluation. A step is one part of an expression, one element of a list, or 256 bytes that are looked
// through: a million of them take some tenths of a second at most.
const (
	maxSteps  = 1_000_000
	maxText   = 1 << 20 // bytes of one text
	maxMade   = 8 << 20 // bytes of all texts and lists that come up on the way
	maxBits   = 4096    // of an integer
	maxDigits = 1200    // of an integer as text
	maxDeep   = 160     // levels of lists and mappings in a value
)

// run is one evaluation.
type run struct {
	t       *Template
	vars    Vars
	steps   int
	made    int
	locals  []map[string]any
	globals map[string]any      // Vars.Values that were asked for: a JSON text is looked through once
	filters map[string]function // for map, which cannot name the table that it is in
}

func newRun(t *Template, vars Vars) *run {
	if vars.kept == nil {
		vars = vars.Kept()
	}
	return &run{t: t, vars: vars, locals: []map[string]any{{}}, globals: vars.kept, filters: filters}
}

// failure is what is wrong, before its place is known.
type failure string

func (f failure) Error() string { return string(f) }

// spend counts steps.
func (r *run) spend(n int) error {
	if r.steps += n; r.steps > maxSteps {
		return failure("takes too long: more than a million steps")
	}
	return nil
}

// make counts the bytes of a text that is about to be made.
func (r *run) make(n int) error {
	r.made += n
	if n > maxText || n < 0 || r.made > maxMade {
		return failure("makes too much: a text may have 1 MiB, and 8 MiB may come up on the way")
	}
	return nil
}

// text counts and returns a text that was made.
func (r *run) text(s string) (any, error) { return s, r.make(len(s)) }

// list counts and returns a list that was made.
func (r *run) list(items []any) ([]any, error) {
	if err := r.spend(len(items)); err != nil {
		return nil, err
	}
	return items, nil
}

// eval evaluates a node. An error gets the place of the innermost node that it arose in.
func (r *run) eval(n node) (any, error) {
	err := r.spend(1)
	var v any
	if err == nil {
		v, err = n.evaluate(r)
	}
	if err == nil {
		return v, nil
	}
	if f, ok := err.(failure); ok { //nolint:errorlint // a failure is never wrapped: it gets its place here
		err = &Error{Offset: n.place().from, Message: r.source(n) + ": " + string(f)}
	}
	return nil, err
}

// source returns how a node is spelt, shortened.
func (r *run) source(n node) string {
	at := n.place()
	text := strings.Join(strings.Fields(r.t.text[at.from:at.to]), " ")
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:57], "") + "…"
	}
	return text
}

// arguments are evaluated arguments.
type arguments struct {
	positional []any
	named      map[string]any
}

// function is a filter (its first argument is what it is applied to), a test, or a macro.
type function func(r *run, a arguments) (any, error)

func (r *run) arguments(first []any, a argumentNodes) (arguments, error) {
	out := arguments{positional: first, named: map[string]any{}}
	for _, n := range a.positional {
		v, err := r.eval(n)
		if err != nil {
			return out, err
		}
		out.positional = append(out.positional, v)
	}
	for i, n := range a.named {
		v, err := r.eval(n)
		if err != nil {
			return out, err
		}
		out.named[a.names[i]] = v
	}
	return out, nil
}

// bind gives positional arguments their names, and refuses what does not fit. An argument that is left out is not in the
// result.
func (a arguments) bind(names ...string) (map[string]any, error) {
	bound := map[string]any{}
	if len(a.positional) > len(names) {
		return nil, failuref("takes %d arguments, not %d", len(names), len(a.positional))
	}
	for i, v := range a.positional {
		bound[names[i]] = v
	}
	for name, v := range a.named {
		if !contains(names, name) {
			return nil, failure(unknown("argument", name, names))
		}
		if _, twice := bound[name]; twice {
			return nil, failuref("argument %s is given twice", name)
		}
		bound[name] = v
	}
	return bound, nil
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

// writer collects a template's text.
type writer struct {
	b    strings.Builder
	show func(any) (text, wrong string)
}

func (r *run) write(w *writer, s string) error {
	w.b.WriteString(s)
	if w.b.Len() > maxText {
		return failure("makes too much: more than 1 MiB of text")
	}
	return nil
}

// render returns the text of statements, with values spelt by show.
func (r *run) render(body []statement, show func(any) (text, wrong string)) (string, error) {
	w := &writer{show: show}
	if err := r.renderAll(body, w); err != nil {
		if f, ok := err.(failure); ok { //nolint:errorlint // a failure is never wrapped
			return "", &Error{Message: string(f)}
		}
		return "", err
	}
	return w.b.String(), nil
}

func (r *run) renderAll(body []statement, w *writer) error {
	for _, s := range body {
		if err := r.spend(1); err != nil {
			return err
		}
		if err := s.render(r, w); err != nil {
			return err
		}
	}
	return nil
}

func (s *literalText) render(r *run, w *writer) error { return r.write(w, s.text) }

func (s *output) render(r *run, w *writer) error {
	v, err := r.eval(s.value)
	if err != nil {
		return err
	}
	text, wrong := w.show(v)
	if wrong != "" {
		if _, missing := v.(*undefined); !missing {
			wrong = r.source(s.value) + " " + wrong
		}
		return &Error{Offset: s.value.place().from, Message: wrong}
	}
	return r.write(w, text)
}

func (s *ifStatement) render(r *run, w *writer) error {
	v, err := r.eval(s.condition)
	if err != nil {
		return err
	}
	if Truth(v) {
		return r.renderAll(s.then, w)
	}
	return r.renderAll(s.otherwise, w)
}

func (s *setStatement) render(r *run, _ *writer) error {
	v, err := r.eval(s.value)
	if err != nil {
		return err
	}
	return r.assign(s.targets, v, s.at)
}

// assign gives names their values in the innermost block.
func (r *run) assign(targets []string, v any, at int) error {
	locals := r.locals[len(r.locals)-1]
	if len(targets) == 1 {
		locals[targets[0]] = v
		return nil
	}
	items, err := r.items(v)
	if err != nil || len(items) != len(targets) {
		return errorAt(at, "want %d values for %s", len(targets), strings.Join(targets, ", "))
	}
	for i, name := range targets {
		locals[name] = items[i]
	}
	return nil
}

func (s *forStatement) render(r *run, w *writer) error {
	items, err := s.items(r)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return r.renderAll(s.otherwise, w)
	}
	r.locals = append(r.locals, nil)
	defer func() { r.locals = r.locals[:len(r.locals)-1] }()
	for i := range items {
		r.locals[len(r.locals)-1] = map[string]any{"loop": round{items, i}}
		if err := r.spend(3); err != nil {
			return err
		}
		if err := r.assign(s.targets, items[i], s.over.place().from); err != nil {
			return err
		}
		if err := r.renderAll(s.body, w); err != nil {
			return err
		}
	}
	return nil
}

// items returns what the loop goes over, filtered.
func (s *forStatement) items(r *run) ([]any, error) {
	v, err := r.eval(s.over)
	if err != nil {
		return nil, err
	}
	items, err := r.items(v)
	if err != nil {
		return nil, &Error{Offset: s.over.place().from, Message: r.source(s.over) + ": " + err.Error()}
	}
	if s.filter == nil {
		return items, nil
	}
	r.locals = append(r.locals, nil)
	defer func() { r.locals = r.locals[:len(r.locals)-1] }()
	var kept []any
	for _, item := range items {
		r.locals[len(r.locals)-1] = map[string]any{}
		if err := r.assign(s.targets, item, s.over.place().from); err != nil {
			return nil, err
		}
		ok, err := r.eval(s.filter)
		if err != nil {
			return nil, err
		}
		if Truth(ok) {
			kept = append(kept, item)
		}
	}
	return kept, nil
}
