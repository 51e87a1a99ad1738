package avro

import "slices"

// form is what a value shows of a type: see value.blank and value.untyped.
type form uint8

const (
	typed form = iota
	blank
	untyped
)

// json reads any value, and with write appends it as value.appendJSON writes it. What stands in the text as that does is copied
// in one piece.
func (w *walk) json(at, depth int, write bool) (end int, digest uint64, s form) {
	w.writing, w.run = write, at
	end, digest, s = w.jsonValue(at, depth)
	if end >= 0 && write {
		w.bytes(w.src[w.run:end])
	}
	return end, digest, s
}

// instead says that src from from to to is not in what is written; what has to be comes behind it.
func (w *walk) instead(from, to int) {
	w.bytes(w.src[w.run:from])
	w.run = to
}

// jsonSpace passes over white space, which is not written.
func (w *walk) jsonSpace(at int) int {
	if at < len(w.src) && w.src[at] > ' ' {
		return at
	}
	end := w.space(at)
	if end != at && w.writing {
		w.instead(at, end)
	}
	return end
}

// jsonValue reads a value.
func (w *walk) jsonValue(at, depth int) (end int, digest uint64, s form) {
	if at >= len(w.src) {
		return doubt, 0, typed
	}
	switch w.src[at] {
	case '"':
		if size, x, y := w.short(at); size >= 0 {
			return at + size + 2, wordsHash(stringSeed, size, x, y), typed
		}
		text, end := w.jsonText(at)
		if end < 0 {
			return doubt, 0, typed
		}
		return end, textHash(stringSeed, text), typed
	case '{':
		return w.jsonObject(at, depth)
	case '[':
		return w.jsonArray(at, depth)
	case 'n':
		return w.word(at, "null"), nullHash, blank
	case 't':
		return w.word(at, "true"), trueHash, typed
	case 'f':
		return w.word(at, "false"), falseHash, typed
	}
	n, end := scanNumber(w.src, at)
	if end < 0 {
		return doubt, 0, typed
	}
	return end, n.hash(w.src[at:end]), typed
}

// jsonText reads a string.
func (w *walk) jsonText(at int) (text []byte, end int) {
	text, end, plain := w.text(at)
	if !plain && end >= 0 && w.writing {
		w.instead(at, end)
		w.quote(text)
	}
	return text, end
}

// jsonName reads a name and returns its hash.
func (w *walk) jsonName(at int) (hash uint64, end int) {
	if size, x, y := w.short(at); size >= 0 {
		return wordsHash(nameSeed, size, x, y), at + size + 2
	}
	name, end := w.jsonText(at)
	if end < 0 {
		return 0, doubt
	}
	return textHash(nameSeed, name), end
}

func (w *walk) jsonArray(at, depth int) (end int, digest uint64, s form) {
	if depth >= maxDepth || w.n > maxOut {
		return doubt, 0, typed
	}
	sum := uint64(arraySeed)
	at = w.jsonSpace(at + 1)
	if at < len(w.src) && w.src[at] == ']' {
		return at + 1, arraySeed, blank
	}
	s = untyped
	for more := true; more; {
		var h uint64
		var item form
		if at, h, item = w.jsonValue(at, depth+1); at < 0 {
			return doubt, 0, typed
		}
		if item == typed {
			s = typed
		}
		sum = mul(h, sum)
		if at, more = w.jsonGoesOn(at, ']'); at < 0 {
			return doubt, 0, typed
		}
	}
	return at + 1, sum, s
}

func (w *walk) jsonObject(at, depth int) (end int, digest uint64, s form) {
	if depth >= maxDepth || w.n > maxOut {
		return doubt, 0, typed
	}
	src, first := w.src, len(w.names)
	var met, sum, count uint64
	s = blank
	at = w.jsonSpace(at + 1)
	for more := at >= len(src) || src[at] != '}'; more; {
		if at >= len(src) || src[at] != '"' {
			return doubt, 0, typed
		}
		name, end := w.jsonName(at)
		if end < 0 {
			return doubt, 0, typed
		}
		bit := uint64(1) << (name & 63)
		if met&bit != 0 && len(w.names)-first <= maxNames && slices.Contains(w.names[first:], name) {
			return doubt, 0, typed
		}
		met |= bit
		w.names = append(w.names, name)
		if at = end; at+1 < len(src) && src[at] == ':' && src[at+1] > ' ' {
			at++
		} else if at = w.jsonColon(at); at < 0 {
			return doubt, 0, typed
		}
		null := src[at] == 'n'
		var h uint64
		var value form
		if at, h, value = w.jsonValue(at, depth+1); at < 0 {
			return doubt, 0, typed
		}
		if !null {
			sum += mul(name, h)
			count++
		}
		if value != blank {
			s = typed
		}
		if at+1 < len(src) && src[at] == ',' && src[at+1] == '"' {
			at++
			continue
		}
		if at, more = w.jsonGoesOn(at, '}'); at < 0 {
			return doubt, 0, typed
		}
	}
	if w.twice(first) {
		return doubt, 0, typed
	}
	w.names = w.names[:first]
	return at + 1, mul(sum, objectSeed+count), s
}

// jsonColon is colon for what is written as it is read.
func (w *walk) jsonColon(at int) int {
	if at = w.jsonSpace(at); at >= len(w.src) || w.src[at] != ':' {
		return doubt
	}
	if at = w.jsonSpace(at + 1); at >= len(w.src) {
		return doubt
	}
	return at
}

// twice reports whether an object of many names has one of them twice; of few each was compared when it came.
func (w *walk) twice(first int) bool {
	if len(w.names)-first <= maxNames {
		return false
	}
	w.sorted = append(w.sorted[:0], w.names[first:]...)
	slices.Sort(w.sorted)
	return len(slices.Compact(w.sorted)) < len(w.names)-first
}

// jsonGoesOn is goesOn for what is written as it is read.
func (w *walk) jsonGoesOn(at int, closing byte) (end int, more bool) {
	if at = w.jsonSpace(at); at >= len(w.src) {
		return doubt, false
	}
	switch w.src[at] {
	case closing:
		return at, false
	case ',':
		return w.jsonSpace(at + 1), true
	}
	return doubt, false
}
