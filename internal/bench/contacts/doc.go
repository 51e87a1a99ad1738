// Package contacts holds the records of the benchmarks, and the API that serves them from memory: contact-like, 1.27 KB of JSON with 59
// values, twelve of them custom attributes, many null; a third of what is not ASCII is written as \uXXXX. The file contacts.yaml tells
// Headwater how to read that API.
package contacts

import _ "embed" // the source file

// Source is the source file of the API: one resource, contacts, read by windows of time and by tokens within them, as most APIs that can
// be searched by time are. Unlike the built-in source's contacts its windows are exact to the second: what is read is what is published,
// so that a cost per record is one of both.
//
//go:embed contacts.yaml
var Source []byte
