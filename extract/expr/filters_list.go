package expr

import (
	"slices"
	"strings"
)

func listFilter(r *run, a arguments) (any, error) {
	v, _, err := r.applied(a)
	if err != nil {
		return nil, err
	}
	items, err := r.items(v)
	return append([]any{}, items...), err
}

func firstFilter(r *run, a arguments) (any, error) { return end(r, a, int64(0)) }
func lastFilter(r *run, a arguments) (any, error)  { return end(r, a, int64(-1)) }

// end returns the first or the last element.
func end(r *run, a arguments, at int64) (any, error) {
	v, _, err := r.applied(a)
	if err != nil {
		return nil, err
	}
	if m, ok := v.(mapping); ok {
		if v, err = r.items(m); err != nil {
			return nil, err
		}
	}
	member, ok, err := r.member(v, at)
	if u, missing := v.(*undefined); missing {
		return u, nil
	}
	if kind := kindOf(v); kind != "a list" && kind != "text" {
		return nil, failuref("%s is no list", kind)
	}
	if err == nil && !ok {
		return &undefined{what: "the end of an empty list"}, nil
	}
	return member, err
}

func reverseFilter(r *run, a arguments) (any, error) {
	v, _, err := r.applied(a)
	if err != nil {
		return nil, err
	}
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	items = slices.Clone(items)
	slices.Reverse(items)
	if _, ok := v.(string); ok {
		return r.join(items, "")
	}
	return items, nil
}

// attribute returns the member at a dotted path.
func (r *run) attribute(v, path any) (any, error) {
	text, ok := path.(string)
	if !ok {
		member, ok, err := r.member(v, path)
		if err == nil && !ok {
			return &undefined{what: "an element"}, nil
		}
		return member, err
	}
	for _, part := range strings.Split(text, ".") {
		var key any = part
		if every(part, func(c rune) bool { return c >= '0' && c <= '9' }) {
			key, _ = numberOf(part)
		}
		member, ok, err := r.member(v, key)
		if err != nil {
			return nil, err
		}
		if !ok {
			return &undefined{what: "attribute " + text + " of an element"}, nil
		}
		v = member
	}
	return v, nil
}

// pluck takes an attribute of every item; otherwise is for those without, nil: they stay undefined.
func (r *run) pluck(v, attribute any, otherwise *any) ([]any, error) {
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(items))
	for i, item := range items {
		if out[i], err = r.attribute(item, attribute); err != nil {
			return nil, err
		}
		if _, missing := out[i].(*undefined); missing && otherwise != nil {
			out[i] = *otherwise
		}
	}
	return r.list(out)
}

// mapFilter is map(attribute='a') and map('filter', …).
func (r *run) mapFilter(a arguments) (any, error) {
	v := a.positional[0]
	if attribute, given := a.named["attribute"]; given {
		_, rest, err := r.applied(a, "attribute", "default")
		if err != nil {
			return nil, err
		}
		if d, given := rest["default"]; given {
			return r.pluck(v, attribute, &d)
		}
		return r.pluck(v, attribute, nil)
	}
	if len(a.positional) < 2 {
		return nil, failure("map wants attribute='…' or a filter's name")
	}
	text, _ := a.positional[1].(string)
	f, ok := r.filters[text]
	if !ok {
		return nil, failure("map wants the name of a filter that takes single values")
	}
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(items))
	for i, item := range items {
		if out[i], err = f(r, arguments{append([]any{item}, a.positional[2:]...), a.named}); err != nil {
			return nil, err
		}
	}
	return r.list(out)
}

// selecting is select, reject, selectattr and rejectattr.
func selecting(keep, byAttribute bool) function {
	return func(r *run, a arguments) (any, error) {
		items, err := r.items(a.positional[0])
		if err != nil {
			return nil, err
		}
		rest := a.positional[1:]
		var attribute any
		if byAttribute {
			if len(rest) == 0 {
				return nil, failure("wants an attribute")
			}
			attribute, rest = rest[0], rest[1:]
		}
		test := func(v any) (any, error) { return v, nil }
		if len(rest) > 0 {
			text, _ := rest[0].(string)
			f, ok := tests[text]
			if !ok {
				return nil, failure("wants the name of a test")
			}
			test = func(v any) (any, error) { return f(r, arguments{append([]any{v}, rest[1:]...), a.named}) }
		}
		out := []any{}
		for _, item := range items {
			v := item
			if byAttribute {
				if v, err = r.attribute(item, attribute); err != nil {
					return nil, err
				}
			}
			ok, err := test(v)
			if err != nil {
				return nil, err
			}
			if Truth(ok) == keep {
				out = append(out, item)
			}
		}
		return r.list(out)
	}
}

// sortKey returns what an item is ordered by: without regard to case unless that is asked for.
func (r *run) sortKey(rest map[string]any) func(any) (any, error) {
	attribute, given := rest["attribute"]
	sensitive := Truth(rest["case_sensitive"])
	return func(v any) (any, error) {
		var err error
		if given && attribute != nil {
			if v, err = r.attribute(v, attribute); err != nil {
				return nil, err
			}
		}
		if s, ok := v.(string); ok && !sensitive {
			return strings.ToLower(s), r.make(len(s))
		}
		return v, nil
	}
}

func extremeFilter(r *run, a arguments, sign int) (any, error) {
	v, rest, err := r.applied(a, "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return &undefined{what: "the largest or smallest of nothing"}, nil
	}
	return r.extreme(items, sign, r.sortKey(rest))
}

func sortFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "reverse", "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	return r.sorted(items, Truth(rest["reverse"]), r.sortKey(rest))
}

// sorted sorts a copy; equals keep their order.
func (r *run) sorted(items []any, reverse bool, key func(any) (any, error)) ([]any, error) {
	type entry struct{ key, item any }
	entries := make([]entry, len(items))
	for i, item := range items {
		k, err := key(item)
		if err != nil {
			return nil, err
		}
		entries[i] = entry{k, item}
	}
	var failed error
	slices.SortStableFunc(entries, func(a, b entry) int {
		if failed != nil {
			return 0
		}
		c, err := r.order(a.key, b.key)
		failed = err
		if reverse {
			return -c
		}
		return c
	})
	out := make([]any, len(entries))
	for i := range entries {
		out[i] = entries[i].item
	}
	return out, failed
}

func dictsortFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "case_sensitive", "by", "reverse")
	if err != nil {
		return nil, err
	}
	m, ok := v.(mapping)
	if !ok {
		return nil, failuref("want a mapping, not %s", kindOf(v))
	}
	items, err := r.entries(m, "items")
	if err != nil {
		return nil, err
	}
	at := int64(0)
	if rest["by"] == "value" {
		at = 1
	}
	return r.sorted(items, Truth(rest["reverse"]), r.sortKey(map[string]any{"attribute": at, "case_sensitive": rest["case_sensitive"]}))
}

func itemsFilter(r *run, a arguments) (any, error) {
	v, _, err := r.applied(a)
	if err != nil {
		return nil, err
	}
	if _, missing := v.(*undefined); missing {
		return []any{}, nil
	}
	m, ok := v.(mapping)
	if !ok {
		return nil, failuref("want a mapping, not %s", kindOf(v))
	}
	return r.entries(m, "items")
}

func uniqueFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "case_sensitive", "attribute")
	if err != nil {
		return nil, err
	}
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	key, seen := r.sortKey(rest), newDict()
	out := []any{}
	for _, item := range items {
		k, err := key(item)
		if err != nil {
			return nil, err
		}
		if _, again := seen.Get(k); again {
			continue
		}
		if !seen.set(k, true) {
			return nil, failuref("%s cannot be compared", kindOf(k))
		}
		out = append(out, item)
	}
	return out, nil
}

func sumFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "attribute", "start")
	if err != nil {
		return nil, err
	}
	items, err := r.items(v)
	if attribute := rest["attribute"]; err == nil && attribute != nil {
		items, err = r.pluck(v, attribute, nil)
	}
	if err != nil {
		return nil, err
	}
	var total any = int64(0)
	if start, given := rest["start"]; given {
		total = start
	}
	for _, item := range items {
		if total, err = r.compute("+", total, item); err != nil {
			return nil, err
		}
	}
	return total, nil
}
