package expr

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// layout is how one value is written: [[fill]align][sign][0][width][,][.precision][type].
type layout struct {
	fill      rune
	align     byte // < > ^, or 0
	plus      bool
	zero      bool
	comma     bool
	width     int
	precision int // -1: none
	kind      byte
}

// maxWidth bounds width and precision.
const maxWidth = 1000

// count reads digits at i.
func count(s string, i int) (n, end int, err error) {
	for ; i < len(s) && isDigit(s[i]); i++ {
		if n = n*10 + int(s[i]-'0'); n > maxWidth {
			return 0, i, failuref("a width of more than %d", maxWidth)
		}
	}
	return n, i, nil
}

// widths reads width, comma and precision at i.
func (l *layout) widths(s string, i int) (end int, err error) {
	if l.width, i, err = count(s, i); err != nil {
		return i, err
	}
	if i < len(s) && s[i] == ',' {
		l.comma = true
		i++
	}
	if i < len(s) && s[i] == '.' {
		l.precision, i, err = count(s, i+1)
	}
	return i, err
}

// percent is Python's text % values.
func (r *run) percent(format string, v any) (any, error) {
	values, isTuple := v.(Tuple)
	if !isTuple {
		values = Tuple{v}
	}
	f := &percentFormat{text: format, whole: v, values: values}
	var b strings.Builder
	for f.at < len(format) {
		literal := strings.IndexByte(format[f.at:], '%')
		if literal < 0 {
			b.WriteString(format[f.at:])
			break
		}
		b.WriteString(format[f.at : f.at+literal])
		if f.at += literal + 1; strings.HasPrefix(format[f.at:], "%") {
			b.WriteByte('%')
			f.at++
			continue
		}
		l, value, err := f.field()
		if err != nil {
			return nil, err
		}
		text, err := r.lay(l, value)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
		if b.Len() > maxText {
			return nil, failure("makes too much: more than 1 MiB of text")
		}
	}
	if _, isMapping := v.(mapping); f.used < len(values) && !isMapping {
		return nil, failure("the format does not want that many values")
	}
	return r.text(b.String())
}

// percentFormat is a format that is read, with the values for it.
type percentFormat struct {
	text   string
	at     int
	whole  any // what is behind the %
	values Tuple
	used   int
}

// field reads what follows %: (name), flags, widths and the kind; and takes its value.
func (f *percentFormat) field() (l layout, value any, err error) {
	named := false
	if strings.HasPrefix(f.text[f.at:], "(") {
		end := strings.IndexByte(f.text[f.at:], ')')
		m, ok := f.whole.(mapping)
		if end < 0 || !ok {
			return l, nil, failure("%(name) wants a mapping")
		}
		if value, ok = m.Get(f.text[f.at+1 : f.at+end]); !ok {
			return l, nil, failure("the mapping lacks a name that the format asks for")
		}
		named, f.used = true, len(f.values)
		f.at += end + 1
	}
	l = layout{fill: ' ', align: '>', precision: -1}
	for ; f.at < len(f.text) && strings.IndexByte("-+ 0#", f.text[f.at]) >= 0; f.at++ {
		switch f.text[f.at] {
		case '-':
			l.align = '<'
		case '+':
			l.plus = true
		case '0':
			l.zero = true
		}
	}
	if f.at, err = l.widths(f.text, f.at); err != nil {
		return l, nil, err
	}
	if f.at >= len(f.text) {
		return l, nil, failure("the format ends after %")
	}
	l.kind = f.text[f.at]
	f.at++
	if named {
		return l, value, nil
	}
	if f.used >= len(f.values) {
		return l, nil, failure("the format wants more values")
	}
	f.used++
	return l, f.values[f.used-1], nil
}

// lay writes one value.
func (r *run) lay(l layout, v any) (string, error) {
	if err := present(v); err != nil {
		return "", err
	}
	var body string
	switch l.kind {
	case 's':
		text, err := r.str(v)
		if err != nil {
			return "", err
		}
		if l.precision >= 0 && utf8.RuneCountInString(text) > l.precision {
			text = string([]rune(text)[:l.precision])
		}
		body = text
		l.zero = false
	case 'r':
		if _, wrong := pythonText(v); wrong != "" {
			return "", failure(wrong)
		}
		body, l.zero = pythonRepr(v), false
	case 'd', 'i', 'x', 'X', 'o', 'b':
		n, err := wholeOf(v)
		if err != nil {
			return "", err
		}
		body = n.Text(map[byte]int{'d': 10, 'i': 10, 'x': 16, 'X': 16, 'o': 8, 'b': 2}[l.kind])
		if l.kind == 'X' {
			body = strings.ToUpper(body)
		}
	case 'f', 'F', 'e', 'g', '%':
		f, ok := floatOf(v)
		if !ok {
			return "", failuref("a format for numbers, not for %s", kindOf(v))
		}
		body = floatBody(l, f)
	default:
		return "", failuref("unknown format %q", rune(l.kind))
	}
	return l.pad(body), nil
}

func floatBody(l layout, f float64) string {
	precision := l.precision
	if precision < 0 {
		precision = 6
	}
	switch l.kind {
	case '%':
		return strconv.FormatFloat(f*100, 'f', precision, 64) + "%"
	case 'F':
		l.kind = 'f'
	case 'g':
		if precision == 0 {
			precision = 1
		}
	}
	return strconv.FormatFloat(f, l.kind, precision, 64)
}

// wholeOf returns a number without what is behind its point.
func wholeOf(v any) (*big.Int, error) {
	if i, ok := integerOf(v); ok {
		return i, nil
	}
	f, ok := floatOf(v)
	if !ok || clean(f) != f {
		return nil, failuref("want a whole number, not %s", kindOf(v))
	}
	i, _ := big.NewFloat(f).Int(nil)
	return i, nil
}

// pad brings a text to its width.
func (l layout) pad(s string) string {
	sign := ""
	numeric := l.kind != 's' && l.kind != 'r'
	if numeric && strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	} else if numeric && l.plus {
		sign = "+"
	}
	if l.comma && numeric {
		s = commas(s)
	}
	missing := l.width - utf8.RuneCountInString(sign+s)
	if missing <= 0 {
		return sign + s
	}
	switch {
	case l.zero && l.align != '<':
		return sign + strings.Repeat("0", missing) + s
	case l.align == '<':
		return sign + s + strings.Repeat(string(l.fill), missing)
	case l.align == '^':
		return strings.Repeat(string(l.fill), missing/2) + sign + s + strings.Repeat(string(l.fill), missing-missing/2)
	default:
		return strings.Repeat(string(l.fill), missing) + sign + s
	}
}

func commas(s string) string {
	whole, rest := s, ""
	if dot := strings.IndexAny(s, ".e%"); dot >= 0 {
		whole, rest = s[:dot], s[dot:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + rest
}

// braces is Python's text.format(values).
func (r *run) braces(format string, a arguments) (any, error) {
	var b strings.Builder
	next := 0
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c != '{' && c != '}' {
			b.WriteByte(c)
			continue
		}
		if i+1 < len(format) && format[i+1] == c {
			b.WriteByte(c)
			i++
			continue
		}
		end := strings.IndexByte(format[i:], '}')
		if c == '}' || end < 0 {
			return nil, failure("a single { or } in the format")
		}
		field, spec, _ := strings.Cut(format[i+1:i+end], ":")
		i += end
		v, err := a.field(field, &next)
		if err != nil {
			return nil, err
		}
		text, err := r.layByBraces(spec, v)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
		if b.Len() > maxText {
			return nil, failure("makes too much: more than 1 MiB of text")
		}
	}
	return r.text(b.String())
}

// field finds the value that {}, {0} or {name} stands for.
func (a arguments) field(field string, next *int) (any, error) {
	i := *next
	switch {
	case field == "":
		*next++
	case isDigit(field[0]):
		n, end, err := count(field, 0)
		if err != nil || end != len(field) {
			return nil, failure("a field is not available: only {}, {0} and {name} are")
		}
		i = n
	default:
		v, ok := a.named[field]
		if !ok {
			return nil, failure("a field has no value: only {}, {0} and {name} are available")
		}
		return v, nil
	}
	if i >= len(a.positional) {
		return nil, failure("the format wants more values")
	}
	return a.positional[i], nil
}

func (r *run) layByBraces(spec string, v any) (string, error) {
	l := layout{fill: ' ', precision: -1}
	i := 0
	if c, n := utf8.DecodeRuneInString(spec); n > 0 && n < len(spec) && strings.IndexByte("<>^", spec[n]) >= 0 {
		l.fill, l.align, i = c, spec[n], n+1
	} else if spec != "" && strings.IndexByte("<>^", spec[0]) >= 0 {
		l.align, i = spec[0], 1
	}
	if i < len(spec) && strings.IndexByte("+-", spec[i]) >= 0 {
		l.plus = spec[i] == '+'
		i++
	}
	if i < len(spec) && spec[i] == '0' {
		l.zero = true
		i++
	}
	i, err := l.widths(spec, i)
	if err != nil {
		return "", err
	}
	switch {
	case i < len(spec):
		l.kind = spec[i]
		i++
	case isFloat(v) && l.precision >= 0:
		l.kind = 'g'
	case isNumber(v) && !isFloat(v) && kindOf(v) == "a number":
		l.kind = 'd'
	default:
		l.kind = 's'
	}
	if i < len(spec) {
		return "", failure("a field's format is unknown")
	}
	if l.align == 0 {
		if l.align = '<'; isNumber(v) {
			l.align = '>'
		}
	} else {
		l.zero = false
	}
	return r.lay(l, v)
}
