package sandbox

// dice is a small deterministic source of choices (splitmix64). It is not math/rand because the bytes that a seed
// yields must stay the same for ever: they are what tests and screenshots were made from.
type dice struct{ state uint64 }

// newDice returns the dice of object n of a kind: equal arguments roll the same numbers.
func newDice(seed uint64, kind string, n int) *dice {
	h := uint64(14695981039346656037)
	for i := range len(kind) {
		h = (h ^ uint64(kind[i])) * 1099511628211
	}
	d := &dice{state: seed ^ h ^ uint64(n)*0x9e3779b97f4a7c15}
	d.roll() // neighbours differ from the first number on
	return d
}

func (d *dice) roll() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number in [0, k); 0 where k is not positive.
func (d *dice) below(k int) int {
	if k <= 0 {
		return 0
	}
	return int(d.roll() % uint64(k))
}

// between returns a number in [lo, hi]; lo where the range is empty.
func (d *dice) between(lo, hi int64) int64 {
	if hi <= lo {
		return lo
	}
	return lo + int64(d.roll()%uint64(hi-lo+1))
}

func (d *dice) chance(percent int) bool { return d.below(100) < percent }

func pick[T any](d *dice, list []T) T { return list[d.below(len(list))] }

// maybe returns v in percent of the cases and nil, JSON's null, in the others.
func maybe[T any](d *dice, percent int, v T) *T {
	if d.chance(percent) {
		return &v
	}
	return nil
}
