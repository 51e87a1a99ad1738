package producer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// ResetState has a resource read again: from its beginning, or with to (not zero) from that time on. What is published already and has
// not changed is not published again. Workers may run; they go on with the new plan. Errors as SetState's.
func ResetState(ctx context.Context, c VisitConfig, resource string, to time.Time) (Visited, error) {
	return c.run(ctx, resource, resetting(resource, to))
}

func resetting(resource string, to time.Time) edit {
	return func(l *lookout) ([]rewrite, error) {
		r, err := l.resource(resource)
		if err != nil {
			return nil, err
		}
		if !to.IsZero() {
			if err := l.mayGoBack(r, to); err != nil {
				return nil, err
			}
		}
		var rewrites []rewrite
		for _, view := range views(r) {
			rw, planned, err := l.begin(unitOf(view), view.Root())
			if err != nil {
				return nil, err
			}
			if !planned {
				continue
			}
			rw.plan.At = l.now
			if r.Parent == nil {
				err = l.resetRoot(&rw, to)
			} else {
				err = l.resetChild(&rw, view, to)
			}
			if err != nil {
				return nil, err
			}
			rewrites = append(rewrites, rw)
		}
		if len(rewrites) == 0 {
			return nil, noState(resource)
		}
		return rewrites, l.intact(rewrites)
	}
}

// mayGoBack refuses a time that cannot be gone back to.
func (l *lookout) mayGoBack(r *extract.Resource, to time.Time) error {
	if to.After(l.now) {
		return &VisitError{"--to " + rfc3339(to) + " is in the future", "give a time that is over, in UTC"}
	}
	for _, view := range views(r) {
		if root := view.Root(); root.Incremental == nil {
			return &VisitError{fmt.Sprintf("%s is listed completely each time (%s is no resource that is searched by time): there is no time to go back to", r.Name, root.Name),
				"leave --to out: headwater state reset " + r.Name}
		}
	}
	return nil
}

// resetRoot: the next worker plans and reads everything anew; with to the plan is complete, and live passes begin there. The debts to
// substreams stay: parents that do not change are not published again, and their children would not be asked for.
func (l *lookout) resetRoot(rw *rewrite, to time.Time) error {
	owed := l.owing(rw.root)
	if to.IsZero() {
		rw.plan.Reset = true
		rw.plan.From, rw.plan.T0, rw.plan.Start, rw.plan.Windows = "", "", "", 0
		rw.units = beginning(rw.root, rw.plan.Plan, owed, l.now)
		return nil
	}
	to = to.Truncate(time.Second)
	reached, err := l.reached(rw.root)
	if err != nil {
		return err
	}
	if err := refuseSkip(rw.root.Name, rw.root.Name, to, reached); err != nil {
		return err
	}
	from, _, err := rw.plan.span()
	if err != nil {
		return err
	}
	if to.Before(from) {
		from = to
	}
	rw.plan.From, rw.plan.T0, rw.plan.Windows = rfc3339(from), rfc3339(to), 0
	live := UnitState{V: stateVersion, Plan: rw.plan.Plan, Owed: owed, At: l.now}
	rw.units[rw.root.Name] = live.at(extract.Position{Phase: extract.PhaseLive, Watermark: to, Done: true})
	return nil
}

// resetChild makes a traversal due that asks for every parent's children; with to, of the parents that changed since.
func (l *lookout) resetChild(rw *rewrite, child *extract.Resource, to time.Time) error {
	rw.plan.Reset = true
	if rw.root.Incremental == nil {
		l.listAgain(rw, child)
		return nil
	}
	plan, _ := l.plan(rw.root.Name)
	from, _, err := plan.span()
	if err != nil {
		return err
	}
	if from.IsZero() {
		from = epoch
	}
	if !to.IsZero() {
		from = to.Truncate(time.Second)
		reached, err := l.childReached(child)
		if err == nil {
			err = refuseSkip(child.Name, rw.of, from, reached)
		}
		if err != nil {
			return err
		}
	}
	window := extract.Window{Start: from, End: l.now.Truncate(time.Second).Add(time.Second)}
	u := UnitState{V: stateVersion, Plan: rw.plan.Plan, At: l.now}
	rw.units[rw.of] = u.at(extract.Position{Phase: extract.PhaseBackfill, Window: window})
	return nil
}

// listAgain makes the root's next listing due at once, and has it ask for every parent's children. Whose unit the listings are is the
// root's, or of a substream where the root is not published.
func (l *lookout) listAgain(rw *rewrite, child *extract.Resource) {
	units := []string{rw.root.Name}
	for _, sibling := range rw.root.Children {
		units = append(units, unitOf(sibling))
	}
	for _, unit := range units {
		u, ok := l.unit(unit)
		if !ok || unit == rw.of {
			continue
		}
		u.Done, u.At = false, l.now
		if unit == rw.root.Name && !u.owes(child.Name) {
			u.Owed = append(slices.Clone(u.Owed), child.Name)
			slices.Sort(u.Owed)
		}
		rw.units[unit] = u
	}
}

func refuseSkip(resource, unit string, to, reached time.Time) error {
	if reached.IsZero() {
		return &VisitError{fmt.Sprintf("--to %s: %s is still to be read from its beginning, and what is older would be skipped", rfc3339(to), resource),
			"leave --to out, or wait until headwater state show says that it is read"}
	}
	if to.After(reached) {
		return &VisitError{fmt.Sprintf("--to %s: %s is read up to %s only, and what lies between would be skipped", rfc3339(to), resource, rfc3339(reached)),
			"give an earlier time; whoever wants to skip it sets the watermark by hand: headwater state set " + unit}
	}
	return nil
}
