package expr

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/url"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

var hashes = map[string]func() hash.Hash{
	"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
}

func hashNamed(v any) (func() hash.Hash, error) {
	name, ok := v.(string)
	if !ok {
		return nil, failure("want a hash's name such as 'sha256'")
	}
	h, ok := hashes[name]
	if !ok {
		return nil, failure("unknown hash: want one of " + strings.Join(namesOf(hashes), ", "))
	}
	return h, nil
}

func hashFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "hash_type", "salt")
	if err != nil {
		return nil, err
	}
	h, err := hashNamed(rest["hash_type"])
	if err != nil {
		return nil, err
	}
	text, err := r.str(v)
	if err != nil {
		return nil, err
	}
	if salt := rest["salt"]; salt != nil {
		s, err := r.str(salt)
		if err != nil {
			return nil, err
		}
		text += s
	}
	sum := h()
	sum.Write([]byte(text))
	return hex.EncodeToString(sum.Sum(nil)), r.spend(len(text) / 64)
}

func hmacFilter(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "key", "hash_type")
	if err != nil {
		return nil, err
	}
	if _, given := rest["hash_type"]; !given {
		rest["hash_type"] = "sha256"
	}
	h, err := hashNamed(rest["hash_type"])
	if err != nil {
		return nil, err
	}
	text, err := r.str(v)
	if err != nil {
		return nil, err
	}
	key, ok := rest["key"].(string)
	if !ok {
		return nil, failuref("want a key, not %s", kindOf(rest["key"]))
	}
	sum := hmac.New(h, []byte(key))
	sum.Write([]byte(text))
	return hex.EncodeToString(sum.Sum(nil)), r.spend(len(text) / 64)
}

func encodeFilter(r *run, a arguments) (any, error) {
	v, _, err := r.applied(a)
	if err != nil {
		return nil, err
	}
	text, err := r.str(v)
	if err != nil {
		return nil, err
	}
	return r.text(base64.StdEncoding.EncodeToString([]byte(text)))
}

func decodeFilter(r *run, a arguments) (any, error) {
	v, _, err := r.applied(a)
	if err != nil {
		return nil, err
	}
	text, err := r.str(v)
	if err != nil {
		return nil, err
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || !utf8.Valid(raw) {
		return nil, failure("want text in base64")
	}
	return r.text(string(raw))
}

// Limits of regular expressions. Go's take time with the length of the text times the size of the program, and replacing
// every match may take that again for each.
const (
	maxProgram  = 2000
	maxReplaced = 8 << 10 // bytes of a text that regex_replace looks through
)

// compile reads a regular expression, and counts what it costs to look through so many bytes with it.
func (r *run) compile(v any, bytes int) (*regexp.Regexp, error) {
	pattern, ok := v.(string)
	if !ok || len(pattern) > maxWidth {
		return nil, failuref("want a regular expression of at most %d bytes", maxWidth)
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, failure("want a regular expression as Go knows it (RE2: no back references, nothing that looks around)")
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(program.Inst) > maxProgram {
		return nil, failure("want a smaller regular expression")
	}
	if err := r.spend(len(program.Inst) + bytes*len(program.Inst)/256); err != nil {
		return nil, err
	}
	return regexp.Compile(pattern)
}

// regexSearch returns the first group, or "".
func regexSearch(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "regex")
	if err != nil {
		return nil, err
	}
	text, err := r.str(v)
	if err != nil {
		return nil, err
	}
	re, err := r.compile(rest["regex"], len(text))
	if err != nil {
		return nil, err
	}
	if found := re.FindStringSubmatch(text); len(found) > 1 {
		return found[1], nil
	}
	return "", nil
}

var pythonGroup = regexp.MustCompile(`\\(\d{1,2})|\\g<(\w+)>|\\\\|\\n|\\t|\$`)

func regexReplace(r *run, a arguments) (any, error) {
	v, rest, err := r.applied(a, "regex", "replacement")
	if err != nil {
		return nil, err
	}
	text, err := r.str(v)
	if err != nil {
		return nil, err
	}
	if len(text) > maxReplaced {
		return nil, failuref("replaces in texts of up to %d bytes", maxReplaced)
	}
	re, err := r.compile(rest["regex"], len(text))
	if err != nil {
		return nil, err
	}
	with, err := r.str(rest["replacement"])
	if err != nil {
		return nil, err
	}
	with = pythonGroup.ReplaceAllStringFunc(with, func(m string) string {
		if fixed, ok := map[string]string{"$": "$$", `\\`: `\`, `\n`: "\n", `\t`: "\t"}[m]; ok {
			return fixed
		}
		found := pythonGroup.FindStringSubmatch(m)
		return "${" + found[1] + found[2] + "}"
	})
	at := re.FindAllStringSubmatchIndex(text, -1)
	if err := r.spend(len(at)); err != nil {
		return nil, err
	}
	out, last := []byte(nil), 0
	for _, m := range at {
		out = append(out, text[last:m[0]]...)
		out = re.ExpandString(out, with, text, m)
		if last = m[1]; len(out) > maxText {
			return nil, failure("makes too much: more than 1 MiB of text")
		}
	}
	return r.text(string(append(out, text[last:]...)))
}

// urlencode escapes a text (but not its slashes), or makes a query of a mapping or of pairs.
func urlencode(r *run, a arguments) (any, error) {
	v, _, err := r.applied(a)
	if err != nil {
		return nil, err
	}
	items, isList := []any(nil), false
	if m, ok := v.(mapping); ok {
		items, err = r.entries(m, "items")
		isList = true
	} else if kindOf(v) == "a list" {
		items, err = r.items(v)
		isList = true
	}
	if err != nil {
		return nil, err
	}
	if !isList {
		text, err := r.str(v)
		if err != nil {
			return nil, err
		}
		return r.text(strings.ReplaceAll(percentEncode(text), "%2F", "/"))
	}
	var parts []string
	for _, item := range items {
		pair, _, err := r.elements(item)
		if err != nil || len(pair) != 2 {
			return nil, failure("want pairs of a name and a value")
		}
		name, err := r.str(pair[0])
		if err != nil {
			return nil, err
		}
		value, err := r.str(pair[1])
		if err != nil {
			return nil, err
		}
		parts = append(parts, strings.ReplaceAll(percentEncode(name)+"="+percentEncode(value), "%20", "+"))
	}
	return r.text(strings.Join(parts, "&"))
}

// percentEncode leaves letters, digits and -._~ alone.
func percentEncode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// tojson writes a value as Jinja does: names in order, characters that mean something to HTML escaped.
func tojson(r *run, a arguments) (any, error) {
	v, _, err := r.applied(a)
	if err != nil {
		return nil, err
	}
	n, deep := weigh(v, 0)
	if deep || n > maxText {
		return nil, failure("is too large for a text")
	}
	text, err := r.sortedJSON(nil, v)
	if err != nil {
		return nil, err
	}
	return r.text(string(text))
}

func (r *run) sortedJSON(dst []byte, v any) ([]byte, error) {
	if err := r.spend(1); err != nil {
		return nil, err
	}
	if m, ok := v.(mapping); ok {
		byName := map[string]any{}
		var wrong error
		m.Each(func(k, value any) bool {
			var name string
			name, wrong = nameOf(k)
			byName[name] = value
			return wrong == nil
		})
		if wrong != nil {
			return nil, wrong
		}
		dst = append(dst, '{')
		for i, name := range namesOf(byName) {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(asciiText(dst, name), ": "...)
			var err error
			if dst, err = r.sortedJSON(dst, byName[name]); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	}
	if items, ok, err := r.elements(v); ok {
		if err != nil {
			return nil, err
		}
		dst = append(dst, '[')
		for i, item := range items {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			var err error
			if dst, err = r.sortedJSON(dst, item); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	}
	switch v := v.(type) {
	case string:
		return asciiText(dst, v), nil
	case instant, interval:
		return nil, failuref("%s has no JSON form: write it with strftime", kindOf(v))
	}
	return appendJSON(dst, v, 0)
}

// asciiText appends a JSON string in ASCII.
func asciiText(dst []byte, s string) []byte {
	for _, c := range string(appendText(nil, s)) {
		switch {
		case c > 0xffff:
			c -= 0x10000
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		case c > 0x7e || strings.ContainsRune("<>&'", c):
			dst = fmt.Appendf(dst, `\u%04x`, c)
		default:
			dst = append(dst, byte(c))
		}
	}
	return dst
}
