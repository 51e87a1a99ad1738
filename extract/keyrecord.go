package extract

import (
	"encoding/json"
	"fmt"
)

// KeyRecord makes a record of r that holds the fields of its key and nothing else, as text. It stands for a parent whose children
// are read after its own listing was: [Load] sees to it that the children of such a parent need no other field.
func (r *Resource) KeyRecord(key string) (Record, error) {
	parts, err := SplitKey(key, len(r.Key))
	if err != nil {
		return Record{}, fmt.Errorf("%s: %w", r.Name, err)
	}
	fields := make(map[string]string, len(parts))
	for i, part := range parts {
		fields[r.Key[i].Name] = part
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return Record{}, fmt.Errorf("%s: key %q: %w", r.Name, key, err)
	}
	return Record{Key: key, JSON: text}, nil
}
