package expr

import (
	"fmt"
	"strings"
)

// parser turns tokens into a tree. The first mistake ends it: fail moves to the end, where every loop stops.
type parser struct {
	text   string
	tokens []token
	at     int
	depth  int
	scope  Scope
	locals []map[string]bool // names that set and for make, innermost last
	refs   []Reference
	clock  *Error // the first use of the clock
	err    *Error
}

func newParser(text string, tokens []token, scope Scope) *parser {
	return &parser{text: text, tokens: tokens, scope: scope, locals: []map[string]bool{{}}}
}

func (p *parser) fail(offset int, format string, args ...any) {
	if p.err == nil {
		p.err = errorAt(offset, format, args...)
	}
	p.at = len(p.tokens) - 1
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) peekAt(n int) token { return p.tokens[min(p.at+n, len(p.tokens)-1)] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

// operator takes the operator if it is next.
func (p *parser) operator(text string) bool {
	if t := p.peek(); t.kind == tokenOperator && t.text == text {
		p.at++
		return true
	}
	return false
}

// word takes the word if it is next.
func (p *parser) word(text string) bool {
	if t := p.peek(); t.kind == tokenName && t.text == text {
		p.at++
		return true
	}
	return false
}

func (p *parser) want(operator string) {
	if !p.operator(operator) {
		p.fail(p.peek().from, "want %q, not %s", operator, p.peek())
	}
}

// String names the token, for messages.
func (t token) String() string {
	switch t.kind {
	case tokenEnd:
		return "the end"
	case tokenString:
		return "text"
	default:
		return fmt.Sprintf("%q", t.text)
	}
}

func (p *parser) enter() bool {
	if p.depth++; p.depth > maxNested {
		p.fail(p.peek().from, "nested deeper than %d", maxNested)
		return false
	}
	return true
}

func (p *parser) leave() { p.depth-- }

// span is where a node stands.
type span struct{ from, to int }

func (p *parser) since(from int) span { return span{from, p.tokens[max(p.at-1, 0)].to} }

// refusedBlocks are statements of Jinja that do not exist here, with the reason.
var refusedBlocks = map[string]string{
	"include": "nothing is read from files", "import": "nothing is read from files", "from": "nothing is read from files",
	"extends": "nothing is read from files", "block": "there is nothing to extend", "macro": "write the expression out",
	"call": "there are no macros to call", "filter": "apply the filter to an expression", "do": "values do not change",
	"raw": "write {{ '{{' }} for braces", "with": "use set", "autoescape": "nothing is escaped",
}

// statements reads up to the end, or up to a block tag with one of the words, which is returned and taken.
func (p *parser) statements(until ...string) (body []statement, end string) {
	if !p.enter() {
		return nil, ""
	}
	defer p.leave()
	for {
		switch t := p.take(); t.kind {
		case tokenEnd:
			if len(until) > 0 {
				p.fail(t.from, "{%% %s %%} is missing", until[len(until)-1])
			}
			return body, ""
		case tokenText:
			body = append(body, &literalText{t.text})
		case tokenValue:
			body = append(body, &output{value: p.tuple()})
			p.closeTag()
		case tokenBlock:
			word := p.take()
			for _, u := range until {
				if word.kind == tokenName && word.text == u {
					return body, u
				}
			}
			if s := p.block(word); s != nil {
				body = append(body, s)
			}
		}
	}
}

func (p *parser) closeTag() {
	if t := p.take(); p.err == nil && t.kind != tokenClose {
		p.fail(t.from, "unexpected %s", t)
	}
}

func (p *parser) block(word token) statement {
	switch why, refused := refusedBlocks[word.text]; {
	case word.text == "if":
		return p.ifBlock()
	case word.text == "for":
		return p.forBlock()
	case word.text == "set":
		return p.setBlock()
	case refused:
		p.fail(word.from, "{%% %s %%} is not available: %s", word.text, why)
	default:
		p.fail(word.from, "%s", unknown("statement", word.text, []string{"if", "elif", "else", "endif", "for", "endfor", "set"}))
	}
	return nil
}

// ifBlock reads what follows {% if. An elif is an if in the else.
func (p *parser) ifBlock() statement {
	s := &ifStatement{condition: p.tuple()}
	p.closeTag()
	body, end := p.statements("elif", "else", "endif")
	s.then = body
	switch end {
	case "elif":
		if p.enter() {
			s.otherwise = []statement{p.ifBlock()}
			p.leave()
		}
		return s
	case "else":
		p.closeTag()
		s.otherwise, _ = p.statements("endif")
	}
	p.closeTag()
	return s
}

func (p *parser) forBlock() statement {
	s := &forStatement{}
	names := p.targets()
	if s.targets = names; !p.word("in") {
		p.fail(p.peek().from, "want \"in\", not %s", p.peek())
	}
	s.over = p.or()
	p.locals = append(p.locals, map[string]bool{"loop": true})
	for _, n := range names {
		p.locals[len(p.locals)-1][n] = true
	}
	if p.word("if") {
		s.filter = p.expression()
	}
	if t := p.peek(); t.kind == tokenName && t.text == "recursive" {
		p.fail(t.from, "recursive loops are not available")
	}
	p.closeTag()
	body, end := p.statements("else", "endfor")
	s.body = body
	p.locals = p.locals[:len(p.locals)-1]
	if end == "else" {
		p.closeTag()
		s.otherwise, _ = p.statements("endfor")
	}
	p.closeTag()
	return s
}

func (p *parser) setBlock() statement {
	s := &setStatement{targets: p.targets(), at: p.peek().from}
	if !p.operator("=") {
		p.fail(p.peek().from, "want {%% set name = … %%}, not %s", p.peek())
	}
	s.value = p.tuple()
	p.closeTag()
	for _, n := range s.targets {
		p.locals[len(p.locals)-1][n] = true
	}
	return s
}

// targets reads the names that for or set gives values to.
func (p *parser) targets() []string {
	var names []string
	bracket := p.operator("(")
	for {
		t := p.take()
		if t.kind != tokenName || reserved[t.text] {
			p.fail(t.from, "want a name, not %s", t)
			return names
		}
		names = append(names, t.text)
		if !p.operator(",") {
			break
		}
	}
	if bracket {
		p.want(")")
	}
	return names
}

var reserved = map[string]bool{"true": true, "True": true, "false": true, "False": true, "none": true, "None": true, "and": true,
	"or": true, "not": true, "in": true, "is": true, "if": true, "else": true, "loop": true}

// resolve checks a top-level name and notes its use.
func (p *parser) resolve(t token) node {
	n := &name{span{t.from, t.to}, t.text}
	var known []string
	for _, locals := range p.locals {
		if locals[t.text] {
			return n
		}
		known = append(known, namesOf(locals)...)
	}
	for _, have := range p.scope.Names {
		if have == t.text {
			p.refs = append(p.refs, Reference{Name: t.text, Offset: t.from})
			return n
		}
	}
	if why, ok := p.scope.Absent[t.text]; ok {
		p.fail(t.from, "%s", strings.TrimSpace(t.text+" "+why))
		return n
	}
	p.fail(t.from, "%s", unknown("name", t.text, append(known, p.scope.Names...)))
	return n
}

// note adds the constant first member to the reference that a name made.
func (p *parser) note(of node, member node) {
	n, ok := of.(*name)
	if !ok || len(p.refs) == 0 {
		return
	}
	// The member may have been computed with names of its own: the name's reference is not always the last.
	for i := len(p.refs) - 1; i >= 0; i-- {
		if p.refs[i].Offset != n.from {
			continue
		}
		if c, ok := member.(*constant); ok {
			if text, ok := c.value.(string); ok {
				p.refs[i].Member = text
			}
		}
		return
	}
}
