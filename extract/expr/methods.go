package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// methodNames are all methods; which of them a value has shows when it is called.
var methodNames = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range strings.Fields(`get items keys values split rsplit splitlines replace startswith endswith join format
		strip lstrip rstrip lower upper title capitalize find rfind count index isdigit isalpha isnumeric zfill removeprefix
		removesuffix partition rpartition strftime isoformat timestamp date weekday isoweekday total_seconds`) {
		names[name] = true
	}
	return names
}()

// method calls a method of a value.
func (r *run) method(v any, method string, a arguments) (any, error) {
	switch v := v.(type) {
	case string:
		if out, ok, err := r.textMethod(v, method, a); ok {
			return out, err
		}
	case mapping:
		if out, ok, err := r.mappingMethod(v, method, a); ok {
			return out, err
		}
	case instant:
		if out, ok, err := v.method(method, a); ok {
			return out, err
		}
	case interval:
		if method == "total_seconds" && v.months == 0 {
			return v.d.Seconds(), nil
		}
	case []any, Tuple, *array:
		if out, ok, err := r.listMethod(v, method, a); ok {
			return out, err
		}
	}
	return nil, failuref("%s has no method %s", kindOf(v), method)
}

func (r *run) mappingMethod(m mapping, method string, a arguments) (any, bool, error) {
	if err := r.spend(m.cost() / 256); err != nil {
		return nil, true, err
	}
	if method == "get" {
		b, err := a.bind("key", "default")
		if err != nil || len(a.positional) == 0 {
			return nil, true, failure("get wants a key and, maybe, a default")
		}
		v, ok := m.Get(b["key"])
		if _, unset := v.(*undefined); ok && !(unset && len(b) > 1) {
			if text, isText := v.(string); isText {
				err = r.spend(len(text) / 256)
			}
			return v, true, err
		}
		return b["default"], true, nil
	}
	if method != "items" && method != "keys" && method != "values" {
		return nil, false, nil
	}
	if _, err := a.bind(); err != nil {
		return nil, true, err
	}
	items, err := r.entries(m, method)
	return items, true, err
}

func (r *run) entries(m mapping, method string) ([]any, error) {
	if err := r.spend(m.Len()); err != nil {
		return nil, err
	}
	items := []any{}
	m.Each(func(k, v any) bool {
		switch method {
		case "items":
			items = append(items, Tuple{k, v})
		case "keys":
			items = append(items, k)
		default:
			items = append(items, v)
		}
		return true
	})
	return items, nil
}

func (r *run) listMethod(v any, method string, a arguments) (any, bool, error) {
	if method != "count" && method != "index" || len(a.positional) != 1 {
		return nil, false, nil
	}
	items, err := r.items(v)
	n := 0
	for i, item := range items {
		same, err := r.equal(item, a.positional[0], 0)
		if err != nil {
			return nil, true, err
		}
		if same && method == "index" {
			return int64(i), true, nil
		}
		if same {
			n++
		}
	}
	if method == "index" && err == nil {
		err = failure("is not in the list")
	}
	return int64(n), true, err
}

func (i instant) method(method string, a arguments) (any, bool, error) {
	if method == "strftime" {
		b, err := a.bind("format")
		format, ok := b["format"].(string)
		if err != nil || !ok {
			return nil, true, failure("strftime wants a format such as '%Y-%m-%d'")
		}
		text, err := strftime(i.t, format)
		return text, true, err
	}
	if _, err := a.bind(); err != nil {
		return nil, true, err
	}
	switch method {
	case "isoformat":
		if i.date {
			return i.String(), true, nil
		}
		return isoFormat(i.t, "T"), true, nil
	case "timestamp":
		return epoch(i.t), !i.date, nil
	case "date":
		return instant{dateOf(i.t), true}, !i.date, nil
	case "weekday":
		return int64(i.t.Weekday()+6) % 7, true, nil
	case "isoweekday":
		return int64(i.t.Weekday()+6)%7 + 1, true, nil
	}
	return nil, false, nil
}

// textMethod calls a method of a text.
func (r *run) textMethod(s, method string, a arguments) (v any, ok bool, err error) {
	if err := r.spend(len(s) / 64); err != nil {
		return nil, true, err
	}
	switch method {
	case "format":
		v, err = r.braces(s, a)
		return v, true, err
	case "join":
		if len(a.positional) != 1 {
			return nil, true, failure("join wants a list")
		}
		v, err = r.join(a.positional[0], s)
		return v, true, err
	case "startswith", "endswith":
		v, err = affix(s, method, a)
		return v, true, err
	case "split", "rsplit":
		v, err = r.split(s, method == "rsplit", a)
		return v, true, err
	}
	if f, ok := plainMethods[method]; ok {
		if _, err := a.bind(); err != nil {
			return nil, true, err
		}
		return f(s), true, r.make(len(s))
	}
	f, ok := textMethods[method]
	if !ok {
		return nil, false, nil
	}
	for _, arg := range a.positional {
		if err := present(arg); err != nil {
			return nil, true, err
		}
	}
	v, err = f(r, s, a)
	return v, true, err
}

// plainMethods take no arguments.
var plainMethods = map[string]func(string) any{
	"lower":      func(s string) any { return strings.ToLower(s) },
	"upper":      func(s string) any { return strings.ToUpper(s) },
	"title":      func(s string) any { return title(s) },
	"capitalize": func(s string) any { return capitalize(s) },
	"isdigit":    func(s string) any { return every(s, unicode.IsDigit) },
	"isnumeric":  func(s string) any { return every(s, unicode.IsNumber) },
	"isalpha":    func(s string) any { return every(s, unicode.IsLetter) },
	"splitlines": func(s string) any {
		s = strings.TrimSuffix(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
		items := []any{}
		if s == "" {
			return items
		}
		for _, line := range strings.Split(s, "\n") {
			items = append(items, line)
		}
		return items
	},
}

func every(s string, is func(rune) bool) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool { return !is(c) }) < 0
}

func capitalize(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:n]) + strings.ToLower(s[n:])
}

func title(s string) string {
	inWord := false
	return strings.Map(func(c rune) rune {
		letter := unicode.IsLetter(c)
		defer func() { inWord = letter }()
		if letter && !inWord {
			return unicode.ToUpper(c)
		}
		return unicode.ToLower(c)
	}, s)
}

// textMethods take arguments, which are texts unless they say otherwise.
var textMethods = map[string]func(r *run, s string, a arguments) (any, error){
	"strip":  stripMethod(strings.TrimFunc, strings.Trim),
	"lstrip": stripMethod(strings.TrimLeftFunc, strings.TrimLeft),
	"rstrip": stripMethod(strings.TrimRightFunc, strings.TrimRight),
	"removeprefix": withText(func(s, part string) any {
		return strings.TrimPrefix(s, part)
	}),
	"removesuffix": withText(func(s, part string) any { return strings.TrimSuffix(s, part) }),
	"find":         withText(func(s, part string) any { return runeIndex(s, strings.Index(s, part)) }),
	"rfind":        withText(func(s, part string) any { return runeIndex(s, strings.LastIndex(s, part)) }),
	"count":        withText(func(s, part string) any { return int64(strings.Count(s, part)) }),
	"partition": withText(func(s, part string) any {
		before, after, found := strings.Cut(s, part)
		if !found {
			return Tuple{s, "", ""}
		}
		return Tuple{before, part, after}
	}),
	"rpartition": withText(func(s, part string) any {
		i := strings.LastIndex(s, part)
		if i < 0 {
			return Tuple{"", "", s}
		}
		return Tuple{s[:i], part, s[i+len(part):]}
	}),
	"index": func(_ *run, s string, a arguments) (any, error) {
		part, err := a.oneText()
		if i := strings.Index(s, part); err == nil && i >= 0 {
			return runeIndex(s, i), nil
		}
		return nil, failure("is not in the text")
	},
	"replace": func(r *run, s string, a arguments) (any, error) { return r.replace(s, a) },
	"zfill": func(_ *run, s string, a arguments) (any, error) {
		if len(a.positional) != 1 {
			return nil, failure("zfill wants a width")
		}
		n, ok := intOf(a.positional[0])
		if !ok || n > maxWidth {
			return nil, failuref("want a width up to %d", maxWidth)
		}
		return layout{width: n, zero: true, align: '>', kind: 'd'}.pad(s), nil
	},
}

func runeIndex(s string, i int) int64 {
	if i < 0 {
		return -1
	}
	return int64(utf8.RuneCountInString(s[:i]))
}

func (a arguments) oneText() (string, error) {
	if len(a.positional) == 1 && len(a.named) == 0 {
		if s, ok := a.positional[0].(string); ok {
			return s, nil
		}
	}
	return "", failure("wants one text")
}

func withText(f func(s, part string) any) func(*run, string, arguments) (any, error) {
	return func(r *run, s string, a arguments) (any, error) {
		part, err := a.oneText()
		if err != nil {
			return nil, err
		}
		return f(s, part), r.make(len(s))
	}
}

func stripMethod(space func(string, func(rune) bool) string, chars func(string, string) string) func(*run, string, arguments) (any, error) {
	return func(r *run, s string, a arguments) (any, error) {
		if len(a.positional) == 0 && len(a.named) == 0 || len(a.positional) == 1 && a.positional[0] == nil {
			return r.text(space(s, unicode.IsSpace))
		}
		cut, err := a.oneText()
		if err != nil {
			return nil, err
		}
		return r.text(chars(s, cut))
	}
}

func affix(s, method string, a arguments) (any, error) {
	has := strings.HasPrefix
	if method == "endswith" {
		has = strings.HasSuffix
	}
	if len(a.positional) != 1 {
		return nil, failuref("%s wants one text", method)
	}
	parts, isTuple := a.positional[0].(Tuple)
	if !isTuple {
		parts = Tuple{a.positional[0]}
	}
	for _, p := range parts {
		part, ok := p.(string)
		if !ok {
			return nil, failuref("%s wants text, not %s", method, kindOf(p))
		}
		if has(s, part) {
			return true, nil
		}
	}
	return false, nil
}

// split is Python's: without a separator at runs of white space.
func (r *run) split(s string, fromRight bool, a arguments) (any, error) {
	b, err := a.bind("sep", "maxsplit")
	if err != nil {
		return nil, err
	}
	if err := r.spend(len(s) / 16); err != nil {
		return nil, err
	}
	limit := -1
	if v, given := b["maxsplit"]; given {
		n, ok := intOf(v)
		if !ok {
			return nil, failure("maxsplit wants a whole number")
		}
		limit = n
	}
	var parts []string
	switch sep, ok := b["sep"].(string); {
	case ok && sep == "":
		return nil, failure("an empty separator")
	case ok && limit < 0:
		parts = strings.Split(s, sep)
	case ok && fromRight:
		for ; limit > 0; limit-- {
			i := strings.LastIndex(s, sep)
			if i < 0 {
				break
			}
			parts = append([]string{s[i+len(sep):]}, parts...)
			s = s[:i]
			if err := r.spend(len(parts)); err != nil {
				return nil, err
			}
		}
		parts = append([]string{s}, parts...)
	case ok:
		parts = strings.SplitN(s, sep, limit+1)
	case b["sep"] != nil:
		return nil, failuref("a separator wants to be text, not %s", kindOf(b["sep"]))
	case limit >= 0:
		return nil, failure("maxsplit wants a separator")
	default:
		parts = strings.Fields(s)
	}
	items := make([]any, len(parts))
	for i, part := range parts {
		items[i] = part
	}
	return r.list(items)
}

// replace is text.replace(old, new, count).
func (r *run) replace(s string, a arguments) (any, error) {
	b, err := a.bind("old", "new", "count")
	if err != nil {
		return nil, err
	}
	old, err := r.str(b["old"])
	if err != nil {
		return nil, err
	}
	with, err := r.str(b["new"])
	if err != nil {
		return nil, err
	}
	times := -1
	if v := b["count"]; v != nil {
		n, ok := intOf(v)
		if !ok {
			return nil, failure("count wants a whole number")
		}
		times = n
	}
	found := strings.Count(s, old)
	if times >= 0 {
		found = min(found, times)
	}
	if err := r.make(len(s) + found*max(len(with)-len(old), 0)); err != nil {
		return nil, err
	}
	return strings.Replace(s, old, with, times), nil
}
