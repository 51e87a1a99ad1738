package extract

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

var (
	endpointWords = vocabulary{
		known:       []string{"path", "method", "params", "body", "json", "data_selector", "total_path", "paginator", "response_actions"},
		unsupported: []string{"headers", "data", "incremental", "auth", "base_url"},
	}
	actionWords = vocabulary{known: []string{"status_code", "action"}, unsupported: []string{"content"}}
)

func (l *loader) loadEndpoint(p *pending) {
	s := p.section.sub("endpoint", "endpoint", endpointWords)
	if s == nil || s.node("path") == nil {
		l.mistake(p.section.at, "%s has no endpoint with a path", p.section.what)
		return
	}
	allowed := l.allowed(p)
	spec := &p.resource.request
	spec.method = s.word("method", []string{"GET", "POST"}, []string{"PUT", "PATCH", "DELETE", "HEAD", "get", "post"})
	if spec.path = l.template(s, "path", allowed); spec.path != nil {
		text, _ := textOf(s.node("path"))
		if strings.Contains(text, "://") || strings.ContainsAny(text, "?#") {
			l.mistake(s.node("path"), "path: want a path below base_url; parameters go under params")
		}
	}
	spec.params = l.templates(s, "params", allowed)
	spec.selector, spec.total = s.path("data_selector"), s.path("total_path")
	spec.body = l.loadBody(s, allowed)
	if spec.body != nil && spec.method != "POST" {
		l.mistake(s.at, "a body wants method: POST")
	}
	l.loadPaginator(p, s)
	l.loadActions(p, s)
}

// allowed says which placeholders exist in the requests of a resource, and notes the ones that are used.
func (l *loader) allowed(p *pending) func(placeholder) error {
	return func(h placeholder) error {
		switch h.scope {
		case scopeConfig:
			return l.settingsOnly(h)
		case scopeInterval:
			if p.resource.Incremental == nil {
				return fmt.Errorf("{{ %s.%s }} wants the resource to be incremental", h.scope, h.field)
			}
			fields := []string{"start_time", "end_time", "row_order"}
			for _, f := range fields {
				if f == h.field {
					p.uses[h] = true
					return nil
				}
			}
			if meant := nearest(h.field, fields); meant != "" {
				return fmt.Errorf("no {{ stream_interval.%s }} (did you mean %q?)", h.field, meant)
			}
			return fmt.Errorf("no {{ stream_interval.%s }} (known: %s)", h.field, strings.Join(fields, ", "))
		case scopeSlice:
			if p.section.node("parent") == nil {
				return fmt.Errorf("{{ %s.%s }} wants the resource to have a parent", h.scope, h.field)
			}
			p.uses[h] = true
			return nil
		}
		known := []string{string(scopeConfig), string(scopeInterval), string(scopeSlice)}
		if meant := nearest(string(h.scope), known); meant != "" {
			return fmt.Errorf("no {{ %s.… }} (did you mean %q?)", h.scope, meant)
		}
		return fmt.Errorf("no {{ %s.… }} (known: %s)", h.scope, strings.Join(known, ", "))
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

var (
	pagingWords  = []string{"single_page", "cursor", "json_link", "scroll"}
	pagingSoon   = []string{"header_link", "header_cursor", "offset", "page_number", "auto", "json_response", "custom"}
	pagingFields = vocabulary{
		known: []string{"type", "cursor_path", "cursor_param", "cursor_body_path", "next_url_path", "next_params", "shifting", "busy_code"},
		unsupported: []string{"page_size", "stop_condition", "page", "page_param", "base_page", "total_path", "maximum_page", "limit",
			"offset", "limit_param", "offset_param", "maximum_offset", "has_more_path", "links_next_key"},
	}
	pagingOwn = map[string][]string{
		"single_page": {},
		"cursor":      {"cursor_path", "cursor_param", "cursor_body_path"},
		"json_link":   {"next_url_path", "next_params", "shifting"},
		"scroll":      {"cursor_path", "cursor_param", "busy_code"},
	}
)

// loadPaginator reads how to get to the next page. It is taken whole, from the resource or from the defaults: half of one
// and half of another would be neither.
func (l *loader) loadPaginator(p *pending, endpoint *section) {
	n := endpoint.node("paginator")
	if n == nil {
		return // single page
	}
	at := n
	var s *section
	kind := ""
	if _, ok := textOf(n); ok { // paginator: single_page
		s = &section{r: l.yamlReader, what: "paginator", at: n}
		kind = endpoint.word("paginator", pagingWords, pagingSoon)
	} else {
		s = l.section(n, "paginator", nil, pagingFields)
		if s.node("type") == nil {
			l.mistake(at, "paginator has no type (supported: %s)", strings.Join(pagingWords, ", "))
			return
		}
		kind = s.word("type", pagingWords, pagingSoon)
	}
	l.checkPaginatorFields(s, kind)
	pages := &p.resource.request.pages
	*pages = paginatorSpec{param: s.text("cursor_param"), bodyPath: s.path("cursor_body_path"),
		shifting: s.bool("shifting"), busyCode: s.text("busy_code")}
	pages.linkParams, _ = s.names("next_params")
	switch kind {
	case "cursor":
		pages.kind, pages.next = pagingCursor, s.path("cursor_path")
	case "json_link":
		pages.kind, pages.next = pagingLink, s.path("next_url_path")
	case "scroll":
		pages.kind, pages.next = pagingScroll, s.path("cursor_path")
	}
	l.checkPaginator(p, at)
}

func (l *loader) checkPaginatorFields(s *section, kind string) {
	for _, field := range s.order {
		if field == "type" {
			continue
		}
		if !(vocabulary{known: pagingOwn[kind]}).allows(field) {
			l.mistake(s.values[field].Key, "paginator of type %s has no field %q", kind, field)
		}
	}
}

func (l *loader) checkPaginator(p *pending, at ast.Node) {
	pages, spec := &p.resource.request.pages, &p.resource.request
	switch pages.kind {
	case pagingLink:
		if pages.next == nil {
			l.mistake(at, "paginator of type json_link has no next_url_path")
		}
	case pagingCursor, pagingScroll:
		if pages.next == nil {
			l.mistake(at, "paginator has no cursor_path: where the answer holds the next page's token")
		}
		if (pages.param == "") == (pages.bodyPath == nil) {
			l.mistake(at, "paginator wants cursor_param or cursor_body_path: where the next request carries the token")
		}
		if pages.bodyPath == nil {
			return
		}
		if spec.body == nil {
			l.mistake(at, "cursor_body_path wants a body")
		} else if err := spec.body.insertToken(pages.bodyPath); err != nil {
			l.mistake(at, "cursor_body_path: %v", err)
		}
	}
}

// loadActions reads what an unusual status means. Only 404 has a meaning of its own so far.
func (l *loader) loadActions(p *pending, endpoint *section) {
	spec := &p.resource.request
	if p.section.node("parent") != nil {
		spec.notFound = notFoundGone
	}
	n := endpoint.node("response_actions")
	if n == nil {
		return
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		l.mistake(n, "response_actions: want a list, not %s", kindOf(n))
		return
	}
	for _, item := range list.Values {
		s := l.section(item, "response action", nil, actionWords)
		if code := s.node("status_code"); code == nil || s.count("status_code") != 404 {
			l.mistake(item, "response_actions: only status_code: 404 is supported so far")
			continue
		}
		if s.node("action") == nil {
			l.mistake(item, "response action has no action (supported: ignore, empty, fail)")
			continue
		}
		switch s.word("action", []string{"ignore", "empty", "fail"}, []string{"retry"}) {
		case "fail":
			spec.notFound = notFoundFails
		case "empty":
			spec.notFound = notFoundEmpty
		case "ignore":
			spec.notFound = notFoundGone
			if p.section.node("parent") == nil {
				spec.notFound = notFoundEmpty
			}
		}
	}
}
