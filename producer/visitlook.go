package producer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// lookout is what the lanes hold, as a visit sees it.
type lookout struct {
	*board
	src *extract.Source
	now time.Time
}

// laneOf is the lane that a unit of a root, or of one of its substreams, lives in.
func laneOf(root *extract.Resource, unit string) int32 {
	home := homeLane(root.Name, StatePartitions)
	if n, ok := windowNumber(root, unit); ok && !root.Singleton {
		return windowLane(home, n, StatePartitions)
	}
	return home
}

// windowNumber is n of the root's window n.
func windowNumber(root *extract.Resource, unit string) (n int, ok bool) {
	text, ok := strings.CutPrefix(unit, root.Name+"/")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && unit == windowUnit(root.Name, n)
}

// lanesOf are the lanes in which something commits what the rewrites are about, the lowest first: the home lane; those of the windows
// that the root has under its plan, because whoever reads a window publishes children, too; and wherever a unit is that counts.
func (l *lookout) lanesOf(rewrites []rewrite) []int32 {
	wanted := map[int32]bool{}
	for _, rw := range rewrites {
		home := homeLane(rw.root.Name, StatePartitions)
		wanted[home] = true
		plan, _ := l.plan(rw.root.Name)
		for n := range min(plan.Windows, StatePartitions) {
			wanted[laneOf(rw.root, windowUnit(rw.root.Name, n))] = true
		}
		for _, row := range l.unitsOf(rw.of) {
			wanted[row.Lane] = wanted[row.Lane] || row.State.Plan >= rw.was
		}
	}
	var lanes []int32
	for id := range int32(StatePartitions) {
		if wanted[id] {
			lanes = append(lanes, id)
		}
	}
	return lanes
}

// intact refuses to go on from a lane that cannot be understood: what it says would be written over.
func (l *lookout) intact(rewrites []rewrite) error {
	for _, id := range l.lanesOf(rewrites) {
		if err := l.unread(id); err != nil {
			return brokenLane(err)
		}
	}
	return nil
}

// begin is the rewrite of a plan before anything is decided but its number. That is greater than those of all units, also of those that
// a visit left behind which was killed: they must not count under the new plan.
func (l *lookout) begin(of string, root *extract.Resource) (rewrite, bool, error) {
	if err := l.unread(homeLane(root.Name, StatePartitions)); err != nil {
		return rewrite{}, false, brokenLane(err)
	}
	plan, planned := l.plan(of)
	if !planned {
		return rewrite{}, false, nil
	}
	rw := rewrite{of: of, root: root, was: plan.Plan, plan: plan, units: map[string]UnitState{}}
	last := plan.Plan
	for _, row := range l.unitsOf(of) {
		last = max(last, row.State.Plan)
	}
	rw.plan.Plan, rw.plan.V = last+1, stateVersion
	return rw, true, nil
}

// views are a resource under one of its parents; of a root, itself.
func views(r *extract.Resource) []*extract.Resource {
	if len(r.PerParent) > 0 {
		return r.PerParent
	}
	return []*extract.Resource{r}
}

func (l *lookout) resource(name string) (*extract.Resource, error) {
	r := l.src.Resource(name)
	if r == nil {
		return nil, &VisitError{fmt.Sprintf("resource %q is not in source %q", name, l.src.Name), "headwater list " + l.src.Name + " says what it has"}
	}
	return r, nil
}

func noState(name string) error {
	return &VisitError{name + " has no state", "nothing was read of it under this prefix: set HEADWATER_TOPIC_PREFIX, or begin with headwater run " + resourceOf(name)}
}

// owing lists the substreams whose children some published parents lack.
func (l *lookout) owing(root *extract.Resource) []string {
	r := &runner{session: &session{board: l.board}, root: root}
	var names []string
	for _, child := range root.Children {
		if r.owed(child) {
			names = append(names, child.Name)
		}
	}
	return names
}

// beginning is a root's own unit before its first page under a new plan, with the debts that it takes over. Without any there is none.
func beginning(root *extract.Resource, plan int, owed []string, now time.Time) map[string]UnitState {
	if len(owed) == 0 {
		return nil
	}
	pos := extract.Position{Phase: extract.PhaseSnapshot}
	if root.Incremental != nil {
		pos = extract.Position{Phase: extract.PhaseLive, Done: true} // no pass is under way: the first one begins at T0
	}
	u := UnitState{V: stateVersion, Plan: plan, Owed: owed, At: now}.at(pos)
	return map[string]UnitState{root.Name: u}
}

// reached is up to where everything of a root is in its topic, in cursor time; zero: not told.
func (l *lookout) reached(root *extract.Resource) (time.Time, error) {
	plan, _ := l.plan(root.Name)
	from, t0, err := plan.span()
	if err != nil || plan.Reset {
		return time.Time{}, err
	}
	reached := t0
	if u, ok := l.unit(root.Name); ok && !u.watermark().IsZero() {
		reached = u.watermark()
	}
	for n := range plan.Windows {
		u, _ := l.unit(windowUnit(root.Name, n))
		if u.Done {
			continue
		}
		w, err := plan.window(n)
		if err != nil {
			return from, err
		}
		if begun := u.watermark(); begun.After(w.Start) {
			w.Start = begun
		}
		if w.Start.Before(reached) {
			reached = w.Start
		}
	}
	return reached, nil
}

// childReached is up to where the children of every parent are in the topic. A root that is read with its substreams has them, or a
// mark, wherever it has come to itself.
func (l *lookout) childReached(child *extract.Resource) (time.Time, error) {
	u, begun := l.unit(unitOf(child))
	pos, err := u.Position()
	if begun && err != nil {
		return time.Time{}, err
	}
	own := pos.Watermark
	switch {
	case slices.Contains(l.owing(child.Parent), child.Name):
		return time.Time{}, nil
	case begun && pos.Phase == extract.PhaseBackfill && !pos.Done:
		return pos.Window.Start, nil
	case begun && pos.Phase == extract.PhaseBackfill:
		own = pos.Window.End.Add(-child.Parent.Incremental.Lookback)
	}
	reached, err := l.reached(child.Parent)
	if own.After(reached) {
		reached = own
	}
	return reached, err
}
