package producer

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/headwater-stream/headwater/extract"
)

// readWindows reads the windows of the root's backfill that live in lanes which were just taken. Windows are disjoint in time, so they
// are read side by side, by as many workers as hold lanes of theirs, each committed in a lane of its own. In a group it waits for other
// plans to come, as long as one of the lanes is held.
func (r *runner) readWindows(ctx context.Context, lanes map[int32]*tenure) error {
	for handled := 0; ; {
		var plan Plan
		var unread error
		over := false
		err := r.board.wait(ctx, func() bool {
			var planned bool
			plan, planned = r.board.plan(r.root.Name)
			unread = r.board.unread(r.home) // the plan may be the one before
			over = !r.runs(r.root) || allEnded(lanes) || unread != nil
			return over || planned && !plan.Reset && plan.Plan > handled // one that is asked for is made first, in the home lane
		})
		if err != nil || over {
			return errors.Join(err, unread)
		}
		handled = plan.Plan
		if err := r.windowsOf(ctx, plan, lanes); err != nil || r.cfg.Group == "" {
			return err
		}
	}
}

func allEnded(lanes map[int32]*tenure) bool {
	for _, t := range lanes {
		if !t.ended() {
			return false
		}
	}
	return true
}

// windowsOf reads what is left of the plan's windows in the lanes.
func (r *runner) windowsOf(ctx context.Context, plan Plan, lanes map[int32]*tenure) error {
	defer clear(r.keys) // this runner may wait for another plan as long as it holds the lanes
	passes, err := r.prepareWindows(ctx, plan, lanes)
	if err != nil || len(passes) == 0 {
		return err
	}
	if r.tenureOf(r.home) == nil {
		r.state("backfill")
		defer func() {
			if r.tenureOf(r.home) == nil {
				r.elsewhere()
			}
		}()
	}
	return r.readSideBySide(ctx, passes, lanes)
}

// readSideBySide reads so many windows of a resource at a time as requests may be in flight. The first error ends all of them.
func (r *runner) readSideBySide(ctx context.Context, passes []*pass, lanes map[int32]*tenure) error {
	group, gctx := errgroup.WithContext(ctx)
	places := r.reading[r.root.Name]
	for _, p := range passes {
		select {
		case places <- struct{}{}:
			group.Go(func() error {
				defer func() { <-places }()
				return r.readWindow(gctx, p, lanes[p.lane])
			})
		case <-gctx.Done():
			p.memory.forgetAll()
		}
	}
	return group.Wait()
}

// readWindow reads a window to its end, or as long as its lane is held.
func (r *runner) readWindow(ctx context.Context, p *pass, t *tenure) error {
	defer p.memory.forgetAll()
	if !t.enter() {
		return nil
	}
	defer t.leave()
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.ctx, cancel)()
	err := r.persist(within, p.window)
	if t.ended() {
		return nil // another worker goes on from what is committed
	}
	return err
}

// prepareWindows makes the passes of windows that are not done, with what the topic already holds of each one's part of time. The newest
// come first: records lie where they changed last, so the last windows hold the most, and what takes longest is not begun last.
func (r *runner) prepareWindows(ctx context.Context, plan Plan, lanes map[int32]*tenure) ([]*pass, error) {
	var passes []*pass
	var units []unitRange
	for n := plan.Windows - 1; n >= 0; n-- {
		lane := r.windowLane(n)
		saved, _ := r.board.unit(windowUnit(r.root.Name, n))
		if t := lanes[lane]; t == nil || t.ended() || saved.Done {
			continue
		}
		window, err := plan.window(n)
		if err != nil {
			return nil, err
		}
		p := r.newPass(windowUnit(r.root.Name, n), lane, saved, r.newMemory(false))
		p.guard, p.span = true, window
		passes = append(passes, p)
		// The whole window, not from its watermark on: a listing that turns out to be short is read again.
		units = append(units, unitRange{from: window.Start.UnixMilli(), to: window.End.UnixMilli(), memory: p.memory})
	}
	if len(passes) == 0 {
		return nil, nil
	}
	for _, child := range r.children {
		if err := r.restoreKeys(ctx, child); err != nil {
			return nil, err
		}
	}
	_, until, err := plan.span()
	if err != nil {
		return nil, err
	}
	end := r.newTail(until.Add(-r.root.Incremental.Lookback))
	if err := r.restoreUnits(ctx, r.root, -1, plan.At, units, end); err != nil {
		return nil, err
	}
	r.keepTail(end)
	return passes, nil
}

// windowLane is where a window of the backfill lives. A singleton's units stay in one lane: whoever has it reads them one by one.
func (r *runner) windowLane(n int) int32 {
	if r.root.Singleton {
		return r.home
	}
	return windowLane(r.home, n, StatePartitions)
}

// window reads one window of the backfill from where the topic says.
func (p *pass) window(ctx context.Context) error {
	p.deletes = map[string]*deletes{}
	pos := extract.Position{Phase: extract.PhaseBackfill, Window: p.span}
	if p.saved.Phase == extract.PhaseBackfill.String() {
		var err error
		if pos, err = p.saved.Position(); err != nil {
			return err
		}
	}
	return p.pages(ctx, pos)
}

// awaitWindows returns when every window of the backfill is done, whoever reads them, or when the resource cannot go on.
func (r *runner) awaitWindows(ctx context.Context) error {
	plan, _ := r.board.plan(r.root.Name)
	shown := false
	left := make([]string, plan.Windows) // a commit of any unit wakes us: those that are done are not asked for again
	for n := range left {
		left[n] = windowUnit(r.root.Name, n)
	}
	return r.board.wait(ctx, func() bool {
		left = r.board.undone(left)
		done := plan.Windows - len(left)
		if done < plan.Windows || shown {
			if !shown {
				r.state("backfill")
			}
			shown = true
			r.progress.backfill(r.root.Name, done, plan.Windows)
		}
		return done == plan.Windows || !r.runs(r.root)
	})
}
