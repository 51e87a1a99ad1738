package avro

import (
	"fmt"
	"strings"

	"github.com/linkedin/goavro/v2"
)

// validate checks what registries refuse without saying why, and what goavro lets pass: names, record names that are
// not unique, fields that differ in case only. Errors name the field by its JSON path. Then goavro has its say.
func validate(root *node, text string) error {
	v := validator{records: map[string][]string{}}
	if err := v.record(root); err != nil {
		return err
	}
	if _, err := goavro.NewCodec(text); err != nil {
		return fmt.Errorf("compile schema of %s: %w", root.name, err)
	}
	return nil
}

type validator struct{ records map[string][]string }

func (v *validator) record(n *node) error {
	for part := range strings.SplitSeq(n.name, ".") {
		if !legalName(part) {
			return fmt.Errorf("record at %s: name %q is not legal in Avro", at(n.path), n.name)
		}
	}
	if first, double := v.records[n.name]; double {
		return fmt.Errorf("records at %s and %s have the same name %s", at(first), at(n.path), n.name)
	}
	v.records[n.name] = n.path
	names := make(map[string]*field, len(n.fields))
	for _, f := range n.fields {
		path := at(append(append([]string{}, n.path...), f.jsonName))
		if !legalName(f.name) {
			return fmt.Errorf("field at %s: name %q is not legal in Avro", path, f.name)
		}
		if first := names[strings.ToLower(f.name)]; first != nil {
			return fmt.Errorf("field at %s: name %s is taken by %s (%s)", path, f.name, pathSegment(first.jsonName), first.name)
		}
		names[strings.ToLower(f.name)] = f
		if r := f.typ.innermost(); r.kind == recordKind {
			if err := v.record(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// writable refuses fields of another producer that every record would have to fill and this package cannot.
func writable(n *node) error {
	for _, f := range n.fields {
		if f.typ.kind == opaqueKind && f.null < 0 && f.filler == nil {
			return fmt.Errorf("field at %s: has the type %s, required, which another producer registered and this program cannot write",
				at(append(append([]string{}, n.path...), f.jsonName)), f.typ.raw)
		}
		if r := f.typ.innermost(); r.kind == recordKind {
			if err := writable(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func at(path []string) string {
	if len(path) == 0 {
		return "the root"
	}
	return pathString(path)
}
