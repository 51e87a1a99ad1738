package avro

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/twmb/avro"
)

// Change kinds of a Difference.
const (
	FieldAdded     = "added"
	FieldRemoved   = "removed"
	TypeChanged    = "type changed"
	NameChanged    = "record renamed"
	MeaningChanged = "meaning changed" // jsonName, variant or contentType: the same bytes stand for something else
	DefaultChanged = "default changed"
	DocChanged     = "doc only" // docs, and properties that nobody's reading depends on
	OrderChanged   = "order only"
)

// Difference is one way in which a schema is not what another is.
type Difference struct {
	Field    string `json:"field,omitempty"` // Avro names from the root, joined with dots; "": the whole schema
	Change   string `json:"change"`          // FieldAdded and so on
	From     string `json:"from,omitempty"`  // the type, name or property before; "": none
	To       string `json:"to,omitempty"`
	Breaking bool   `json:"breaking"` // some reader, of either schema, cannot read the other's records, or takes them for something else
	Reason   string `json:"reason"`   // why it is breaking, or why not
}

// String is one line for people.
func (d Difference) String() string {
	what := "schema"
	if d.Field != "" {
		what = "field " + d.Field
	}
	what += ": " + d.Change
	switch {
	case d.From != "" && d.To != "":
		what += ", " + d.From + " → " + d.To
	case d.From+d.To != "":
		what += ", " + d.From + d.To
	}
	return what + ": " + d.Reason
}

// Diff lists how the schema to differs from the schema from, in the order of from's fields, then the new ones. Both may be anybody's.
// The error tells that one of them is no Avro schema.
//
// Two schemas without a breaking difference can each read what the other wrote. Beyond that, changes break here that Avro's rules and
// therefore registries let pass: another logical type, string against JSON text or bytes, another record's name, another jsonName or
// variant. The bytes can be read then, and mean something else.
func Diff(from, to string) ([]Difference, error) {
	a, err := parseForDiff(from)
	if err != nil {
		return nil, fmt.Errorf("the first schema: %w", err)
	}
	b, err := parseForDiff(to)
	if err != nil {
		return nil, fmt.Errorf("the second schema: %w", err)
	}
	return differences(a, b), nil
}

func differences(from, to *described) []Difference {
	d := differ{from: from, to: to, seen: map[[2]string]bool{}}
	d.types("", &from.root, &to.root)
	return d.found
}

// Breaking are those of all that break readers.
func Breaking(all []Difference) []Difference {
	var broken []Difference
	for _, d := range all {
		if d.Breaking {
			broken = append(broken, d)
		}
	}
	return broken
}

// differ walks two schemas side by side.
type differ struct {
	from, to *described
	seen     map[[2]string]bool // pairs of named types that were compared, or are being: types may contain themselves
	found    []Difference
}

func (d *differ) add(field, change, from, to string, breaking bool, reason string) {
	d.found = append(d.found, Difference{field, change, from, to, breaking, reason})
}

// types compares what stands at field, a union with null or not.
func (d *differ) types(field string, a, b *avro.SchemaNode) {
	x, y := branchesOf(d.from.resolve(a)), branchesOf(d.to.resolve(b))
	if len(x.types) != 1 || len(y.types) != 1 {
		if from, to := d.from.text(a), d.to.text(b); from != to {
			d.add(field, TypeChanged, from, to, true, "a union of other types")
			return
		}
		for i := range x.types { // what they are called is the same
			d.plainTypes(field, x.types[i], y.types[i])
		}
		return
	}
	if !d.plainTypes(field, x.types[0], y.types[0]) {
		return
	}
	switch {
	case x.null < 0 && y.null >= 0:
		d.add(field, TypeChanged, d.from.text(a), d.to.text(b)+", nullable", true, "readers of the older schema cannot read null")
	case x.null >= 0 && y.null < 0:
		d.add(field, TypeChanged, d.from.text(a)+", nullable", d.to.text(b), true, "readers of the newer schema cannot read the nulls that are there")
	case x.null != y.null:
		d.add(field, OrderChanged, "", "", false, "null has another place in the union, which readers look up")
	}
}

// plainTypes compares two types that are no unions, and reports whether they are the same kind of thing, so that more can be said.
func (d *differ) plainTypes(field string, a, b *avro.SchemaNode) bool {
	a, b = d.from.resolve(a), d.to.resolve(b)
	if a.Type != b.Type || a.LogicalType != b.LogicalType || a.Precision != b.Precision || a.Scale != b.Scale || a.Size != b.Size {
		d.add(field, TypeChanged, d.from.text(a), d.to.text(b), true, typeReason(a, b))
		return false
	}
	switch a.Type {
	case "record", "error", "enum", "fixed":
		return d.namedTypes(field, a, b)
	case "array":
		d.types(field, a.Items, b.Items)
	case "map":
		d.types(field, a.Values, b.Values)
	}
	if !sameProperties(a.Props, b.Props) {
		d.add(field, DocChanged, "", "", false, "a property that does not change how records are read")
	}
	return true
}

func typeReason(a, b *avro.SchemaNode) string {
	switch {
	case a.Type == b.Type && (a.LogicalType != b.LogicalType || a.Precision != b.Precision || a.Scale != b.Scale):
		return "the bytes can be read, and mean something else; registries let it pass"
	case a.Type+b.Type == "stringbytes" || a.Type+b.Type == "bytesstring":
		return "the bytes can be read, and are no longer the same to a reader; registries let it pass"
	case slices.Contains(promotions[a.Type], b.Type):
		return "readers of the older schema cannot read " + b.Type
	case slices.Contains(promotions[b.Type], a.Type):
		return "readers of the newer schema cannot read the " + a.Type + " that is there"
	}
	return "neither can be read as the other"
}

// promotions are what Avro lets a reader of another type read.
var promotions = map[string][]string{"int": {"long", "float", "double"}, "long": {"float", "double"}, "float": {"double"}}

func (d *differ) namedTypes(field string, a, b *avro.SchemaNode) bool {
	pair := [2]string{fullName(a), fullName(b)}
	if pair[0] != pair[1] {
		d.add(field, NameChanged, pair[0], pair[1], true, "readers take a record, enum or fixed by its name")
	}
	if d.seen[pair] {
		return pair[0] == pair[1]
	}
	d.seen[pair] = true
	switch a.Type {
	case "record", "error":
		d.fields(field, a.Fields, b.Fields)
	case "enum":
		d.symbols(field, a, b)
	}
	if a.Doc != b.Doc || !sameProperties(a.Props, b.Props) || !slices.Equal(a.Aliases, b.Aliases) {
		d.add(field, DocChanged, "", "", false, "the doc or a property of "+a.Type+" "+a.Name)
	}
	return pair[0] == pair[1]
}

func (d *differ) symbols(field string, a, b *avro.SchemaNode) {
	gone, come := onlyIn(a.Symbols, b.Symbols), onlyIn(b.Symbols, a.Symbols)
	if len(gone) > 0 {
		d.add(field, TypeChanged, "symbols "+strings.Join(gone, ", "), "", !b.HasEnumDefault, judged(b.HasEnumDefault,
			"readers of the newer schema read its default instead", "readers of the newer schema do not know them, and it has no default"))
	}
	if len(come) > 0 {
		d.add(field, TypeChanged, "", "symbols "+strings.Join(come, ", "), !a.HasEnumDefault, judged(a.HasEnumDefault,
			"readers of the older schema read its default instead", "readers of the older schema do not know them, and it has no default"))
	}
	if len(gone)+len(come) == 0 && !slices.Equal(a.Symbols, b.Symbols) {
		d.add(field, OrderChanged, "", "", false, "readers look symbols up by name")
	}
}

// fields compares two records' fields by their names.
func (d *differ) fields(above string, a, b []avro.SchemaField) {
	had, has := fieldsByName(a), fieldsByName(b)
	var common, order []string
	for i := range a {
		f := &a[i]
		if g := has[f.Name]; g != nil {
			common = append(common, f.Name)
			d.field(below(above, f.Name), f, g)
			continue
		}
		d.add(below(above, f.Name), FieldRemoved, d.from.fieldText(f), "", !f.HasDefault, judged(f.HasDefault,
			"readers of the older schema read its default", "readers of the older schema need it, and it has no default"))
	}
	for i := range b {
		g := &b[i]
		if had[g.Name] != nil {
			order = append(order, g.Name)
			continue
		}
		d.add(below(above, g.Name), FieldAdded, "", d.to.fieldText(g), !g.HasDefault, judged(g.HasDefault,
			"readers of the newer schema read its default in older records", "it is required: readers of the newer schema cannot read older records"))
	}
	if !slices.Equal(common, order) {
		d.add(above, OrderChanged, "", "", false, "readers look fields up by name")
	}
}

func fieldsByName(all []avro.SchemaField) map[string]*avro.SchemaField {
	byName := make(map[string]*avro.SchemaField, len(all))
	for i := range all {
		byName[all[i].Name] = &all[i]
	}
	return byName
}

// field compares a field that both records have.
func (d *differ) field(path string, a, b *avro.SchemaField) {
	if isJSONText(a) != isJSONText(b) {
		d.add(path, MeaningChanged, d.from.fieldText(a), d.to.fieldText(b), true, "one holds text as it is, the other JSON text; registries let it pass")
	}
	for _, name := range []string{"jsonName", "variant"} {
		if from, to := property(a, name), property(b, name); from != to {
			d.add(path, MeaningChanged, name+" "+or(from, "none"), or(to, "none"), true, "it holds another member of the JSON record, or other values of it; registries let it pass")
		}
	}
	d.types(path, &a.Type, &b.Type)
	switch {
	case a.HasDefault != b.HasDefault || !reflect.DeepEqual(a.Default, b.Default):
		d.add(path, DefaultChanged, defaultText(a), defaultText(b), false, "both have the field; the default counts for records of versions that lack it")
	case a.Doc != b.Doc, !slices.Equal(a.Aliases, b.Aliases), !sameProperties(others(a), others(b)):
		d.add(path, DocChanged, "", "", false, "the doc, an alias or a property")
	}
}

func sameProperties(a, b map[string]any) bool {
	return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b))
}

func judged(good bool, whyGood, whyBad string) string {
	if good {
		return whyGood
	}
	return whyBad
}

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// onlyIn are those of all that are not in some.
func onlyIn(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
