package expr

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"unicode/utf8"
)

// present refuses what is undefined.
func present(values ...any) error {
	for _, v := range values {
		if u, ok := v.(*undefined); ok {
			return failure(u.missing())
		}
	}
	return nil
}

// compute applies an arithmetic operator.
func (r *run) compute(op string, a, b any) (any, error) {
	if op == "~" {
		return r.concat(a, b)
	}
	if err := present(a, b); err != nil {
		return nil, err
	}
	if v, done, err := r.computeSequence(op, a, b); done {
		return v, err
	}
	if v, done, err := computeTime(op, a, b); done {
		return v, err
	}
	x, ok := integerOf(a)
	y, ok2 := integerOf(b)
	if ok && ok2 {
		return r.integers(op, x, y)
	}
	f, ok := floatOf(a)
	g, ok2 := floatOf(b)
	if !ok || !ok2 {
		return nil, failuref("%s %s %s is not defined", kindOf(a), op, kindOf(b))
	}
	return floats(op, f, g)
}

func (r *run) concat(a, b any) (any, error) {
	x, err := r.str(a)
	if err != nil {
		return nil, err
	}
	y, err := r.str(b)
	if err != nil {
		return nil, err
	}
	if err := r.make(len(x) + len(y)); err != nil {
		return nil, err
	}
	return x + y, nil
}

// computeSequence handles texts and lists.
func (r *run) computeSequence(op string, a, b any) (v any, done bool, err error) {
	if text, ok := a.(string); ok {
		switch other, isText := b.(string); {
		case op == "%":
			v, err = r.percent(text, b)
			return v, true, err
		case op == "+" && isText:
			if err := r.make(len(text) + len(other)); err != nil {
				return nil, true, err
			}
			return text + other, true, nil
		case op == "+":
			return nil, true, failuref("text + %s is not defined: join them with ~", kindOf(b))
		}
	}
	if op == "*" {
		if _, ok := integerOf(a); ok && !isNumber(b) {
			a, b = b, a
		}
		if n, ok := integerOf(b); ok && !isNumber(a) {
			v, err = r.repeat(a, n)
			return v, v != nil || err != nil, err
		}
	}
	if op != "+" {
		return nil, false, nil
	}
	x, y, areLists, err := r.both(a, b)
	if !areLists || err != nil {
		return nil, areLists, err
	}
	if err := r.spend(len(x) + len(y)); err != nil {
		return nil, true, err
	}
	all := append(append(make([]any, 0, len(x)+len(y)), x...), y...)
	if _, tuple := a.(Tuple); tuple {
		return Tuple(all), true, nil
	}
	return all, true, nil
}

func isNumber(v any) bool {
	_, ok := floatOf(v)
	return ok
}

// elements returns a list's elements; those of a list that still is bytes are read and counted.
func (r *run) elements(v any) (items []any, isList bool, err error) {
	switch v := v.(type) {
	case []any:
		return v, true, nil
	case Tuple:
		return v, true, nil
	case *array:
		if err := r.spend(v.size() + len(v.raw)/256); err != nil {
			return nil, true, err
		}
		return v.all(), true, nil
	}
	return nil, false, nil
}

// both returns the elements of two lists; isList is false unless both are lists.
func (r *run) both(a, b any) (x, y []any, areLists bool, err error) {
	if kindOf(a) != "a list" || kindOf(b) != "a list" {
		return nil, nil, false, nil
	}
	if x, _, err = r.elements(a); err != nil {
		return nil, nil, true, err
	}
	y, _, err = r.elements(b)
	return x, y, true, err
}

// repeat is 'x' * 3.
func (r *run) repeat(v any, times *big.Int) (any, error) {
	n := 0
	if times.Sign() > 0 {
		if !times.IsInt64() || times.Int64() > maxText {
			return nil, failure("makes too much: repeated too often")
		}
		n = int(times.Int64())
	}
	if text, ok := v.(string); ok {
		if err := r.make(len(text) * n); err != nil {
			return nil, err
		}
		return strings.Repeat(text, n), nil
	}
	items, ok, err := r.elements(v)
	if !ok || err != nil {
		return nil, err
	}
	if err := r.spend(len(items) * n); err != nil {
		return nil, err
	}
	var all []any
	for range n {
		all = append(all, items...)
	}
	return all, nil
}

func (r *run) integers(op string, x, y *big.Int) (any, error) {
	z := new(big.Int)
	switch op {
	case "+":
		return integer(z.Add(x, y))
	case "-":
		return integer(z.Sub(x, y))
	case "*":
		return integer(z.Mul(x, y))
	case "**":
		return power(x, y)
	}
	if y.Sign() == 0 {
		return nil, failure("division by zero")
	}
	switch op {
	case "/":
		f, _ := new(big.Rat).SetFrac(x, y).Float64()
		if math.IsInf(f, 0) {
			return nil, failure("a number too large")
		}
		return f, nil
	case "//":
		q, _ := floorDivide(x, y)
		return integer(q)
	default:
		_, m := floorDivide(x, y)
		return integer(m)
	}
}

// floorDivide rounds down, and the rest has the divisor's sign, as in Python.
func floorDivide(x, y *big.Int) (q, m *big.Int) {
	q, m = new(big.Int).QuoRem(x, y, new(big.Int))
	if m.Sign() != 0 && m.Sign() != y.Sign() {
		q.Sub(q, big.NewInt(1))
		m.Add(m, y)
	}
	return q, m
}

func power(x, y *big.Int) (any, error) {
	if y.Sign() < 0 {
		f, _ := floatOf(x)
		g, _ := floatOf(y)
		return floats("**", f, g)
	}
	if x.BitLen() > 1 && (!y.IsInt64() || y.Int64() > maxBits || int64(x.BitLen()-1)*y.Int64() > maxBits) {
		return nil, failuref("an integer of more than %d bits", maxBits)
	}
	if x.BitLen() <= 1 { // 0, 1 and -1 stay small, whatever the exponent: odd or even is all that counts
		odd := int64(y.Bit(0))
		if y.Sign() > 0 {
			y = big.NewInt(2 - odd)
		}
	}
	return integer(new(big.Int).Exp(x, y, nil))
}

func floats(op string, f, g float64) (any, error) {
	var z float64
	switch op {
	case "+":
		z = f + g
	case "-":
		z = f - g
	case "*":
		z = f * g
	case "**":
		z = math.Pow(f, g)
	default:
		if g == 0 {
			return nil, failure("division by zero")
		}
		switch op {
		case "/":
			z = f / g
		case "//":
			z = math.Floor(f / g)
		default:
			z = math.Mod(f, g)
			if z != 0 && (z < 0) != (g < 0) {
				z += g
			}
		}
	}
	if math.IsNaN(z) || math.IsInf(z, 0) {
		return nil, failure("a number too large, or none at all")
	}
	return z, nil
}

// equal is Python's ==.
func (r *run) equal(a, b any, depth int) (bool, error) {
	if err := r.spend(1); err != nil {
		return false, err
	}
	if depth > maxDeep {
		return false, failuref("nested deeper than %d", maxDeep)
	}
	a, b = emptied(a), emptied(b)
	if isNumber(a) && isNumber(b) {
		c, ordered := compareNumbers(a, b)
		return ordered && c == 0, nil
	}
	if m, ok := a.(mapping); ok {
		n, ok := b.(mapping)
		return ok && r.equalMappings(m, n, depth), r.spend(0)
	}
	if x, y, areLists, err := r.both(a, b); areLists {
		if err != nil {
			return false, err
		}
		_, t1 := a.(Tuple)
		_, t2 := b.(Tuple)
		if len(x) != len(y) || t1 != t2 {
			return false, nil
		}
		for i := range x {
			if same, err := r.equal(x[i], y[i], depth+1); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	switch v := a.(type) {
	case *undefined:
		_, other := b.(*undefined)
		return other, nil
	case nil:
		return b == nil, nil
	case string:
		w, ok := b.(string)
		return ok && v == w, r.spend(len(v) / 256)
	case instant:
		w, ok := b.(instant)
		return ok && v.t.Equal(w.t) && v.date == w.date, nil
	case interval:
		return v == b, nil
	}
	return false, nil
}

// emptied is the empty text for what is not set: comparing it with ” is true.
func emptied(v any) any {
	if u, ok := v.(*undefined); ok && u.empty {
		return ""
	}
	return v
}

func (r *run) equalMappings(m, n mapping, depth int) bool {
	if r.spend((m.cost()+n.cost())/256) != nil || m.Len() != n.Len() {
		return false
	}
	same := true
	m.Each(func(k, v any) bool {
		w, ok := n.Get(k)
		if ok {
			ok, _ = r.equal(v, w, depth+1) // too many steps: found out by the caller
		}
		same = same && ok
		return same
	})
	return same
}

// compareNumbers compares exactly, also an integer with a float; ordered is false for what is no number.
func compareNumbers(a, b any) (c int, ordered bool) {
	x, ok := exact(a)
	y, ok2 := exact(b)
	if !ok || !ok2 {
		return 0, false
	}
	return x.Cmp(y), true
}

func exact(v any) (*big.Float, bool) {
	if i, ok := integerOf(v); ok {
		return new(big.Float).SetPrec(uint(max(64, i.BitLen()))).SetInt(i), true
	}
	f, ok := floatOf(v)
	if !ok || math.IsNaN(f) {
		return nil, false
	}
	return new(big.Float).SetFloat64(f), true
}

// order is Python's <=>.
func (r *run) order(a, b any) (int, error) {
	if err := r.spend(1); err != nil {
		return 0, err
	}
	if err := present(a, b); err != nil {
		return 0, err
	}
	if s, ok := a.(string); ok {
		if t, ok := b.(string); ok {
			return strings.Compare(s, t), r.spend(min(len(s), len(t)) / 256)
		}
	}
	if c, ok := compareNumbers(a, b); ok {
		return c, nil
	}
	if s, ok := a.(instant); ok {
		if t, ok := b.(instant); ok && s.date == t.date {
			return s.t.Compare(t.t), nil
		}
	}
	if s, ok := a.(interval); ok {
		if t, ok := b.(interval); ok && s.months == 0 && t.months == 0 {
			return int(min(max(s.d-t.d, -1), 1)), nil
		}
	}
	x, y, areLists, err := r.both(a, b)
	if err != nil {
		return 0, err
	}
	if !areLists {
		return 0, failuref("%s and %s have no order", kindOf(a), kindOf(b))
	}
	return r.orderLists(x, y)
}

func (r *run) orderLists(x, y []any) (int, error) {
	for i := range min(len(x), len(y)) {
		same, err := r.equal(x[i], y[i], 0)
		if err != nil {
			return 0, err
		}
		if !same {
			if kindOf(x[i]) == "a list" {
				return 0, failure("lists of lists have no order here")
			}
			return r.order(x[i], y[i])
		}
	}
	return len(x) - len(y), nil
}

// compare applies a comparison operator.
func (r *run) compare(op string, a, b any) (bool, error) {
	switch op {
	case "==", "!=":
		same, err := r.equal(a, b, 0)
		return same == (op == "=="), err
	case "in", "not in":
		found, err := r.within(a, b)
		return found == (op == "in"), err
	}
	c, err := r.order(a, b)
	switch op {
	case "<":
		return c < 0, err
	case "<=":
		return c <= 0, err
	case ">":
		return c > 0, err
	default:
		return c >= 0, err
	}
}

// within is Python's in.
func (r *run) within(v, container any) (bool, error) {
	switch c := container.(type) {
	case *undefined:
		return false, nil
	case string:
		s, ok := v.(string)
		if !ok {
			return false, failuref("%s in text is not defined", kindOf(v))
		}
		return strings.Contains(c, s), r.spend(len(c) / 256)
	case mapping:
		_, ok := c.Get(v)
		return ok, r.spend(c.cost() / 256)
	}
	items, err := r.items(container)
	if err != nil {
		return false, err
	}
	for _, item := range items {
		if same, err := r.equal(v, item, 0); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// items returns what a loop goes over: elements, a mapping's keys, a text's characters.
func (r *run) items(v any) ([]any, error) {
	switch v := v.(type) {
	case *undefined:
		return nil, nil
	case string:
		if err := r.spend(len(v)); err != nil {
			return nil, err
		}
		items := make([]any, 0, len(v))
		for _, c := range v {
			items = append(items, string(c))
		}
		return items, nil
	case mapping:
		if err := r.spend(v.cost()/256 + v.Len()); err != nil {
			return nil, err
		}
		var keys []any
		v.Each(func(k, _ any) bool { keys = append(keys, k); return true })
		return keys, nil
	}
	items, ok, err := r.elements(v)
	if !ok {
		return nil, failuref("%s is no list", kindOf(v))
	}
	if err != nil {
		return nil, err
	}
	return items, r.spend(len(items) / 16)
}

// look counts what finding the elements costs.
func (r *run) look(a *array) error {
	if a.index() {
		return r.spend(len(a.raw)/256 + len(a.elements)/8)
	}
	return nil
}

// length is Python's len.
func (r *run) length(v any) (int, error) {
	switch v := v.(type) {
	case *undefined:
		return 0, nil
	case string:
		return utf8.RuneCountInString(v), r.spend(len(v) / 64)
	case mapping:
		err := r.spend(v.cost() / 256)
		return v.Len(), err
	case *array:
		err := r.look(v)
		return v.size(), err
	}
	items, ok, err := r.elements(v)
	if !ok {
		return 0, failuref("%s has no length", kindOf(v))
	}
	return len(items), err
}

// isFloat reports whether a number is none of the integers.
func isFloat(v any) bool {
	switch v.(type) {
	case float64, json.Number:
		return true
	}
	return false
}
