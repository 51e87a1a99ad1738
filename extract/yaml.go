package extract

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFile bounds a source file: a mistaken path should not be read into memory whole.
const maxFile = 1 << 20

// yamlReader collects all mistakes of one file while its tree is walked. Walking the tree instead of decoding into
// structs keeps the place of every value, so that what is found wrong late is still shown where it stands.
type yamlReader struct {
	name     string
	lines    []string
	mistakes []Mistake
	warnings []Mistake
	told     map[string]bool // a mistake in the defaults is met once for every resource, and told once
}

// parseYAML returns the file's one document.
func (r *yamlReader) parseYAML(text []byte) (root ast.Node) {
	// The parser is a large third-party one and sees whatever a user hands us: a panic of its is a mistake in the file.
	defer func() {
		if p := recover(); p != nil {
			root = nil
			r.mistakeAt(1, 1, "not readable as YAML: %v", p)
		}
	}()
	if len(text) > maxFile {
		r.mistakeAt(1, 1, "larger than %d bytes", maxFile)
		return nil
	}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		r.lines = nil // an excerpt would show what a terminal must not be sent
		r.mistakeAt(1, 1, "this is no text in UTF-8")
		return nil
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var placed interface {
			GetToken() *token.Token
			GetMessage() string
		}
		if errors.As(err, &placed) && placed.GetToken() != nil {
			at := placed.GetToken().Position
			message := placed.GetMessage()
			if at.Line <= len(r.lines) && strings.HasPrefix(r.lines[at.Line-1], "\t") {
				message = "the line begins with a tab; YAML is indented with spaces"
			}
			r.mistakeAt(at.Line, at.Column, "%s", message)
			return nil
		}
		r.mistakeAt(1, 1, "%v", err)
		return nil
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	switch len(bodies) {
	case 0:
		r.mistakeAt(1, 1, "empty: want at least name, client and resources")
		return nil
	case 1:
		if !isMapping(bodies[0]) {
			r.mistake(bodies[0], "the source: want a mapping, not %s", kindOf(bodies[0])) // nothing else can be said of it
			return nil
		}
		return bodies[0]
	default:
		r.mistake(bodies[1], "a source file is one document")
		return nil
	}
}

// mistake notes what is wrong at n.
func (r *yamlReader) mistake(n ast.Node, format string, args ...any) {
	line, column := place(n)
	r.mistakeAt(line, column, format, args...)
}

func (r *yamlReader) mistakeAt(line, column int, format string, args ...any) {
	r.note(&r.mistakes, line, column, fmt.Sprintf(format, args...))
}

// warn notes what is allowed at n and probably not meant.
func (r *yamlReader) warn(n ast.Node, format string, args ...any) {
	line, column := place(n)
	r.note(&r.warnings, line, column, fmt.Sprintf(format, args...))
}

func (r *yamlReader) note(list *[]Mistake, line, column int, message string) {
	id := fmt.Sprint(line, column, message)
	if r.told[id] {
		return
	}
	if r.told == nil {
		r.told = map[string]bool{}
	}
	r.told[id] = true
	*list = append(*list, Mistake{Line: line, Column: column, Message: message, Excerpt: r.excerpt(line, column)})
}

// excerpt shows the line and the one before it, with a mark under the column.
func (r *yamlReader) excerpt(line, column int) string {
	if line < 1 || line > len(r.lines) {
		return ""
	}
	var b strings.Builder
	if line > 1 {
		fmt.Fprintf(&b, "  %4d | %s\n", line-1, r.lines[line-2])
	}
	fmt.Fprintf(&b, "> %4d | %s\n", line, r.lines[line-1])
	fmt.Fprintf(&b, "       | %s^", strings.Repeat(" ", max(column-1, 0)))
	return b.String()
}

// err returns the mistakes in the file's order, or nil.
func (r *yamlReader) err() error {
	if len(r.mistakes) == 0 {
		return nil
	}
	inFileOrder(r.mistakes)
	return &FileError{Name: r.name, Mistakes: r.mistakes}
}

func inFileOrder(list []Mistake) {
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
}

// place returns where n begins: for a mapping its first key, not its first colon.
func place(n ast.Node) (line, column int) {
	switch v := n.(type) {
	case nil:
		return 1, 1
	case *ast.MappingNode:
		if len(v.Values) > 0 && !v.IsFlowStyle {
			return place(v.Values[0])
		}
	case *ast.MappingValueNode:
		return place(v.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 1, 1
}

// within returns the place of an offset in a scalar's text. Where the file spells the text otherwise (folded, with escapes)
// it is the scalar's beginning.
func (r *yamlReader) within(n ast.Node, text string, offset int) (line, column int) {
	line, column = place(n)
	at, from := line, column
	offset = min(offset, len(text))
	if _, block := n.(*ast.LiteralNode); block {
		above := strings.Count(text[:offset], "\n")
		at, from = line+1+above, 1
		offset -= strings.LastIndexByte(text[:offset], '\n') + 1
		text = strings.Split(text, "\n")[above]
	}
	if at > len(r.lines) {
		return line, column
	}
	source := []rune(r.lines[at-1])
	rest := strings.TrimLeft(string(source[min(from-1, len(source)):]), "\"' ")
	if !strings.HasPrefix(rest, text) {
		return line, column
	}
	return at, len(source) - utf8.RuneCountInString(rest) + utf8.RuneCountInString(text[:offset]) + 1
}

// nearest returns the candidate that word is probably meant to be, or "".
func nearest(word string, candidates []string) string {
	best, bestDistance := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(word, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance counts the insertions, deletions and replacements that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		previous := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := previous
			if a[i] != b[j] {
				cost++
			}
			previous = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
