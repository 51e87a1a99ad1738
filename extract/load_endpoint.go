package extract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/headwater-stream/headwater/extract/expr"
)

func (l *loader) loadEndpoint(p *pending) {
	s := p.endpoint
	allowed := l.allowed(p)
	spec := &p.resource.request
	spec.method = s.choice("method")
	if s.node("path") == nil { // as elsewhere, it is the name then
		t, _ := expr.Parse(p.resource.Name, expr.Scope{})
		spec.path = &template{t}
	} else if spec.path = l.loadPath(p, allowed); spec.path != nil && l.isSecret(spec.path) {
		l.warn(s.node("path"), "path holds a secret setting, and servers and proxies write paths into their logs: send it in a header or under auth")
	}
	spec.params = l.loadParams(p, allowed)
	l.timeParams(p)
	spec.auth = l.loadAuth(s)
	spec.headers = l.templates(s, "headers", allowed)
	for _, h := range spec.headers {
		l.checkHeaderName(s.node("headers"), h.name)
	}
	auth := spec.auth
	if auth == nil {
		auth = l.src.client.auth
	}
	l.checkAuthPlaces(s, auth, spec.headers, spec.params)
	spec.selector, spec.total = s.path("data_selector"), s.path("total_path")
	spec.body = l.loadBody(s, allowed)
	if spec.body != nil && spec.method != "POST" {
		l.mistake(s.at, "a body wants method: POST")
	}
	if n := s.node("data"); n != nil {
		spec.form = l.templates(s, "data", allowed)
		switch {
		case spec.body != nil:
			l.mistake(n, "data is a form and body is JSON: give one")
		case spec.method != "POST":
			l.mistake(n, "data wants method: POST")
		}
	}
	l.loadPaginator(p, s)
	l.loadActions(p, s)
}

// allowed says which placeholders exist in the requests of a resource, and notes the ones that are used.
func (l *loader) allowed(p *pending) func(placeholder) error {
	return func(h placeholder) error {
		switch h.scope {
		case scopeInterval:
			if p.resource.Incremental == nil {
				return fmt.Errorf("%s wants the resource to be incremental", h)
			}
			fields := []string{"start_time", "end_time", "row_order"}
			if h.field == "" || slices.Contains(fields, h.field) {
				break
			}
			if meant := nearest(h.field, fields); meant != "" {
				return fmt.Errorf("no %s (did you mean %q?)", h, meant)
			}
			return fmt.Errorf("no %s (known: %s)", h, strings.Join(fields, ", "))
		case scopeSlice:
			if !p.substream() {
				return fmt.Errorf("%s wants the resource to have a parent", h)
			}
		case scopeResource:
			if !p.substream() {
				return fmt.Errorf("%s wants the resource to have a parent", h)
			}
			if h.field != "" {
				return fmt.Errorf("no %s: %s is a name and has no fields; those of the parent are {{ stream_slice.FIELD }}", h, scopeResource)
			}
		default:
			return l.settingsOnly(h)
		}
		p.uses[h] = true
		return nil
	}
}

// loadBody takes the body apart. It may be called json, as elsewhere.
func (l *loader) loadBody(s *section, allowed func(placeholder) error) *bodyNode {
	n := s.node("body")
	if other := s.node("json"); other != nil {
		if n != nil {
			l.mistake(other, "body and json are two names of one thing: give one")
		}
		n = other
	}
	if n == nil {
		return nil
	}
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return l.bodyNode(n, allowed)
	default:
		l.mistake(n, "body: want a mapping, not %s", kindOf(n))
		return nil
	}
}

func (l *loader) bodyNode(n ast.Node, allowed func(placeholder) error) *bodyNode {
	switch v := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		b := &bodyNode{isObject: true}
		for _, m := range l.members(n, "body") {
			b.members = append(b.members, bodyMember{l.keyText(m.Key), l.bodyNode(m.Value, allowed)})
		}
		return b
	case *ast.SequenceNode:
		b := &bodyNode{isList: true}
		for _, item := range v.Values {
			b.items = append(b.items, l.bodyNode(item, allowed))
		}
		return b
	case *ast.StringNode, *ast.LiteralNode:
		t := l.compile(n, "body", allowed)
		if t == nil {
			t = &template{}
		}
		return &bodyNode{text: t}
	case *ast.NullNode:
		return &bodyNode{literal: json.RawMessage("null")}
	case ast.ScalarNode:
		raw, err := json.Marshal(v.GetValue())
		if err != nil {
			l.mistake(n, "body: %s has no JSON form", n.String())
			raw = json.RawMessage("null")
		}
		return &bodyNode{literal: raw}
	default:
		l.mistake(n, "body: %s is not supported", kindOf(n))
		return &bodyNode{literal: json.RawMessage("null")}
	}
}
