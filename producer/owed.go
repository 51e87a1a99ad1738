package producer

import (
	"context"
	"errors"
	"slices"

	"github.com/headwater-stream/headwater/extract"
)

// owed says whether parents were published without this substream's children, and no traversal has made up for it since.
func (r *runner) owed(child *extract.Resource) bool {
	for _, unit := range []string{r.root.Name, sweepUnit(r.root.Name)} {
		if u, ok := r.board.unit(unit); ok && u.owes(child.Name) {
			return true
		}
	}
	made, begun := r.board.unit(unitOf(child))
	plan, _ := r.board.plan(r.root.Name)
	for n := range plan.Windows {
		u, ok := r.board.unit(windowUnit(r.root.Name, n))
		// A traversal is made when all windows are done. That it came after them is noted with it: times of two workers do not tell.
		if paid := begun && made.Done && made.Covers == plan.Plan; ok && u.owes(child.Name) && !paid {
			return true
		}
	}
	return false
}

// payOwed makes up for children that a substream was owed: a traversal over all parents up to now that requests every parent's
// children. Only its completion clears the mark; where the API has refused the children already there is nothing to complete.
func (r *runner) payOwed(ctx context.Context, child *extract.Resource) error {
	if !r.reads(child) {
		return nil
	}
	unit, begun := r.board.unit(unitOf(child))
	pending := begun && unit.Phase == extract.PhaseBackfill.String() && !unit.Done
	alone := !r.publish && !begun // read without its parent for the first time
	if !pending && !alone && !r.owed(child) {
		return nil
	}
	resumed := pending
	err := r.persist(ctx, func(ctx context.Context) error {
		if !pending {
			plan, _ := r.board.plan(unitOf(child))
			unit, err := r.catchUpUnit(ctx, plan)
			if err != nil {
				return err
			}
			if err := r.commitStates(ctx, map[string]UnitState{unitOf(child): unit}, nil); err != nil {
				return err
			}
			pending = true
		}
		r.progress.state(child.Name, r.root.Name, "catching up")
		if err := r.catchUp(ctx, r.substreamPass(child), resumed); err != nil {
			return err
		}
		return r.clearOwed(ctx, child)
	})
	if err != nil && !r.reads(child) && !errors.Is(err, errLaneLost) {
		return nil // the substream is stopped and stays owed; the others go on
	}
	return err
}

// catchUp reads the traversal of p to its end. One that an earlier process began (resumed) ends at that process's time, and parents
// may have been published without their children since: it is followed by a second one from there to now. The first's end and the
// second's beginning are one commit, so that the debt never looks paid in between.
func (r *runner) catchUp(ctx context.Context, p *pass, resumed bool) error {
	pos, err := p.saved.Position()
	if err != nil {
		return err
	}
	if resumed {
		end, err := r.passEnd(ctx)
		if err != nil {
			return err
		}
		from := pos.Window.End.Add(-r.root.Incremental.Lookback)
		p.follow = &extract.Position{Phase: extract.PhaseBackfill, Window: extract.Window{Start: from, End: end}}
	}
	if err := p.pages(ctx, pos); err != nil || !resumed {
		return err
	}
	pos, p.follow = *p.follow, nil
	return p.pages(ctx, pos)
}

// clearOwed removes the mark from the root's own unit and from its sweep's. Marks of windows stay: the traversal notes that it came after
// them (UnitState.Covers).
func (r *runner) clearOwed(ctx context.Context, child *extract.Resource) error {
	if !r.reads(child) {
		return nil
	}
	cleared := map[string]UnitState{}
	for _, unit := range []string{r.root.Name, sweepUnit(r.root.Name)} {
		u, ok := r.board.unit(unit)
		if !ok || !u.owes(child.Name) {
			continue
		}
		u.Owed = slices.DeleteFunc(slices.Clone(u.Owed), func(name string) bool { return name == child.Name })
		cleared[unit] = u
	}
	if len(cleared) == 0 {
		return nil
	}
	return r.commitStates(ctx, cleared, nil)
}
