package avro

import "encoding/binary"

// output is what a walk writes to: buf as far as n. Whoever writes less than slack bytes behind a call of begin, or of an item's beginning,
// finds room; what is longer makes it.
type output struct {
	buf []byte
	n   int
}

const (
	slack = 64
	// maxOut bounds what a walk writes: few bytes of JSON may be many fields without a value. Beyond it is the other way's.
	maxOut = 1 << 28
)

// room makes room for size bytes more, and for the slack behind them.
func (o *output) room(size int) {
	if len(o.buf)-o.n < size+slack {
		o.grow(size + slack)
	}
}

//go:noinline
func (o *output) grow(size int) {
	buf := make([]byte, max(1024, 2*(o.n+size)))
	copy(buf, o.buf[:o.n])
	o.buf = buf
}

// bytes writes b.
func (o *output) bytes(b []byte) {
	o.room(len(b))
	o.n += copy(o.buf[o.n:], b)
}

// byte writes b, for which there is room.
func (o *output) byte(b byte) {
	o.buf[o.n] = b
	o.n++
}

// long writes a long, for which there is room.
func (o *output) long(v int64) {
	o.n += binary.PutVarint(o.buf[o.n:], v)
}

// double writes 8 bytes, for which there is room.
func (o *output) double(bits uint64) {
	binary.LittleEndian.PutUint64(o.buf[o.n:], bits)
	o.n += 8
}

// string writes a string's bytes with their length.
func (o *output) string(s []byte) {
	o.room(len(s))
	if len(s) < 64 {
		o.byte(byte(len(s) << 1))
	} else {
		o.long(int64(len(s)))
	}
	o.n += copy(o.buf[o.n:], s)
}

// words writes a string of size bytes, 15 at most, that lie in two words. There is room.
func (o *output) words(size int, x, y uint64) {
	to := o.buf[o.n : o.n+17]
	to[0] = byte(size << 1)
	binary.LittleEndian.PutUint64(to[1:], x)
	binary.LittleEndian.PutUint64(to[9:], y)
	o.n += 1 + size
}

// quote writes s as a JSON string.
func (o *output) quote(s []byte) {
	b := appendJSONString(o.buf[:o.n], s)
	o.buf, o.n = b[:cap(b)], len(b)
}

// gap leaves room for the length of JSON text: two bytes are right from 64 to 8191.
func (o *output) gap() (at int) {
	o.room(textGap)
	o.n += textGap
	return o.n - textGap
}

const textGap = 2

// fillGap puts the length of what was written behind a gap into it.
func (o *output) fillGap(at int) { o.fill(at, textGap, int64(o.n-at-textGap)) }

// fill puts a number where size bytes were left for it at at: a length or a count, which is known at the end only.
func (o *output) fill(at, size int, number int64) {
	var text [binary.MaxVarintLen64]byte
	n := binary.PutVarint(text[:], number)
	if n != size {
		o.room(n)
		copy(o.buf[at+n:], o.buf[at+size:o.n])
		o.n += n - size
	}
	copy(o.buf[at:], text[:n])
}
