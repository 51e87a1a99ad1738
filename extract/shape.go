package extract

import (
	"encoding/binary"
	"math/bits"
)

// The records of an answer mostly have the same members, in the same order and spelled alike. So the walk remembers what stood before each
// value: the text of a name that was checked once. Where the very same bytes come again they need not be looked at one by one. What is
// expected never decides what is accepted: anything else goes the way of the grammar (jsonwalk.go), and is expected from then on.

// expected is a member that was met in a record, or in an object in one. Its text is its name, the colon, and the space up to the value.
type expected struct {
	words [4]uint64 // the first 32 bytes of the text, and of what came behind it
	masks [4]uint64 // those of these bytes that are of the text
	from  uint32    // where in the body the text was met
	size  uint32    // of it
	takes uint32    // the number, from 1 on, of the first of the walker's names that the member has; 0: none
	next  follower  // what comes behind it
	below follower  // what comes first in the object that its value is, or in the objects of the list that it is
}

// follower is what is expected at a place: what came there last, and the first of all that may come there or further on in the object.
type follower struct{ likely, first uint8 }

// shape is the members that were met, as many as it has room for. Those of one object are a chain, by next.first. The one at aRecord stands
// for the records: their members are below it. The one at nowhere stands for all that have no place.
type shape struct {
	members [256]expected
	used    int
	strange int        // names that were none of the members
	above   [256]uint8 // by depth: the member whose value the object is that is open there
}

const (
	nowhere = iota
	aRecord
)

// lookahead is how many members that may come are tried before a name is read.
const lookahead = 16

// nameRoom and valueRoom are how many bytes of the body there have to be for what looks at several at once.
const (
	nameRoom  = 32
	valueRoom = 24
)

// forget makes the shape that of no record. What is at nowhere agrees with no text that a name begins with.
func (s *shape) forget() {
	s.members[nowhere] = expected{words: [4]uint64{1}, masks: [4]uint64{^uint64(0)}}
	s.members[aRecord] = expected{}
	s.used, s.strange = aRecord+1, 0
}

// isVain reports whether so many names were strange that it takes more time to expect members than it spares: they come in no order, or
// are other ones in each of the rows.
func (s *shape) isVain(rows int) bool { return s.strange > len(s.members)+16*rows }

// after returns what is expected behind the member prev, or first in the object that is above's value if prev is nowhere.
func (s *shape) after(above, prev uint8) *follower {
	if prev == nowhere {
		return &s.members[above].below
	}
	return &s.members[prev].next
}

// at reports whether the member's text stands at i.
func (e *expected) at(b []byte, i int) bool {
	from, size := int(e.from), int(e.size)
	return size <= len(b)-i && string(b[i:i+size]) == string(b[from:from+size])
}

// word returns the first eight bytes.
func word(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// member takes a name that is not the likely one, up to the value. It returns which member it is, and the number of the name that is taken
// from a record.
func (w *walker) member(i int, above, prev uint8, ofRecord bool) (end int, k uint8, takes uint32) {
	s := w.shape
	slot := s.after(above, prev)
	isFull := s.used == len(s.members)
	if !isFull { // if it is, looking is mostly in vain
		k := slot.first
		for n := 0; n < lookahead && k != nowhere; n, k = n+1, s.members[k].next.first {
			if e := &s.members[k]; e.at(w.b, i) {
				slot.likely = k
				return i + int(e.size), k, e.takes
			}
		}
	}
	s.strange++
	end, name, escaped := endOfName(w.b, i)
	if end < 0 {
		return end, nowhere, 0
	}
	if ofRecord {
		takes = w.number(i, name, escaped)
	}
	if isFull || i+nameRoom > len(w.b) {
		return end, nowhere, takes
	}
	k = s.learn(w.b, expected{from: uint32(i), size: uint32(end - i), takes: takes, next: *slot})
	*slot = follower{k, k}
	return end, k, takes
}

// learn gives a member its place. The shape has to have room for it.
func (s *shape) learn(b []byte, e expected) uint8 {
	k := uint8(s.used)
	s.used++
	for n := range e.words {
		e.words[n] = word(b[int(e.from)+8*n:])
		if left := int(e.size) - 8*n; left > 0 {
			e.masks[n] = ^uint64(0) >> (64 - 8*min(left, 8))
		}
	}
	s.members[k] = e
	return k
}

// number returns the number of the first of the walker's names that is the one at i; 0: none is.
func (w *walker) number(i, end int, escaped bool) uint32 {
	for n, name := range w.names {
		if sameName(w.b[i:end], escaped, name) {
			return uint32(n + 1)
		}
	}
	return 0
}

// members takes a record, or an object in one. above is the member whose value it is. taken, nil of objects in a record, is filled with the
// values of the members that the walker has the names of; of names that are the same only the first gets it.
func (w *walker) members(i, depth int, above uint8, taken []span) int {
	outside := depth
	if depth++; depth > maxDepth {
		return tooDeep
	}
	b, s := w.b, w.shape
	if i = skipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1
	}
	s.above[depth] = above
	k := uint8(nowhere)
	for {
		var stop int
		i, depth, k, stop = s.run(b, taken, i, depth, outside, k)
		if stop == closed {
			return i
		}
		if stop != behindValue {
			takes := s.members[k].takes
			if stop == atName {
				i, k, takes = w.member(skipSpace(b, i), s.above[depth], k, depth == outside+1 && taken != nil)
				if i < 0 {
					return i
				}
			}
			from := skipSpace(b, i)
			if i = w.value(from, depth, k); i < 0 {
				return i
			}
			if takes != 0 {
				taken[takes-1] = span{from, i}
			}
		}
		for more := false; !more; {
			if i, more = next(b, i, '}'); i < 0 {
				return i
			}
			if !more {
				k = s.above[depth]
				if depth--; depth == outside {
					return i
				}
			}
		}
	}
}

// value takes the value of the member above, or an element of the list that it is.
func (w *walker) value(i, depth int, above uint8) int {
	if i < len(w.b) {
		switch w.b[i] {
		case '{':
			return w.members(i, depth, above, nil)
		case '[':
			return w.elements(i, depth, above)
		}
	}
	return endOfValue(w.b, i, depth)
}

// Where run stops.
const (
	closed      = iota // behind the object
	atName             // where the name of a member should be, in the object at depth; k is the one before
	atValue            // at the value of the member k, or the space before it
	behindValue        // at what follows that value
)

// run goes from the place for a name behind the member k (see after) as far as all is as expected: the likely members, compact, with values
// that can be taken a few bytes at a time. The objects between the depths outside and depth are open. It calls nothing, so that all of this
// stays in registers; that is why it is one long function. The conditions on i spare the checks of every access behind them.
func (s *shape) run(b []byte, taken []span, i, depth, outside int, k uint8) (end, inside int, last uint8, stop int) {
	next := s.after(s.above[uint8(depth)], k).likely
	for {
		if i < 0 || i > len(b)-nameRoom {
			return i, depth, k, atName
		}
		name := (*[nameRoom]byte)(b[i : i+nameRoom : i+nameRoom])
		e := &s.members[next]
		if (word(name[0:])^e.words[0])&e.masks[0]|(word(name[8:])^e.words[1])&e.masks[1] != 0 {
			return i, depth, k, atName
		}
		if e.size > 16 && ((word(name[16:])^e.words[2])&e.masks[2]|(word(name[24:])^e.words[3])&e.masks[3] != 0 || e.size > nameRoom) {
			return i, depth, k, atName
		}
		i += int(e.size)
		k = next
		from := i
		if i > len(b)-valueRoom || i < 0 {
			return i, depth, k, atValue
		}
		p := (*[valueRoom]byte)(b[i : i+valueRoom : i+valueRoom])
		switch p[0] {
		case '"':
			n := bits.TrailingZeros64(endsText(word(p[1:]))) >> 3
			if n == 8 {
				n += bits.TrailingZeros64(endsText(word(p[9:]))) >> 3
			}
			i += 1 + n
			for n == 16 {
				if i > len(b)-valueRoom || i < 0 {
					return from, depth, k, atValue
				}
				p := (*[valueRoom]byte)(b[i : i+valueRoom : i+valueRoom])
				n = bits.TrailingZeros64(endsText(word(p[0:]))) >> 3
				if n == 8 {
					n += bits.TrailingZeros64(endsText(word(p[8:]))) >> 3
				}
				i += n
			}
			if b[i] != '"' {
				return from, depth, k, atValue
			}
			i++
		case '{':
			if p[1] != '"' || depth >= maxDepth || e.takes != 0 {
				return i, depth, k, atValue
			}
			depth++
			s.above[uint8(depth)] = k
			k, next = nowhere, e.below.likely
			i++
			continue
		case '[':
			if p[1] != ']' || depth >= maxDepth {
				return i, depth, k, atValue
			}
			i += 2
		case 'n':
			if uint32(word(p[0:])) != 'n'|'u'<<8|'l'<<16|'l'<<24 {
				return i, depth, k, atValue
			}
			i += 4
		case 't':
			if uint32(word(p[0:])) != 't'|'r'<<8|'u'<<16|'e'<<24 {
				return i, depth, k, atValue
			}
			i += 4
		case 'f':
			if uint32(word(p[1:])) != 'a'|'l'<<8|'s'<<16|'e'<<24 {
				return i, depth, k, atValue
			}
			i += 5
		default:
			n := digits(word(p[0:]))
			if n == 8 {
				n += digits(word(p[8:]))
			}
			if n == 0 || n == 16 || n > 1 && p[0] == '0' {
				return i, depth, k, atValue
			}
			if p[n] == '.' && n < 16 {
				more := digits(word(p[n&15+1:]))
				if more == 0 || more == 8 {
					return i, depth, k, atValue
				}
				n += 1 + more
			}
			if p[n]|0x20 == 'e' {
				return i, depth, k, atValue
			}
			i += n
		}
		if e.takes != 0 {
			taken[e.takes-1] = span{from, i}
		}
		for i >= len(b) || b[i] != ',' {
			if i >= len(b) || b[i] != '}' {
				return i, depth, k, behindValue
			}
			i++
			k = s.above[uint8(depth)]
			if depth--; depth == outside {
				return i, depth, k, closed
			}
		}
		if i++; i < len(b) && b[i] == ' ' {
			i++
		}
		next = s.members[k].next.likely
	}
}

// elements takes a list in a record: the value of the member above, or a list in that value.
func (w *walker) elements(i, depth int, above uint8) int {
	if depth++; depth > maxDepth {
		return tooDeep
	}
	b := w.b
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1
	}
	for more := true; more; {
		if i = w.value(i, depth, above); i < 0 {
			return i
		}
		if i, more = next(b, i, ']'); i < 0 {
			return i
		}
	}
	return i
}

// digits is how many of eight bytes are digits, up to the first that is none.
func digits(x uint64) int {
	x ^= '0' * eachByte
	return bits.TrailingZeros64((x|(x+0x76*eachByte))&eachHigh) >> 3
}
