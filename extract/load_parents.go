package extract

import (
	"slices"
	"sort"

	"github.com/goccy/go-yaml/ast"
)

// parentRef is a place of the file that names a parent.
type parentRef struct {
	name         string
	line, column int
}

func refAt(name string, n ast.Node) parentRef {
	line, column := place(n)
	return parentRef{name, line, column}
}

// loadParents finds out whose substream a resource is: the parents that it names, or the one resource that its request takes
// values from in the reference's way.
func (l *loader) loadParents(p *pending) {
	names, at := p.section.names("parent")
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			l.mistake(at[i], "parent names %q twice", name)
			continue
		}
		p.parents = append(p.parents, refAt(name, at[i]))
	}
	declared := len(p.parents)
	for _, ref := range l.resolved(p) {
		switch {
		case len(p.parents) == 0:
			p.parents = append(p.parents, ref)
		case declared > 1:
			l.mistakeAt(ref.line, ref.column, "the parents are several, and this takes values from %q alone: write {{ stream_slice.FIELD }}, a field of each", ref.name)
		case ref.name == p.parents[0].name:
		case declared == 1:
			l.mistakeAt(ref.line, ref.column, "this takes values from %q, but parent is %q", ref.name, p.parents[0].name)
		default:
			l.mistakeAt(ref.line, ref.column, "a request takes values from one record, but here from %q and from %q", p.parents[0].name, ref.name)
		}
	}
}

// resolved lists where a request takes values from a resource by its name: parameters of type resolve, and {resources.NAME.FIELD}.
func (l *loader) resolved(p *pending) []parentRef {
	s := p.endpoint
	if s == nil {
		return nil
	}
	var refs []parentRef
	find := func(n ast.Node) {
		eachText(n, func(n ast.Node, text string) {
			_ = rewrite(text, func(inside string, offset int) (string, bool) {
				if m := resourceField.FindStringSubmatch(inside); m != nil {
					line, column := l.within(n, text, offset)
					refs = append(refs, parentRef{m[1], line, column})
				}
				return "", false
			})
		})
	}
	find(s.node("path"))
	for _, field := range []string{"params", "headers", "data"} {
		all := s.sub(field, field, vocabulary{any: true})
		if all == nil {
			continue
		}
		for _, name := range all.fields() {
			n := all.node(name)
			if ref, ok := l.resolveParam(p, field, name, n); ok {
				refs = append(refs, ref)
			}
			find(n)
		}
	}
	find(s.node("body"))
	find(s.node("json"))
	return refs
}

// resolveParam reads a query parameter that is taken from a parent: { type: resolve, resource: NAME, field: PATH }.
func (l *loader) resolveParam(p *pending, of, name string, n ast.Node) (parentRef, bool) {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
	default:
		return parentRef{}, false
	}
	if of != "params" {
		return parentRef{}, false // told when it is compiled
	}
	for _, m := range l.members(n, "params") {
		if text, _ := textOf(m.Value); l.keyText(m.Key) == "type" && text == "incremental" {
			l.mistake(n, "parameter %s: type incremental is written incremental: { cursor_path: …, start_param: %s }, beside params", name, name)
			return parentRef{}, false
		}
	}
	s := l.section(n, "parameter "+name, nil, words[resolveWords]())
	s.choice("type")
	resource, field := s.text("resource"), s.path("field")
	for _, word := range []string{"type", "resource", "field"} {
		if s.node(word) == nil {
			l.mistake(n, "parameter %s has no %s: want { type: resolve, resource: NAME, field: PATH }", name, word)
		}
	}
	p.taken[name] = "{{ " + sliceField(field) + " }}"
	return refAt(resource, s.node("resource")), resource != ""
}

// link makes the parents known to their child and the child to its parents. Of a substream of several parents each gets a Resource of
// its own; after this nothing may change one of them alone.
func (l *loader) link(p *pending, all map[string]*pending) {
	r := p.resource
	if len(p.parents) == 0 {
		if n := p.section.node("include_from_parent"); n != nil {
			l.mistake(n, "include_from_parent is for resources that have a parent")
		}
		return
	}
	r.fromParent = p.fromParent
	var views []*Resource
	for _, ref := range p.parents {
		parent := l.parent(p, ref, all)
		if parent == nil {
			continue
		}
		view := r
		if len(views) > 0 {
			same := *r
			view = &same
		}
		view.Parent = parent.resource
		views = append(views, view)
		parent.resource.Children = append(parent.resource.Children, view)
	}
	for _, view := range views {
		view.PerParent = views
	}
}

// parent finds the resource that ref names.
func (l *loader) parent(p *pending, ref parentRef, all map[string]*pending) *pending {
	parent, ok := all[ref.name]
	switch {
	case !ok:
		names := make([]string, 0, len(all))
		for name := range all {
			names = append(names, name)
		}
		sort.Strings(names)
		if meant := nearest(ref.name, names); meant != "" {
			l.mistakeAt(ref.line, ref.column, "no resource %q (did you mean %q?)", ref.name, meant)
		} else {
			l.mistakeAt(ref.line, ref.column, "no resource %q", ref.name)
		}
	case parent == p:
		l.mistakeAt(ref.line, ref.column, "a resource cannot be its own parent")
	case parent.substream():
		l.mistakeAt(ref.line, ref.column, "parent %q has a parent itself: substreams of substreams are not supported yet", ref.name)
	default:
		return parent
	}
	return nil
}

// eachText calls f with every text below n.
func eachText(n ast.Node, f func(n ast.Node, text string)) {
	switch v := n.(type) {
	case *ast.MappingNode:
		for _, m := range v.Values {
			eachText(m.Value, f)
		}
	case *ast.MappingValueNode:
		eachText(v.Value, f)
	case *ast.SequenceNode:
		for _, item := range v.Values {
			eachText(item, f)
		}
	default:
		if text, ok := textOf(n); ok {
			f(n, text)
		}
	}
}
