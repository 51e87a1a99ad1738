package avro

import (
	"errors"
	"strconv"
	"strings"
)

// recordError is an error with the place in the record where it arose.
type recordError struct {
	path string
	err  error
}

func (e *recordError) Error() string {
	if e.path == "" {
		return e.err.Error()
	}
	return e.path + ": " + e.err.Error()
}

func (e *recordError) Unwrap() error { return e.err }

// within puts a path segment before the path of err.
func within(segment string, err error) error {
	var at *recordError
	if !errors.As(err, &at) {
		return &recordError{segment, err}
	}
	if at.path != "" && at.path[0] != '[' {
		segment += "."
	}
	return &recordError{segment + at.path, at.err}
}

// pathSegment is a JSON name as it stands in a path; quoted where it could be misread.
func pathSegment(name string) string {
	if name == "" || strings.ContainsAny(name, ".[]\"\n\r\t ") {
		return "[" + strconv.Quote(name) + "]"
	}
	return name
}

func pathString(path []string) string {
	segments := make([]string, len(path))
	for i, name := range path {
		segments[i] = pathSegment(name)
	}
	return joinSegments(segments)
}

// joinSegments joins names as pathSegment writes them, and indexes in brackets.
func joinSegments(segments []string) string {
	var b strings.Builder
	for _, s := range segments {
		if b.Len() > 0 && s[0] != '[' {
			b.WriteByte('.')
		}
		b.WriteString(s)
	}
	return b.String()
}
