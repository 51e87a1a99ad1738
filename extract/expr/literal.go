package expr

// literalOf returns the value that a text spells as a Python literal: a number, True, None, a quoted text, a list, a
// mapping. Any other text is returned as it is.
func literalOf(text string) any {
	if len(text) > maxSource {
		return text
	}
	tokens, err := lexExpression(text)
	if err != nil || len(tokens) == 1 {
		return text
	}
	l := &literalReader{tokens: tokens}
	v, ok := l.read(0)
	if !ok || l.peek().kind != tokenEnd {
		return text
	}
	return v
}

type literalReader struct {
	tokens []token
	at     int
}

func (l *literalReader) peek() token { return l.tokens[l.at] }

func (l *literalReader) operator(text string) bool {
	if t := l.peek(); t.kind == tokenOperator && t.text == text {
		l.at++
		return true
	}
	return false
}

func (l *literalReader) read(depth int) (any, bool) {
	if depth > maxNested {
		return nil, false
	}
	t := l.peek()
	switch t.kind {
	case tokenString:
		text := ""
		for ; l.peek().kind == tokenString; l.at++ {
			text += l.peek().text
		}
		return text, true
	case tokenInt, tokenFloat:
		l.at++
		return pythonNumber(t.text)
	case tokenName:
		l.at++
		v, ok := map[string]any{"True": true, "False": false, "None": nil}[t.text]
		return v, ok
	case tokenOperator:
		l.at++
		return l.bracket(t.text, depth)
	}
	return nil, false
}

func (l *literalReader) bracket(open string, depth int) (any, bool) {
	switch open {
	case "-", "+":
		if t := l.peek(); t.kind != tokenInt && t.kind != tokenFloat {
			return nil, false
		}
		v, ok := l.read(depth + 1)
		if !ok || open == "+" {
			return v, ok
		}
		if f, isFloat := v.(float64); isFloat {
			return -f, true
		}
		i, _ := integerOf(v)
		return small(i.Neg(i)), true
	case "[":
		items, _, ok := l.items("]", depth)
		return items, ok
	case "(":
		items, commas, ok := l.items(")", depth)
		if ok && len(items) == 1 && commas == 0 {
			return items[0], true
		}
		return Tuple(items), ok
	case "{":
		return l.mapping(depth)
	}
	return nil, false
}

func (l *literalReader) items(closing string, depth int) (items []any, commas int, ok bool) {
	for !l.operator(closing) {
		if len(items) > 0 {
			if !l.operator(",") {
				return nil, 0, false
			}
			if commas++; l.operator(closing) {
				break
			}
		}
		v, ok := l.read(depth + 1)
		if !ok {
			return nil, 0, false
		}
		items = append(items, v)
	}
	return items, commas, true
}

func (l *literalReader) mapping(depth int) (any, bool) {
	d := newDict()
	for n := 0; !l.operator("}"); n++ {
		if n > 0 {
			if !l.operator(",") {
				return nil, false
			}
			if l.operator("}") {
				break
			}
		}
		k, ok := l.read(depth + 1)
		if !ok || !l.operator(":") {
			return nil, false
		}
		v, ok := l.read(depth + 1)
		if !ok || !d.set(k, v) {
			return nil, false
		}
	}
	return d, true
}

// pythonNumber refuses what Python does: 02 is no number, so a day or a postcode stays text.
func pythonNumber(text string) (any, bool) {
	if len(text) > 1 && text[0] == '0' && (isDigit(text[1]) || text[1] == '_') {
		if _, kind := scanNumber(text); kind == tokenInt {
			return nil, false
		}
	}
	return numberOf(text)
}
