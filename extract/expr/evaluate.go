package expr

func (n *constant) evaluate(*run) (any, error) { return n.value, nil }

func (n *name) evaluate(r *run) (any, error) {
	for i := len(r.locals) - 1; i >= 0; i-- {
		if v, ok := r.locals[i][n.text]; ok {
			return v, nil
		}
	}
	if v, ok := r.globals[n.text]; ok {
		return v, nil
	}
	if v, ok := r.vars.Values[n.text]; ok {
		r.globals[n.text] = fromGo(v)
		return r.globals[n.text], nil
	}
	return &undefined{what: n.text}, nil
}

func (r *run) all(nodes []node) ([]any, error) {
	items := make([]any, len(nodes))
	for i, n := range nodes {
		v, err := r.eval(n)
		if err != nil {
			return nil, err
		}
		items[i] = v
	}
	return items, nil
}

func (n *listOf) evaluate(r *run) (any, error) {
	items, err := r.all(n.items)
	if n.isTuple {
		return Tuple(items), err
	}
	return items, err
}

func (n *mappingOf) evaluate(r *run) (any, error) {
	keys, err := r.all(n.keys)
	if err != nil {
		return nil, err
	}
	values, err := r.all(n.values)
	if err != nil {
		return nil, err
	}
	d := newDict()
	for i := range keys {
		if !d.set(keys[i], values[i]) {
			return nil, failuref("%s cannot be a key", kindOf(keys[i]))
		}
	}
	return d, nil
}

func (n *memberOf) evaluate(r *run) (any, error) {
	v, err := r.eval(n.of)
	if err != nil {
		return nil, err
	}
	key, err := r.eval(n.key)
	if err != nil {
		return nil, err
	}
	member, ok, err := r.member(v, key)
	if err != nil {
		return nil, err
	}
	if text, isText := member.(string); isText { // it may have been unescaped for this
		err = r.spend(len(text) / 256)
	}
	if ok {
		return member, err
	}
	if u, ok := v.(*undefined); ok {
		return u, nil // the first that is missing is the one to name
	}
	if v == nil {
		return &undefined{what: r.source(n.of)}, nil
	}
	return &undefined{what: r.source(n)}, nil
}

// member returns v.key or v[key].
func (r *run) member(v, key any) (member any, ok bool, err error) {
	switch v := v.(type) {
	case mapping:
		if err := r.spend(v.cost() / 256); err != nil {
			return nil, false, err
		}
		member, ok = v.Get(key)
		return member, ok, nil
	case instant:
		part, _ := key.(string)
		member, ok = v.part(part)
		return member, ok, nil
	case interval:
		part, _ := key.(string)
		member, ok = v.part(part)
		return member, ok, nil
	}
	i, isIndex := intOf(key)
	if !isIndex {
		return nil, false, nil
	}
	switch v := v.(type) {
	case string:
		chars := []rune(v)
		if i < 0 {
			i += len(chars)
		}
		if i < 0 || i >= len(chars) {
			return nil, false, r.spend(len(v) / 16)
		}
		return string(chars[i]), true, r.spend(len(v) / 16)
	case *array:
		if err := r.look(v); err != nil {
			return nil, false, err
		}
		if i < 0 {
			i += v.size()
		}
		if i < 0 || i >= v.size() {
			return nil, false, nil
		}
		return JSON(v.elements[i]), true, nil
	}
	items, _, err := r.elements(v)
	if err != nil {
		return nil, false, err
	}
	if i < 0 {
		i += len(items)
	}
	if i < 0 || i >= len(items) {
		return nil, false, nil
	}
	return items[i], true, nil
}

func (n *sliceOf) evaluate(r *run) (any, error) {
	v, err := r.eval(n.of)
	if err == nil {
		err = present(v)
	}
	if err != nil {
		return nil, err
	}
	bounds, err := n.evaluateBounds(r)
	if err != nil {
		return nil, err
	}
	text, isText := v.(string)
	if isText {
		v, err = r.items(text)
		if err != nil {
			return nil, err
		}
	}
	items, ok, err := r.elements(v)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, failuref("%s cannot be sliced", kindOf(v))
	}
	at, err := slice(len(items), bounds)
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, len(at))
	for _, i := range at {
		out = append(out, items[i])
	}
	if isText {
		return r.join(out, "")
	}
	if _, tuple := v.(Tuple); tuple {
		return Tuple(out), r.spend(len(out))
	}
	return r.list(out)
}

// evaluateBounds returns start, end and step; nil: left out.
func (n *sliceOf) evaluateBounds(r *run) (bounds [3]*int, err error) {
	for i, b := range n.bounds {
		if b == nil {
			continue
		}
		at, err := r.eval(b)
		if err != nil {
			return bounds, err
		}
		if at == nil {
			continue
		}
		k, ok := intOf(at)
		if !ok {
			return bounds, failuref("a slice wants integers, not %s", kindOf(at))
		}
		bounds[i] = &k
	}
	return bounds, nil
}

// slice returns the indexes that [start:end:step] takes of n elements.
func slice(n int, bounds [3]*int) ([]int, error) {
	step := 1
	if bounds[2] != nil {
		step = *bounds[2]
	}
	if step == 0 {
		return nil, failure("a slice's step cannot be zero")
	}
	low, high := 0, n
	if step < 0 {
		low, high = -1, n-1
	}
	clamp := func(b *int, missing int) int {
		if b == nil {
			return missing
		}
		i := *b
		if i < 0 {
			i += n
		}
		return min(max(i, low), high)
	}
	var at []int
	if step > 0 {
		for i, end := clamp(bounds[0], 0), clamp(bounds[1], n); i < end; i += step {
			at = append(at, i)
		}
		return at, nil
	}
	for i, end := clamp(bounds[0], n-1), clamp(bounds[1], -1); i > end; i += step {
		at = append(at, i)
	}
	return at, nil
}

func (n *methodCall) evaluate(r *run) (any, error) {
	v, err := r.eval(n.of)
	if err != nil {
		return nil, err
	}
	if u, ok := v.(*undefined); ok {
		return u, nil
	}
	if v == nil {
		return &undefined{what: r.source(n.of)}, nil
	}
	args, err := r.arguments(nil, n.args)
	if err != nil {
		return nil, err
	}
	return r.method(v, n.method, args)
}

func (n *macroCall) evaluate(r *run) (any, error) {
	args, err := r.arguments(nil, n.args)
	if err != nil {
		return nil, err
	}
	return n.call(r, args)
}

func (n *filtered) evaluate(r *run) (any, error) {
	v, err := r.eval(n.of)
	if err != nil {
		return nil, err
	}
	args, err := r.arguments([]any{v}, n.args)
	if err != nil {
		return nil, err
	}
	return n.call(r, args)
}

func (n *tested) evaluate(r *run) (any, error) {
	v, err := r.eval(n.of)
	if err != nil {
		return nil, err
	}
	args, err := r.arguments([]any{v}, n.args)
	if err != nil {
		return nil, err
	}
	ok, err := n.call(r, args)
	if err != nil {
		return nil, err
	}
	return Truth(ok) != n.not, nil
}

func (n *arithmetic) evaluate(r *run) (any, error) {
	a, err := r.eval(n.left)
	if err != nil {
		return nil, err
	}
	b, err := r.eval(n.right)
	if err != nil {
		return nil, err
	}
	return r.compute(n.operator, a, b)
}

func (n *sign) evaluate(r *run) (any, error) {
	v, err := r.eval(n.of)
	if err != nil {
		return nil, err
	}
	if !n.minus {
		return r.compute("+", int64(0), v)
	}
	return r.compute("*", int64(-1), v)
}

func (n *negation) evaluate(r *run) (any, error) {
	v, err := r.eval(n.of)
	return !Truth(v), err
}

func (n *logic) evaluate(r *run) (any, error) {
	v, err := r.eval(n.left)
	if err != nil || Truth(v) == n.or {
		return v, err
	}
	return r.eval(n.right)
}

func (n *comparison) evaluate(r *run) (any, error) {
	left, err := r.eval(n.first)
	if err != nil {
		return nil, err
	}
	for i, op := range n.operators {
		right, err := r.eval(n.rest[i])
		if err != nil {
			return nil, err
		}
		if ok, err := r.compare(op, left, right); err != nil || !ok {
			return false, err
		}
		left = right
	}
	return true, nil
}

func (n *choice) evaluate(r *run) (any, error) {
	v, err := r.eval(n.condition)
	switch {
	case err != nil:
		return nil, err
	case Truth(v):
		return r.eval(n.then)
	case n.otherwise == nil:
		return &undefined{what: r.source(n) + ", for lack of an else,", empty: true}, nil
	default:
		return r.eval(n.otherwise)
	}
}
