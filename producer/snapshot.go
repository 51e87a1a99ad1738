package producer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/avro"
)

// Snapshot is what a worker does, for people who look at it. It is a copy: nothing of it changes any more.
type Snapshot struct {
	At        time.Time // of all that follows, by Config.Now
	Began     time.Time
	Self      Claim // how this worker signs lanes; its time is zero
	Resources []Status
	Lanes     []Lane    // all of them, in order; none while no session works
	Events    []Event   // the last ones, the oldest first
	Err       error     // what the last session ended with, until another one has lanes
	ErrSince  time.Time // when the first session of these ended
	Failed    int64     // sessions of this run that ended so
}

// Lane is a partition of the state topic, and who has it as far as this worker knows.
type Lane struct {
	ID    int32
	Held  bool     // by this worker
	Given bool     // to this worker by its group, or because it has none: what is not held yet is being taken
	Claim Claim    // the last one; zero: there is none, or it is not read yet
	Home  []string // root resources that its holder reads
}

// Snapshot may be called at any time, by several goroutines.
func (w *Worker) Snapshot() Snapshot {
	s := Snapshot{At: w.cfg.Now(), Began: w.progress.began, Self: w.claim, Resources: w.Progress(), Events: w.progress.events.all()}
	if working := w.working.Load(); working != nil {
		s.Lanes = working.look()
	}
	w.progress.mu.Lock()
	defer w.progress.mu.Unlock()
	s.Err, s.ErrSince, s.Failed = w.progress.broken, w.progress.brokenSince, w.progress.sessions
	return s
}

// Ping asks a broker for an answer, over a connection of the session that works. Where none does its error is the last session's, if that
// is of the servers: a session that lost a lane says nothing of them.
func (w *Worker) Ping(ctx context.Context) error {
	if working := w.working.Load(); working != nil {
		if err := working.admin.Ping(ctx); err != nil {
			return &EnvironmentError{Op: "reach Kafka", Err: err, Remedy: "check that the brokers run and can be reached from here"}
		}
		return nil
	}
	w.progress.mu.Lock()
	defer w.progress.mu.Unlock()
	var unreachable *EnvironmentError
	switch {
	case errors.As(w.progress.broken, &unreachable):
		return w.progress.broken
	case w.progress.broken != nil:
		return nil
	}
	return errors.New("not connected yet")
}

// Progress is what each selected resource does.
func (w *Worker) Progress() []Status {
	all := w.progress.snapshot()
	for i := range all {
		if subject, ok := w.encoders[all[i].Resource].(*avro.Subject); ok {
			all[i].Uses, _ = subject.Current()
		}
	}
	return all
}

// look tells who has which lane.
func (s *session) look() []Lane {
	lanes := make([]Lane, StatePartitions)
	for id := range lanes {
		lanes[id].ID = int32(id)
		lanes[id].Held = s.tenureOf(int32(id)) != nil
		lanes[id].Given = s.assigned.gives(int32(id))
		lanes[id].Claim, _ = s.board.claim(int32(id))
	}
	for _, root := range s.cfg.Source.Roots() {
		if home := &lanes[homeLane(root.Name, StatePartitions)]; newRunner(s, root) != nil {
			home.Home = append(home.Home, root.Name)
		}
	}
	return lanes
}

// LaneList names lanes, which are in order: 0–3, 7.
func LaneList(lanes []int32) string {
	var parts []string
	for i := 0; i < len(lanes); {
		last := i
		for last+1 < len(lanes) && lanes[last+1] == lanes[last]+1 {
			last++
		}
		switch {
		case last == i:
			parts = append(parts, fmt.Sprint(lanes[i]))
		default:
			parts = append(parts, fmt.Sprintf("%d–%d", lanes[i], lanes[last]))
		}
		i = last + 1
	}
	return strings.Join(parts, ", ")
}
