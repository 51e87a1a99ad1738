package producer

import (
	"slices"
	"sync"
	"time"
)

// EventKind says what an [Event] is about.
type EventKind string

// The kinds of events.
const (
	EventSchema    EventKind = "schema"       // a version was registered
	EventBackfill  EventKind = "backfill"     // every window is done
	EventDeleted   EventKind = "deletions"    // tombstones were committed
	EventDead      EventKind = "dead letters" // were committed
	EventWait      EventKind = "wait"         // for the API: a request is sent again, or the rate budget is used up
	EventError     EventKind = "error"        // a cycle failed, or the session; it is tried again
	EventStopped   EventKind = "stopped"      // a resource will not go on in this run
	EventRecovered EventKind = "recovered"    // after an error
	EventLanes     EventKind = "lanes"        // were taken, or let go of
)

// Event is something that whoever looks later wants to know of. It holds no secret: its text is of errors and log lines, which hold none.
type Event struct {
	First, Last time.Time // by Config.Now: when it happened, of several the first time and the last
	Kind        EventKind
	Resource    string // "": it is the worker's
	Text        string // what happened; of several the last time
	Times       int    // how often
	Count       int64  // records that it is about, all times together; 0: it is about none
}

const (
	keptEvents   = 200
	joinedWithin = time.Minute // of the last time: the same once more is the same event
)

// events are the last ones. The same kind of the same resource, as long as nothing else happens to it and it does not rest, is one event;
// while a resource fails, all its errors are one, and all its waits, however long a cycle takes: what goes wrong again and again must not
// push out what led to it. Safe for concurrent use.
type events struct {
	mu   sync.Mutex
	kept []Event // by when they happened last, the oldest first
}

func (e *events) note(now time.Time, kind EventKind, resource, text string, count int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	one := Event{First: now, Kind: kind, Resource: resource}
	if i := e.goesOn(now, kind, resource); i >= 0 {
		one = e.kept[i]
		e.kept = slices.Delete(e.kept, i, i+1)
	} else if len(e.kept) == keptEvents {
		e.kept = slices.Delete(e.kept, 0, 1)
	}
	one.Last, one.Text, one.Times, one.Count = now, text, one.Times+1, one.Count+count
	e.kept = append(e.kept, one)
}

// goesOn is the event that one of that kind belongs to; -1: it is a new one. The caller holds mu.
func (e *events) goesOn(now time.Time, kind EventKind, resource string) int {
	if kind == EventSchema || kind == EventLanes {
		return -1
	}
	trouble := func(k EventKind) bool { return k == EventWait || k == EventError }
	found, failing := -1, false
	for i, last := range slices.Backward(e.kept) {
		if last.Resource != resource {
			continue
		}
		if found < 0 && last.Kind == kind {
			found = i
		}
		failing = failing || last.Kind == EventError
		if !trouble(kind) || !trouble(last.Kind) {
			break
		}
	}
	if found < 0 || !(failing && trouble(kind)) && now.Sub(e.kept[found].Last) > joinedWithin {
		return -1
	}
	return found
}

// all returns a copy, the oldest first.
func (e *events) all() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Event(nil), e.kept...)
}
