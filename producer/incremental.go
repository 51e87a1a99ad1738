package producer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// heartbeat is how often a live pass that finds nothing commits its end.
const heartbeat = 5 * time.Minute

// incremental reads a resource that the API can be asked for by time, but for its backfill's windows (readWindows): when these are done,
// what substreams are owed, then live passes for ever.
func (r *runner) incremental(ctx context.Context) error {
	r.state("planning")
	if err := r.persist(ctx, r.plan); err != nil {
		return err
	}
	if r.publish {
		if err := r.awaitWindows(ctx); err != nil || !r.runs(r.root) {
			return err
		}
		if r.cfg.Group != "" { // what others have put aside of their windows is shown again to this worker, by its sweeps at the latest
			if err := r.dead.restore(ctx, r.session); err != nil {
				return err
			}
		}
	}
	r.state("restoring")
	for _, child := range r.children {
		if err := r.restoreKeys(ctx, child); err != nil {
			return err
		}
	}
	if r.publish {
		return r.follows(ctx)
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

// follows makes live passes behind a backfill that is done.
func (r *runner) follows(ctx context.Context) error {
	live, err := r.prepareLive(ctx)
	if err != nil {
		return err
	}
	defer live.memory.forgetAll()
	for _, child := range r.children {
		if err := r.payOwed(ctx, child); err != nil {
			return err
		}
	}
	live.reload() // the marks of what was owed are gone
	return r.live(ctx, []*pass{live})
}

// substreamPass reads the root for one substream only, with a position of its own.
func (r *runner) substreamPass(child *extract.Resource) *pass {
	saved, _ := r.board.unit(unitOf(child))
	p := r.newPass(unitOf(child), r.home, saved, r.newMemory(true))
	p.publish, p.all, p.riding = false, true, []*extract.Resource{child}
	if r.publish {
		p.covers = r.unitPlan(r.root.Name)
	}
	return p
}

// prepareLive makes the pass of the live reading, with what the topic holds of the time that it can still meet. That reaches behind the
// backfill's end: what a window published there, it will be shown again.
func (r *runner) prepareLive(ctx context.Context) (*pass, error) {
	plan, _ := r.board.plan(r.root.Name)
	_, from, err := plan.span()
	if err != nil {
		return nil, err
	}
	saved, _ := r.board.unit(r.root.Name)
	live := r.newPass(r.root.Name, r.home, saved, r.newMemory(true))
	live.guard = true
	if w := saved.watermark(); !w.IsZero() {
		from = w
	}
	if pos, err := saved.Position(); err == nil && !pos.Done && pos.Window.Start.Before(from) {
		from = pos.Window.Start // a pass that goes on may have to begin again
	}
	from = from.Add(-r.root.Incremental.Lookback)
	since := max(0, from.Add(-tailMargin).UnixMilli())
	known, err := r.takeTail(ctx, from.UnixMilli(), live.memory)
	if err == nil && !known {
		err = r.restoreUnits(ctx, r.root, since, plan.At, []unitRange{{from: from.UnixMilli(), to: forever, memory: live.memory}}, nil)
	}
	// The live pass meets keys that were last published before its tail: absence from it proves nothing.
	live.memory.complete = false
	return live, err
}

// pages reads from pos to the end of the pass and hands every haul over.
func (p *pass) pages(ctx context.Context, pos extract.Position) error {
	for h, err := range p.readAhead(ctx, pos) {
		if err != nil {
			return err
		}
		next := p.saved.at(p.heldBack(h.After, pos.Watermark))
		if p.follow != nil && h.After.Done {
			next = p.saved.at(*p.follow)
		}
		if err := p.take(ctx, h, next); err != nil {
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
		if err := r.stillSameTopics(ctx); err != nil {
			return err
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
		r.pauses("next pass", r.pollInterval(), r.pollInterval())
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
