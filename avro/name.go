package avro

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// maxName bounds a field name that is made of a JSON name; longer ones end in a hash.
const maxName = 120

// fieldName makes an Avro name of a JSON name: what is not a letter, digit or underscore becomes an underscore, what is
// not ASCII _u and its code point in hex, and a leading digit gets an underscore before it.
func fieldName(json string) string {
	var b strings.Builder
	for _, r := range json {
		switch {
		case nameByte(r):
			if b.Len() == 0 && r >= '0' && r <= '9' {
				b.WriteByte('_')
			}
			b.WriteRune(r)
		case r < 0x80:
			b.WriteByte('_')
		default:
			fmt.Fprintf(&b, "_u%04X", r)
		}
	}
	name := b.String()
	if name == "" {
		return "_"
	}
	if len(name) > maxName {
		return name[:maxName] + fmt.Sprintf("_x%016x", xxhash.Sum64String(json))
	}
	return name
}

func nameByte(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// legalName reports whether Avro allows name for a field or a part of a record's name.
func legalName(name string) bool {
	for _, r := range name {
		if !nameByte(r) {
			return false
		}
	}
	return name != "" && (name[0] < '0' || name[0] > '9')
}

// freeName returns name, or name with the lowest number from 2 on that taken (lower-case names) does not hold.
func freeName(name string, taken map[string]bool) string {
	free := name
	for n := 2; taken[strings.ToLower(free)]; n++ {
		free = name + "_" + strconv.Itoa(n)
	}
	return free
}

// nestedName names the record at a path of Avro field names. The root's name and the path are joined with two
// underscores; where a field name would make that ambiguous a hash of the path follows, so that no two paths share a
// name whatever two workers find at the same time.
func nestedName(root string, path []string) string {
	name, ambiguous := root, false
	for _, s := range path {
		name += "__" + s
		ambiguous = ambiguous || strings.Contains(s, "__") || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_")
	}
	if ambiguous || len(name) > 4*maxName {
		name = name[:min(len(name), 4*maxName)] + fmt.Sprintf("_x%08x", uint32(xxhash.Sum64String(strings.Join(path, "."))))
	}
	return name
}

// RecordName returns the full name of a resource's Avro record: headwater.<source>.<Resource>, with the resource's words
// joined (company_attributes: CompanyAttributes) and what Avro does not allow in names replaced.
func RecordName(source, resource string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(resource, func(r rune) bool { return r < 0x80 && (!nameByte(r) || r == '_') }) {
		if word[0] < 0x80 {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		b.WriteString(word)
	}
	return "headwater." + fieldName(source) + "." + fieldName(b.String())
}
