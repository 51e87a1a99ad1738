package extract

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// loadSteps reads the processing steps. A list is taken whole, from the resource or from the defaults.
func (l *loader) loadSteps(p *pending) {
	n := p.section.node("processing_steps")
	if n == nil {
		return
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		l.mistake(n, "processing_steps: want a list, not %s", kindOf(n))
		return
	}
	for _, item := range list.Values {
		s := l.section(item, "processing step", nil, words[stepWords]("yield_map"))
		f, m := s.node("filter"), s.node("map")
		switch {
		case (f == nil) == (m == nil):
			l.mistake(item, "processing step: want one of filter and map")
		case f != nil:
			p.resource.steps = append(p.resource.steps, step{filter: l.loadFilter(f)})
		default:
			p.resource.steps = append(p.resource.steps, step{mapping: l.loadMapping(m, p.resource)})
		}
	}
}

func (l *loader) loadFilter(n ast.Node) *filter {
	s := l.section(n, "filter", nil, words[filterWords]())
	f := &filter{path: s.path("field")}
	if s.node("field") == nil {
		l.mistake(n, "filter has no field")
	}
	if len(s.order) < 2 && s.node("field") != nil {
		l.mistake(n, "filter has no condition (known: equals, not_equals, in, not_in, exists, at_least, less_than)")
	}
	if s.node("exists") != nil {
		exists := s.bool("exists")
		f.exists = &exists
	}
	f.in, f.notIn = l.literals(s, "in"), l.literals(s, "not_in")
	if v := l.literal(s, "equals"); v != nil {
		if s.node("in") != nil {
			l.mistake(s.node("equals"), "equals and in: give one")
		}
		f.in = []json.RawMessage{v}
	}
	if v := l.literal(s, "not_equals"); v != nil {
		f.notIn = append(f.notIn, v)
	}
	f.hasIn = s.node("in") != nil || s.node("equals") != nil
	f.atLeast, f.below = l.literal(s, "at_least"), l.literal(s, "less_than")
	for _, bound := range []string{"at_least", "less_than"} {
		if _, isBool := s.node(bound).(*ast.BoolNode); isBool {
			l.mistake(s.node(bound), "%s: want text or a number", bound)
		}
	}
	return f
}

// literals reads a list of values.
func (l *loader) literals(s *section, field string) []json.RawMessage {
	n := s.node(field)
	if n == nil {
		return nil
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		l.mistake(n, "%s: want a list of values", field)
		return nil
	}
	var all []json.RawMessage
	for _, item := range list.Values {
		if v := l.literalOf(item, field); v != nil {
			all = append(all, v)
		}
	}
	return all
}

func (l *loader) literal(s *section, field string) json.RawMessage {
	if value, given := s.values[field]; given && s.node(field) == nil {
		l.mistake(value.Key, "%s: nothing equals null; ask with exists: true or false", field)
		return nil
	}
	if n := s.node(field); n != nil {
		return l.literalOf(n, field)
	}
	return nil
}

var jsonNumberRule = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// literalOf returns a value of the file as JSON, numbers with all their digits.
func (l *loader) literalOf(n ast.Node, field string) json.RawMessage {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		text := n.GetToken().Value
		if !jsonNumberRule.MatchString(text) {
			l.mistake(n, "%s: want a number as JSON spells it, such as 1000 or 0.5", field)
			return nil
		}
		return json.RawMessage(text)
	case *ast.BoolNode:
		return json.RawMessage(strings.ToLower(n.GetToken().Value))
	}
	text, ok := textOf(n)
	switch {
	case !ok:
		l.mistake(n, "%s: want text, a number or a boolean, not %s", field, kindOf(n))
		return nil
	case strings.Contains(text, "{{") || strings.Contains(text, "{%"):
		l.mistake(n, "%s: expressions are not supported in filters yet", field)
		return nil
	}
	return json.RawMessage(quote(text))
}

func (l *loader) loadMapping(n ast.Node, r *Resource) *mapping {
	s := l.section(n, "map", nil, words[mapWords]())
	m := &mapping{}
	given, renames := map[string]bool{}, map[string]bool{}
	give := func(at ast.Node, name string) {
		if name == "" || given[name] {
			l.mistake(at, "map: %q is given twice, or is no name", name)
		}
		given[name] = true
		l.protect(at, r, []string{name}, "replaced")
	}
	if from := s.sub("rename", "rename", vocabulary{any: true}); from != nil {
		for _, old := range from.fields() {
			to := from.text(old)
			l.protect(from.values[old].Key, r, []string{old}, "renamed")
			give(from.node(old), to)
			m.rename, renames[old] = append(m.rename, renamed{old, to}), true
		}
	}
	if to := s.sub("lift", "lift", vocabulary{any: true}); to != nil {
		for _, name := range to.fields() {
			if path := to.path(name); path != nil {
				give(to.values[name].Key, name)
				m.lift = append(m.lift, lifted{name, path})
			}
		}
	}
	paths, places := s.names("remove")
	for i, text := range paths {
		path := strings.Split(text, ".")
		if slices.Contains(path, "") {
			l.mistake(places[i], "remove: want member names joined with dots")
			continue
		}
		if len(path) == 1 && renames[text] {
			l.mistake(places[i], "map: %q is renamed and removed", text)
		}
		l.protect(places[i], r, path, "removed")
		m.remove = append(m.remove, path)
	}
	if len(m.rename)+len(m.lift)+len(m.remove) == 0 {
		l.mistake(n, "map does nothing: want rename, lift or remove")
	}
	return m
}

// protect refuses to change what names a record, or when it changed: the topic's keys and times would not be those of its records.
func (l *loader) protect(n ast.Node, r *Resource, path []string, what string) {
	for _, key := range r.Key {
		if path[0] == key.Name {
			l.mistake(n, "map: %s is part of the key, it cannot be %s", key.Name, what)
		}
	}
	if r.CursorPath != "" && covers(path, strings.Split(r.CursorPath, ".")) {
		l.mistake(n, "map: %s is the cursor field, it cannot be %s", r.CursorPath, what)
	}
}

// covers reports whether a change at path changes what is at field.
func covers(path, field []string) bool {
	return len(path) <= len(field) && slices.Equal(path, field[:len(path)])
}

// checkSteps: what a substream's requests need of its parent must be left of it.
func (l *loader) checkSteps(p *pending, parent *Resource) {
	needs := map[string]bool{}
	for h := range p.uses {
		if h.scope == scopeSlice {
			needs[h.field] = true
		}
	}
	for _, f := range p.fromParent {
		if !f.resource {
			needs[f.path[0]] = true
		}
	}
	for _, s := range parent.steps {
		if s.mapping == nil {
			continue
		}
		lost := slices.Clone(s.mapping.remove)
		for _, r := range s.mapping.rename {
			lost = append(lost, []string{r.from})
		}
		for _, path := range lost {
			if needs[path[0]] && !s.mapping.gives(path[0]) {
				l.mistake(p.section.at, "%s needs the field %q of %s, whose processing_steps rename or remove it", p.section.what, path[0], parent.Name)
			}
		}
	}
}

func (m *mapping) gives(name string) bool {
	return slices.ContainsFunc(m.rename, func(r renamed) bool { return r.to == name }) || slices.ContainsFunc(m.lift, func(l lifted) bool { return l.to == name })
}
