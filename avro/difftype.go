package avro

import (
	"fmt"
	"maps"
	"strings"

	"github.com/twmb/avro"
)

// described is a schema of anybody's, as a tree, for a differ.
type described struct {
	root  avro.SchemaNode
	named map[string]*avro.SchemaNode // definitions by full name
}

func parseForDiff(text string) (*described, error) {
	s, err := avro.Parse(text)
	if err != nil {
		return nil, err
	}
	d := &described{root: *s.Root(), named: map[string]*avro.SchemaNode{}}
	d.define(&d.root, "")
	return d, nil
}

// define notes the named types at and below n, which stands in namespace space, and gives references the full names of what they refer
// to. A name is defined before it is referred to.
func (d *described) define(n *avro.SchemaNode, space string) {
	switch n.Type {
	case "record", "error", "enum", "fixed":
		name := fullName(n)
		d.named[name] = n
		space = name[:max(0, strings.LastIndexByte(name, '.'))]
	default:
		if full := space + "." + n.Type; d.named[full] != nil {
			n.Type = full
		}
	}
	for i := range n.Fields {
		d.define(&n.Fields[i].Type, space)
	}
	for i := range n.Branches {
		d.define(&n.Branches[i], space)
	}
	for _, inner := range []*avro.SchemaNode{n.Items, n.Values} {
		if inner != nil {
			d.define(inner, space)
		}
	}
}

// resolve returns the definition where n is a reference to one.
func (d *described) resolve(n *avro.SchemaNode) *avro.SchemaNode {
	if definition := d.named[n.Type]; definition != nil {
		return definition
	}
	return n
}

func fullName(n *avro.SchemaNode) string {
	if n.Namespace == "" || strings.Contains(n.Name, ".") {
		return n.Name
	}
	return n.Namespace + "." + n.Name
}

// branches is a type as a union: its types without null, and where null stands; -1: nowhere.
type branches struct {
	types []*avro.SchemaNode
	null  int
}

func branchesOf(n *avro.SchemaNode) branches {
	if n.Type != "union" {
		return branches{[]*avro.SchemaNode{n}, -1}
	}
	all := branches{null: -1}
	for i := range n.Branches {
		if n.Branches[i].Type == "null" {
			all.null = i
		} else {
			all.types = append(all.types, &n.Branches[i])
		}
	}
	return all
}

// logicalTexts are what this program's own logical types are called in its output.
var logicalTexts = map[string]string{"long timestamp-millis": "timestamp", "int date": "date"}

// text is a type as people read it, without the null of a union of two.
func (d *described) text(n *avro.SchemaNode) string {
	n = d.resolve(n)
	switch n.Type {
	case "union":
		u := branchesOf(n)
		names := make([]string, len(u.types))
		for i, t := range u.types {
			names[i] = d.text(t)
		}
		if u.null >= 0 && len(names) > 1 {
			names = append(names, "null")
		}
		return strings.Join(names, " or ")
	case "array":
		return "array of " + d.itemText(n.Items)
	case "map":
		return "map of " + d.itemText(n.Values)
	case "enum", "fixed":
		return n.Type + " " + n.Name
	}
	if n.LogicalType == "" {
		return n.Type
	}
	if own := logicalTexts[n.Type+" "+n.LogicalType]; own != "" {
		return own
	}
	return n.Type + " " + n.LogicalType
}

func (d *described) itemText(n *avro.SchemaNode) string {
	text := d.text(n)
	if u := branchesOf(d.resolve(n)); u.null >= 0 && len(u.types) == 1 {
		text += " or null"
	}
	return text
}

func (d *described) fieldText(f *avro.SchemaField) string {
	text := d.text(&f.Type)
	if isJSONText(f) {
		text = jsonKind.String()
	}
	if branchesOf(d.resolve(&f.Type)).null < 0 {
		text += ", required"
	}
	return text
}

func isJSONText(f *avro.SchemaField) bool { return f.Props["contentType"] == jsonContent }

// property is one of ours, "" where the field has none. The name of the JSON member is the field's unless it says otherwise.
func property(f *avro.SchemaField, name string) string {
	if v, ok := f.Props[name].(string); ok {
		return v
	}
	if name == "jsonName" {
		return f.Name
	}
	return ""
}

// others are the properties of a field that mean nothing to this program's readers.
func others(f *avro.SchemaField) map[string]any {
	if len(f.Props) == 0 {
		return nil
	}
	all := maps.Clone(f.Props)
	for _, ours := range []string{"jsonName", "variant", "contentType"} {
		delete(all, ours)
	}
	return all
}

func defaultText(f *avro.SchemaField) string {
	switch {
	case !f.HasDefault:
		return "none"
	case f.Default == nil:
		return "null"
	}
	return fmt.Sprint(f.Default)
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
