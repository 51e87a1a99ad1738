package producer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// groupSession is how long a member of a classic group may be silent before its lanes go to others. With KIP-848 the broker says it
	// (group.consumer.session.timeout.ms).
	groupSession = 10 * time.Second
	// groupHeartbeat is how often a member of a classic group asks: how late it learns that there are lanes for it.
	groupHeartbeat = time.Second
)

// member is a worker's membership of a consumer group over the state topic. The group is for assignment only: nothing is consumed, and
// no offset is committed.
type member struct {
	*assignment
	client *kgo.Client
	log    *slog.Logger
}

// join makes the worker a member of its group, for the rest of its run: sessions come and go meanwhile. The state topic must be there.
func (w *Worker) join(ctx context.Context, admin *kgo.Client) error {
	if w.cfg.Group == "" || w.member != nil {
		return nil
	}
	m := &member{assignment: newAssignment(), log: w.cfg.Log}
	state := w.names.State()
	opts := append(append([]kgo.Opt{}, w.cfg.Kafka...),
		kgo.ConsumerGroup(w.cfg.Group), kgo.ConsumeTopics(state), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(groupSession), kgo.HeartbeatInterval(groupHeartbeat), kgo.WithHooks(m),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, p map[string][]int32) { m.give(p[state]) }),
		kgo.OnPartitionsRevoked(func(ctx context.Context, _ *kgo.Client, p map[string][]int32) { m.giveBack(ctx, p[state]) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, p map[string][]int32) { m.lose(p[state]) }),
	)
	shared, err := balancing(ctx, admin, w.cfg.Group)
	if err == nil {
		m.client, err = kgo.NewClient(append(opts, shared...)...)
	}
	if err != nil {
		return &EnvironmentError{Op: "join group " + w.cfg.Group, Err: err}
	}
	m.client.PauseFetchTopics(state)
	w.member, w.assigned = m, m.assignment
	return nil
}

// leave gives the membership up, so that other workers have the lanes at once.
func (w *Worker) leave() {
	if w.member == nil {
		return
	}
	bounded, cancel := context.WithTimeout(context.Background(), setupDeadline)
	defer cancel()
	if err := w.member.client.LeaveGroupContext(bounded); err != nil {
		w.cfg.Log.Warn("the group will miss this worker only after its session timeout", "err", err)
	}
	w.member.client.Close()
}

// balancing chooses how lanes are shared: by the broker (KIP-848) where it does that, otherwise by the members, cooperatively. Both move
// only what must move. Asked is with the leaving of a member that there is not: it changes nothing, and tells whether the coordinator
// knows the protocol; one that does not answer is no answer, because the choice holds for the whole run. A client that were to find out
// by itself would fall back to one that moves everything.
func balancing(ctx context.Context, admin *kgo.Client, group string) ([]kgo.Opt, error) {
	byMembers := []kgo.Opt{kgo.Balancers(kgo.CooperativeStickyBalancer())}
	bounded, cancel := context.WithTimeout(ctx, setupDeadline)
	defer cancel()
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Group, req.MemberID, req.MemberEpoch = group, "none", -1
	resp, err := req.RequestWith(bounded, admin)
	switch {
	case err != nil && (bounded.Err() != nil || kgo.IsRetryableBrokerErr(err)):
		return nil, err
	case err != nil || resp.Version < 1 || errors.Is(kerr.ErrorForCode(resp.ErrorCode), kerr.UnsupportedVersion):
		return byMembers, nil
	}
	return []kgo.Opt{kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer())}, nil
}

// giveBack returns when the commits in flight are finished and the lanes closed. The bound is that of a commit: a lane that is not let
// go by then is fenced by its next owner.
func (m *member) giveBack(ctx context.Context, lanes []int32) {
	bounded, cancel := context.WithTimeout(ctx, commitDeadline)
	defer cancel()
	m.revoke(bounded, lanes)
}

// OnGroupManageError is kgo's hook for what ends a membership. The client joins again by itself.
func (m *member) OnGroupManageError(err error) {
	m.log.Warn("joining the group again", "err", err)
	if joinRemedy(err, "") != "" {
		m.fail(err)
	}
}

// joinRemedy is what a person can do about a group that does not take this worker; "" where it may pass by itself.
func joinRemedy(err error, group string) string {
	switch {
	case errors.Is(err, kerr.GroupAuthorizationFailed):
		return "allow this user Read on Group " + group
	case errors.Is(err, kerr.InvalidGroupID), errors.Is(err, kerr.InconsistentGroupProtocol):
		return "set another HEADWATER_GROUP: one that no other consumers have"
	case errors.Is(err, kerr.GroupMaxSizeReached):
		return "start fewer workers, or let the brokers have groups of more members (group.max.size, group.consumer.max.size)"
	case errors.Is(err, kerr.InvalidSessionTimeout):
		return "let the brokers allow a session timeout of " + groupSession.String() + " (group.min.session.timeout.ms, group.max.session.timeout.ms)"
	}
	return ""
}
