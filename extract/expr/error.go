package expr

import (
	"fmt"
	"sort"
	"strings"
)

// Error is a mistake in a template, or a value that it cannot work with. Its message holds no values, only names and kinds:
// a value may be a secret.
type Error struct {
	Offset  int // in bytes from the template's beginning
	Message string
}

func (e *Error) Error() string { return e.Message }

func errorAt(offset int, format string, args ...any) *Error {
	return &Error{Offset: offset, Message: fmt.Sprintf(format, args...)}
}

// unknown says that there is no such name, and which one was probably meant.
func unknown(what, name string, known []string) string {
	if meant := nearest(name, known); meant != "" {
		return fmt.Sprintf("unknown %s %q (did you mean %q?)", what, name, meant)
	}
	if len(known) > 12 {
		return fmt.Sprintf("unknown %s %q", what, name)
	}
	known = append([]string(nil), known...)
	sort.Strings(known)
	return fmt.Sprintf("unknown %s %q (known: %s)", what, name, strings.Join(known, ", "))
}

// nearest returns the candidate that is at most a third of its letters away from word, or "".
func nearest(word string, candidates []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(word, c); d < least || d == least && best != "" && c < best {
			best, least = c, d
		}
	}
	return best
}

func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

func namesOf[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
