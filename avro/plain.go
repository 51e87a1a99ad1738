package avro

import (
	"bytes"
	"context"
	"encoding/json"
	"unicode/utf8"
)

// Plain makes values that are the record's JSON text as it is, on one line, for readers without a schema registry; bytes that are not UTF-8
// become U+FFFD. Keys, digests and what makes a record one that cannot be published are those of a Subject. It is safe for concurrent use.
type Plain struct{ declared *declaration }

// NewPlain returns a Plain; of the declaration it needs the key alone.
func NewPlain(d Declaration) *Plain { return &Plain{newDeclaration(d)} }

// Encode returns as many outcomes as records, in the same order. There is no error but those of single records.
func (p *Plain) Encode(_ context.Context, records [][]byte) ([]Encoded, error) {
	out := make([]Encoded, len(records))
	room, _ := parsers.Get().(*parser)
	defer func() { room.again(); parsers.Put(room) }()
	for i, r := range records {
		v, err := room.parse(r)
		if err == nil {
			out[i].Digest = v.digest()
			err = p.declared.check(v)
		}
		if err != nil {
			out[i].fail(err)
			continue
		}
		var line bytes.Buffer
		line.Grow(len(r))
		if err := json.Compact(&line, r); err != nil {
			out[i].fail(err)
			continue
		}
		out[i].Value = line.Bytes()
		if !utf8.Valid(out[i].Value) {
			out[i].Value = []byte(validText(line.String())) // a reader of JSON takes no other text
		}
	}
	return out, nil
}
