package expr

import (
	"math/big"
	"strconv"
	"strings"
)

// tuple reads an expression, or several with commas between.
func (p *parser) tuple() node {
	from := p.peek().from
	first := p.expression()
	if t := p.peek(); t.kind != tokenOperator || t.text != "," {
		return first
	}
	items := []node{first}
	for p.operator(",") {
		if t := p.peek(); t.kind == tokenClose || t.kind == tokenEnd || t.kind == tokenOperator && t.text == ")" {
			break
		}
		items = append(items, p.expression())
	}
	return &listOf{p.since(from), items, true}
}

// expression reads a … if … else ….
func (p *parser) expression() node {
	if !p.enter() {
		return &constant{}
	}
	defer p.leave()
	from := p.peek().from
	e := p.or()
	for p.word("if") {
		c := &choice{then: e, condition: p.or()}
		if p.word("else") {
			c.otherwise = p.expression()
		}
		c.span = p.since(from)
		e = c
	}
	return e
}

func (p *parser) or() node {
	from := p.peek().from
	e := p.and()
	for p.word("or") {
		right := p.and()
		e = &logic{p.since(from), e, right, true}
	}
	return e
}

func (p *parser) and() node {
	from := p.peek().from
	e := p.not()
	for p.word("and") {
		right := p.not()
		e = &logic{p.since(from), e, right, false}
	}
	return e
}

func (p *parser) not() node {
	if t := p.peek(); t.kind == tokenName && t.text == "not" {
		if !p.enter() {
			return &constant{}
		}
		defer p.leave()
		p.take()
		of := p.not()
		return &negation{p.since(t.from), of}
	}
	return p.comparison()
}

func (p *parser) comparison() node {
	from := p.peek().from
	first := p.sum()
	c := &comparison{first: first}
	for {
		t := p.peek()
		op := t.text
		switch {
		case t.kind == tokenOperator && isComparison(op):
			p.take()
		case t.kind == tokenName && op == "in":
			p.take()
		case t.kind == tokenName && op == "not" && p.peekAt(1).kind == tokenName && p.peekAt(1).text == "in":
			p.take()
			p.take()
			op = "not in"
		default:
			if c.operators == nil {
				return first
			}
			c.span = p.since(from)
			return c
		}
		c.operators, c.rest = append(c.operators, op), append(c.rest, p.sum())
	}
}

func isComparison(op string) bool {
	switch op {
	case "==", "!=", "<", "<=", ">", ">=":
		return true
	}
	return false
}

// binary reads operands with any of the operators between, from left to right.
func (p *parser) binary(operators string, operand func() node) node {
	from := p.peek().from
	e := operand()
	for {
		t := p.peek()
		if t.kind != tokenOperator || !strings.Contains(operators, " "+t.text+" ") {
			return e
		}
		p.take()
		right := operand()
		e = &arithmetic{p.since(from), t.text, e, right}
	}
}

func (p *parser) sum() node     { return p.binary(" + - ", p.joined) }
func (p *parser) joined() node  { return p.binary(" ~ ", p.product) }
func (p *parser) product() node { return p.binary(" * / // % ", p.power) }
func (p *parser) power() node {
	return p.binary(" ** ", func() node { return p.unary(true) })
}

// unary reads a signed operand; filters bind more tightly than anything but a member, and looser than a sign.
func (p *parser) unary(filters bool) node {
	t := p.peek()
	var e node
	if t.kind == tokenOperator && (t.text == "-" || t.text == "+") {
		if !p.enter() {
			return &constant{}
		}
		defer p.leave()
		p.take()
		of := p.unary(false)
		e = &sign{p.since(t.from), t.text == "-", of}
	} else {
		e = p.postfix(p.primary(), t.from)
	}
	for filters && p.err == nil {
		switch {
		case p.operator("|"):
			e = p.postfix(p.filter(e, t.from), t.from)
		case p.word("is"):
			e = p.test(e, t.from)
		default:
			return e
		}
	}
	return e
}

func (p *parser) primary() node {
	t := p.take()
	at := span{t.from, t.to}
	switch t.kind {
	case tokenString:
		text := t.text
		for p.peek().kind == tokenString {
			text += p.take().text
		}
		return &constant{p.since(t.from), text}
	case tokenInt, tokenFloat:
		v, ok := numberOf(t.text)
		if !ok {
			p.fail(t.from, "a number too large")
		}
		return &constant{at, v}
	case tokenName:
		return p.named(t)
	case tokenOperator:
		switch t.text {
		case "(":
			return p.parenthesised(t)
		case "[":
			return p.list(t)
		case "{":
			return p.mapping(t)
		}
	}
	p.fail(t.from, "want a value, not %s", t)
	return &constant{at, nil}
}

// numberOf returns the number that a token spells.
func numberOf(text string) (any, bool) {
	plain := strings.ReplaceAll(text, "_", "")
	if n, kind := scanNumber(text); n == len(text) && kind == tokenInt {
		if len(plain) > maxDigits {
			return nil, false
		}
		base := 10
		if len(plain) > 2 && isLetter(plain[1]) {
			base = map[byte]int{'x': 16, 'o': 8, 'b': 2}[plain[1]|0x20]
			plain = plain[2:]
		}
		i, ok := new(big.Int).SetString(plain, base)
		if !ok {
			return nil, false
		}
		return small(i), true
	}
	f, err := strconv.ParseFloat(plain, 64)
	return f, err == nil
}

// named reads what begins with a name: a constant, a macro's call, a name of the scope.
func (p *parser) named(t token) node {
	at := span{t.from, t.to}
	switch t.text {
	case "true", "True":
		return &constant{at, true}
	case "false", "False":
		return &constant{at, false}
	case "none", "None":
		return &constant{at, nil}
	}
	if next := p.peek(); next.kind == tokenOperator && next.text == "(" && !p.isName(t.text) {
		p.take()
		c := &macroCall{macro: t.text}
		why, refused := refusedMacros[t.text]
		switch f, ok := macros[t.text]; {
		case ok:
			if c.call = f; clocks[t.text] && p.clock == nil {
				p.clock = errorAt(t.from, "%s is not available here: the same request must be asked again, whatever the time", t.text)
			}
		case refused:
			p.fail(t.from, "%s is not available: %s", t.text, why)
		default:
			p.fail(t.from, "%s", unknown("macro", t.text, namesOf(macros)))
		}
		c.args = p.arguments()
		c.span = p.since(t.from)
		return c
	}
	return p.resolve(t)
}

// isName reports whether a name has a value of its own here.
func (p *parser) isName(text string) bool {
	for _, locals := range p.locals {
		if locals[text] {
			return true
		}
	}
	for _, n := range p.scope.Names {
		if n == text {
			return true
		}
	}
	return false
}

func (p *parser) parenthesised(open token) node {
	if p.operator(")") {
		return &listOf{p.since(open.from), nil, true}
	}
	e := p.tuple()
	p.want(")")
	return e
}

func (p *parser) list(open token) node {
	l := &listOf{}
	for p.err == nil && !p.operator("]") {
		if len(l.items) > 0 {
			if p.want(","); p.operator("]") {
				break
			}
		}
		l.items = append(l.items, p.expression())
	}
	l.span = p.since(open.from)
	return l
}

func (p *parser) mapping(open token) node {
	m := &mappingOf{}
	for p.err == nil && !p.operator("}") {
		if len(m.keys) > 0 {
			if p.want(","); p.operator("}") {
				break
			}
		}
		m.keys = append(m.keys, p.expression())
		p.want(":")
		m.values = append(m.values, p.expression())
	}
	m.span = p.since(open.from)
	return m
}

// postfix reads members, items and method calls.
func (p *parser) postfix(e node, from int) node {
	for p.err == nil {
		switch {
		case p.operator("."):
			e = p.member(e, from)
		case p.operator("["):
			e = p.subscript(e, from)
		default:
			if t := p.peek(); t.kind == tokenOperator && t.text == "(" {
				p.fail(t.from, "this cannot be called")
			}
			return e
		}
	}
	return e
}

func (p *parser) member(e node, from int) node {
	t := p.take()
	if t.kind == tokenInt {
		v, _ := numberOf(t.text)
		return &memberOf{p.since(from), e, &constant{span{t.from, t.to}, v}}
	}
	if t.kind != tokenName {
		p.fail(t.from, "want a member's name, not %s", t)
		return e
	}
	if p.operator("(") {
		if !methodNames[t.text] {
			p.fail(t.from, "%s", unknown("method", t.text, namesOf(methodNames)))
		}
		c := &methodCall{of: e, method: t.text, args: p.arguments()}
		c.span = p.since(from)
		if t.text == "get" && len(c.args.positional) > 0 {
			p.note(e, c.args.positional[0])
		}
		return c
	}
	key := &constant{span{t.from, t.to}, t.text}
	p.note(e, key)
	return &memberOf{p.since(from), e, key}
}

// subscript reads what follows [: a key, or a slice.
func (p *parser) subscript(e node, from int) node {
	bounds := [3]node{}
	n := 0
	for ; p.err == nil && n < 3; n++ {
		if t := p.peek(); t.kind != tokenOperator || t.text != ":" && t.text != "]" {
			bounds[n] = p.expression()
		}
		if !p.operator(":") {
			break
		}
	}
	p.want("]")
	if n > 0 {
		return &sliceOf{p.since(from), e, bounds}
	}
	if bounds[0] == nil {
		p.fail(p.peek().from, "want a key in [ ]")
		return e
	}
	p.note(e, bounds[0])
	return &memberOf{p.since(from), e, bounds[0]}
}

// arguments reads up to the closing bracket; the opening one is taken.
func (p *parser) arguments() argumentNodes {
	var a argumentNodes
	for n := 0; p.err == nil && !p.operator(")"); n++ {
		if n > 0 {
			if p.want(","); p.operator(")") {
				break
			}
		}
		t := p.peek()
		if t.kind == tokenOperator && (t.text == "*" || t.text == "**") {
			p.fail(t.from, "arguments cannot be unpacked")
		}
		if next := p.peekAt(1); t.kind == tokenName && next.kind == tokenOperator && next.text == "=" {
			p.take()
			p.take()
			a.names, a.named = append(a.names, t.text), append(a.named, p.expression())
			continue
		}
		if len(a.names) > 0 {
			p.fail(t.from, "named arguments come last")
		}
		a.positional = append(a.positional, p.expression())
	}
	return a
}

func (p *parser) filter(e node, from int) node {
	t := p.take()
	f := &filtered{of: e, filter: t.text}
	if t.kind != tokenName {
		p.fail(t.from, "want a filter's name, not %s", t)
		return e
	}
	f.call = p.filterNamed(t.text, t.from)
	if p.operator("(") {
		f.args = p.arguments()
	}
	f.span = p.since(from)
	p.checkNames(f.filter, f.args)
	return f
}

func (p *parser) filterNamed(text string, at int) function {
	f, ok := filters[text]
	switch why, refused := refusedFilters[text]; {
	case ok:
	case refused:
		p.fail(at, "filter %s is not available: %s", text, why)
	default:
		p.fail(at, "%s", unknown("filter", text, namesOf(filters)))
	}
	return f
}

// checkNames checks the tests and filters that are named in constant arguments of map, select and their like.
func (p *parser) checkNames(filter string, a argumentNodes) {
	at := map[string]int{"map": 0, "select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
	i, ok := at[filter]
	if !ok || i >= len(a.positional) {
		return
	}
	c, ok := a.positional[i].(*constant)
	if !ok {
		return
	}
	text, _ := c.value.(string)
	if filter == "map" {
		p.filterNamed(text, c.from)
	} else if _, ok := tests[text]; !ok {
		p.fail(c.from, "%s", unknown("test", text, namesOf(tests)))
	}
}

// test reads what follows is.
func (p *parser) test(e node, from int) node {
	not := p.word("not")
	t := p.take()
	s := &tested{of: e, not: not, test: t.text}
	f, ok := tests[t.text]
	if t.kind != tokenName || !ok {
		p.fail(t.from, "%s", unknown("test", t.text, namesOf(tests)))
		return e
	}
	s.call = f
	switch next := p.peek(); {
	case p.operator("("):
		s.args = p.arguments()
	case next.kind == tokenString, next.kind == tokenInt, next.kind == tokenFloat,
		next.kind == tokenName && (!reserved[next.text] || isConstant(next.text)),
		next.kind == tokenOperator && (next.text == "[" || next.text == "{"):
		s.args.positional = []node{p.postfix(p.primary(), next.from)}
	}
	s.span = p.since(from)
	return s
}

func isConstant(word string) bool {
	switch word {
	case "true", "True", "false", "False", "none", "None":
		return true
	}
	return false
}
