package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headwater-stream/headwater/extract"
)

// heartbeat is how often a live pass that finds nothing commits its end.
const heartbeat = 5 * time.Minute

// incremental reads a resource that the API can be asked for by time: its backfill's windows, what substreams are owed, then
// live passes for ever.
func (r *runner) incremental(ctx context.Context) error {
	r.state("planning")
	if err := r.persist(ctx, r.plan); err != nil {
		return err
	}
	r.state("restoring")
	for _, child := range r.children {
		if err := r.restoreKeys(ctx, child); err != nil {
			return err
		}
	}
	if r.publish {
		live, err := r.backfill(ctx)
		if err != nil {
			return err
		}
		for _, child := range r.children {
			if err := r.payOwed(ctx, child); err != nil {
				return err
			}
		}
		live.reload() // the marks of what was owed are gone
		return r.live(ctx, []*pass{live})
	}
	var alone []*pass
	for _, child := range r.children {
		if err := r.payOwed(ctx, child); err != nil {
			return err
		}
		alone = append(alone, r.substreamPass(child))
	}
	return r.live(ctx, alone)
}

// substreamPass reads the root for one substream only, with a position of its own.
func (r *runner) substreamPass(child *extract.Resource) *pass {
	saved, _ := r.board.unit(unitOf(child))
	p := r.newPass(unitOf(child), r.home, saved, r.newMemory(true))
	p.publish, p.all, p.riding = false, true, []*extract.Resource{child}
	return p
}

// backfill reads what is left of the plan's windows and returns the live pass that follows. Windows are disjoint in time, so
// several are read side by side, each committed in a lane of its own.
func (r *runner) backfill(ctx context.Context) (*pass, error) {
	plan, _ := r.board.plan(r.root.Name)
	windows, live, err := r.prepareUnits(ctx, plan)
	if err != nil {
		return nil, err
	}
	todo := 0
	for _, p := range windows {
		if !p.saved.Done {
			todo++
		}
	}
	if todo == 0 {
		return live, nil
	}
	r.progress.backfill(r.root.Name, plan.Windows-todo, plan.Windows)
	r.state("backfill")
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, r.cfg.Concurrency))
	// The newest first: records lie where they changed last, so the last windows hold the most, and what takes longest is not begun last.
	for n, p := range slices.Backward(windows) {
		if p.saved.Done {
			continue
		}
		group.Go(func() error {
			window, err := plan.window(n)
			if err != nil {
				return err
			}
			err = r.persist(gctx, func(ctx context.Context) error { return p.window(ctx, window) })
			if err == nil {
				r.progress.windowDone(r.root.Name)
			}
			return err
		})
	}
	return live, group.Wait()
}

// prepareUnits makes the passes of the plan's windows and of the live reading, with what the topic already holds of each one's
// part of time.
func (r *runner) prepareUnits(ctx context.Context, plan Plan) (windows []*pass, live *pass, err error) {
	_, t0, err := plan.span()
	if err != nil {
		return nil, nil, err
	}
	var units []unitRange
	done := true
	for n := range plan.Windows {
		unit := windowUnit(r.root.Name, n)
		saved, _ := r.board.unit(unit)
		memory := r.newMemory(false)
		p := r.newPass(unit, r.windowLane(n), saved, memory)
		p.guard = true
		windows = append(windows, p)
		if saved.Done {
			continue
		}
		done = false
		window, err := plan.window(n)
		if err != nil {
			return nil, nil, err
		}
		// The whole window, not from its watermark on: a listing that turns out to be short is read again.
		units = append(units, unitRange{from: window.Start.UnixMilli(), to: window.End.UnixMilli(), memory: memory})
	}
	saved, _ := r.board.unit(r.root.Name)
	live = r.newPass(r.root.Name, r.home, saved, r.newMemory(true))
	live.guard = true
	from := t0
	if w := saved.watermark(); !w.IsZero() {
		from = w
	}
	if pos, err := saved.Position(); err == nil && !pos.Done && pos.Window.Start.Before(from) {
		from = pos.Window.Start // a pass that goes on may have to begin again
	}
	from = from.Add(-r.root.Incremental.Lookback)
	tail := unitRange{from: from.UnixMilli(), to: forever, memory: live.memory}
	units = append(units, tail)
	for _, p := range windows {
		p.tail = tail
	}
	since := int64(-1)
	if done {
		since = max(0, from.Add(-tailMargin).UnixMilli())
	}
	err = r.restoreUnits(ctx, r.root, since, plan.At, units)
	// The live pass meets keys that were last published before its tail: absence from it proves nothing.
	live.memory.complete = false
	return windows, live, err
}

// windowLane is where a window of the backfill lives. A singleton's units stay in one lane: whoever has it reads them one by one.
func (r *runner) windowLane(n int) int32 {
	if r.root.Singleton {
		return r.home
	}
	return windowLane(r.home, n, StatePartitions)
}

// window reads one window of the backfill from where the topic says.
func (p *pass) window(ctx context.Context, window extract.Window) error {
	p.deletes = map[string]*deletes{}
	pos := extract.Position{Phase: extract.PhaseBackfill, Window: window}
	if p.saved.Phase == extract.PhaseBackfill.String() {
		var err error
		if pos, err = p.saved.Position(); err != nil {
			return err
		}
	}
	return p.pages(ctx, pos)
}

// pages reads from pos to the end of the pass and hands every page over.
func (p *pass) pages(ctx context.Context, pos extract.Position) error {
	for page, err := range p.readAhead(ctx, pos) {
		if err != nil {
			return err
		}
		next := p.saved.at(p.heldBack(page.After, pos.Watermark))
		if p.follow != nil && page.After.Done {
			next = p.saved.at(*p.follow)
		}
		if err := p.take(ctx, page, next); err != nil {
			return err
		}
	}
	// By what is committed, and only when the pass is complete: until then the same time may be read again.
	if w := p.saved.watermark(); p.saved.Done && !w.IsZero() {
		p.memory.forgetBefore(w.Add(-p.overlap()).UnixMilli())
	}
	return ctx.Err()
}

// heldBack keeps a live pass's watermark the lookback behind the API's clock as it was when the pass began. The pass's end is up to
// a second later (passEnd): in the second that was running more may still happen. It never goes back behind what was reached.
func (p *pass) heldBack(after extract.Position, reached time.Time) extract.Position {
	if after.Phase != extract.PhaseLive {
		return after
	}
	limit := after.Window.End.Add(-time.Second - p.root.Incremental.Lookback)
	if limit.Before(reached) {
		limit = reached
	}
	if after.Watermark.After(limit) {
		after.Watermark = limit
	}
	return after
}

// overlap is how far below the watermark the unit still meets records.
func (p *pass) overlap() time.Duration {
	if p.saved.Phase == extract.PhaseBackfill.String() {
		return 0
	}
	return p.root.Incremental.Lookback
}

// live repeats live passes until ctx ends, with sweeps in between; with Once, what is left of an earlier pass and one new one.
func (r *runner) live(ctx context.Context, passes []*pass) error {
	for {
		passes = slices.DeleteFunc(passes, (*pass).stopped)
		if len(passes) == 0 {
			return nil
		}
		for _, p := range passes {
			if err := r.persist(ctx, p.livePass); err != nil && !p.stopped() {
				return err
			}
		}
		r.passed()
		if r.sweepDue() {
			if err := r.sweep(ctx, passes[0]); err != nil {
				return err
			}
		}
		if r.cfg.Once {
			r.state("done")
			return nil
		}
		r.waiting("next pass", r.pollInterval())
		if err := r.cfg.Sleep(ctx, r.pollInterval()); err != nil {
			return err
		}
	}
}

// stopped says that the pass is for one substream, which the API does not let us read.
func (p *pass) stopped() bool { return !p.publish && !p.reads(p.riding[0]) }

// livePass reads what changed since the watermark, up to an end that is fixed when it starts.
func (p *pass) livePass(ctx context.Context) error {
	p.runner.state("live")
	p.changed, p.silence, p.deletes = 0, heartbeat, map[string]*deletes{}
	if p.saved.Phase == extract.PhaseLive.String() && !p.saved.Done && p.saved.Page != "" {
		pos, err := p.saved.Position()
		if err != nil {
			return err
		}
		if err := p.pages(ctx, pos); err != nil {
			return err
		}
	}
	from, err := p.liveFrom()
	if err != nil {
		return err
	}
	end, err := p.passEnd(ctx)
	if err != nil {
		return err
	}
	if end.Before(from) { // the API's clock was set back: there is nothing that could be new
		end = from
	}
	return p.pages(ctx, extract.Position{Phase: extract.PhaseLive, Window: extract.Window{Start: from, End: end}, Watermark: from})
}

// liveFrom is where a new live pass begins: the watermark; before the first one, the end of what was read so far.
func (p *pass) liveFrom() (time.Time, error) {
	if w := p.saved.watermark(); !w.IsZero() && p.saved.Phase == extract.PhaseLive.String() {
		return w, nil
	}
	if !p.publish {
		pos, err := p.saved.Position()
		return pos.Window.End.Add(-p.root.Incremental.Lookback), err
	}
	plan, _ := p.board.plan(p.root.Name)
	_, t0, err := plan.span()
	if err != nil {
		return t0, fmt.Errorf("plan of %s: %w", p.root.Name, err)
	}
	return t0, nil
}

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
		if paid := begun && made.Done && made.At.After(u.At); ok && u.owes(child.Name) && !paid {
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

// clearOwed removes the mark from the root's own unit and from its sweep's. Marks of windows need none: a traversal that is done is
// newer.
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
