package producer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"
)

// setupDeadline bounds each step before the work begins, so that a wrong address is said within seconds.
const setupDeadline = 8 * time.Second

// session is the time from taking the lanes to losing them. Everything that it remembers comes from the topics and its own
// commits; nothing of it outlives a commit whose outcome is unclear.
type session struct {
	*Worker
	admin  *kgo.Client
	topics map[string]topicInfo
	lanes  []*lane
	board  *board
	room   room // for what is remembered of incremental resources
}

func (w *Worker) session(ctx context.Context) error {
	admin, err := kgo.NewClient(w.cfg.Kafka...)
	if err != nil {
		return &EnvironmentError{Op: "open Kafka client", Err: err}
	}
	defer admin.Close()
	s := &session{Worker: w, admin: admin, board: newBoard(), room: room{most: incrementalKeys}}
	if err := s.prepareTopics(ctx); err != nil {
		return err
	}
	if err := s.checkClaims(ctx); err != nil {
		return err
	}
	if err := s.takeLanes(ctx); err != nil {
		s.closeLanes()
		return err
	}
	stop := make(chan struct{})
	for _, l := range s.lanes {
		go l.serve(stop)
	}
	err = s.checkPlans()
	if err == nil {
		err = s.work(ctx)
	}
	close(stop)
	for _, l := range s.lanes {
		<-l.served
	}
	s.closeLanes()
	return err
}

func (s *session) prepareTopics(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, setupDeadline)
	defer cancel()
	if err := s.admin.Ping(bounded); err != nil {
		return &EnvironmentError{Op: "reach Kafka", Err: err, Remedy: "check KAFKA_BROKERS and that a broker answers there"}
	}
	// The deadline is per step: creating many topics on a busy cluster takes longer than reaching it.
	bounded, cancel = context.WithTimeout(ctx, 4*setupDeadline)
	defer cancel()
	var err error
	s.topics, err = ensureTopics(bounded, s.admin, specs(s.names, s.selectedNames(), s.cfg.Partitions), s.cfg.Replication)
	return err
}

// checkClaims reads the last claims before lanes are taken. One of another source means that the prefix is not ours. One of another
// worker behind our own means that it runs: two that fence each other in turn would never get anything done. What stands before our
// own claim, or in a lane that we did not get yet, is the claim of whoever ran before.
//
// It reads what is decided, not to the high watermark: our own transaction, whose end was unclear, may still be open there until its
// timeout; a worker that took the lane has aborted it.
func (s *session) checkClaims(ctx context.Context) error {
	states, _, err := s.readDecided(ctx)
	if err != nil {
		return err
	}
	return s.refuseClaims(states)
}

// readDecided reads the lanes as far as they are decided, and waits for nobody.
func (s *session) readDecided(ctx context.Context) (states map[int32]*laneState, broken map[int32]error, err error) {
	parts, err := s.decidedExtents(ctx)
	if err != nil {
		return nil, nil, err
	}
	if states, broken, err = readLanes(ctx, s.cfg.Kafka, s.names, parts); err != nil {
		return nil, nil, &EnvironmentError{Op: "read claims", Err: err}
	}
	return states, broken, nil
}

func (s *session) refuseClaims(states map[int32]*laneState) error {
	for id := range int32(StatePartitions) {
		last := states[id]
		if last == nil {
			continue
		}
		if other := last.claim.Source; other != "" && other != s.claim.Source {
			return &EnvironmentError{Op: "topic prefix " + s.names.Prefix, Err: fmt.Errorf("it belongs to source %q", other),
				Remedy: "one prefix is for one source: set another HEADWATER_TOPIC_PREFIX", Lasting: true}
		}
		if s.claimed[id] > 0 && last.claimedAt >= s.claimed[id] && last.claim.Nonce != s.claim.Nonce && last.claim.Kind == claimWorker {
			return &TakenOverError{By: last.claim}
		}
	}
	return nil
}

// decidedExtents are the lanes from their starts to the last offset that is decided.
func (s *session) decidedExtents(ctx context.Context) (map[int32]extent, error) {
	admin := kadm.NewClient(s.admin)
	parts, err := listExtents(ctx, admin, s.names.State(), -1)
	if err == nil {
		var decided kadm.ListedOffsets
		if decided, err = admin.ListCommittedOffsets(ctx, s.names.State()); err == nil {
			err = decided.Error()
		}
		decided.Each(func(o kadm.ListedOffset) {
			parts[o.Partition] = extent{from: parts[o.Partition].from, to: o.Offset}
		})
	}
	if err != nil {
		return nil, &EnvironmentError{Op: "list offsets of " + s.names.State(), Err: err}
	}
	return parts, nil
}

// takeLanes takes every lane, the lowest first, and then reads them up to the claims.
func (s *session) takeLanes(ctx context.Context) error {
	parts := map[int32]extent{}
	for id := range int32(StatePartitions) {
		l, err := openLane(s.cfg.Kafka, s.names, id, s.maxBatchBytes)
		if err != nil {
			return &EnvironmentError{Op: "open producer", Err: err}
		}
		s.lanes = append(s.lanes, l)
		claim := s.claim
		claim.At = s.stamp()
		if err := s.takeOne(ctx, l, claim); err != nil {
			return err
		}
		s.claimed[id], parts[id] = l.claimed+1, extent{from: 0, to: l.claimed + 1}
	}
	states, broken, err := readLanes(ctx, s.cfg.Kafka, s.names, parts)
	if err != nil {
		return &EnvironmentError{Op: "read state", Err: err}
	}
	for id, err := range broken {
		s.lanes[id].unread = fmt.Errorf("lane %d: %w: %w", id, errUnreadable, err)
	}
	for id, state := range states {
		if broken[id] == nil {
			s.board.load(state)
		}
	}
	return nil
}

// takeOne takes a lane within a deadline. A coordinator that is just starting answers late, so the deadline is generous.
func (s *session) takeOne(ctx context.Context, l *lane, claim Claim) error {
	bounded, cancel := context.WithTimeout(ctx, 2*commitDeadline)
	defer cancel()
	if err := l.take(bounded, claim); err != nil {
		return &EnvironmentError{Op: "take lane", Err: err,
			Remedy: "allow this user Write on TransactionalId " + l.names.TransactionalID(l.id) + " and on " + l.names.State()}
	}
	return nil
}

func (s *session) maxBatchBytes(topic string) int32 {
	if info, known := s.topics[topic]; known && info.MaxBytes >= 512 {
		return int32(min(info.MaxBytes, 1<<30))
	}
	return 1_000_012
}

func (s *session) closeLanes() {
	var all sync.WaitGroup
	for _, l := range s.lanes {
		all.Go(l.close)
	}
	all.Wait()
}

// work runs every root resource until all have ended. A resource that cannot go on is noted and ends; the others do not. The
// error is one that ends the session.
func (s *session) work(ctx context.Context) error {
	if err := s.dead.restore(ctx, s); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, root := range s.cfg.Source.Roots() {
		r := newRunner(s, root)
		if r == nil {
			continue
		}
		group.Go(func() error {
			err := r.run(ctx)
			if err == nil || errors.Is(err, errLaneLost) || ctx.Err() != nil {
				return err
			}
			r.fail(err)
			return nil
		})
	}
	return group.Wait()
}
