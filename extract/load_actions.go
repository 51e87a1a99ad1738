package extract

import "github.com/goccy/go-yaml/ast"

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
		s := l.section(item, "response action", nil, words[actionWords]())
		if code := s.node("status_code"); code == nil || s.count("status_code") != 404 {
			l.mistake(item, "response_actions: only status_code: 404 is supported so far")
			continue
		}
		if s.node("action") == nil {
			l.mistake(item, "response action has no action (supported: ignore, empty, fail)")
			continue
		}
		switch s.choice("action", "retry", "wait") {
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
