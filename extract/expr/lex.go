package expr

import (
	"strings"
	"unicode/utf8"
)

// tokenKind tells tokens apart.
type tokenKind int

const (
	tokenEnd   tokenKind = iota
	tokenText            // text around the tags
	tokenValue           // {{
	tokenBlock           // {%
	tokenClose           // }} or %}
	tokenName
	tokenString // its text is unescaped
	tokenInt
	tokenFloat
	tokenOperator
)

type token struct {
	kind     tokenKind
	text     string
	from, to int // in bytes
}

// operators, the longer ones first.
var operators = []string{"**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]",
	"{", "}", ".", ",", ":", "|"}

// lexer cuts a text into tokens.
type lexer struct {
	text   string
	at     int
	tokens []token
	trim   bool // the tag before ended with -: white space that follows is left out
}

// lexTemplate cuts text with tags.
func lexTemplate(text string) ([]token, *Error) {
	l := &lexer{text: text}
	for l.at < len(text) {
		tag := strings.IndexByte(text[l.at:], '{')
		for tag >= 0 && (l.at+tag+1 >= len(text) || !strings.ContainsRune("{%#", rune(text[l.at+tag+1]))) {
			next := strings.IndexByte(text[l.at+tag+1:], '{')
			if next < 0 {
				tag = -1
				break
			}
			tag += 1 + next
		}
		if tag < 0 {
			l.addText(len(text), false)
			break
		}
		from := l.at + tag
		strip := from+2 < len(text) && text[from+2] == '-'
		l.addText(from, strip)
		if err := l.tag(from); err != nil {
			return nil, err
		}
	}
	return append(l.tokens, token{kind: tokenEnd, from: len(text), to: len(text)}), nil
}

// addText adds the text up to end.
func (l *lexer) addText(end int, strip bool) {
	from, part := l.at, l.text[l.at:end]
	if l.trim {
		part = strings.TrimLeft(part, " \t\r\n")
	}
	if strip {
		part = strings.TrimRight(part, " \t\r\n")
	}
	l.trim, l.at = false, end
	if part != "" {
		l.tokens = append(l.tokens, token{tokenText, part, from, end})
	}
}

// tag reads one tag that begins at from.
func (l *lexer) tag(from int) *Error {
	mark, closing, kind := l.text[from:from+2], "}}", tokenValue
	switch mark {
	case "{#":
		end := strings.Index(l.text[from+2:], "#}")
		if end < 0 {
			return errorAt(from, "{# without #}")
		}
		l.at = from + 2 + end + 2
		l.trim = l.text[l.at-3] == '-'
		return nil
	case "{%":
		closing, kind = "%}", tokenBlock
	}
	l.at = from + 2
	if l.at < len(l.text) && (l.text[l.at] == '-' || l.text[l.at] == '+') {
		l.at++
	}
	l.tokens = append(l.tokens, token{kind, mark, from, l.at})
	open := 0 // brackets: a }} inside them closes mappings
	for {
		l.space()
		rest := l.text[l.at:]
		if open == 0 && (strings.HasPrefix(rest, closing) || strings.HasPrefix(rest, "-"+closing)) {
			begin := l.at
			l.trim = rest[0] == '-'
			l.at += strings.IndexByte(rest, closing[0]) + 2
			l.tokens = append(l.tokens, token{tokenClose, closing, begin, l.at})
			return nil
		}
		if rest == "" {
			return errorAt(from, "%s without %s", mark, closing)
		}
		if err := l.next(); err != nil {
			return err
		}
		switch last := l.tokens[len(l.tokens)-1]; {
		case last.kind != tokenOperator:
		case strings.Contains("([{", last.text):
			open++
		case strings.Contains(")]}", last.text):
			open = max(open-1, 0)
		}
	}
}

// lexExpression cuts a bare expression.
func lexExpression(text string) ([]token, *Error) {
	l := &lexer{text: text}
	for l.space(); l.at < len(text); l.space() {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	return append(l.tokens, token{kind: tokenEnd, from: len(text), to: len(text)}), nil
}

func (l *lexer) space() {
	for l.at < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.at]) >= 0 {
		l.at++
	}
}

// next reads one token of an expression.
func (l *lexer) next() *Error {
	rest, from := l.text[l.at:], l.at
	c := rest[0]
	switch {
	case c == '"' || c == '\'':
		return l.quoted()
	case isLetter(c):
		n := 1
		for n < len(rest) && (isLetter(rest[n]) || isDigit(rest[n])) {
			n++
		}
		l.add(tokenName, n)
		return nil
	case isDigit(c):
		return l.number()
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			l.add(tokenOperator, len(op))
			return nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return errorAt(from, "unexpected %q", r)
}

func (l *lexer) add(kind tokenKind, n int) {
	l.tokens = append(l.tokens, token{kind, l.text[l.at : l.at+n], l.at, l.at + n})
	l.at += n
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

// number reads 12, 1_000, 0x1f, 1.5, 1e3. A dot without a digit behind it is a member's.
func (l *lexer) number() *Error {
	rest := l.text[l.at:]
	n, kind := scanNumber(rest)
	if n < len(rest) && isLetter(rest[n]) {
		return errorAt(l.at, "%q is no number", rest[:n+1])
	}
	l.add(kind, n)
	return nil
}

// scanNumber returns the length and kind of the number that s begins with.
func scanNumber(s string) (int, tokenKind) {
	digits := func(n int, ok func(byte) bool) int {
		for n < len(s) && (ok(s[n]) || s[n] == '_' && n > 0 && n+1 < len(s) && ok(s[n+1])) {
			n++
		}
		return n
	}
	if len(s) > 2 && s[0] == '0' {
		for prefix, ok := range map[byte]func(byte) bool{'x': isHex, 'o': isOctal, 'b': isBinary} {
			if s[1]|0x20 == prefix && ok(s[2]) {
				return digits(2, ok), tokenInt
			}
		}
	}
	n, kind := digits(0, isDigit), tokenInt
	if n+1 < len(s) && s[n] == '.' && isDigit(s[n+1]) {
		n, kind = digits(n+1, isDigit), tokenFloat
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if m < len(s) && isDigit(s[m]) {
			n, kind = digits(m, isDigit), tokenFloat
		}
	}
	return n, kind
}

func isHex(c byte) bool    { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
func isOctal(c byte) bool  { return '0' <= c && c <= '7' }
func isBinary(c byte) bool { return c == '0' || c == '1' }

// quoted reads a text in quotes.
func (l *lexer) quoted() *Error {
	from, quote := l.at, l.text[l.at]
	for i := from + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			i++
		case quote:
			l.at = i + 1
			l.tokens = append(l.tokens, token{tokenString, unescape(l.text[from+1 : i]), from, l.at})
			return nil
		}
	}
	return errorAt(from, "text without a closing %c", quote)
}

// unescape resolves escapes as Python does: one that it does not know stays as it is, with its backslash.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if k := strings.IndexByte("nrtbfav0\\'\"", s[i]); k >= 0 {
			b.WriteByte("\n\r\t\b\f\a\v\x00\\'\""[k])
			continue
		}
		width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i]]
		if r, ok := hexRune(s[i+1:], width); ok {
			b.WriteRune(r)
			i += width
			continue
		}
		if s[i] != '\n' {
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// hexRune reads the character that width hexadecimal digits name.
func hexRune(s string, width int) (rune, bool) {
	if width == 0 || len(s) < width {
		return 0, false
	}
	r := rune(0)
	for i := range width {
		c := s[i]
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case isHex(c):
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, utf8.ValidRune(r)
}
