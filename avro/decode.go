package avro

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/linkedin/goavro/v2"
)

// Decoder makes JSON of framed Avro values, for people to read. It decodes with goavro by the schema whose id the value
// carries, whoever registered it. It is safe for concurrent use.
type Decoder struct {
	registry interface {
		ByID(ctx context.Context, id int) (string, error)
	}

	mu     sync.Mutex
	codecs map[int]*codec
}

type codec struct {
	goavro *goavro.Codec
	root   *node // nil where the schema is not a record
}

// NewDecoder returns a decoder that asks reg for the schema of each id once.
func NewDecoder(reg interface {
	ByID(ctx context.Context, id int) (string, error)
}) *Decoder {
	return &Decoder{registry: reg, codecs: map[int]*codec{}}
}

// JSON returns framed as one line of JSON: fields under their Avro names in the schema's order, unions unwrapped,
// timestamps as RFC 3339 in UTC, dates as 2006-01-02. Fields that are null are left out; nulls in arrays are not. A string
// that holds JSON text stands there as that JSON. The result is the caller's.
//
// A value that is not of its schema gives an error, and takes no more memory than its size warrants; that is not so for
// types that only other producers register, where goavro believes the counts it reads. Such types are shown as goavro
// gives them: bytes in base64, unions of several types as {"type": value}.
func (d *Decoder) JSON(ctx context.Context, framed []byte) ([]byte, error) {
	if len(framed) < 5 || framed[0] != 0 {
		return nil, errors.New("decode value: it does not begin with the frame 0x00 and a schema id")
	}
	id := int(binary.BigEndian.Uint32(framed[1:5]))
	c, err := d.codec(ctx, id)
	if err != nil {
		return nil, err
	}
	native, rest, err := c.native(framed[5:])
	if err != nil {
		return nil, fmt.Errorf("decode value by schema %d: %w", id, err)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("decode value by schema %d: %d bytes are left over", id, len(rest))
	}
	if c.root == nil {
		return appendForeign(nil, native), nil
	}
	return appendNative(nil, c.root, native), nil
}

func (d *Decoder) codec(ctx context.Context, id int) (*codec, error) {
	d.mu.Lock()
	c := d.codecs[id]
	d.mu.Unlock()
	if c != nil {
		return c, nil
	}
	text, err := d.registry.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	c = &codec{}
	if c.goavro, err = goavro.NewCodec(text); err != nil {
		return nil, fmt.Errorf("compile schema %d: %w", id, err)
	}
	if c.root, err = parseSchema(text); err != nil {
		c.root = nil
	}
	d.mu.Lock()
	d.codecs[id] = c
	d.mu.Unlock()
	return c, nil
}

// native decodes; a panic of the library over bytes that are not of the schema is an error like others.
func (c *codec) native(data []byte) (native any, rest []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed value: %v", p)
		}
	}()
	if c.root != nil {
		if _, err := c.root.skim(data); err != nil && !errors.Is(err, errForeign) {
			return nil, nil, err
		}
	}
	return c.goavro.NativeFromBinary(data)
}

// appendNative appends what goavro decoded for n.
func appendNative(dst []byte, n *node, native any) []byte {
	switch x := native.(type) {
	case nil:
		return append(dst, "null"...)
	case map[string]any:
		if n.kind == recordKind {
			return appendRecordNative(dst, n, x)
		}
	case []any:
		if n.kind == arrayKind {
			return appendArrayNative(dst, n, x)
		}
	case string:
		var line bytes.Buffer
		if n.kind == jsonKind && json.Compact(&line, []byte(validText(x))) == nil {
			return append(dst, line.Bytes()...)
		}
	case time.Time:
		if n.kind == dateKind {
			return append(dst, x.UTC().Format(`"2006-01-02"`)...)
		}
	}
	return appendForeign(dst, native)
}

func appendRecordNative(dst []byte, n *node, fields map[string]any) []byte {
	dst = append(dst, '{')
	first := true
	for _, f := range n.fields {
		v := fields[f.name]
		if f.null >= 0 && f.typ.kind != opaqueKind {
			v = unwrap(v)
		}
		if v == nil {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendJSONString(dst, f.name), ':')
		dst = appendNative(dst, f.typ, v)
	}
	return append(dst, '}')
}

func appendArrayNative(dst []byte, n *node, items []any) []byte {
	dst = append(dst, '[')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		if n.nullItems {
			item = unwrap(item)
		}
		dst = appendNative(dst, n.items, item)
	}
	return append(dst, ']')
}

// unwrap takes a union's value out of goavro's map of its type's name.
func unwrap(native any) any {
	if m, ok := native.(map[string]any); ok && len(m) == 1 {
		for _, v := range m {
			return v
		}
	}
	return native
}

// appendForeign appends any value goavro gives, without knowing its type.
func appendForeign(dst []byte, native any) []byte {
	switch x := native.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, x)
	case int32:
		return strconv.AppendInt(dst, int64(x), 10)
	case int64:
		return strconv.AppendInt(dst, x, 10)
	case float32:
		return appendDouble(dst, float64(x), 32)
	case float64:
		return appendDouble(dst, x, 64)
	case string:
		return appendText(dst, x)
	case []byte:
		return append(append(append(dst, '"'), base64.StdEncoding.EncodeToString(x)...), '"')
	case time.Time:
		return appendTime(dst, x)
	case []any:
		dst = append(dst, '[')
		for i, item := range x {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendForeign(dst, item)
		}
		return append(dst, ']')
	case map[string]any:
		names := make([]string, 0, len(x))
		for name := range x {
			names = append(names, name)
		}
		slices.Sort(names)
		dst = append(dst, '{')
		for i, name := range names {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendForeign(append(appendText(dst, name), ':'), x[name])
		}
		return append(dst, '}')
	}
	return appendText(dst, fmt.Sprint(native)) // decimals, durations
}

func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return strconv.AppendInt(dst, t.UnixMilli(), 10) // RFC 3339 has no such year
	}
	return append(append(append(dst, '"'), t.Format(time.RFC3339Nano)...), '"')
}

func appendDouble(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(append(append(dst, '"'), strconv.FormatFloat(f, 'g', -1, bits)...), '"')
	}
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, f, 'e', -1, bits)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits)
}

// appendText appends a string that may not be valid UTF-8: other producers' strings.
func appendText(dst []byte, s string) []byte {
	return appendJSONString(dst, validText(s))
}
