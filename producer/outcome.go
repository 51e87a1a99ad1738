package producer

import "fmt"

// outcome is what is known of a commit. What is not committed or unknown is never committed again: whoever takes the lane reads in
// its topic which it was.
type outcome int

const (
	// unknown: the broker was asked to commit and did not say that it has. Readers see all of it, or nothing, or will see one of them.
	unknown outcome = iota
	// notCommitted: it failed before the broker was asked to commit. No reader will ever see any of it.
	notCommitted
	// committed: readers see the records, and whoever reads the lane the state that covers them. It is no error.
	committed
)

// String returns "unknown", "not committed" or "committed".
func (o outcome) String() string { return [...]string{"unknown", "not committed", "committed"}[o] }

// commitError is a commit that is not known to be committed. It is an errLaneLost whatever its outcome: the session ends and the lane
// is taken again. Nothing branches on the outcome or on the broker's code; both are for people to read.
type commitError struct {
	step    string // hand over, begin, produce, flush, commit
	lane    int32
	outcome outcome
	err     error
}

func (e *commitError) Error() string {
	return fmt.Sprintf("%s in lane %d: %v: %v", e.step, e.lane, e.outcome, e.err)
}

func (e *commitError) Unwrap() []error { return []error{errLaneLost, e.err} }
