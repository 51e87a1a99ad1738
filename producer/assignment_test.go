package producer

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A lane that the group takes away is another's only when the session has let it go.
func TestRevocationWaitsUntilTheLaneIsLetGo(t *testing.T) {
	t.Parallel()
	a := newAssignment(1, 2, 3)
	take, leave, _, _ := a.hold()
	if !slices.Equal(take, []int32{1, 2, 3}) || len(leave) != 0 {
		t.Fatalf("take %v, leave %v", take, leave)
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		a.revoke(t.Context(), []int32{2, 9})
	}()
	for len(leave) == 0 {
		var changed <-chan struct{}
		if take, leave, changed, _ = a.hold(); len(leave) == 0 {
			<-changed
		}
	}
	if len(take) != 0 || !slices.Equal(leave, []int32{2}) {
		t.Errorf("take %v, leave %v", take, leave)
	}
	select {
	case <-back:
		t.Error("the lane is given back while it is held")
	default:
	}
	a.letGo(2)
	<-back
	a.give([]int32{2})
	if take, leave, _, _ = a.hold(); !slices.Equal(take, []int32{2}) || len(leave) != 0 {
		t.Errorf("given again: take %v, leave %v", take, leave)
	}
}

// A revocation that its caller gives up does not wait for ever, and the lane stays taken away.
func TestRevocationIsBounded(t *testing.T) {
	t.Parallel()
	a := newAssignment(1)
	a.hold()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.revoke(ctx, []int32{1})
	if _, leave, _, _ := a.hold(); !slices.Equal(leave, []int32{1}) {
		t.Errorf("leave %v", leave)
	}
}

// What a session was about to take when it failed, the next one takes.
func TestAllIsLetGoWithTheSession(t *testing.T) {
	t.Parallel()
	a := everyLane()
	if take, _, _, _ := a.hold(); len(take) != StatePartitions || take[0] != 0 {
		t.Fatalf("take %v", take)
	}
	a.letGoAll()
	if take, _, _, _ := a.hold(); len(take) != StatePartitions {
		t.Errorf("after a failure: take %v", take)
	}
}

// A tenure ends when the units in it have, and lets no other begin.
func TestTenureEndsAfterItsUnits(t *testing.T) {
	w := newWorld(t)
	w.once(only("things")) // makes the topics
	l, err := openLane(w.seeds, w.names, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	held := &tenure{lane: l, stop: make(chan struct{})}
	held.ctx, held.cancel = context.WithCancel(w.context())
	go l.serve(held.stop)
	if !held.enter() {
		t.Fatal("no unit may begin")
	}
	stopped := false
	go func() {
		<-held.ctx.Done()
		stopped = true
		held.leave()
	}()
	held.end()
	if !stopped || held.enter() || !held.ended() {
		t.Errorf("stopped %v, ended %v", stopped, held.ended())
	}
}

// A partition that is added to the state topic while workers run is given by the group, and is no lane.
func TestPartitionThatWasAddedIsNoLane(t *testing.T) {
	t.Parallel()
	a := newAssignment()
	a.give([]int32{StatePartitions - 1, StatePartitions})
	if take, _, _, _ := a.hold(); !slices.Equal(take, []int32{StatePartitions - 1}) {
		t.Errorf("take %v", take)
	}
}

// What ends a membership for good is said with what to do about it; what passes is not, and what the group gives later counts.
func TestGroupThatDoesNotTakeTheWorker(t *testing.T) {
	t.Parallel()
	for err, remedy := range map[error]string{
		kerr.GroupAuthorizationFailed: "Read on Group crew", kerr.InvalidGroupID: "HEADWATER_GROUP", kerr.InconsistentGroupProtocol: "HEADWATER_GROUP",
		kerr.GroupMaxSizeReached: "group.max.size", kerr.InvalidSessionTimeout: "of 10s", kerr.CoordinatorNotAvailable: "", kerr.FencedMemberEpoch: "",
	} {
		m := &member{assignment: newAssignment(), log: slog.New(slog.DiscardHandler)}
		m.OnGroupManageError(err)
		if _, _, _, got := m.hold(); errors.Is(got, err) != (remedy != "") {
			t.Errorf("%v: the session ends with %v", err, got)
		}
		if got := joinRemedy(err, "crew"); !strings.Contains(got, remedy) || (got == "") != (remedy == "") {
			t.Errorf("%v: %q does not say %q", err, got, remedy)
		}
		m.give(nil)
		if _, _, _, got := m.hold(); got != nil {
			t.Errorf("%v: still %v", err, got)
		}
	}
}

// A lane that goes to another worker while those before it are taken is left to that one.
func TestLaneThatIsTakenAwayMeanwhileIsNotTaken(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	worker := w.newWorker(only("things"))
	taken := map[string]bool{}
	w.kafka.ControlKey(kmsg.InitProducerID.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		w.kafka.KeepControl()
		if id := req.(*kmsg.InitProducerIDRequest).TransactionalID; id != nil {
			worker.assigned.lose([]int32{StatePartitions - 1})
			taken[*id] = true
		}
		return nil, nil, false
	})
	if err := worker.Run(w.context()); err != nil {
		t.Fatal(err)
	}
	if len(taken) != StatePartitions-1 || taken[w.names.TransactionalID(StatePartitions-1)] {
		t.Errorf("taken: %v", taken)
	}
}
