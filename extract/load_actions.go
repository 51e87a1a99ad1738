package extract

import (
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"github.com/headwater-stream/headwater/extract/expr"
)

// loadActions reads what unusual answers mean, the built-in rules last: a substream that is not there has lost its parent.
func (l *loader) loadActions(p *pending, endpoint *section) {
	spec := &p.resource.request
	if n := endpoint.node("response_actions"); n != nil {
		list, ok := n.(*ast.SequenceNode)
		if !ok {
			l.mistake(n, "response_actions: want a list, not %s", kindOf(n))
			return
		}
		for i, item := range list.Values {
			if a := l.loadAction(item); a != nil {
				a.place = i + 1
				spec.actions = append(spec.actions, *a)
			}
		}
	}
	if p.substream() {
		spec.actions = append(spec.actions, action{status: 404, do: "ignore"}, action{status: 410, do: "ignore"})
	}
}

func (l *loader) loadAction(item ast.Node) *action {
	s := l.section(item, "response action", nil, words[actionWords]())
	if s.node("action") == nil {
		l.mistake(item, "response action has no action (known: ignore, empty, retry, fail, wait)")
		return nil
	}
	a := &action{do: s.choice("action"), content: s.text("content"), hint: s.text("hint"), wait: s.duration("wait", 0)}
	l.loadStatus(s, a)
	if n := s.node("when"); n != nil {
		a.when = l.condition(n, "when", whenScope)
	}
	if n := s.node("content"); n != nil && a.content == "" {
		l.mistake(n, "content: want the text to look for")
	}
	switch {
	case s.node("status_code") == nil && s.node("content") == nil && s.node("when") == nil:
		l.mistake(item, "response action has no status_code, content or when: it would match every answer")
	case (a.class == 2 || a.status == 200) && s.node("content") == nil && s.node("when") == nil: // 202 and 204 are no pages
		l.mistake(s.node("status_code"), "response action for every success: say which, with content or when")
	}
	if n := s.node("wait"); n != nil && (a.do != "wait" || a.wait <= 0 || a.wait > maxRetryAfter) {
		l.mistake(n, "wait: is for action: wait, and at most %v", maxRetryAfter)
	}
	if n := s.node("hint"); n != nil && a.do != "fail" {
		l.mistake(n, "hint is for action: fail")
	}
	return a
}

var statusRule = regexp.MustCompile(`^[1-5](xx|[0-9][0-9])$`)

func (l *loader) loadStatus(s *section, a *action) {
	n := s.node("status_code")
	if n == nil {
		return
	}
	text, ok := textOf(n) // "404" is meant as it is spelt
	if _, number := n.(*ast.IntegerNode); number {
		text, ok = n.GetToken().Value, true
	}
	if !ok || !statusRule.MatchString(text) {
		l.mistake(n, "status_code: want a status such as 404, or a class such as 5xx")
		return
	}
	if a.status, _ = strconv.Atoi(text); a.status == 0 {
		a.class = int(text[0] - '0')
	}
}

// condition compiles an expression, with or without {{ }}, over the names of a scope.
func (l *loader) condition(n ast.Node, what string, names expr.Scope) *template {
	text, ok := textOf(n)
	if !ok {
		l.mistake(n, "%s: want an expression, not %s", what, kindOf(n))
		return nil
	}
	t, err := expr.ParseExpression(text, names)
	if err == nil {
		err = t.NoClock()
	}
	if err == nil {
		for _, ref := range t.References() {
			if ref.Name != string(scopeConfig) {
				continue
			}
			if wrong := l.settingsOnly(placeholder{scopeConfig, ref.Member}); wrong != nil {
				err = &expr.Error{Offset: ref.Offset, Message: wrong.Error()}
				break
			}
		}
	}
	if err != nil {
		line, column := l.within(n, text, offsetOf(err))
		l.mistakeAt(line, column, "%s: %v", what, err)
		return nil
	}
	return &template{t}
}
