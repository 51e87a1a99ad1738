package avro

import (
	"bytes"
	"context"
	"encoding/json"
	"unicode/utf8"
)

// Plain makes values that are the record's JSON text as it is, on one line, for readers without a schema registry; bytes that are not UTF-8
// become U+FFFD. Keys, digests and what makes a record one that cannot be published are those of a Subject. It is safe for concurrent use.
type Plain struct {
	declared *declaration
	program  *program // nil: records are read by way of values
}

// NewPlain returns a Plain; of the declaration it needs the key and the encoder alone.
func NewPlain(d Declaration) *Plain {
	p := &Plain{declared: newDeclaration(d)}
	if d.Encoder == Compiled {
		p.program = compileKeys(d.Key)
	}
	return p
}

// Encode returns as many outcomes as records, in the same order. There is no error but those of single records.
func (p *Plain) Encode(_ context.Context, records [][]byte) ([]Encoded, error) {
	out := make([]Encoded, len(records))
	size := 0
	for _, r := range records {
		size += len(r)
	}
	buf := make([]byte, 0, size) // holds the values of all
	var w *walk
	if p.program != nil {
		w, _ = p.program.walks.Get().(*walk)
		defer p.program.walks.Put(w)
	}
	for i, r := range records {
		oneLine, err := p.read(w, r, &out[i])
		if err != nil {
			out[i].fail(err)
			continue
		}
		start := len(buf)
		if oneLine {
			buf = append(buf, r...)
		} else {
			line := bytes.NewBuffer(buf)
			if err := json.Compact(line, r); err != nil {
				out[i].fail(err)
				continue
			}
			buf = line.Bytes()
		}
		out[i].Value = buf[start:len(buf):len(buf)]
		if !utf8.Valid(out[i].Value) {
			out[i].Value = []byte(validText(string(out[i].Value))) // a reader of JSON takes no other text
		}
	}
	return out, nil
}

// read looks at a record and takes its digest. oneLine: there is no white space in it.
func (p *Plain) read(w *walk, record []byte, e *Encoded) (oneLine bool, err error) {
	if w != nil {
		if _, digest, ok := w.encode(record); ok {
			e.Digest = digest
			return !w.spaced, nil
		}
	}
	v, err := parseValue(record)
	if err != nil {
		return false, err
	}
	e.Digest = v.digest()
	return false, p.declared.check(v)
}
