package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Tuple is a list that Python writes with round brackets.
type Tuple []any

// Dict is a mapping that keeps its order.
type Dict struct {
	keys, values []any
	index        map[any]int
}

func newDict() *Dict { return &Dict{index: map[any]int{}} }

// Len returns the number of members.
func (d *Dict) Len() int { return len(d.keys) }

// Get returns the value of a key.
func (d *Dict) Get(key any) (any, bool) {
	k, ok := keyOf(key)
	if !ok {
		return nil, false
	}
	i, ok := d.index[k]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

// Each calls f for the members in order until it returns false.
func (d *Dict) Each(f func(key, value any) bool) {
	for i := range d.keys {
		if !f(d.keys[i], d.values[i]) {
			return
		}
	}
}

func (d *Dict) cost() int { return 0 }

// set adds or replaces a member; false: the key is a list or a mapping.
func (d *Dict) set(key, value any) bool {
	k, ok := keyOf(key)
	if !ok {
		return false
	}
	if i, have := d.index[k]; have {
		d.values[i] = value
		return true
	}
	d.index[k] = len(d.keys)
	d.keys, d.values = append(d.keys, key), append(d.values, value)
	return true
}

// keyOf returns what tells a key from others: as in Python, 1, 1.0 and True are one.
func keyOf(v any) (any, bool) {
	switch v := v.(type) {
	case nil, string:
		return v, true
	case Tuple:
		return fmt.Sprintf("tuple %s", pythonRepr(v)), true
	case instant, interval:
		return pythonRepr(v), true
	}
	if i, ok := integerOf(v); ok {
		return "number " + i.String(), true
	}
	if f, ok := floatOf(v); ok {
		if i, exact := big.NewFloat(clean(f)).Int(nil); exact == big.Exact && !math.IsInf(f, 0) && f == f {
			return "number " + i.String(), true
		}
		return "number " + floatText(f), true
	}
	return nil, false
}

func clean(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0.5
	}
	return f
}

// mapping is a *Dict, an *object, a folded or a round.
type mapping interface {
	Get(key any) (any, bool)
	Each(f func(key, value any) bool)
	Len() int
	cost() int // bytes to look through before the first answer
}

// Folded is a mapping whose names are found in any case, as those of HTTP headers are.
func Folded(values map[string]any) any {
	d := newDict()
	lower := newDict()
	for _, name := range namesOf(values) {
		v := fromGo(values[name])
		d.set(name, v)
		lower.set(strings.ToLower(name), v)
	}
	return folded{d, lower}
}

type folded struct {
	*Dict
	lower *Dict
}

// Get returns the value of a name in any case.
func (f folded) Get(key any) (any, bool) {
	name, _ := key.(string)
	return f.lower.Get(strings.ToLower(name))
}

// undefined is what has no value, with what to say when it is needed.
type undefined struct {
	what  string
	empty bool // as text it is the empty one: an if without else, or what is not set
}

func (u *undefined) missing() string { return u.what + " has no value" }

// Unset is a value for what exists but was not set, a setting for one: undefined, but the empty text. what names it in errors.
func Unset(what string) any { return &undefined{what: what, empty: true} }

func failuref(format string, args ...any) failure { return failure(fmt.Sprintf(format, args...)) }

// small returns an integer as int64 where it fits.
func small(i *big.Int) any {
	if i.IsInt64() {
		return i.Int64()
	}
	return i
}

// integer checks the size of a result.
func integer(i *big.Int) (any, error) {
	if i.BitLen() > maxBits {
		return nil, failuref("an integer of more than %d bits", maxBits)
	}
	return small(i), nil
}

// integerOf returns integers and booleans, which are integers in Python.
func integerOf(v any) (*big.Int, bool) {
	switch v := v.(type) {
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	case bool:
		if v {
			return big.NewInt(1), true
		}
		return new(big.Int), true
	}
	return nil, false
}

// floatOf returns any number as float64.
func floatOf(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case json.Number:
		f, _ := v.Float64() // too large for a float64: infinity
		return f, true
	}
	if i, ok := integerOf(v); ok {
		f, _ := new(big.Float).SetInt(i).Float64()
		return f, true
	}
	return 0, false
}

// intOf returns an integer that must be small: a count, an index.
func intOf(v any) (int, bool) {
	i, ok := integerOf(v)
	if !ok || !i.IsInt64() || i.Int64() > math.MaxInt32 || i.Int64() < math.MinInt32 {
		return 0, false
	}
	return int(i.Int64()), true
}

// Truth reports what Python takes for true: everything but false, null, undefined, zero, and empty texts, lists and mappings.
func Truth(v any) bool {
	switch v := v.(type) {
	case nil, *undefined:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case Tuple:
		return len(v) > 0
	case *array:
		return v.any()
	case *object:
		return v.any()
	case mapping:
		return v.Len() > 0
	case interval:
		return v != interval{}
	case int64:
		return v != 0
	}
	if f, ok := floatOf(v); ok {
		return f != 0
	}
	return true
}

// kindOf names what a value is, for messages.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case *undefined:
		return "undefined"
	case bool:
		return "a boolean"
	case string:
		return "text"
	case []any, Tuple, *array:
		return "a list"
	case mapping:
		return "a mapping"
	case instant:
		return "a time"
	case interval:
		return "a length of time"
	}
	return "a number"
}

// fromGo takes a value from outside.
func fromGo(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case uint64:
		return small(new(big.Int).SetUint64(v))
	case json.RawMessage:
		return JSON(v)
	case json.Number:
		return JSON([]byte(v))
	case time.Time:
		return instant{t: v}
	case []string:
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		return items
	case map[string]string:
		d := newDict()
		for _, name := range namesOf(v) {
			d.set(name, v[name])
		}
		return d
	case map[string]any:
		d := newDict()
		for _, name := range namesOf(v) {
			d.set(name, fromGo(v[name]))
		}
		return d
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = fromGo(v[i])
		}
		return items
	case nil, bool, string, int64, float64, *big.Int, Tuple, *Dict, folded, round, *object, *array, instant, interval, *undefined:
		return v
	}
	return &undefined{what: fmt.Sprintf("a value of Go's type %T", v)}
}

// plainText spells a value for a URL, a header or a body; wrong says why it has no place there.
func plainText(v any) (text, wrong string) {
	switch v := v.(type) {
	case string:
		return v, ""
	case bool:
		return strconv.FormatBool(v), ""
	case *undefined:
		if v.empty {
			return "", ""
		}
		return "", v.missing()
	case nil, []any, Tuple, *array, mapping:
		return "", "is " + kindOf(v) + ": want text, a number or a boolean"
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", "is no number that JSON can spell"
		}
	}
	return pythonStr(v), ""
}

// pythonText spells a value as Python's str does.
func pythonText(v any) (text, wrong string) {
	if u, ok := v.(*undefined); ok {
		return plainText(u)
	}
	if n, deep := weigh(v, 0); deep || n > maxText {
		return "", "is too large for a text"
	}
	return pythonStr(v), ""
}

// str is the text of a value inside an expression.
func (r *run) str(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	text, wrong := pythonText(v)
	if wrong != "" {
		return "", failure(wrong)
	}
	return text, r.make(len(text))
}

// weigh estimates the bytes of a value's text; deep: it nests too far to be written.
func weigh(v any, depth int) (n int, deep bool) {
	if depth > maxDeep {
		return 0, true
	}
	add := func(v any) bool {
		m, d := weigh(v, depth+1)
		n, deep = n+m+2, deep || d
		return !deep && n <= maxText
	}
	switch v := v.(type) {
	case string:
		return len(v) + 2, false
	case *array:
		return len(v.raw), tooDeep(v.raw, depth)
	case *object:
		return len(v.raw), tooDeep(v.raw, depth)
	case []any:
		for _, item := range v {
			if !add(item) {
				break
			}
		}
	case Tuple:
		return weigh([]any(v), depth)
	case mapping:
		v.Each(func(k, value any) bool { return add(k) && add(value) })
	case json.Number:
		return len(v), false
	case *big.Int:
		return v.BitLen()/3 + 1, false
	default:
		return 8, false
	}
	return n, deep
}

// pythonStr is Python's str(v).
func pythonStr(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return pythonRepr(v)
}

// pythonRepr is Python's repr(v); times and lengths of time are spelt as by str.
func pythonRepr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return quoted(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case *big.Int:
		return v.String()
	case json.Number:
		return v.String()
	case float64:
		return floatText(v)
	case []any:
		return "[" + joinRepr(v) + "]"
	case *array:
		return "[" + joinRepr(v.all()) + "]"
	case Tuple:
		if len(v) == 1 {
			return "(" + pythonRepr(v[0]) + ",)"
		}
		return "(" + joinRepr(v) + ")"
	case mapping:
		var parts []string
		v.Each(func(k, value any) bool {
			parts = append(parts, pythonRepr(k)+": "+pythonRepr(value))
			return true
		})
		return "{" + strings.Join(parts, ", ") + "}"
	case instant:
		return v.String()
	case interval:
		return v.String()
	}
	return "Undefined"
}

func joinRepr(items []any) string {
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = pythonRepr(item)
	}
	return strings.Join(parts, ", ")
}

// floatText spells a float as Python does, which JSON understands too.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// quoted is Python's repr of a text.
func quoted(s string) string {
	mark := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		mark = '"'
	}
	b := []byte{mark}
	for _, r := range s {
		switch {
		case r == rune(mark) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r < ' ' || r == 0x7f:
			b = append(b, fmt.Sprintf(`\x%02x`, r)...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return string(append(b, mark))
}
