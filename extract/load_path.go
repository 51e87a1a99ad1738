package extract

import (
	"net/url"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// loadPath reads the path. {name} in it takes the parameter of that name, which is then no query parameter.
func (l *loader) loadPath(p *pending, allowed func(placeholder) error) *template {
	n := p.endpoint.node("path")
	text, ok := textOf(n)
	if !ok {
		return l.compile(n, "path", allowed)
	}
	if strings.Contains(text, "://") || strings.ContainsAny(text, "?#") {
		l.mistake(n, "path: want a path below base_url; parameters go under params")
	}
	params := p.endpoint.sub("params", "params", vocabulary{any: true})
	return l.compileText(n, text, "path", allowed, func(inside string, offset int) (string, bool) {
		name := strings.TrimSpace(inside)
		if params != nil && params.node(name) != nil {
			p.inPath[name] = true
			return l.pathPart(p, name, params.node(name)), true
		}
		line, column := l.within(n, text, offset)
		var names []string
		if params != nil {
			names = params.fields()
		}
		if meant := nearest(name, names); meant != "" {
			l.mistakeAt(line, column, "path: no parameter %q under params (did you mean %q?)", name, meant)
		} else {
			l.mistakeAt(line, column, "path: no parameter %q under params; a field of the parent is written {{ stream_slice.%s }}", name, name)
		}
		return "", false
	})
}

// pathPart is what a parameter puts into the path.
func (l *loader) pathPart(p *pending, name string, n ast.Node) string {
	if taken, ok := p.taken[name]; ok {
		return taken
	}
	text := l.scalarText(n, "params "+name)
	if strings.Contains(text, "{") {
		return text // its values are escaped when they are known
	}
	return url.PathEscape(text)
}

// loadParams reads the query parameters.
func (l *loader) loadParams(p *pending, allowed func(placeholder) error) []namedTemplate {
	params := p.endpoint.sub("params", "params", vocabulary{any: true})
	if params == nil {
		return nil
	}
	var list []namedTemplate
	for _, name := range params.fields() {
		n := params.node(name)
		if n == nil || p.inPath[name] {
			continue
		}
		var t *template
		if taken, ok := p.taken[name]; ok {
			t = l.compileText(n, taken, "params "+name, allowed, nil)
		} else {
			t = l.compile(n, "params "+name, allowed)
		}
		if t != nil {
			list = append(list, namedTemplate{name, t, l.isSecret(t)})
		}
	}
	return list
}
