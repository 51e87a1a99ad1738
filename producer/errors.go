package producer

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/headwater-stream/headwater/extract"
)

// EnvironmentError is something outside the program that keeps it from working: a server that does not answer, credentials, a
// topic of the wrong kind. Remedy says what a person can do.
type EnvironmentError struct {
	Op      string
	Err     error
	Remedy  string
	Lasting bool // waiting will not mend it
}

func (e *EnvironmentError) Error() string {
	if e.Remedy == "" {
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("%s: %v → %s", e.Op, e.Err, e.Remedy)
}

func (e *EnvironmentError) Unwrap() error { return e.Err }

// TakenOverError says that a worker with which the lanes are not shared holds them now.
type TakenOverError struct{ By Claim }

func (e *TakenOverError) Error() string {
	if e.By.Group != "" {
		return fmt.Sprintf("another worker took over: %s on %s (pid %d) of group %q at %s → share the work with it (HEADWATER_GROUP=%s), or give this one another HEADWATER_TOPIC_PREFIX",
			e.By.Worker, e.By.Host, e.By.PID, e.By.Group, rfc3339(e.By.At), e.By.Group)
	}
	return fmt.Sprintf("another worker took over: %s on %s (pid %d) at %s → one worker per prefix; stop one of them or give it another HEADWATER_TOPIC_PREFIX",
		e.By.Worker, e.By.Host, e.By.PID, rfc3339(e.By.At))
}

// FailedError lists the resources that did not complete; the others did. Nothing is set to true unless every selected resource
// failed and nothing reached a topic.
type FailedError struct {
	Resources map[string]error
	Nothing   bool
}

// Error is one line: resources that failed for the same reason are named together.
func (e *FailedError) Error() string {
	by := map[string][]string{}
	for name, err := range e.Resources {
		reason := Reason(name, err)
		by[reason] = append(by[reason], name)
	}
	var lines []string
	for reason, names := range by {
		sort.Strings(names)
		lines = append(lines, strings.Join(names, ", ")+": "+reason)
	}
	sort.Strings(lines)
	return strings.Join(lines, "; ")
}

// Reason is why a resource failed, without its name, and with what a person can do about it where the API's client knows that.
func Reason(resource string, err error) string {
	text := strings.TrimPrefix(err.Error(), resource+": ")
	var api *extract.Error
	if errors.As(err, &api) && api.Hint != "" {
		text += " → " + api.Hint
	}
	return text
}

// Unwrap gives errors.As every reason.
func (e *FailedError) Unwrap() []error {
	var all []error
	for _, err := range e.Resources {
		all = append(all, err)
	}
	return all
}

// ErrUnfinished is the end of a run with Once that was stopped before everything was read.
var ErrUnfinished = errors.New("stopped before everything was read; what is committed stays, and the next run goes on from there")

// errLaneLost wraps every failed or unclear commit: the position in memory is not to be trusted any more. The session ends, its
// clients are closed, the lanes are taken again, and the topic says where to go on.
var errLaneLost = errors.New("lane lost")

// errServed is why a request is not handed over any more: an earlier commit of its lane failed.
var errServed = errors.New("an earlier commit failed")

// errUnreadable wraps what is wrong with a lane's state. It will not pass by itself: another program wrote it.
var errUnreadable = errors.New("state not understood")

// RejectedError is a record that the broker refused by itself, not its transaction: the same again would be refused again.
type RejectedError struct {
	Topic, Key string
	Err        error
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("%s: record %q refused by the broker: %v", e.Topic, e.Key, e.Err)
}

func (e *RejectedError) Unwrap() error { return e.Err }
