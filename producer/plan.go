package producer

import (
	"context"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

const (
	// fewPages is the size up to which a backfill is not worth cutting.
	fewPages = 5
	// minWindows is the least number of windows of a large backfill. The number is a multiple of the number of lanes, so that
	// every lane gets the same share.
	minWindows = 48
	maxWindows = 480
	// maxSteps bounds the windows where the source file says how long one is: each is a state record.
	maxSteps = 10_000
	// pagesPerWindow is about how much of a very large backfill one window holds.
	pagesPerWindow = 40
)

// newPlan is a resource's first plan, or the one that a command asked for (Plan.Reset): what its topic is and must stay.
func (r *runner) newPlan(res *extract.Resource) Plan {
	info := r.topics[r.names.Data(res.Name)]
	number := max(1, r.unitPlan(unitOf(res)))
	return Plan{V: stateVersion, Plan: number, Key: keyNames(res), Format: r.cfg.Format.String(), TopicID: info.ID, Partitions: int(info.Partitions), At: r.stamp()}
}

// backfill is how the time of a resource's backfill is cut: [from, T0) into windows of one length.
type backfill struct {
	from, t0 time.Time
	windows  int
	probe    extract.Probe // what the API said; Total -1: it was not asked, or did not tell
}

// planBackfill asks the API how much there is and cuts [from, T0) into windows. T0 is the API's clock less the lookback: what
// changes later leaves the windows and is found by the live pass.
func (r *runner) planBackfill(ctx context.Context) (backfill, error) {
	inc := r.root.Incremental
	given := r.cfg.API.Start(r.root)
	from := given
	if given.IsZero() {
		from = epoch
	}
	if inc.Step > 0 && !given.IsZero() {
		return r.planSteps(ctx, from)
	}
	probe, err := r.cfg.API.Probe(ctx, r.root, from)
	if err != nil {
		return backfill{}, err
	}
	t0 := probe.Clock.Add(-inc.Lookback).Truncate(time.Second)
	if end := r.cfg.API.End(r.root); !end.IsZero() && end.Before(t0) {
		t0 = end
	}
	switch {
	case probe.PageSize == 0 && !probe.More:
		// Nothing, as far as was asked. That was our clock where no answer had told the API's yet.
		if asked := probe.End.Add(-inc.Lookback).Truncate(time.Second); asked.Before(t0) {
			t0 = asked
		}
		return backfill{t0, t0, 0, probe}, nil
	case inc.RowOrder == extract.OrderAsc:
		if probe.Earliest.After(from) {
			from = probe.Earliest
		}
	case given.IsZero():
		if from, err = r.earliest(ctx, t0); err != nil {
			return backfill{}, err
		}
	}
	if !from.Before(t0) {
		return backfill{t0, t0, 0, probe}, nil
	}
	return backfill{from, t0, windowCount(probe, t0.Sub(from), inc), probe}, nil
}

// planSteps cuts [from, T0) where the source file says both where it begins and how long a window is: there is nothing to ask. An API
// that answers for so much time and no more would refuse the question how much there is in all.
func (r *runner) planSteps(ctx context.Context, from time.Time) (backfill, error) {
	untold := extract.Probe{Total: -1}
	now, err := r.cfg.API.Now(ctx, r.root)
	if err != nil {
		return backfill{}, err
	}
	inc := r.root.Incremental
	t0 := now.Add(-inc.Lookback).Truncate(time.Second)
	if end := r.cfg.API.End(r.root); !end.IsZero() && end.Before(t0) {
		t0 = end
	}
	if !from.Before(t0) {
		return backfill{t0: t0, from: t0, probe: untold}, nil
	}
	return backfill{from, t0, windowCount(extract.Probe{}, t0.Sub(from), inc), untold}, nil
}

// epoch is where reading begins when nothing says where: no cursor field is older.
var epoch = time.Unix(0, 0).UTC()

// earliest finds, for a listing that cannot be sorted with the oldest first, where its records begin: by halves, to the month.
func (r *runner) earliest(ctx context.Context, t0 time.Time) (time.Time, error) {
	low, high := epoch, t0
	for high.Sub(low) > 31*24*time.Hour {
		middle := low.Add(high.Sub(low) / 2).Truncate(time.Second)
		before := extract.Position{Phase: extract.PhaseBackfill, Window: extract.Window{Start: low, End: middle}}
		any := false
		for page, err := range r.cfg.API.Pages(ctx, r.root, before) {
			if err != nil {
				return low, err
			}
			if any = len(page.Records) > 0; any || page.After.Done {
				break
			}
		}
		if any {
			high = middle
		} else {
			low = middle
		}
	}
	return low, ctx.Err()
}

// windowCount: a backfill that fits a few pages has one window, a large one a multiple of the number of lanes. Where windows would be
// shorter than the API's way of searching makes sensible, there are as many as fit; each costs more than it holds there, so it should
// hold a few pages. A step that the source file gives comes first.
func windowCount(probe extract.Probe, span time.Duration, inc *extract.Incremental) int {
	if inc.Step > 0 {
		return int(min(max(1, (span+inc.Step-1)/inc.Step), maxSteps))
	}
	if !probe.More {
		return 1
	}
	windows, fit := minWindows, int(span/max(inc.MinWindow, time.Minute))
	if probe.Total >= 0 && probe.PageSize > 0 {
		pages := (probe.Total + probe.PageSize - 1) / probe.PageSize
		if pages <= fewPages {
			return 1
		}
		share := (pages/pagesPerWindow + StatePartitions - 1) / StatePartitions * StatePartitions
		windows = min(max(minWindows, share), maxWindows)
		if inc.MinWindow > 0 {
			fit = min(fit, pages/fewPages)
		}
	}
	if fit < windows {
		windows = max(1, fit)
		if windows > StatePartitions {
			windows -= windows % StatePartitions
		}
	}
	return windows
}

// plan makes sure that the root (if it is published) and every selected substream have a plan, and makes those that a command asked
// for. A substream that is added to a root which was read before gets a traversal of its own: the children of parents that do not
// change again are owed to it.
func (r *runner) plan(ctx context.Context) error {
	plans, units := map[string]Plan{}, map[string]UnitState{}
	was, planned := r.board.plan(r.root.Name)
	if r.publish && (!planned || was.Reset) {
		rootPlan, err := r.planRoot(ctx)
		if err != nil {
			return err
		}
		plans[r.root.Name] = rootPlan
	}
	for _, child := range r.children {
		name := unitOf(child)
		if p, planned := r.board.plan(name); planned && !p.Reset {
			continue
		}
		plans[name] = r.newPlan(child)
		_, begun := r.board.unit(name) // by the command that asked for the plan
		// The parents of a root that is planned for the first time are all published with their children.
		if r.root.Incremental != nil && !begun && (!r.publish || planned) {
			unit, err := r.catchUpUnit(ctx, plans[name])
			if err != nil {
				return err
			}
			units[name] = unit
		}
		r.oweNew(child, units)
	}
	if len(plans) == 0 {
		return nil
	}
	return r.commitStates(ctx, units, plans)
}

// oweNew marks the children of a substream that is new under a root which was listed before: its source file did not have it then, so
// nothing marked them when their parents were published.
func (r *runner) oweNew(child *extract.Resource, units map[string]UnitState) {
	if r.root.Incremental != nil || !r.publish {
		return
	}
	u, marked := units[r.root.Name]
	if !marked {
		var listed bool
		if u, listed = r.board.unit(r.root.Name); !listed {
			return
		}
	}
	u.Owed = union(u.Owed, []string{child.Name})
	units[r.root.Name] = u
}

// planRoot plans the root itself.
func (r *runner) planRoot(ctx context.Context) (Plan, error) {
	plan := r.newPlan(r.root)
	if r.root.Incremental == nil {
		return plan, nil
	}
	cut, err := r.planBackfill(ctx)
	if err != nil {
		return plan, err
	}
	plan.From, plan.T0, plan.Windows = rfc3339(cut.from), rfc3339(cut.t0), cut.windows
	if start := r.cfg.API.Start(r.root); !start.IsZero() {
		plan.Start = rfc3339(start)
	}
	return plan, nil
}

// catchUpUnit is the state of a substream's traversal over all parents up to now. That it is in the topic and not done is what
// makes the traversal due.
func (r *runner) catchUpUnit(ctx context.Context, plan Plan) (UnitState, error) {
	from := r.cfg.API.Start(r.root)
	if rootPlan, planned := r.board.plan(r.root.Name); planned && !rootPlan.Reset {
		from, _, _ = rootPlan.span()
	} else if from.IsZero() {
		from = epoch
	}
	end, err := r.passEnd(ctx)
	if err != nil {
		return UnitState{}, err
	}
	pos := extract.Position{Phase: extract.PhaseBackfill, Window: extract.Window{Start: from, End: end}}
	return UnitState{V: stateVersion, Plan: plan.Plan, At: r.stamp()}.at(pos), nil
}

// passEnd is the end of a pass that begins now: the API's clock, the second that is running included, or the end_value.
func (r *runner) passEnd(ctx context.Context) (time.Time, error) {
	now, err := r.cfg.API.Now(ctx, r.root)
	if err != nil {
		return time.Time{}, err
	}
	next := now.Truncate(time.Second).Add(time.Second)
	if end := r.cfg.API.End(r.root); !end.IsZero() && end.Before(next) {
		return end, nil
	}
	return next, nil
}
