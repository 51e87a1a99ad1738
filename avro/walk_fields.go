package avro

import "encoding/binary"

// A record's fields are written in the schema's order. As long as its members come in that order each value is written where it belongs,
// behind what stands for the fields that were passed over. From the first member on that comes late, values are written one behind
// the other and put in order when the record ends.

// begin prepares for the value of a field; its branch is written.
func (w *walk) begin(r *recordStep, st *recordState, field int32) {
	f := &r.fields[field]
	if int(field) != st.cursor {
		w.jump(r, st, int(field))
	}
	st.cursor = int(field) + 1
	w.room(0)
	st.spans[field].start = w.n
	if f.branch >= 0 {
		w.byte(byte(f.branch))
	}
}

// jump goes to a field that is not the next one.
func (w *walk) jump(r *recordStep, st *recordState, field int) {
	if field < st.cursor {
		st.pieces, st.late = true, true
	}
	if st.pieces {
		return
	}
	absent := r.absent[r.fields[st.cursor].absent:r.fields[field].absent]
	w.room(len(absent))
	for i, b := range absent { // a few
		w.buf[w.n+i] = b
	}
	w.n += len(absent)
}

// end says that the value of a field is written.
func (w *walk) end(st *recordState, field int32) {
	s := &st.spans[field]
	s.end, s.serial = w.n, st.serial
}

// place is where a record's output is, to come back to it.
type outPlace struct {
	n, cursor int
	pieces    bool
}

func (w *walk) here(st *recordState) outPlace { return outPlace{w.n, st.cursor, st.pieces} }

func (w *walk) back(st *recordState, p outPlace) { w.n, st.cursor, st.pieces = p.n, p.cursor, p.pieces }

// finish completes a record that begins at start; false: a field is missing that has to be there.
func (w *walk) finish(r *recordStep, st *recordState, start, rests int) bool {
	for _, field := range r.required {
		if st.spans[field].serial != st.serial {
			return false
		}
	}
	if !st.pieces {
		w.bytes(r.absent[r.fields[st.cursor].absent:])
		return true
	}
	w.assemble(r, st, start, w.rests[rests:])
	w.rests = w.rests[:rests]
	return true
}

// smallPiece is how many bytes are copied as two words.
const smallPiece = 16

// assemble puts the pieces of a record in the order of its fields.
func (w *walk) assemble(r *recordStep, st *recordState, start int, rests []span) {
	absent, fields := w.n, len(r.fields)-1
	w.bytes(r.absent) // behind the pieces, to be taken like them
	src := w.buf
	if size := w.n - start + len(rests) + slack; len(w.spare) < size {
		w.spare = make([]byte, 2*size)
	}
	dst, n := w.spare, 0
	if len(rests) > 0 {
		n = st.put(r, dst, n, src, absent, 0, r.rest)
		n = putRest(dst, n, src, rests, r.fields[r.rest].branch)
		n = st.put(r, dst, n, src, absent, r.rest+1, fields)
	} else {
		n = st.put(r, dst, n, src, absent, 0, fields)
	}
	st.shuffled = st.late || len(rests) > 0
	if start == 0 {
		w.buf, w.spare, w.n = dst, src, n
		return
	}
	w.n = start
	w.bytes(dst[:n])
}

// put puts fields from first to last, without it, at dst[n:], and returns what dst then holds. What stands for fields without a value is in
// src from absent on: which of both is taken is chosen without a branch, since nobody can foretell it.
func (st *recordState) put(r *recordStep, dst []byte, n int, src []byte, absent, first, last int) int {
	fields, spans, serial := r.fields[first:last+1], st.spans[first:last], st.serial
	for i := range spans {
		s := &spans[i]
		from, to := absent+fields[i].absent, absent+fields[i+1].absent
		start, end := s.start, s.end
		if s.serial == serial {
			from, to = start, end
		}
		if size := to - from; size <= smallPiece { // slack is behind src and dst
			x, y := src[from:from+smallPiece], dst[n:n+smallPiece]
			binary.LittleEndian.PutUint64(y, binary.LittleEndian.Uint64(x))
			binary.LittleEndian.PutUint64(y[8:], binary.LittleEndian.Uint64(x[8:]))
			n += size
		} else {
			n += copy(dst[n:], src[from:to])
		}
	}
	return n
}

// putRest puts at dst[n:] the field that holds rests, members of a JSON object.
func putRest(dst []byte, n int, src []byte, rests []span, branch int) int {
	size := 1 // one comma less than there are members, and two braces
	for _, s := range rests {
		size += s.end - s.start + 1
	}
	if branch >= 0 {
		dst[n] = byte(branch)
		n++
	}
	n += binary.PutVarint(dst[n:], int64(size))
	for i, s := range rests {
		dst[n] = ','
		if i == 0 {
			dst[n] = '{'
		}
		n += 1 + copy(dst[n+1:], src[s.start:s.end])
	}
	dst[n] = '}'
	return n + 1
}
