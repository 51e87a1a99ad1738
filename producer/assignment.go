package producer

import (
	"context"
	"slices"
	"sync"
)

// assignment says which lanes are this worker's: all of them, or those that its group gives it. Safety does not depend on it: whoever
// takes a lane fences the one who had it. It spares workers to take each other's lanes.
type assignment struct {
	mu      sync.Mutex
	given   map[int32]bool
	held    map[int32]bool // by the session: a lane that is taken away is not another's before it is let go
	changed chan struct{}  // closed with the next change of given or held
	err     error          // why the group gives nothing
}

func newAssignment(lanes ...int32) *assignment {
	a := &assignment{given: map[int32]bool{}, held: map[int32]bool{}, changed: make(chan struct{})}
	for _, id := range lanes {
		a.given[id] = true
	}
	return a
}

// everyLane is the assignment of a worker without a group.
func everyLane() *assignment {
	var all []int32
	for id := range int32(StatePartitions) {
		all = append(all, id)
	}
	return newAssignment(all...)
}

// change runs f, which changes the assignment, and tells everybody who waits.
func (a *assignment) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	close(a.changed)
	a.changed = make(chan struct{})
}

// give adds lanes. A partition that somebody has added to the state topic is none.
func (a *assignment) give(lanes []int32) {
	a.change(func() {
		a.err = nil
		for _, id := range lanes {
			if id < StatePartitions {
				a.given[id] = true
			}
		}
	})
}

// revoke takes lanes away and returns when they are let go, or when ctx ends.
func (a *assignment) revoke(ctx context.Context, lanes []int32) {
	a.lose(lanes)
	for {
		a.mu.Lock()
		changed := a.changed
		held := slices.ContainsFunc(lanes, func(id int32) bool { return a.held[id] })
		a.mu.Unlock()
		if !held {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// lose takes lanes away that may be another's already.
func (a *assignment) lose(lanes []int32) {
	a.change(func() {
		for _, id := range lanes {
			delete(a.given, id)
		}
	})
}

// fail notes why the group does not work.
func (a *assignment) fail(err error) { a.change(func() { a.err = err }) }

// hold notes that the session is about to take the lanes given that it does not hold yet, and returns them, the lowest first, with those
// that it holds and are not given any more.
func (a *assignment) hold() (take, leave []int32, changed <-chan struct{}, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id := range a.given {
		if !a.held[id] {
			take = append(take, id)
		}
	}
	for id := range a.held {
		if !a.given[id] {
			leave = append(leave, id)
		}
	}
	for _, id := range take {
		a.held[id] = true
	}
	slices.Sort(take)
	slices.Sort(leave)
	return take, leave, a.changed, a.err
}

// gives says whether a lane is still given.
func (a *assignment) gives(lane int32) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.given[lane]
}

// letGo notes that the session has closed a lane.
func (a *assignment) letGo(lane int32) { a.change(func() { delete(a.held, lane) }) }

// letGoAll notes that the session has closed every lane, those included that it was about to take.
func (a *assignment) letGoAll() { a.change(func() { clear(a.held) }) }
