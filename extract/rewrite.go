package extract

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// rewriting is a text in which placeholders of the reference's kind, {so}, have become expressions.
type rewriting struct {
	text  string
	parts []rewritten
}

// rewritten is a part of the new text: it begins at and was made of what was at from; kept parts are as they were.
type rewritten struct {
	at, from int
	kept     bool
}

// origin returns where in the old text that was which is at offset in the new one.
func (w rewriting) origin(offset int) int {
	was := rewritten{kept: true}
	for _, p := range w.parts {
		if p.at <= offset {
			was = p
		}
	}
	if was.kept {
		return was.from + offset - was.at
	}
	return was.from
}

// rewrite replaces each placeholder outside of expressions by what replace makes of the text inside; false: it stays.
func rewrite(text string, replace func(inside string, offset int) (string, bool)) rewriting {
	var b strings.Builder
	w := rewriting{}
	for from := 0; from < len(text); {
		to, made, changed := len(text), "", false
		if open := strings.IndexByte(text[from:], '{'); open > 0 {
			to = from + open
		} else if open == 0 {
			length, placeholder := braces(text[from:])
			if to = from + length; placeholder {
				if made, changed = replace(text[from+1:to-1], from); !changed {
					to = from + 1 // there may be one within it
				}
			}
		}
		w.parts = append(w.parts, rewritten{b.Len(), from, !changed})
		if changed {
			b.WriteString(made)
		} else {
			b.WriteString(text[from:to])
		}
		from = to
	}
	w.text = b.String()
	return w
}

// braces returns the length of what begins with a brace: an expression, a statement, a comment or a placeholder. What has no end is
// left whole to the reader of expressions.
func braces(text string) (length int, placeholder bool) {
	end := "}"
	for _, pair := range []struct{ open, end string }{{"{{", "}}"}, {"{%", "%}"}, {"{#", "#}"}} {
		if strings.HasPrefix(text, pair.open) {
			end = pair.end
		}
	}
	n := strings.Index(text, end)
	if n < 0 {
		return len(text), false
	}
	return n + len(end), end == "}" && n > 1
}

var (
	resourceField = regexp.MustCompile(`^resources\.([a-z0-9_]+)\.([^.'"\\\s]+(?:\.[^.'"\\\s]+)*)$`)
	// intervalField are the reference's names for the bounds of a window.
	intervalField = map[string]string{"incremental.start_value": "start_time", "incremental.last_value": "start_time", "incremental.end_value": "end_time"}
)

// expressions makes an expression of each {resources.NAME.FIELD}, of which loadParents checks whether NAME is the parent, and of the
// bounds of a window.
// own, which may be nil, makes them of other placeholders.
func (l *loader) expressions(n ast.Node, text, what string, own func(inside string, offset int) (string, bool)) rewriting {
	return rewrite(text, func(inside string, offset int) (string, bool) {
		wrong := func(format string, args ...any) {
			line, column := l.within(n, text, offset)
			l.mistakeAt(line, column, "%s: {%s}: %s", what, inside, fmt.Sprintf(format, args...))
		}
		switch name, _, _ := strings.Cut(inside, "."); {
		case resourceField.MatchString(inside):
			return "{{ " + sliceField(strings.Split(resourceField.FindStringSubmatch(inside)[2], ".")) + " }}", true
		case name == "resources":
			wrong("want {resources.NAME.FIELD}")
		case intervalField[inside] != "":
			return "{{ " + string(scopeInterval) + "." + intervalField[inside] + " }}", true
		case name == "incremental":
			wrong("has no meaning here; the bounds of what is asked for are {{ stream_interval.start_time }} and {{ stream_interval.end_time }}")
		case own != nil:
			return own(inside, offset)
		}
		return "", false
	})
}

// sliceField is the expression for a field of the parent record.
func sliceField(path []string) string {
	expression := string(scopeSlice)
	for _, segment := range path {
		expression += "['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(segment) + "']"
	}
	return expression
}
