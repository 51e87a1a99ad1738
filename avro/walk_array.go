package avro

// array reads an array whose items have to fit a; misfit where one does not.
func (w *walk) array(a *arrayStep, at, depth int) (end int, digest uint64) {
	if depth >= maxDepth {
		return doubt, 0
	}
	src := w.src
	if at = w.space(at + 1); at < len(src) && src[at] == ']' {
		w.byte(0)
		return at + 1, arraySeed
	}
	start := w.n
	w.byte(0)
	sum, count := uint64(arraySeed), 0
	for more := true; more; count++ {
		var h uint64
		if at, h = w.item(a, at, depth+1); at < 0 {
			return at, 0
		}
		sum = mul(h, sum)
		if at, more = w.goesOn(at, ']'); at < 0 {
			return doubt, 0
		}
	}
	if count < 64 {
		w.buf[start] = byte(count << 1)
	} else {
		w.fill(start, 1, int64(count))
	}
	w.room(0)
	w.byte(0)
	return at + 1, sum
}

// item reads one item: node.fits and encoder.appendItem, for what is being read. depth is that of the item.
func (w *walk) item(a *arrayStep, at, depth int) (end int, digest uint64) {
	if at >= len(w.src) || w.n > maxOut {
		return doubt, 0
	}
	w.room(0)
	c := w.src[at]
	if c == 'n' {
		if !a.nullItems {
			return misfit, 0
		}
		w.byte(0)
		return w.word(at, "null"), nullHash
	}
	if a.nullItems {
		w.byte(2)
	}
	switch c {
	case '{':
		if a.kind == recordKind {
			return w.record(a.record, at, depth)
		}
	case '[':
		if a.kind == arrayKind {
			return w.array(a.array, at, depth)
		}
	case '"':
		return w.stringItem(a.kind, at)
	case 't':
		if a.kind == booleanKind {
			w.byte(1)
			return w.word(at, "true"), trueHash
		}
	case 'f':
		if a.kind == booleanKind {
			w.byte(0)
			return w.word(at, "false"), falseHash
		}
	default:
		return w.numberItem(a.kind, at)
	}
	return misfit, 0
}

func (w *walk) stringItem(k kind, at int) (end int, digest uint64) {
	text, end, _ := w.text(at)
	if end < 0 {
		return doubt, 0
	}
	if k == stringKind {
		w.string(text)
	} else if long, ok := timeOf(k, text); ok {
		w.long(long)
	} else {
		return misfit, 0
	}
	return end, textHash(stringSeed, text)
}

func (w *walk) numberItem(k kind, at int) (end int, digest uint64) {
	n, end := scanNumber(w.src, at)
	if end < 0 {
		return doubt, 0
	}
	literal := w.src[at:end]
	if k == stringKind || n.place(k, literal) != baseVariant {
		return misfit, 0
	}
	w.appendNumber(k, n, literal)
	return end, n.hash(w.src[at:end])
}
