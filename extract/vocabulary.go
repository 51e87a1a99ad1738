package extract

import (
	"reflect"
	"slices"
	"strings"
)

// words makes the vocabulary of a mapping from its type. notHere are words of the reference that mean nothing in a file, or nothing
// here; they are told apart from misspelt ones.
func words[T any](notHere ...string) vocabulary {
	v := vocabulary{shape: reflect.TypeFor[T](), unsupported: notHere}
	for _, f := range reflect.VisibleFields(v.shape) {
		v.known = append(v.known, wordOf(f))
	}
	return v
}

func wordOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// choices are the words that a field's tag allows. The first is the default.
func (v vocabulary) choices(field string) []string {
	var list []string
	for _, f := range reflect.VisibleFields(v.shape) {
		if wordOf(f) != field {
			continue
		}
		for _, part := range strings.Split(f.Tag.Get("jsonschema"), ",") {
			if word, ok := strings.CutPrefix(part, "enum="); ok {
				list = append(list, word)
			}
		}
	}
	return list
}

// choice returns a field's text if it is one of the words that its tag allows, and the first of them if the field is absent. later
// are words of the language that are not built yet.
func (s *section) choice(field string, later ...string) string {
	words := s.vocabulary.choices(field)
	var known []string
	for _, w := range words {
		if !slices.Contains(later, w) {
			known = append(known, w)
		}
	}
	return s.word(field, known, later)
}
