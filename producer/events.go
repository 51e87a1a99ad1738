package producer

import (
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

// events are the last ones. The same kind of the same resource, as long as nothing else happens to it and it does not rest, is one event:
// what goes wrong every second must not push out what led to it. Safe for concurrent use.
type events struct {
	mu   sync.Mutex
	kept []Event // the oldest first
}

func (e *events) note(now time.Time, kind EventKind, resource, text string, count int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := len(e.kept) - 1; i >= 0; i-- {
		last := &e.kept[i]
		if last.Resource != resource {
			continue
		}
		if last.Kind == kind && now.Sub(last.Last) <= joinedWithin && (kind != EventSchema && kind != EventLanes) {
			last.Last, last.Text, last.Times, last.Count = now, text, last.Times+1, last.Count+count
			return
		}
		break
	}
	if len(e.kept) == keptEvents {
		e.kept = append(e.kept[:0], e.kept[1:]...)
	}
	e.kept = append(e.kept, Event{First: now, Last: now, Kind: kind, Resource: resource, Text: text, Times: 1, Count: count})
}

// all returns a copy, the oldest first.
func (e *events) all() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Event(nil), e.kept...)
}
