package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// runner reads one root resource and its substreams in a session. Its units commit in the root's home lane, windows of a
// backfill in all lanes (windowLane).
type runner struct {
	*session
	root     *extract.Resource
	publish  bool                // the root is selected; otherwise it is read only for its substreams
	children []*extract.Resource // selected substreams
	home     int32
	keys     map[string]*published // what the topics hold of listings and substreams, by resource

	sweeping   *sweep    // the sweep that is under way; live passes are made between its pages, on the same goroutine
	swept      bool      // one was finished in this session
	sweepAfter time.Time // not before: one was given up

	requesting atomic.Int64 // nanoseconds that pages, and children of parents, were waited for since the current listing began
}

// newRunner returns nil where neither the root nor one of its substreams is selected.
func newRunner(s *session, root *extract.Resource) *runner {
	r := &runner{session: s, root: root, home: homeLane(root.Name, StatePartitions), keys: map[string]*published{}}
	r.publish = s.runs(root)
	for _, child := range root.Children {
		if s.runs(child) {
			r.children = append(r.children, child)
		}
	}
	if !r.publish && len(r.children) == 0 {
		return nil
	}
	return r
}

// runs says whether the resource is selected and was not stopped.
func (s *session) runs(r *extract.Resource) bool { return s.selected(r) && s.stoppedBy(r) == nil }

// stoppedBy is why the resource cannot go on; of a substream of several parents as well why it cannot for this one.
func (w *Worker) stoppedBy(r *extract.Resource) error {
	w.progress.mu.Lock() // other runners may be at work
	defer w.progress.mu.Unlock()
	if err := w.stopped[r.Name]; err != nil {
		return err
	}
	return w.stopped[unitOf(r)]
}

// run reads until ctx ends or, with Once, everything was read once.
func (r *runner) run(ctx context.Context) error {
	if r.root.Incremental != nil {
		return r.incremental(ctx)
	}
	return r.snapshot(ctx)
}

// served are the selected resources that this runner reads.
func (r *runner) served() []string {
	var names []string
	if r.publish {
		names = append(names, r.root.Name)
	}
	for _, c := range r.children {
		names = append(names, c.Name)
	}
	return names
}

func (r *runner) state(text string) {
	for _, name := range r.served() {
		r.progress.state(name, r.root.Name, text)
	}
}

// elsewhere notes that another worker of the group has the root's home lane.
func (r *runner) elsewhere() {
	for _, name := range r.served() {
		r.progress.elsewhere(name, r.root.Name)
	}
}

// ownUnit is that of the root's live pass or listings; where the root is not published, of the first substream that goes on.
func (r *runner) ownUnit() string {
	if r.publish {
		return r.root.Name
	}
	return unitOf(r.children[max(0, slices.IndexFunc(r.children, r.reads))])
}

// fail notes an error that ends the runner's resources. Substreams that have other parents, too, go on with these.
func (r *runner) fail(err error) {
	if r.publish {
		r.stop(r.root.Name, err)
	}
	for _, c := range r.children {
		r.stop(unitOf(c), err)
	}
}

// stop is Worker's, and tells everybody who waits for the resource.
func (s *session) stop(name string, err error) {
	s.Worker.stop(name, err)
	s.board.wake()
	s.assigned.change(func() {})
}

// stop ends a resource for the rest of the run, or a substream for one of its parents (unitOf).
func (w *Worker) stop(name string, err error) {
	w.progress.mu.Lock()
	first := w.stopped[name] == nil
	if first {
		w.stopped[name] = err
	}
	w.progress.mu.Unlock()
	if first {
		w.progress.fail(resourceOf(name), err)
	}
}

// allStopped is why nothing is left to be read where it is read for these substreams only; nil while one of them goes on.
func (w *Worker) allStopped(children []*extract.Resource) error {
	var why error
	for _, c := range children {
		if why = w.stoppedBy(c); why == nil {
			return nil
		}
	}
	return why
}

// persist runs step until it succeeds. After a failure that may pass (the API or the registry is away) it waits for the next
// cycle, while the other resources go on; with Once the failure is the result. A failure that will not pass is returned.
func (r *runner) persist(ctx context.Context, step func(context.Context) error) error {
	for {
		err := step(ctx)
		if err == nil || ctx.Err() != nil || errors.Is(err, errLaneLost) || r.cfg.Once || !passes(err) {
			if err == nil {
				for _, name := range r.served() {
					r.progress.recovered(name)
				}
			}
			return err
		}
		for _, name := range r.served() {
			r.progress.trouble(name, err)
		}
		r.waiting("for the next cycle", r.pollInterval())
		r.cfg.Log.Warn("waiting for the next cycle", "resource", r.root.Name, "err", err)
		if err := r.cfg.Sleep(ctx, r.pollInterval()); err != nil {
			return err
		}
	}
}

// passes says whether the same step may succeed later without anybody doing anything.
func passes(err error) bool {
	var api *extract.Error
	if errors.As(err, &api) {
		return api.Kind != extract.KindUnauthorized && api.Kind != extract.KindCursor
	}
	var deletes *DeletesRefusedError
	var frozen *avro.FrozenError
	return !errors.As(err, &deletes) && !errors.As(err, &frozen) && !errors.Is(err, errUnreadable)
}

func (r *runner) pollInterval() time.Duration {
	if r.root.PollInterval > 0 {
		return r.root.PollInterval
	}
	return r.cfg.PollInterval
}

// unitPlan is the number of the plan that a unit's state belongs to.
func (r *runner) unitPlan(unit string) int {
	p, _ := r.board.plan(plannedOf(unit))
	return p.Plan
}

// commitStates commits state records alone, in one transaction.
func (r *runner) commitStates(ctx context.Context, units map[string]UnitState, plans map[string]Plan) error {
	var records []*kgo.Record
	for resource, p := range plans {
		records = append(records, stateRecord(r.names, r.home, resource+planSuffix, p))
	}
	for name, u := range units {
		records = append(records, stateRecord(r.names, r.home, name, u))
	}
	return r.commitTo(ctx, r.home, records, nil)
}

// commitTo has records decided together in a lane. Memory learns what they teach, and the board knows of the states among them before the
// follower has read them: in this order, so that whoever waits for a state finds what it covers remembered.
func (r *runner) commitTo(ctx context.Context, lane int32, records []*kgo.Record, lessons []lesson) error {
	if err := r.board.unread(lane); err != nil {
		return err
	}
	t := r.tenureOf(lane)
	if t == nil {
		return fmt.Errorf("lane %d: %w: it is another worker's", lane, errLaneLost)
	}
	end := r.tailOf(r.root.Name)
	if end != nil {
		end.expect(lessons)
	}
	if err := t.commit(ctx, records); err != nil {
		return err
	}
	learn(lessons)
	if end != nil {
		end.learn(lessons)
	}
	state := r.names.State()
	for _, rec := range records {
		if rec.Topic == state {
			r.board.apply(lane, string(rec.Key), rec.Value, rec.Offset)
		}
	}
	r.board.wake()
	return nil
}

// childRefused notes that the API does not let us read a substream. Its parents, those of other runners too, go on without it and owe it.
func (r *runner) childRefused(child *extract.Resource, err error) {
	r.stop(child.Name, err)
}

// reads says whether the substream's children are requested. Once it is stopped they are not any more.
func (r *runner) reads(child *extract.Resource) bool {
	if r.stoppedBy(child) != nil {
		return false
	}
	for _, c := range r.children {
		if c == child {
			return true
		}
	}
	return false
}

// owing lists the substreams that a published parent now lacks: not selected, refused, or read in a phase of their own.
func (r *runner) owing() []string {
	var names []string
	for _, c := range r.root.Children {
		if r.root.Drain || !r.reads(c) {
			names = append(names, c.Name)
		}
	}
	return names
}
