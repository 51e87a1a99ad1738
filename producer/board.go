package producer

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// board is what the state topic says of all units, plans and claims: kept by the follower, and, of a worker's own lanes, by its
// commits, which it knows before they come back to it. Records may come twice and late, so the highest offset of a key counts. Safe
// for concurrent use.
type board struct {
	mu      sync.Mutex
	lanes   [StatePartitions]*laneState
	where   map[string]int32 // the lane that a unit's, or plan's, last record is in
	changed chan struct{}    // closed with the next change
}

func newBoard() *board {
	b := &board{where: map[string]int32{}, changed: make(chan struct{})}
	for id := range b.lanes {
		b.lanes[id] = newLaneState()
	}
	return b
}

// apply takes a record of the state topic. Whoever waits learns of it with wake.
func (b *board) apply(lane int32, key string, value []byte, offset int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if lane < 0 || int(lane) >= len(b.lanes) {
		return // a partition that somebody has added: nothing of ours is there
	}
	b.lanes[lane].apply(key, value, offset)
	if b.lanes[lane].broken[key] == nil {
		b.where[key] = lane
	}
}

// wake lets those who wait look again.
func (b *board) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.changed)
	b.changed = make(chan struct{})
}

// wait returns when cond holds. It is asked now and after every change.
func (b *board) wait(ctx context.Context, cond func() bool) error {
	for {
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unread is why nothing may work in a lane: its state cannot be understood.
func (b *board) unread(lane int32) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.lanes[lane].unread(); err != nil {
		return fmt.Errorf("lane %d: %w: %w", lane, errUnreadable, err)
	}
	return nil
}

// claim is the last one of a lane, with its offset.
func (b *board) claim(lane int32) (Claim, int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lanes[lane].claim, b.lanes[lane].claimedAt
}

func (b *board) plan(resource string) (Plan, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.planOf(resource)
}

// planOf is plan for who holds mu.
func (b *board) planOf(resource string) (Plan, bool) {
	lane, known := b.where[resource+planSuffix]
	if !known {
		return Plan{}, false
	}
	p, ok := b.lanes[lane].plans[resource]
	return p, ok
}

// unit returns a unit's state under its resource's current plan; one of an older plan counts as absent.
func (b *board) unit(name string) (UnitState, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unitOf(name)
}

// undone removes from units those that are done.
func (b *board) undone(units []string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(units, func(name string) bool {
		u, ok := b.unitOf(name)
		return ok && u.Done
	})
}

// unitOf is unit for who holds mu.
func (b *board) unitOf(name string) (UnitState, bool) {
	lane, known := b.where[name]
	if !known {
		return UnitState{}, false
	}
	u, ok := b.lanes[lane].units[name]
	if p, _ := b.planOf(plannedOf(name)); !ok || u.Plan != p.Plan {
		return UnitState{}, false
	}
	return u, true
}

// plansOf returns every plan that a resource has, by what it is for.
func (b *board) plansOf(resource string) map[string]Plan {
	b.mu.Lock()
	defer b.mu.Unlock()
	plans := map[string]Plan{}
	for _, lane := range b.lanes {
		for name, p := range lane.plans {
			if resourceOf(name) == resource {
				plans[name] = p
			}
		}
	}
	return plans
}

// unitsOf are all units of what a plan is for, of older plans, too.
func (b *board) unitsOf(of string) []StateRow {
	b.mu.Lock()
	defer b.mu.Unlock()
	var rows []StateRow
	for id, lane := range b.lanes {
		for name, u := range lane.units {
			if plannedOf(name) == of {
				rows = append(rows, StateRow{Unit: name, Lane: int32(id), State: u})
			}
		}
	}
	return rows
}

// count is the number of units under current plans, and of those whose pass is complete.
func (b *board) count() (units, done int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, lane := range b.lanes {
		for name, u := range lane.units {
			if p, _ := b.planOf(plannedOf(name)); u.Plan != p.Plan {
				continue
			}
			if units++; u.Done {
				done++
			}
		}
	}
	return units, done
}
