package producer

import "sync"

// board is what is known of all units and plans: what the lanes said when they were taken, and what was committed since. Safe
// for concurrent use.
type board struct {
	mu    sync.Mutex
	units map[string]UnitState
	plans map[string]Plan
}

func newBoard() *board {
	return &board{units: map[string]UnitState{}, plans: map[string]Plan{}}
}

func (b *board) load(s *laneState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, u := range s.units {
		b.units[name] = u
	}
	for name, p := range s.plans {
		b.plans[name] = p
	}
}

func (b *board) plan(resource string) (Plan, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.plans[resource]
	return p, ok
}

// unit returns a unit's state under its resource's current plan; one of an older plan counts as absent.
func (b *board) unit(name string) (UnitState, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	u, ok := b.units[name]
	if !ok || u.Plan != b.plans[plannedOf(name)].Plan {
		return UnitState{}, false
	}
	return u, true
}

func (b *board) setUnit(name string, u UnitState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.units[name] = u
}

// plansOf returns every plan that a resource has, by what it is for.
func (b *board) plansOf(resource string) map[string]Plan {
	b.mu.Lock()
	defer b.mu.Unlock()
	plans := map[string]Plan{}
	for name, p := range b.plans {
		if resourceOf(name) == resource {
			plans[name] = p
		}
	}
	return plans
}

func (b *board) setPlan(resource string, p Plan) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plans[resource] = p
}
