package main

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// messages is an error as people read it: one line a mistake.
func messages(err error) []string {
	var lines []string
	switch e := err.(type) { //nolint:errorlint // this level only: others are below it
	case nil:
	case *producer.FailedError: // several, and one line
		lines = []string{oneLine(e.Error())}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			lines = append(lines, messages(one)...)
		}
	case *usageError:
		lines = messages(e.err)
	case *extract.FileError:
		for _, m := range e.Mistakes {
			lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", e.Name, m.Line, m.Column, oneLine(m.Message)))
		}
	default:
		lines = []string{oneLine(e.Error())}
	}
	return lines
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
