package extract

import (
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// fromParent is one field that children carry of their parent.
type fromParent struct {
	field    string
	path     []string // of the parent's field
	resource bool     // the parent resource's name instead
}

// resourceWord stands for the parent resource's name among include_from_parent's fields.
const resourceWord = "$resource"

// loadFromParent reads include_from_parent: own names with the parent's fields, or a list of these, which get the reference's names.
func (l *loader) loadFromParent(p *pending) {
	s := p.section
	if list, ok := s.node("include_from_parent").(*ast.SequenceNode); ok {
		if len(p.parents) > 1 {
			l.mistake(list, "include_from_parent: a list names its fields after the parent, and here are several: give own names with the parents' fields")
			return
		}
		fields, at := s.names("include_from_parent")
		for i, field := range fields {
			if path := l.parentPath(at[i], field); path != nil && len(p.parents) == 1 {
				p.fromParent = append(p.fromParent, fromParent{field: "_" + p.parents[0].name + "_" + strings.Join(path, "_"), path: path})
			}
		}
		return
	}
	all := s.sub("include_from_parent", "include_from_parent", vocabulary{any: true})
	if all == nil {
		return
	}
	for _, name := range all.fields() {
		n := all.node(name)
		if n == nil {
			continue // what the defaults say, taken back
		}
		switch text := all.text(name); {
		case text == resourceWord:
			p.fromParent = append(p.fromParent, fromParent{field: name, resource: true})
		case strings.HasPrefix(text, "$"):
			l.mistake(n, "include_from_parent: unknown word %s (known: %s, the parent resource's name)", text, resourceWord)
		default:
			if path := l.parentPath(n, text); path != nil {
				p.fromParent = append(p.fromParent, fromParent{field: name, path: path})
			}
		}
	}
}

func (l *loader) parentPath(n ast.Node, text string) []string {
	if !fieldPath.MatchString(text) {
		l.mistake(n, "include_from_parent: want member names joined with dots, such as author.id")
		return nil
	}
	return strings.Split(text, ".")
}

var fieldPath = regexp.MustCompile(`^[^.\s\[\]*$]+(\.[^.\s\[\]*$]+)*$`)
