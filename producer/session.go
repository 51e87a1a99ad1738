package producer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"
)

// setupDeadline bounds each step before the work begins, so that a wrong address is said within seconds.
const setupDeadline = 8 * time.Second

// session is the time from taking lanes to losing one of them. Everything that it remembers comes from the topics and its own
// commits; nothing of it outlives a commit whose outcome is unclear. Lanes come and go meanwhile where a group shares them.
type session struct {
	*Worker
	admin    *kgo.Client
	topics   map[string]topicInfo
	board    *board
	follower *follower
	room     room                     // for what is remembered of incremental resources
	reading  map[string]chan struct{} // a place for every window that is being read, by root resource
	work     *errgroup.Group          // of everything that is at work

	wrote *ledger

	mu    sync.Mutex
	held  map[int32]*tenure
	tails map[string]*tail // by root resource
}

func (w *Worker) session(ctx context.Context) (err error) {
	admin, err := kgo.NewClient(w.cfg.Kafka...)
	if err != nil {
		return &EnvironmentError{Op: "open Kafka client", Err: err}
	}
	defer admin.Close()
	s := w.newSession(admin)
	if err := s.prepareTopics(ctx); err != nil {
		return err
	}
	if s.follower, err = s.follow(); err != nil {
		return err
	}
	defer s.follower.close()
	if err := s.checkClaims(ctx); err != nil {
		return err
	}
	if err := w.join(ctx, admin); err != nil {
		return err
	}
	return s.hold(ctx)
}

func (w *Worker) newSession(admin *kgo.Client) *session {
	s := &session{Worker: w, admin: admin, topics: map[string]topicInfo{}, board: newBoard(), room: room{most: incrementalKeys},
		reading: map[string]chan struct{}{}, held: map[int32]*tenure{}, wrote: newLedger(), tails: map[string]*tail{}}
	for _, root := range w.cfg.Source.Roots() {
		s.reading[root.Name] = make(chan struct{}, max(1, w.cfg.Concurrency))
	}
	return s
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

// checkClaims looks at the last claims before lanes are taken. One of another source means that the prefix is not ours. One of another
// worker behind our own means that it runs: two that fence each other in turn would never get anything done. What stands before our
// own claim, or in a lane that we did not get yet, is the claim of whoever ran before.
func (s *session) checkClaims(ctx context.Context) error {
	if err := s.readDecided(ctx); err != nil {
		return err
	}
	return s.refuseClaims()
}

// readDecided reads the lanes as far as they are decided, and waits for nobody: our own transaction, whose end was unclear, may still be
// open beyond until its timeout; a worker that took the lane has aborted it.
func (s *session) readDecided(ctx context.Context) error {
	parts, err := decidedExtents(ctx, kadm.NewClient(s.admin), s.names.State())
	if err != nil {
		return &EnvironmentError{Op: "list offsets of " + s.names.State(), Err: err}
	}
	if err := s.follower.await(ctx, parts); err != nil {
		return &EnvironmentError{Op: "read claims", Err: err}
	}
	return nil
}

func (s *session) refuseClaims() error {
	for id := range int32(StatePartitions) {
		last, at := s.board.claim(id)
		if last.Source != "" && last.Source != s.claim.Source {
			return &EnvironmentError{Op: "topic prefix " + s.names.Prefix, Err: fmt.Errorf("it belongs to source %q", last.Source),
				Remedy: "one prefix is for one source: set another HEADWATER_TOPIC_PREFIX", Lasting: true}
		}
		if s.claimed[id] > 0 && at >= s.claimed[id] && last.Nonce != s.claim.Nonce && s.claim.yieldsTo(last) {
			return &TakenOverError{By: last}
		}
	}
	return nil
}

// yieldsTo says who ends where two workers that do not share the lanes have met: of two without a group the one that was taken over,
// otherwise the one without; of two groups the one whose name sorts later, so that it is the same one whoever looks.
func (c Claim) yieldsTo(other Claim) bool {
	return other.Kind == claimWorker && (c.Group == "" || other.Group != "" && other.Group < c.Group)
}

const (
	visitDeadline = time.Minute // for a command that visits the lanes; then they are taken back
	visitPause    = 250 * time.Millisecond
)

// awaitVisits waits while a command that visits the lanes has not released them: for each command once.
func (s *session) awaitVisits(ctx context.Context) error {
	visitors := map[string]bool{}
	for range visitDeadline / visitPause {
		clear(visitors)
		for id := range int32(StatePartitions) {
			if last, _ := s.board.claim(id); last.Kind == claimVisit && !s.waitedFor[last.Nonce] {
				visitors[last.Nonce] = true
			}
		}
		if len(visitors) == 0 {
			return nil
		}
		if err := s.cfg.Sleep(ctx, visitPause); err != nil {
			return err
		}
	}
	maps.Copy(s.waitedFor, visitors)
	s.cfg.Log.Warn("taking the lanes back from a visit that did not end", "after", visitDeadline)
	return nil
}

// takeRemedy is what to do where a lane cannot be taken.
func takeRemedy(err error, names Names) string {
	switch {
	case errors.Is(err, kerr.InvalidTimestamp):
		return "set the clocks of this machine and of the brokers: they are too far apart for " + names.State()
	case errors.Is(err, kerr.TransactionalIDAuthorizationFailed), errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return "allow this user Write on transactional ids that begin with " + names.TransactionalIDs() + ", and Write on topics that begin with " + names.Prefix
	default:
		return "headwater check tells what else is wrong; see the brokers' logs"
	}
}

// takeOne takes a lane within a deadline. A coordinator that is just starting answers late, so the deadline is generous.
func (s *session) takeOne(ctx context.Context, l *lane, claim Claim) error {
	bounded, cancel := context.WithTimeout(ctx, 2*commitDeadline)
	defer cancel()
	if err := l.take(bounded, claim); err != nil {
		return &EnvironmentError{Op: "take lane", Err: err, Remedy: takeRemedy(err, l.names)}
	}
	return nil
}
