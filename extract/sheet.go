package extract

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
)

// sheet is the answer to one request: its bytes, and what one walk over them has found (Resource.walk). All but body are indexes into
// body, so that a sheet is used again and again without an allocation.
//
// Whoever has a sheet owns it. Who puts it back says that no span of it is used any more (Page.Release); one that is never put back is the
// garbage collector's.
type sheet struct {
	buf  []byte // room for the answer
	body []byte // the answer, in buf

	top    []field // members of the answer, where it is an object
	found  span    // what stands at the resource's selector
	isList bool    // and whether that is a list: then rows are its elements
	rows   []span
	taken  []span // of each row the members that the resource takes (Resource.takes), absent ones too
	shape  *shape // of the rows; made by the first walk
}

// span is a part of a sheet's body. The zero span is none: where anything begins a bracket or a quote comes first.
type span struct{ from, to int }

type field struct {
	name    span // with its quotes
	escaped bool
	value   span
}

// text returns the bytes of a span; nil of none.
func (s *sheet) text(p span) json.RawMessage {
	if p.to == 0 {
		return nil
	}
	return json.RawMessage(s.body[p.from:p.to:p.to])
}

// whole is the answer's one value.
func (s *sheet) whole() json.RawMessage { return at(s.body, nil) }

// at returns the value at a path; nil if there is none.
func (s *sheet) at(path ...string) json.RawMessage {
	if len(path) == 0 {
		return s.whole()
	}
	for i := len(s.top) - 1; i >= 0; i-- {
		if f := &s.top[i]; sameName(s.body[f.name.from:f.name.to], f.escaped, path[0]) {
			return at(s.text(f.value), path[1:])
		}
	}
	return nil
}

// room of a sheet for an answer whose length is not known, and beyond which a sheet is not kept.
const (
	firstRoom = 64 << 10
	keptRoom  = 4 << 20
)

// read fills the sheet from r, up to most bytes, and one more where there is more. length is what the answer says of itself; -1: nothing.
func (s *sheet) read(r io.Reader, length, most int64) error {
	s.body = nil
	if length < 0 {
		length = firstRoom
	}
	// Room for a byte more than there is, or the end would only be seen after it has grown.
	if want := int(min(length, 1<<20)) + 1; cap(s.buf) < want {
		s.buf = make([]byte, 0, want)
	}
	s.buf = s.buf[:0]
	for {
		if len(s.buf) == cap(s.buf) {
			s.buf = append(s.buf, 0)[:len(s.buf)]
		}
		end := min(int64(cap(s.buf)), most+1)
		n, err := r.Read(s.buf[len(s.buf):end])
		s.buf = s.buf[:len(s.buf)+n]
		if s.body = s.buf; err == io.EOF || int64(len(s.buf)) > most {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// sheets keeps sheets that are not used. Safe for concurrent use.
type sheets struct{ pool sync.Pool }

func (p *sheets) get() *sheet {
	if s, ok := p.pool.Get().(*sheet); ok {
		return s
	}
	return &sheet{}
}

// put takes a sheet back.
func (p *sheets) put(s *sheet) {
	spoil(s.buf[:cap(s.buf)])
	if s.body = nil; cap(s.buf) <= keptRoom {
		p.pool.Put(s)
	}
}

// walk goes once over the sheet's body: it checks that this is one JSON text (checkJSON says what that is), notes the members of the
// answer, the records at r's selector, and of each what r takes of it. Of repeated names the last counts.
func (r *Resource) walk(s *sheet) error {
	w := walker{sheet: s, b: s.body, names: r.takes()}
	if s.shape == nil {
		s.shape = new(shape)
	}
	s.shape.forget()
	for n, name := range w.names {
		if first := slices.Index(w.names, name); first < n {
			w.again = append(w.again, [2]int{first, n})
		}
	}
	s.top = s.top[:0]
	w.forget()
	i := skipSpace(w.b, 0)
	var end int
	if path := r.request.selector; i < len(w.b) && w.b[i] == '{' {
		if end = w.object(i, 0, path); len(path) == 0 {
			s.found = span{i, end}
		}
	} else {
		end = w.on(i, 0, path)
	}
	if end >= 0 {
		end = endOfDocument(w.b, end)
	}
	return explain(w.b, end)
}

// takes names the members of a record that are taken from it: those that make its key, and last the one that holds its cursor, or "".
func (r *Resource) takes() []string {
	names := make([]string, 0, len(r.Key)+1)
	for _, k := range r.Key {
		names = append(names, k.Name)
	}
	cursor, _, _ := strings.Cut(r.CursorPath, ".")
	return append(names, cursor)
}

// walker fills a sheet. Its methods are the functions of the grammar that note something on the way. They do not ask whether it nests too
// deep: the way to the records is as long as the source file says.
type walker struct {
	*sheet
	b     []byte
	names []string
	plain bool     // records are walked without expecting anything
	again [][2]int // names that are the same: what the first has is the second's, too
}

// forget drops what stands at the selector: another one comes, or none.
func (w *walker) forget() {
	w.found, w.isList, w.rows, w.taken = span{}, false, w.rows[:0], w.taken[:0]
}

// on takes a value on the way to the records; path is what is left of the way.
func (w *walker) on(i, depth int, path []string) int {
	switch {
	case i >= len(w.b):
		return noJSON
	case len(path) == 0:
		return w.records(i, depth)
	case w.b[i] == '{':
		return w.object(i, depth, path)
	}
	return endOfValue(w.b, i, depth)
}

// object takes an object on the way to the records. Of the outermost one (depth 0) all members are noted.
func (w *walker) object(i, depth int, path []string) int {
	b := w.b
	depth++
	if i = skipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1
	}
	for more := true; more; {
		f := field{name: span{from: i}}
		if i, f.name.to, f.escaped = endOfName(b, i); i < 0 {
			return i
		}
		f.value.from = i
		if len(path) > 0 && sameName(b[f.name.from:f.name.to], f.escaped, path[0]) {
			w.forget()
			i = w.on(i, depth, path[1:])
		} else {
			i = endOfValue(b, i, depth)
		}
		if i < 0 {
			return i
		}
		if f.value.to = i; depth == 1 {
			w.top = append(w.top, f)
		}
		if i, more = next(b, i, '}'); i < 0 {
			return i
		}
	}
	return i
}

// records takes what stands at the selector.
func (w *walker) records(i, depth int) int {
	from := i
	if w.b[i] != '[' {
		i = endOfValue(w.b, i, depth)
	} else {
		w.isList = true
		i = w.list(i, depth)
	}
	w.found = span{from, i}
	return i
}

func (w *walker) list(i, depth int) int {
	b := w.b
	depth++
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1
	}
	for more := true; more; {
		from := i
		first := len(w.taken)
		for range w.names {
			w.taken = append(w.taken, span{})
		}
		w.plain = w.plain || w.shape.isVain(len(w.rows))
		switch {
		case i >= len(b) || b[i] != '{':
			i = endOfValue(b, i, depth)
		case w.plain || len(w.rows) == 0: // many answers have one record: it is not worth to remember it
			i = w.record(i, depth, w.taken[first:])
		default:
			i = w.members(i, depth, aRecord, w.taken[first:])
		}
		if i < 0 {
			return i
		}
		for _, n := range w.again {
			w.taken[first+n[1]] = w.taken[first+n[0]]
		}
		w.rows = append(w.rows, span{from, i})
		if i, more = next(b, i, ']'); i < 0 {
			return i
		}
	}
	return i
}

// record takes a record as it comes; taken is what it is for members.
func (w *walker) record(i, depth int, taken []span) int {
	b := w.b
	depth++
	if i = skipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1
	}
	for more := true; more; {
		from := i
		var name int
		var escaped bool
		if i, name, escaped = endOfName(b, i); i < 0 {
			return i
		}
		value := i
		if i = endOfValue(b, i, depth); i < 0 {
			return i
		}
		if n := w.number(from, name, escaped); n > 0 {
			taken[n-1] = span{value, i}
		}
		if i, more = next(b, i, '}'); i < 0 {
			return i
		}
	}
	return i
}

// sameName reports whether a member's name, with its quotes, says what name does.
func sameName(quoted []byte, escaped bool, name string) bool {
	if !escaped {
		return string(quoted[1:len(quoted)-1]) == name
	}
	var s string
	return json.Unmarshal(quoted, &s) == nil && s == name
}
