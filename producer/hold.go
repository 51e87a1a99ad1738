package producer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/headwater-stream/headwater/extract"
)

// errAllStopped ends a session in which no resource is left that can be read.
var errAllStopped = errors.New("no resource can go on")

// hold takes the lanes that are assigned, works in them, and lets go of those that are taken away, until ctx ends, everything was read
// (with Once), nothing can be read any more, or a lane is lost: then all of them are given up, and the next session takes them again.
func (s *session) hold(ctx context.Context) error {
	ctx, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	work, wctx := errgroup.WithContext(ctx)
	s.work = work
	s.working.Store(s)
	defer s.working.Store(nil)
	work.Go(func() error { return s.share(wctx) })
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if err := s.watch(wctx); err != nil && wctx.Err() == nil {
			lose(err)
		}
	}()
	err := work.Wait()
	<-watched
	s.release(s.lanes())
	s.assigned.letGoAll()
	if cause := context.Cause(ctx); errors.Is(cause, errLaneLost) {
		return cause
	}
	if errors.Is(err, errAllStopped) {
		return nil
	}
	return err
}

// share follows the assignment. Without a group it is for ever the same.
func (s *session) share(ctx context.Context) error {
	for {
		take, leave, changed, err := s.assigned.hold()
		if err != nil {
			return &EnvironmentError{Op: "share lanes in group " + s.cfg.Group, Err: err, Remedy: joinRemedy(err, s.cfg.Group)}
		}
		s.release(leave)
		s.progress.left(leave)
		if len(take) > 0 {
			taken, err := s.takeLanes(ctx, take)
			if err != nil {
				return err
			}
			s.progress.held(slices.Sorted(maps.Keys(taken)))
			s.start(ctx, taken)
		}
		if s.cfg.Group == "" {
			return nil
		}
		s.showOthers()
		if s.nothingRuns() {
			return errAllStopped
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// nothingRuns says whether no selected resource can go on.
func (s *session) nothingRuns() bool {
	for _, name := range s.selectedNames() {
		if s.runs(s.cfg.Source.Resource(name)) {
			return false
		}
	}
	return true
}

// watch returns an error when somebody else has claimed a lane that this session holds, or when nothing would tell any more.
func (s *session) watch(ctx context.Context) error {
	var lost error
	err := s.board.wait(ctx, func() bool {
		if lost = s.follower.failure(); lost != nil {
			lost = fmt.Errorf("%w: %w", errLaneLost, lost)
			return true
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for id, t := range s.held {
			if c, at := s.board.claim(id); at > t.claimed && c.Nonce != s.claim.Nonce {
				lost = fmt.Errorf("lane %d: %w: %s %s has claimed it", id, errLaneLost, c.Kind, c.Worker)
			}
		}
		return lost != nil
	})
	return errors.Join(err, lost)
}

// takeLanes takes lanes, the lowest first, and returns when their state, and what plans there are in other lanes, is on the board.
func (s *session) takeLanes(ctx context.Context, ids []int32) (map[int32]*tenure, error) {
	if err := s.awaitVisits(ctx); err != nil {
		return nil, err
	}
	open, err := s.openLanes(ctx, ids)
	defer func() {
		for _, l := range open { // that were not taken
			l.close()
		}
	}()
	if err != nil {
		return nil, &EnvironmentError{Op: "open producer", Err: err}
	}
	taken, parts := map[int32]*tenure{}, map[int32]extent{}
	for _, id := range ids {
		if !s.assigned.gives(id) { // any more: the one before it took long
			s.assigned.letGo(id)
			continue
		}
		l, claim := open[id], s.claim
		claim.At = s.stamp()
		if err := s.takeOne(ctx, l, claim); err != nil {
			return nil, err
		}
		delete(open, id)
		t := &tenure{lane: l, stop: make(chan struct{})}
		t.ctx, t.cancel = context.WithCancel(ctx)
		go l.serve(t.stop)
		s.mu.Lock()
		s.held[id] = t
		s.mu.Unlock()
		taken[id], parts[id] = t, extent{from: 0, to: l.claimed + 1}
		s.claimed[id] = l.claimed + 1
	}
	if err := s.follower.await(ctx, parts); err != nil {
		return nil, &EnvironmentError{Op: "read state", Err: err}
	}
	return taken, s.readPlans(ctx)
}

// openLanes makes the lanes' producers, and connects them side by side: what is left of taking one lane after the other is short then.
// What could not be connected is told by who takes it. The lanes that are returned, also with an error, are the caller's to close.
func (s *session) openLanes(ctx context.Context, ids []int32) (map[int32]*lane, error) {
	open := map[int32]*lane{}
	for _, id := range ids {
		l, err := openLane(s.cfg.Kafka, s.names, id, s.topics)
		if err != nil {
			return open, err
		}
		l.wrote = s.wrote
		open[id] = l
	}
	bounded, cancel := context.WithTimeout(ctx, connectDeadline)
	defer cancel()
	var connecting sync.WaitGroup
	for _, l := range open {
		connecting.Go(func() { l.connect(bounded) })
	}
	connecting.Wait()
	return open, nil
}

// readPlans returns when the plans in lanes of other workers are read: to the high watermark, because what is decided may not be
// visible yet. A plan that was replaced must not be gone on with.
func (s *session) readPlans(ctx context.Context) error {
	if s.cfg.Group != "" {
		parts, err := s.extentsOf(ctx, s.names.State(), -1)
		if err != nil {
			return err
		}
		homes := map[int32]extent{}
		for _, root := range s.cfg.Source.Roots() {
			home := homeLane(root.Name, StatePartitions)
			homes[home] = parts[home]
		}
		if err := s.follower.await(ctx, homes); err != nil {
			return &EnvironmentError{Op: "read plans", Err: err}
		}
	}
	if err := s.sameTopics(ctx, s.selectedNames()); err != nil {
		return err
	}
	if err := s.checkPlans(); err != nil {
		return err
	}
	return s.dead.restore(ctx, s)
}

// sameTopics ends the session where the state's, the dead letters' or one of the resources' topics is not what it was when the session began:
// lanes may come days later, and their producers take a topic of that name for the right one. The next session compares it with the plan.
func (s *session) sameTopics(ctx context.Context, resources []string) error {
	bounded, cancel := context.WithTimeout(ctx, setupDeadline)
	defer cancel()
	asked := []string{s.names.State(), s.names.DeadLetters()}
	for _, name := range resources {
		asked = append(asked, s.names.Data(name))
	}
	now, _, err := topicMetadata(bounded, s.admin, asked)
	if err != nil {
		return err
	}
	for _, topic := range asked {
		if is, was := now[topic], s.topics[topic]; is.ID != was.ID || is.Partitions != was.Partitions {
			return fmt.Errorf("%w: topic %s was made anew or has grown meanwhile", errLaneLost, topic)
		}
	}
	return nil
}

// stillSameTopics is sameTopics before a pass, of the topics that it publishes into: a producer follows a topic that was made anew, and
// would fill it with changes alone. Where the brokers do not answer, the pass's commits will say what is wrong.
func (r *runner) stillSameTopics(ctx context.Context) error {
	if err := r.sameTopics(ctx, r.served()); errors.Is(err, errLaneLost) {
		return err
	}
	return ctx.Err()
}

// lanes are those that the session holds.
func (s *session) lanes() []int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []int32
	for id := range s.held {
		ids = append(ids, id)
	}
	return ids
}

// tenureOf is a lane that the session holds, or nil.
func (s *session) tenureOf(lane int32) *tenure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[lane]
}

// release ends the work in lanes and lets go of them.
func (s *session) release(lanes []int32) {
	var all sync.WaitGroup
	for _, id := range lanes {
		t := s.tenureOf(id)
		if t == nil {
			continue
		}
		all.Go(func() {
			t.end()
			s.mu.Lock()
			delete(s.held, id)
			s.mu.Unlock()
			s.assigned.letGo(id)
		})
	}
	all.Wait()
	if len(lanes) > 0 {
		s.board.wake()
	}
}

// start begins the work of lanes that were just taken: of the resources that are at home in one of them, and of the windows of
// backfills that live in them. A resource that cannot go on is noted and ends; the others do not.
func (s *session) start(ctx context.Context, taken map[int32]*tenure) {
	for _, root := range s.cfg.Source.Roots() {
		if t := taken[homeLane(root.Name, StatePartitions)]; t != nil {
			s.run(t.ctx, root, t, func(r *runner, ctx context.Context) error { return r.run(ctx) })
		}
		if root.Incremental != nil && s.runs(root) {
			s.run(ctx, root, nil, func(r *runner, ctx context.Context) error { return r.readWindows(ctx, taken) })
		}
	}
}

// run lets a runner of its own work on a root; where it is bound to a lane, as long as that is held.
func (s *session) run(ctx context.Context, root *extract.Resource, t *tenure, step func(*runner, context.Context) error) {
	r := newRunner(s, root)
	if r == nil || t != nil && !t.enter() {
		return
	}
	s.work.Go(func() error {
		if t != nil {
			defer t.leave()
		}
		err := step(r, ctx)
		switch {
		case t != nil && t.ended():
			return nil // another worker goes on from what is committed
		case err == nil || errors.Is(err, errLaneLost) || ctx.Err() != nil:
			return err
		}
		r.fail(err)
		return nil
	})
}

// showOthers notes which resources are read by other workers of the group.
func (s *session) showOthers() {
	for _, root := range s.cfg.Source.Roots() {
		if s.tenureOf(homeLane(root.Name, StatePartitions)) != nil {
			continue
		}
		if r := newRunner(s, root); r != nil {
			r.elsewhere()
		}
	}
}
