package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// messages is an error as people read it: one line a mistake.
func messages(err error) []string {
	var file *extract.FileError
	var failed *producer.FailedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failed):
		return []string{oneLine(err.Error())}
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // this level only
		var lines []string
		for _, e := range several.Unwrap() {
			lines = append(lines, messages(e)...)
		}
		return lines
	}
	if usage, ok := err.(*usageError); ok { //nolint:errorlint // this level only
		return messages(usage.err)
	}
	if errors.As(err, &file) {
		var lines []string
		for _, m := range file.Mistakes {
			lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", file.Name, m.Line, m.Column, oneLine(m.Message)))
		}
		return lines
	}
	return []string{oneLine(err.Error())}
}

// oneLine makes text from elsewhere fit for a line on a terminal: no line breaks, no control characters.
func oneLine(s string) string {
	printable := func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}
	return strings.Join(strings.Fields(strings.Map(printable, s)), " ")
}
