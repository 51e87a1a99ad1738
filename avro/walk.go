package avro

import (
	"encoding/binary"
	"slices"
)

// walk goes once over a record's JSON text, writes it as Avro binary by a program's steps, and takes its digest. It knows the ordinary
// ways of a record, siblings and rest fields included. What it is in doubt of (a value without a field, a name twice, what is no JSON, a
// key that is none, too deep) it leaves: then nothing of what it wrote counts, and the record is encoded by way of values, which decides,
// and words the error. So a walk is either right or silent; FuzzCompiled holds it to that way.
//
// A method that reads a value gets where its text begins and returns where it ends, or doubt or misfit. A walk belongs to one goroutine.
// It keeps its room, and for each record in which order members came last, so that the next key is mostly known before it is read.
type walk struct {
	program *program
	src     []byte
	output

	spare   []byte // to put out in another order
	decoded []byte // the last string that was not taken from src as it stands

	writing bool // json writes
	run     int  // from where on src is still to be copied
	spaced  bool // there was white space, or what is none

	serial uint64 // of the record that was entered last; no two have the same
	states []recordState
	names  []uint64 // hashes of the names without a step, and of all within JSON text, of the objects that are open
	name   []byte   // the last one without a step
	sorted []uint64 // room to find a hash twice
	rests  []span   // members for rest fields of the records that are open
	keys   int      // key members that were there
}

const (
	doubt  = -1 // the record is left to the other way
	misfit = -2 // an item does not fit its array, which as a whole goes to a sibling
)

// recordState is what a walk keeps of a record step. A step is never entered while it is open, because a tree has no loops.
type recordState struct {
	members  []memberState
	spans    []span // by field
	serial   uint64
	first    int  // the member that came first last time
	cursor   int  // the field that is next, while members come in the order of fields
	pieces   bool // they do not: the record is put together at its end
	late     bool // one came behind one that it should come before
	shuffled bool // they did not last time
}

type memberState struct {
	seen uint64 // the record's serial
	next int    // the member that followed last time
}

// span is a piece of the output.
type span struct {
	start, end int
	serial     uint64 // of the record to which it belongs
}

func newWalk(p *program) *walk {
	w := &walk{program: p, states: make([]recordState, len(p.records))}
	for i, r := range p.records {
		w.states[i] = recordState{members: make([]memberState, len(r.members)), spans: make([]span, len(r.fields))}
		for j := range r.members {
			w.states[i].members[j].next = (j + 1) % len(r.members)
		}
	}
	return w
}

// encode returns a record's binary, which is good until the walk is used again, and its digest; false: in doubt.
func (w *walk) encode(record []byte) (binary []byte, digest uint64, ok bool) {
	w.src, w.n = record, 0
	w.names, w.rests, w.keys, w.spaced = w.names[:0], w.rests[:0], 0, false
	at := w.space(0)
	if at < len(record) && record[at] == '{' {
		if at, digest = w.record(w.program.root, at, 0); at >= 0 {
			ok = w.space(at) == len(record) && w.keys == w.program.keys
		}
	}
	w.src, w.name = nil, nil // they are the caller's
	return w.buf[:w.n], digest, ok
}

// digestOf returns the digest of any JSON value; false: in doubt.
func (w *walk) digestOf(text []byte) (digest uint64, ok bool) {
	w.src, w.names = text, w.names[:0]
	at, digest, _ := w.json(w.space(0), 0, false)
	ok = at >= 0 && w.space(at) == len(text)
	w.src = nil
	return digest, ok
}

// record reads an object into the fields of r.
//
// It is longer than functions are elsewhere: in the loop over members a call costs as much as reading a key.
func (w *walk) record(r *recordStep, at, depth int) (end int, digest uint64) {
	if depth >= maxDepth || w.n > maxOut {
		return doubt, 0
	}
	src, st := w.src, &w.states[r.id]
	w.serial++
	serial, start, names, rests := w.serial, w.n, len(w.names), len(w.rests)
	st.serial, st.cursor, st.pieces, st.late = serial, 0, st.shuffled, false
	var sum, count uint64
	link := &st.first
	at = w.space(at + 1)
	for more := at >= len(src) || src[at] != '}'; more; {
		i := *link
		var m *memberStep
		if uint(i) < uint(len(r.members)) && r.members[i].at(src, at) {
			m = &r.members[i]
			if at += len(m.quoted); at >= len(src) || src[at] <= ' ' {
				at = w.space(at)
			}
		} else if i, at = w.lookup(r, at, names); at < 0 {
			return doubt, 0
		} else if at = w.colon(at); at < 0 {
			return doubt, 0
		} else if i >= 0 {
			m = &r.members[i]
			*link = i
		}
		if at >= len(src) {
			return doubt, 0
		}
		if m != nil {
			met := &st.members[i]
			if met.seen == serial {
				return doubt, 0
			}
			met.seen, link = serial, &met.next
		}
		switch c := src[at]; {
		case c == 'n':
			if at+4 <= len(src) && binary.LittleEndian.Uint32(src[at:]) == null32 {
				at += 4
			} else {
				at = doubt
			}
		case m != nil:
			var h uint64
			switch {
			case !m.plain:
				at, h = w.member(r, st, m, at, depth)
			case c == '"':
				at, h = w.stringMember(r, st, m, at)
			case c-'0' <= 9:
				at, h = w.numberMember(r, st, m, at)
			default:
				at, h = w.member(r, st, m, at, depth)
			}
			sum += mul(m.name, h)
			count++
		default:
			name := w.names[len(w.names)-1]
			var h uint64
			at, h = w.unplaced(r, st, nil, at, depth)
			sum += mul(name, h)
			count++
		}
		if at < 0 {
			return doubt, 0
		}
		if at+1 < len(src) && src[at] == ',' && src[at+1] == '"' {
			at++
			continue
		}
		if at, more = w.goesOn(at, '}'); at < 0 {
			return doubt, 0
		}
	}
	w.names = w.names[:names]
	if !w.finish(r, st, start, rests) {
		return doubt, 0
	}
	return at + 1, mul(sum, objectSeed+count)
}

const null32 = 'n' | 'u'<<8 | 'l'<<16 | 'l'<<24

// lookup reads a name that is not the one that was to be expected, and returns which member it is and where it ends. The name of no
// member (-1) is left in w.names, as its hash, and in w.name.
func (w *walk) lookup(r *recordStep, at, names int) (member, end int) {
	if at >= len(w.src) || w.src[at] != '"' {
		return 0, doubt
	}
	text, end, _ := w.text(at)
	if end < 0 {
		return 0, doubt
	}
	if i, known := r.byName[string(text)]; known {
		return i, end
	}
	w.name = text
	hash := textHash(nameSeed, text)
	if had := w.names[names:]; len(had) >= maxNames || slices.Contains(had, hash) {
		return 0, doubt
	}
	w.names = append(w.names, hash)
	return -1, end
}

// maxNames bounds the names of an object that are compared one by one.
const maxNames = 64

// space returns where white space ends.
func (w *walk) space(at int) int {
	if at < len(w.src) && w.src[at] <= ' ' {
		return w.spaces(at)
	}
	return at
}

//go:noinline
func (w *walk) spaces(at int) int {
	w.spaced = true
	for at < len(w.src) {
		switch w.src[at] {
		case ' ', '\n', '\t', '\r':
			at++
		default:
			return at
		}
	}
	return at
}

// colon passes over what stands between a name and its value.
func (w *walk) colon(at int) int {
	if at = w.space(at); at >= len(w.src) || w.src[at] != ':' {
		return doubt
	}
	if at = w.space(at + 1); at >= len(w.src) {
		return doubt
	}
	return at
}

// goesOn passes over what stands behind a member or an item: a comma, and there are more, or what closes the object or array, where it
// stays.
func (w *walk) goesOn(at int, closing byte) (end int, more bool) {
	if at = w.space(at); at >= len(w.src) {
		return doubt, false
	}
	switch w.src[at] {
	case closing:
		return at, false
	case ',':
		return w.space(at + 1), true // what is no name or item there is nobody's
	}
	return doubt, false
}

// word passes over a word of JSON.
func (w *walk) word(at int, word string) int {
	if len(w.src)-at < len(word) || string(w.src[at:at+len(word)]) != word {
		return doubt
	}
	return at + len(word)
}
