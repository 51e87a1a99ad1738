package avro

// member reads the value of a member of r, which is not null, into the field that takes it: place, for what is being read.
func (w *walk) member(r *recordStep, st *recordState, m *memberStep, at, depth int) (end int, digest uint64) {
	if m.key {
		if w.keys++; w.src[at] != '"' && !w.integerAt(at) {
			return doubt, 0
		}
	}
	if !m.base {
		return w.unplaced(r, st, m, at, depth)
	}
	switch w.src[at] {
	case '"':
		return w.stringMember(r, st, m, at)
	case '{':
		return w.objectMember(r, st, m, at, depth)
	case '[':
		return w.arrayMember(r, st, m, at, depth)
	case 't', 'f':
		return w.booleanMember(r, st, m, at)
	}
	return w.numberMember(r, st, m, at)
}

// integerAt reports whether a number is at at that is spelled as an integer.
func (w *walk) integerAt(at int) bool {
	n, end := scanNumber(w.src, at)
	return end >= 0 && n.integer
}

func (w *walk) stringMember(r *recordStep, st *recordState, m *memberStep, at int) (end int, digest uint64) {
	field := m.slots[baseVariant]
	if m.kind == stringKind {
		w.begin(r, st, field)
		if size, x, y := w.short(at); size >= 0 {
			w.words(size, x, y)
			end, digest = at+size+2, wordsHash(stringSeed, size, x, y)
		} else {
			var text []byte
			if text, end, _ = w.text(at); end < 0 {
				return doubt, 0
			}
			digest = textHash(stringSeed, text)
			w.string(text)
		}
		w.end(st, field)
		return end, digest
	}
	text, end, plain := w.text(at)
	if end < 0 {
		return doubt, 0
	}
	long, isTime := timeOf(m.kind, text)
	if !isTime && m.kind != jsonKind {
		if field = m.slots[stringVariant]; field < 0 {
			return doubt, 0
		}
	}
	w.begin(r, st, field)
	switch {
	case isTime:
		w.long(long)
	case m.kind != jsonKind:
		w.string(text)
	case plain:
		w.string(w.src[at:end])
	default:
		gap := w.gap()
		w.quote(text)
		w.fillGap(gap)
	}
	w.end(st, field)
	return end, textHash(stringSeed, text)
}

// timeOf is what a field of kind k, a timestamp or a date, holds of a text. Only what looks like one is parsed: an error costs more than
// the parsing.
func timeOf(k kind, text []byte) (int64, bool) {
	if len(text) < len("2006-01-02") || text[4] != '-' || text[7] != '-' {
		return 0, false
	}
	switch k {
	case timestampKind:
		return millisOf(string(text))
	case dateKind:
		d, ok := daysOf(string(text))
		return int64(d), ok
	}
	return 0, false
}

func (w *walk) booleanMember(r *recordStep, st *recordState, m *memberStep, at int) (end int, digest uint64) {
	word, digest, b := "true", trueHash, byte(1)
	if w.src[at] == 'f' {
		word, digest, b = "false", falseHash, 0
	}
	if end = w.word(at, word); end < 0 {
		return doubt, 0
	}
	field := m.slots[baseVariant]
	if m.kind != booleanKind && m.kind != jsonKind {
		field = m.slots[booleanVariant]
	}
	if field < 0 {
		return doubt, 0
	}
	w.begin(r, st, field)
	if m.kind == jsonKind {
		w.string(w.src[at:end])
	} else {
		w.byte(b)
	}
	w.end(st, field)
	return end, digest
}

func (w *walk) numberMember(r *recordStep, st *recordState, m *memberStep, at int) (end int, digest uint64) {
	n, end := scanNumber(w.src, at)
	if end < 0 {
		return doubt, 0
	}
	if n.integer && n.small && !n.negative && n.mantissa <= latest && (m.kind == longKind || m.kind == timestampKind) {
		v := int64(n.mantissa) // most numbers are such ones
		if m.kind == timestampKind {
			v *= 1000
		}
		w.begin(r, st, m.slots[baseVariant])
		w.long(v)
		w.end(st, m.slots[baseVariant])
		return end, n.hash(w.src[at:end])
	}
	literal := w.src[at:end]
	target, k := baseVariant, m.kind
	if k != jsonKind {
		if target = n.place(k, literal); target != baseVariant {
			k = target.kind()
		}
	}
	if target == longVariant && m.copied {
		w.begin(r, st, m.slots[baseVariant])
		w.string(literal)
		w.end(st, m.slots[baseVariant])
	}
	field := m.slots[target]
	if field < 0 {
		return doubt, 0
	}
	w.begin(r, st, field)
	w.appendNumber(k, n, literal)
	w.end(st, field)
	return end, n.hash(w.src[at:end])
}

func (w *walk) objectMember(r *recordStep, st *recordState, m *memberStep, at, depth int) (end int, digest uint64) {
	if m.kind != recordKind {
		return w.textMember(r, st, m, at, depth)
	}
	field := m.slots[baseVariant]
	w.begin(r, st, field)
	end, digest = w.record(m.record, at, depth+1)
	w.end(st, field)
	return end, digest
}

func (w *walk) arrayMember(r *recordStep, st *recordState, m *memberStep, at, depth int) (end int, digest uint64) {
	if m.kind != arrayKind {
		return w.textMember(r, st, m, at, depth)
	}
	field, here := m.slots[baseVariant], w.here(st)
	w.begin(r, st, field)
	end, digest = w.array(m.array, at, depth+1)
	if end == misfit { // once more from its beginning, as text
		w.back(st, here)
		return w.textMember(r, st, m, at, depth)
	}
	w.end(st, field)
	return end, digest
}

// textMember reads an object or an array into the field that holds it as JSON text, the base field or a sibling.
func (w *walk) textMember(r *recordStep, st *recordState, m *memberStep, at, depth int) (end int, digest uint64) {
	field := m.slots[baseVariant]
	if m.kind != jsonKind {
		if field = m.slots[jsonVariant]; field < 0 { // good only where the value equals absent
			end, digest, shown := w.json(at, depth+1, false)
			if shown != blank {
				return doubt, 0
			}
			return end, digest
		}
	}
	here := w.here(st)
	w.begin(r, st, field)
	gap := w.gap()
	end, digest, shown := w.json(at, depth+1, true)
	if end < 0 {
		return doubt, 0
	}
	if m.kind != jsonKind && shown == blank {
		w.back(st, here)
		return end, digest
	}
	w.fillGap(gap)
	w.end(st, field)
	return end, digest
}

// unplaced reads the value of a member without a base field; m is nil where it has no field at all, and w.name is its name.
func (w *walk) unplaced(r *recordStep, st *recordState, m *memberStep, at, depth int) (end int, digest uint64) {
	if m == nil && r.rest < 0 || r.digest {
		end, digest, shown := w.json(at, depth+1, false)
		if shown != blank && !r.digest {
			return doubt, 0
		}
		return end, digest
	}
	start := w.n
	if m != nil {
		w.bytes([]byte(m.quoted))
	} else {
		w.quote(w.name)
		w.bytes([]byte{':'})
	}
	text := w.n
	end, digest, shown := w.json(at, depth+1, true)
	switch {
	case end < 0:
		return doubt, 0
	case shown == blank:
		w.n = start
	case shown == untyped && m != nil && m.slots[jsonVariant] >= 0:
		w.spare = append(w.spare[:0], w.buf[text:w.n]...)
		w.n = start
		w.begin(r, st, m.slots[jsonVariant])
		w.string(w.spare)
		w.end(st, m.slots[jsonVariant])
	case r.rest < 0:
		return doubt, 0
	default:
		st.pieces = true
		w.rests = append(w.rests, span{start: start, end: w.n})
	}
	return end, digest
}
