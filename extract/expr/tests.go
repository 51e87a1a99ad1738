package expr

import "strings"

// tests are what can follow is. Their first argument is what is tested.
var tests = map[string]function{
	"defined": is(func(v any) bool { _, missing := v.(*undefined); return !missing }),
	"undefined": is(func(v any) bool {
		_, missing := v.(*undefined)
		return missing
	}),
	"none":    is(func(v any) bool { return v == nil }),
	"string":  is(func(v any) bool { _, ok := v.(string); return ok }),
	"boolean": is(func(v any) bool { _, ok := v.(bool); return ok }),
	"true":    is(func(v any) bool { return v == true }),
	"false":   is(func(v any) bool { return v == false }),
	"number":  is(isNumber),
	"float":   is(isFloat),
	"integer": is(func(v any) bool { return isNumber(v) && !isFloat(v) && kindOf(v) == "a number" }),
	"mapping": is(func(v any) bool { _, ok := v.(mapping); return ok }),
	"iterable": is(func(v any) bool {
		kind := kindOf(v)
		return kind == "a list" || kind == "a mapping" || kind == "text" || kind == "undefined"
	}),
	"sequence": is(func(v any) bool { kind := kindOf(v); return kind == "a list" || kind == "a mapping" || kind == "text" }),
	"lower":    is(func(v any) bool { s, ok := v.(string); return ok && s == strings.ToLower(s) && s != strings.ToUpper(s) }),
	"upper":    is(func(v any) bool { s, ok := v.(string); return ok && s == strings.ToUpper(s) && s != strings.ToLower(s) }),
	"even":     parity(0),
	"odd":      parity(1),
	"divisibleby": func(r *run, a arguments) (any, error) {
		if len(a.positional) != 2 {
			return nil, failure("want a number")
		}
		rest, err := r.compute("%", a.positional[0], a.positional[1])
		return err == nil && !Truth(rest), err
	},
	"sameas": func(r *run, a arguments) (any, error) {
		if len(a.positional) != 2 {
			return nil, failure("want one value")
		}
		same, err := r.compare("==", a.positional[0], a.positional[1])
		return same && kindOf(a.positional[0]) == kindOf(a.positional[1]), err
	},
	"eq": compared("=="), "equalto": compared("=="), "ne": compared("!="),
	"lt": compared("<"), "lessthan": compared("<"), "le": compared("<="),
	"gt": compared(">"), "greaterthan": compared(">"), "ge": compared(">="),
	"in": compared("in"),
	"==": compared("=="), "!=": compared("!="), "<": compared("<"), "<=": compared("<="), ">": compared(">"), ">=": compared(">="),
}

func is(f func(any) bool) function {
	return func(_ *run, a arguments) (any, error) {
		if len(a.positional) != 1 || len(a.named) > 0 {
			return nil, failure("this test takes no arguments")
		}
		return f(a.positional[0]), nil
	}
}

func parity(want uint) function {
	return func(_ *run, a arguments) (any, error) {
		i, ok := integerOf(a.positional[0])
		if !ok || len(a.positional) != 1 {
			return nil, failuref("want a whole number, not %s", kindOf(a.positional[0]))
		}
		return i.Bit(0) == want, nil
	}
}

func compared(op string) function {
	return func(r *run, a arguments) (any, error) {
		if len(a.positional) != 2 {
			return nil, failure("want one value to compare with")
		}
		return r.compare(op, a.positional[0], a.positional[1])
	}
}
