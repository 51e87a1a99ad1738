package producer

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Inspection is what Run would find of topics and state.
type Inspection struct {
	Brokers int
	Topics  []TopicState // the state topic, the dead letters, then the selected resources'
	State   StateSummary
}

// TopicState is a topic as Run would find it.
type TopicState struct {
	Topic      string
	Resource   string // "" for the state topic and the dead letters
	Partitions int32  // 0: it will be created, or could not be looked at
	Err        error  // what Run would refuse it for
}

// StateSummary is what the state topic says; zero where there is none.
type StateSummary struct {
	Units, Done int       // units of work under the current plans, and those whose pass is complete
	Worker      string    // who took a lane last; "": nobody
	At          time.Time // when
	Err         error     // why it cannot be read, or why Run would not go on from it
}

// Inspect looks at what Run would find. It takes no lane and changes nothing, and does not wait for a worker that runs. The error is
// one that leaves nothing to look at.
func (w *Worker) Inspect(ctx context.Context) (*Inspection, error) {
	client, err := kgo.NewClient(w.cfg.Kafka...)
	if err != nil {
		return nil, &EnvironmentError{Op: "open Kafka client", Err: err}
	}
	defer client.Close()
	s := w.newSession(client)
	found := &Inspection{}
	if err := s.inspectBrokers(ctx, found); err != nil {
		return nil, err
	}
	names := append([]string{"", ""}, w.selectedNames()...)
	for i, spec := range specs(w.names, w.selectedNames(), w.cfg.Partitions) {
		t := TopicState{Topic: spec.name, Resource: names[i]}
		t.Err = s.inspectTopic(ctx, spec)
		t.Partitions = s.topics[spec.name].Partitions
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		found.Topics = append(found.Topics, t)
	}
	if state := found.Topics[0]; state.Partitions > 0 && state.Err == nil {
		found.State = s.inspectState(ctx)
		s.inspectPlans(found)
	}
	return found, ctx.Err()
}

func (s *session) inspectBrokers(ctx context.Context, found *Inspection) error {
	bounded, cancel := context.WithTimeout(ctx, setupDeadline)
	defer cancel()
	brokers, err := kadm.NewClient(s.admin).ListBrokers(bounded)
	if err != nil {
		return &EnvironmentError{Op: "list brokers", Err: err}
	}
	found.Brokers = len(brokers)
	return nil
}

// inspectTopic does what ensureTopics does, and creates nothing.
func (s *session) inspectTopic(ctx context.Context, spec topicSpec) error {
	bounded, cancel := context.WithTimeout(ctx, setupDeadline)
	defer cancel()
	admin := kadm.NewClient(s.admin)
	infos, missing, err := topicMetadata(bounded, s.admin, []string{spec.name})
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		answers, err := admin.ValidateCreateTopics(bounded, spec.partitions, s.cfg.Replication, spec.config, spec.name)
		if err != nil {
			return &EnvironmentError{Op: "create topic " + spec.name, Err: err}
		}
		answer := answers[spec.name]
		return spec.notCreated(answer.Err, answer.ErrMessage, s.cfg.Replication)
	}
	s.topics[spec.name] = infos[spec.name]
	if err := checkPolicies(bounded, admin, []topicSpec{spec}, infos); err != nil || spec.name != s.names.State() {
		return err
	}
	return checkStatePartitions(spec, infos[spec.name])
}

func (s *session) inspectState(ctx context.Context) StateSummary {
	bounded, cancel := context.WithTimeout(ctx, setupDeadline)
	defer cancel()
	follower, err := s.follow()
	if err != nil {
		return StateSummary{Err: err}
	}
	defer follower.close()
	s.follower = follower
	if err := s.readDecided(bounded); err != nil {
		return StateSummary{Err: err}
	}
	var sum StateSummary
	sum.Err = s.refuseClaims()
	for id := range int32(StatePartitions) {
		if err := s.board.unread(id); err != nil {
			sum.Err = &EnvironmentError{Op: "read " + s.names.State(), Err: err, Lasting: true,
				Remedy: "another version of the program wrote it: use that one, or set another HEADWATER_TOPIC_PREFIX"}
		}
		if c, _ := s.board.claim(id); c.At.After(sum.At) {
			sum.Worker, sum.At = c.Worker, c.At
		}
	}
	sum.Units, sum.Done = s.board.count()
	return sum
}

// inspectPlans compares the topics with what they were planned as.
func (s *session) inspectPlans(found *Inspection) {
	for i := range found.Topics {
		t := &found.Topics[i]
		if plan, planned := s.board.plan(t.Resource); planned && t.Err == nil {
			t.Err = s.checkPlan(plan, s.cfg.Source.Resource(t.Resource))
		}
	}
}
