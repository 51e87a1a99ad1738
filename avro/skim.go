package avro

import (
	"encoding/binary"
	"errors"
)

// errForeign ends a skim at a type that only other producers register.
var errForeign = errors.New("a type that is not ours")

// skim walks what claims to be a value of n and returns what follows it. It exists because goavro makes room for as many
// array items as the bytes claim, up to 32 GiB for a value of ten bytes: every item of ours takes at least one byte, so
// a count above the bytes that are left is a lie.
func (n *node) skim(data []byte) ([]byte, error) {
	switch n.kind {
	case longKind, timestampKind, dateKind:
		_, rest, err := skimLong(data)
		return rest, err
	case doubleKind:
		return skimBytes(data, 8)
	case booleanKind:
		return skimBytes(data, 1)
	case stringKind, jsonKind:
		size, rest, err := skimLong(data)
		if err != nil {
			return nil, err
		}
		return skimBytes(rest, size)
	case arrayKind:
		return n.skimArray(data)
	case recordKind:
		var err error
		for _, f := range n.fields {
			if data, err = f.typ.skimUnion(f.null, data); err != nil {
				return nil, err
			}
		}
		return data, nil
	}
	return nil, errForeign
}

// skimUnion walks a value of n in a union whose null branch is at position null; none for -1.
func (n *node) skimUnion(null int, data []byte) ([]byte, error) {
	if n.kind == opaqueKind {
		return nil, errForeign
	}
	if null < 0 {
		return n.skim(data)
	}
	branch, rest, err := skimLong(data)
	if err != nil || branch == int64(null) {
		return rest, err
	}
	if branch != int64(1-null) {
		return nil, errors.New("union has no such branch")
	}
	return n.skim(rest)
}

func (n *node) skimArray(data []byte) ([]byte, error) {
	null := -1
	if n.nullItems {
		null = 0
	}
	for {
		count, rest, err := skimLong(data)
		if err != nil || count == 0 {
			return rest, err
		}
		if count < 0 { // a block with its size, which goavro does not look at either
			if _, rest, err = skimLong(rest); err != nil {
				return nil, err
			}
			count = -count
		}
		if count < 0 || count > int64(len(rest)) {
			return nil, errors.New("array has more items than bytes")
		}
		for data = rest; count > 0; count-- {
			if data, err = n.items.skimUnion(null, data); err != nil {
				return nil, err
			}
		}
	}
}

func skimLong(data []byte) (int64, []byte, error) {
	v, size := binary.Varint(data)
	if size <= 0 {
		return 0, nil, errors.New("value is cut off")
	}
	return v, data[size:], nil
}

func skimBytes(data []byte, size int64) ([]byte, error) {
	if size < 0 || size > int64(len(data)) {
		return nil, errors.New("value is cut off")
	}
	return data[size:], nil
}
