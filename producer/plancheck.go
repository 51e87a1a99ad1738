package producer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// checkPlans refuses to go on where a topic is not the one that the plan was made for.
func (s *session) checkPlans() error {
	for _, name := range s.selectedNames() {
		plan, planned := s.board.plan(name)
		if !planned {
			continue
		}
		if err := s.checkPlan(plan, s.cfg.Source.Resource(name)); err != nil {
			return err
		}
	}
	return nil
}

// checkPlan compares a plan with the topic as it is now. The remedies are ones that exist.
func (s *session) checkPlan(plan Plan, r *extract.Resource) error {
	topic := s.names.Data(r.Name)
	info := s.topics[topic]
	var what string
	switch {
	case plan.TopicID != info.ID:
		what = "the topic was deleted and made anew: it lacks what the state says is in it"
	case plan.Partitions != int(info.Partitions):
		what = fmt.Sprintf("the topic has %d partitions and had %d: old copies would stay where their keys no longer lead", info.Partitions, plan.Partitions)
	case !slices.Equal(plan.Key, keyNames(r)):
		what = fmt.Sprintf("the key is declared as %v and was %v: records under old keys would stay for ever", keyNames(r), plan.Key)
	case plan.Format != valueFormat:
		what = fmt.Sprintf("the value format is %s and was %s", valueFormat, plan.Format)
	default:
		return s.checkStart(plan, r)
	}
	return &EnvironmentError{Op: "topic " + topic, Err: errors.New(what),
		Remedy: "begin anew: set another HEADWATER_TOPIC_PREFIX, or delete every topic of the prefix " + s.names.Prefix, Lasting: true}
}

// checkStart refuses an earlier start date than the plan was made with: what it adds would never be read.
func (s *session) checkStart(plan Plan, r *extract.Resource) error {
	planned, err := time.Parse(time.RFC3339Nano, plan.Start)
	if err != nil || r.Incremental == nil {
		return nil //nolint:nilerr // no start date: everything was planned
	}
	now := s.cfg.API.Start(r)
	if !now.IsZero() && !now.Before(planned) {
		return nil
	}
	return &EnvironmentError{Op: "resource " + r.Name, Err: fmt.Errorf("its start date was %s when it was planned and is earlier now: what lies between would never be read", plan.Start),
		Remedy: "set it back, or begin anew under another HEADWATER_TOPIC_PREFIX", Lasting: true}
}

// valueFormat is what plans record of how values are written.
const valueFormat = "avro"

func keyNames(r *extract.Resource) []string {
	names := make([]string, len(r.Key))
	for i, k := range r.Key {
		names[i] = k.Name
	}
	return names
}
