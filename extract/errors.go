package extract

import (
	"fmt"
	"strings"
	"time"
)

// Kind says what an [Error] means for whoever drives the reading.
type Kind int

// The kinds. Do not reorder: logs and metrics carry them by name, stored ones by nothing else.
const (
	KindRejected     Kind = iota + 1 // the API refuses the request as it is (400, 422 …): mend the source file
	KindUnauthorized                 // 401, 403: the token, or a permission of it
	KindNotFound                     // 404
	KindUnavailable                  // retries are exhausted: 429, 408, 5xx, connection. Try again in the next cycle
	KindProtocol                     // a guard tripped: what was answered cannot be a page of this listing
	KindCursor                       // the cursor field is missing or of another type
	KindIncomplete                   // the API's own numbers, or two readings, say that records are missing
)

// String names the kind in one word.
func (k Kind) String() string {
	return name(int(k), "", "rejected", "unauthorized", "not found", "unavailable", "protocol", "cursor", "incomplete")
}

// Error is a failure to read a resource. It never holds a secret.
type Error struct {
	Kind      Kind
	Resource  string
	Method    string
	URL       string   // without user information; secrets replaced
	Status    int      // 0: no answer
	Codes     []string // the API's own error codes
	Message   string   // the API's own message, or what is wrong with its answer
	RequestID string   // the API's name for the request, for its support
	Hint      string   // what a person can do
	Err       error    // cause, where there is one; Message has its words

	transient bool          // sending the same request again may help
	means     meaning       // what a source file takes it for
	waits     bool          // a source file says to wait
	pause     time.Duration // so long, where the answer does not say
}

// Error returns one line: resource, request, status with code, message.
func (e *Error) Error() string {
	parts := make([]string, 0, 4)
	if e.Resource != "" {
		parts = append(parts, e.Resource)
	}
	if e.URL != "" {
		parts = append(parts, e.Method+" "+e.URL)
	}
	if e.Status != 0 && (e.Status < 200 || e.Status > 299) {
		parts = append(parts, e.status())
	}
	if e.Message != "" {
		parts = append(parts, e.Message)
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// FileError is everything that is wrong with a source file.
type FileError struct {
	Name     string // as given to [Load]
	Mistakes []Mistake
}

// Mistake is one thing wrong with a source file.
type Mistake struct {
	Line    int    `json:"line"`   // from 1; 0: of the whole file
	Column  int    `json:"column"` // from 1; 0 likewise
	Message string `json:"message"`
	Excerpt string `json:"excerpt,omitempty"` // the lines around it, the place marked
}

// Error lists all mistakes: file:line:column: message, then an excerpt, in the file's order.
func (e *FileError) Error() string {
	var b strings.Builder
	for i, m := range e.Mistakes {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s", e.Name, m.Line, m.Column, m.Message)
		if m.Excerpt != "" {
			b.WriteString("\n" + m.Excerpt)
		}
	}
	return b.String()
}
