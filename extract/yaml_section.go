package extract

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// section is one mapping of the file with its defaults: what it leaves out is looked up in base.
type section struct {
	r          *yamlReader
	what       string   // what the mapping describes, for messages
	at         ast.Node // where it stands
	vocabulary vocabulary
	order      []string
	values     map[string]*ast.MappingValueNode
	base       *section
}

// vocabulary is what a mapping may hold.
type vocabulary struct {
	known       []string
	unsupported []string     // part of the reference's vocabulary, not built yet
	any         bool         // the names are the user's own
	shape       reflect.Type // where known comes from; nil: a list
}

// section reads n as a mapping. n may be nil (absent): then all comes from base. It returns nil only if there is neither.
func (r *yamlReader) section(n ast.Node, what string, base *section, v vocabulary) *section {
	if n == nil {
		return base
	}
	s := &section{r: r, what: what, at: n, vocabulary: v, values: map[string]*ast.MappingValueNode{}, base: base}
	for _, value := range r.members(n, what) {
		key := r.keyText(value.Key)
		if !v.allows(key) {
			r.unknown(value.Key, key, what, v)
			continue
		}
		if _, twice := s.values[key]; twice {
			r.mistake(value.Key, "%q is given twice", key)
			continue
		}
		s.values[key] = value
		s.order = append(s.order, key)
	}
	return s
}

func (v vocabulary) allows(key string) bool {
	return v.any || slices.Contains(v.known, key)
}

// members returns the entries of a mapping; anything else is a mistake.
func (r *yamlReader) members(n ast.Node, what string) []*ast.MappingValueNode {
	switch v := n.(type) {
	case *ast.MappingNode:
		return v.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{v}
	default:
		r.mistake(n, "%s: want a mapping, not %s", what, kindOf(n))
		return nil
	}
}

func isMapping(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

// unknown tells apart what is misspelt from what is not built yet.
func (r *yamlReader) unknown(at ast.Node, key, what string, v vocabulary) {
	if slices.Contains(v.unsupported, key) {
		r.mistake(at, "field %q of %s is not supported yet", key, what)
		return
	}
	if meant := nearest(key, v.known); meant != "" {
		r.mistake(at, "unknown field %q (did you mean %q?)", key, meant)
		return
	}
	r.mistake(at, "unknown field %q of %s (known: %s)", key, what, strings.Join(v.known, ", "))
}

// keyText returns the text of a mapping's key.
func (r *yamlReader) keyText(k ast.MapKeyNode) string {
	if s, ok := k.(*ast.StringNode); ok {
		return s.Value
	}
	switch k.(type) {
	case *ast.IntegerNode, *ast.BoolNode, *ast.FloatNode, *ast.NullNode:
		return k.GetToken().Value
	}
	r.mistake(k, "want a plain name as key; merge keys, anchors and complex keys are not supported yet")
	return k.String()
}

// node returns the value of a field, from here or from the defaults; nil if it is absent or null.
func (s *section) node(field string) ast.Node {
	for at := s; at != nil; at = at.base {
		if v, ok := at.values[field]; ok {
			if v.Value == nil || v.Value.Type() == ast.NullType {
				return nil
			}
			return v.Value
		}
	}
	return nil
}

// sub reads the field's mapping; the defaults' mapping of that name fills in member by member.
func (s *section) sub(field, what string, v vocabulary) *section {
	var base *section
	if s.base != nil {
		base = s.base.sub(field, what, v)
	}
	var own ast.Node
	if value, ok := s.values[field]; ok && value.Value != nil && value.Value.Type() != ast.NullType {
		own = value.Value
	}
	return s.r.section(own, what, base, v)
}

// fields lists the names given here, then those only the defaults give.
func (s *section) fields() []string {
	names := append([]string(nil), s.order...)
	if s.base == nil {
		return names
	}
	for _, f := range s.base.fields() {
		if _, own := s.values[f]; !own {
			names = append(names, f)
		}
	}
	return names
}

// text returns a field's text, "" if absent. Numbers and booleans are no text: their spelling would be lost.
func (s *section) text(field string) string {
	n := s.node(field)
	if n == nil {
		return ""
	}
	text, ok := textOf(n)
	if !ok {
		s.r.mistake(n, "%s: want text, not %s", field, kindOf(n))
	}
	return text
}

// textOf returns the text of a plain, quoted or block scalar.
func textOf(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	default:
		return "", false
	}
}

// word returns a field's text if it is one of the words; first among them is the default.
func (s *section) word(field string, words, unsupported []string) string {
	n := s.node(field)
	if n == nil {
		return words[0]
	}
	text := s.text(field)
	if slices.Contains(words, text) {
		return text
	}
	if slices.Contains(unsupported, text) {
		s.r.mistake(n, "%s %q is not supported yet (supported: %s)", field, text, strings.Join(words, ", "))
		return words[0]
	}
	if meant := nearest(text, words); meant != "" {
		s.r.mistake(n, "unknown %s %q (did you mean %q?)", field, text, meant)
	} else {
		s.r.mistake(n, "unknown %s %q (known: %s)", field, text, strings.Join(words, ", "))
	}
	return words[0]
}

func (s *section) bool(field string) bool {
	n := s.node(field)
	if n == nil {
		return false
	}
	b, ok := n.(*ast.BoolNode)
	if !ok {
		s.r.mistake(n, "%s: want true or false, not %s", field, kindOf(n))
		return false
	}
	return b.Value
}

// count returns a whole number from 0.
func (s *section) count(field string) int {
	n := s.node(field)
	if n == nil {
		return 0
	}
	if i, ok := n.(*ast.IntegerNode); ok {
		if u, ok := i.Value.(uint64); ok && u <= 1<<31 {
			return int(u)
		}
	}
	s.r.mistake(n, "%s: want a whole number from 0", field)
	return 0
}

// duration returns a field's length of time, or fallback if it is absent.
func (s *section) duration(field string, fallback time.Duration) time.Duration {
	n := s.node(field)
	if n == nil {
		return fallback
	}
	text, _ := textOf(n)
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		s.r.mistake(n, "%s: want a length of time such as 30s, 5m or 48h", field)
		return fallback
	}
	return d
}

// pause returns a length of time, or 0 for off.
func (s *section) pause(field string, fallback time.Duration) time.Duration {
	n := s.node(field)
	if b, ok := n.(*ast.BoolNode); ok && !b.Value {
		return 0
	}
	if n == nil {
		return fallback
	}
	if text, _ := textOf(n); text == "off" {
		return 0
	}
	if d := s.duration(field, fallback); d > 0 {
		return d
	}
	s.r.mistake(n, "%s: want a length of time such as 24h, or off", field)
	return fallback
}

// names returns a text or a list of texts.
func (s *section) names(field string) (names []string, at []ast.Node) {
	n := s.node(field)
	if n == nil {
		return nil, nil
	}
	items := []ast.Node{n}
	if list, ok := n.(*ast.SequenceNode); ok {
		items = list.Values
	}
	for _, item := range items {
		text, ok := textOf(item)
		if !ok || text == "" {
			s.r.mistake(item, "%s: want a name, not %s", field, kindOf(item))
			continue
		}
		names, at = append(names, text), append(at, item)
	}
	return names, at
}

// path returns a dotted path's segments; nil if the field is absent, or the root ($). Of JSONPath, which the reference has, it takes
// what says the same: $. before and [*] behind a path.
func (s *section) path(field string) []string {
	text := strings.TrimSuffix(strings.TrimPrefix(s.text(field), "$."), "[*]")
	if text == "" || text == "$" {
		return nil
	}
	segments := strings.Split(text, ".")
	for _, segment := range segments {
		if segment == "" || strings.ContainsAny(segment, "[]*$ ") {
			s.r.mistake(s.node(field), "%s: want member names joined with dots, such as pages.next; expressions are not supported yet", field)
			return nil
		}
	}
	return segments
}

// kindOf names what a node holds, for messages.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor (not supported yet)"
	default:
		return strings.ToLower(n.Type().String())
	}
}
