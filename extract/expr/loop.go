package expr

// round is the name loop in one round of a loop.
type round struct {
	items []any
	i     int
}

var roundNames = []string{"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"}

// Get returns what is known of the round.
func (l round) Get(key any) (any, bool) {
	n := len(l.items)
	switch key {
	case "index":
		return int64(l.i + 1), true
	case "index0":
		return int64(l.i), true
	case "revindex":
		return int64(n - l.i), true
	case "revindex0":
		return int64(n - l.i - 1), true
	case "first":
		return l.i == 0, true
	case "last":
		return l.i == n-1, true
	case "length":
		return int64(n), true
	case "previtem":
		if l.i > 0 {
			return l.items[l.i-1], true
		}
	case "nextitem":
		if l.i < n-1 {
			return l.items[l.i+1], true
		}
	}
	return nil, false
}

// Each goes through all that is known.
func (l round) Each(f func(key, value any) bool) {
	for _, name := range roundNames {
		if v, ok := l.Get(name); ok && !f(name, v) {
			return
		}
	}
}

// Len returns how much is known.
func (l round) Len() int {
	n := 0
	l.Each(func(any, any) bool { n++; return true })
	return n
}

func (l round) cost() int { return 0 }
