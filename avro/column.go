package avro

import (
	"fmt"
	"slices"
	"strings"
)

// Column is one declared field of a resource.
type Column struct {
	// Path is dotted. `*` stands for any characters within a segment, `**` for any number of segments: `**.*_at` covers
	// created_at and statistics.last_close_at. The items of an array have the array's path.
	Path string
	// Type is one of text, bigint, double, bool, timestamp (Unix seconds or RFC 3339), date and json (free-form). A
	// column of another type counts as not declared. The type of a field that is registered already never changes.
	Type string
	// Doc goes into the schema when the field is first registered.
	Doc string
}

// Declaration is what is known of a resource's records before any was seen. Columns are tried in order, the first that
// covers a path wins. Those without stars are registered from the start (nested ones as soon as the object they stand
// in), as scalars unless the records at hand show arrays; those with stars type the fields that turn up.
type Declaration struct {
	Name    string   // the record's full name, see RecordName
	Key     []string // members of the record that make its key: string, required
	Columns []Column
	Doc     string // the record's

	Contract  Contract // what becomes of values for which the registered schema has no field
	MaxFields int      // inferred fields, nested ones and siblings included; declared ones are not. 0: no limit

	Encoder Encoder // how records are encoded: the bytes are the same
}

// Encoder is a way to read records and to write them.
type Encoder uint8

// The encoders.
const (
	Compiled Encoder = iota // a schema compiled to steps walks a record's text once; what it is in doubt of goes the other way
	Library                 // every record is parsed with encoding/json: slow, and the measure for the other
)

func (e Encoder) String() string { return [...]string{"compiled", "library"}[e] }

// ParseEncoder is the inverse of String.
func ParseEncoder(s string) (Encoder, error) {
	for _, e := range []Encoder{Compiled, Library} {
		if s == e.String() {
			return e, nil
		}
	}
	return 0, fmt.Errorf("encoder %q: must be compiled or library", s)
}

// declaration is a Declaration prepared for look-ups; immutable.
type declaration struct {
	Declaration
	columns []column
}

type column struct {
	Column
	pattern []string
	exact   bool // no stars
}

// columnKinds are the types of columns. A column of any other type is left to inference.
var columnKinds = map[string]kind{
	"text": stringKind, "bigint": longKind, "double": doubleKind, "bool": booleanKind,
	"timestamp": timestampKind, "date": dateKind, "json": jsonKind,
}

func newDeclaration(d Declaration) *declaration {
	all := &declaration{Declaration: d}
	for _, c := range d.Columns {
		if _, known := columnKinds[c.Type]; known {
			pattern := strings.Split(c.Path, ".")
			all.columns = append(all.columns, column{c, pattern, !strings.Contains(c.Path, "*")})
		}
	}
	return all
}

// column returns the first column in declaration order that covers path.
func (d *declaration) column(path []string) (column, bool) {
	for _, c := range d.columns {
		if matchPath(c.pattern, path) {
			return c, true
		}
	}
	return column{}, false
}

// matchPath reports whether pattern covers path: `**` stands for any number of segments.
func matchPath(pattern, path []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for skip := range len(path) + 1 {
				if matchPath(pattern[1:], path[skip:]) {
					return true
				}
			}
			return false
		}
		if len(path) == 0 || !matchSegment(pattern[0], path[0]) {
			return false
		}
		pattern, path = pattern[1:], path[1:]
	}
	return len(path) == 0
}

// matchSegment reports whether pattern, in which `*` stands for any characters, covers the whole of s.
func matchSegment(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	rest, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return len(rest) >= len(last) && strings.HasSuffix(rest, last)
}

// children returns the names right below path that columns without stars declare, in declaration order.
func (d *declaration) children(path []string) []string {
	var names []string
	for _, c := range d.columns {
		if c.exact && len(c.pattern) == len(path)+1 && slices.Equal(c.pattern[:len(path)], path) && !slices.Contains(names, c.pattern[len(path)]) {
			names = append(names, c.pattern[len(path)])
		}
	}
	return names
}

// rank orders fields: keys, then what columns without stars declare (or something below it), then the rest.
func (d *declaration) rank(path []string) int {
	if d.isKey(path) {
		return slices.Index(d.Key, path[0])
	}
	for i, c := range d.columns {
		if c.exact && len(c.pattern) >= len(path) && slices.Equal(c.pattern[:len(path)], path) {
			return len(d.Key) + i
		}
	}
	return len(d.Key) + len(d.columns)
}

func (d *declaration) isKey(path []string) bool {
	return len(path) == 1 && slices.Contains(d.Key, path[0])
}

// declares reports whether path is a key, or what a column without stars declares, or above that.
func (d *declaration) declares(path []string) bool { return d.rank(path) < len(d.Key)+len(d.columns) }

// declaresBelow reports whether a column without stars declares something below path.
func (d *declaration) declaresBelow(path []string) bool {
	return slices.ContainsFunc(d.columns, func(c column) bool {
		return c.exact && len(c.pattern) > len(path) && slices.Equal(c.pattern[:len(path)], path)
	})
}

// onlyBelow reports whether columns declare something below path, and neither they nor the key path itself.
func (d *declaration) onlyBelow(path []string) bool {
	return d.declaresBelow(path) && !d.isKey(path) && !slices.ContainsFunc(d.columns, func(c column) bool {
		return c.exact && slices.Equal(c.pattern, path)
	})
}
