package producer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// checkPlans refuses to go on where a topic is not the one that the plan was made for.
func (s *session) checkPlans() error {
	for _, name := range s.selectedNames() {
		r := s.cfg.Source.Resource(name)
		wanted := []string{unitOf(r)}
		for _, view := range r.PerParent {
			wanted = append(wanted, unitOf(view))
		}
		for of, plan := range s.board.plansOf(name) {
			if err := s.checkPlan(plan, r); err != nil {
				return err
			}
			if !slices.Contains(wanted, of) {
				return s.strayPlan(r, of)
			}
		}
	}
	return nil
}

// strayPlan refuses to go on without a parent that a substream was read of, or to tell its parents apart where it did not: what was
// published so would stay for ever.
func (s *session) strayPlan(r *extract.Resource, of string) error {
	what := "its keys did not say the parent's resource, and they do now: records under old keys would stay for ever"
	if _, parent, ok := strings.Cut(of, ofParent); ok {
		what = fmt.Sprintf("it was read of %s as well, which is no parent of it any more: the children of that would stay for ever", parent)
	}
	return &EnvironmentError{Op: "resource " + r.Name, Err: errors.New(what),
		Remedy: "set the parent again, or begin anew: set another HEADWATER_TOPIC_PREFIX, or delete every topic of the prefix " + s.names.Prefix, Lasting: true}
}

// checkPlan compares a plan with the topic as it is now. The remedies are ones that exist. A topic that was made anew is empty, so
// a plan that is to be made anew accepts it, whatever it is; the same topic still holds what was published under the plan before.
func (s *session) checkPlan(plan Plan, r *extract.Resource) error {
	topic := s.names.Data(r.Name)
	info := s.topics[topic]
	reset := "headwater state reset " + r.Name
	remedy := "delete the topic, then " + reset + "; or set another HEADWATER_TOPIC_PREFIX"
	var what string
	switch {
	case plan.TopicID != info.ID:
		if plan.Reset {
			return nil
		}
		what = "the topic was deleted and made anew: it lacks what the state says is in it"
		remedy = reset + " reads everything into it again; or set another HEADWATER_TOPIC_PREFIX"
	case plan.Partitions != int(info.Partitions):
		what = fmt.Sprintf("the topic has %d partitions and had %d: old copies would stay where their keys no longer lead", info.Partitions, plan.Partitions)
	case !slices.Equal(plan.Key, keyNames(r)):
		what = fmt.Sprintf("the key is declared as %v and was %v: records under old keys would stay for ever", keyNames(r), plan.Key)
	case plan.Format != s.cfg.Format.String():
		what = fmt.Sprintf("its values are %s, and %s is asked for: a reader would find both", plan.Format, s.cfg.Format)
		remedy = "set HEADWATER_VALUE_FORMAT=" + plan.Format + " or another HEADWATER_TOPIC_PREFIX; or delete the topic, then " + reset
	default:
		return s.checkStart(plan, r)
	}
	return &EnvironmentError{Op: "topic " + topic, Err: errors.New(what), Remedy: remedy, Lasting: true}
}

// checkStart refuses an earlier start date than the plan was made with: what it adds would never be read.
func (s *session) checkStart(plan Plan, r *extract.Resource) error {
	planned, err := time.Parse(time.RFC3339Nano, plan.Start)
	if err != nil || r.Incremental == nil {
		return nil //nolint:nilerr // no start date: everything was planned, or everything will be
	}
	now := s.cfg.API.Start(r)
	if !now.IsZero() && !now.Before(planned) {
		return nil
	}
	return &EnvironmentError{Op: "resource " + r.Name, Err: fmt.Errorf("its start date was %s when it was planned and is earlier now: what lies between would never be read", plan.Start),
		Remedy: "set it back, or have everything read again: headwater state reset " + r.Name, Lasting: true}
}

func keyNames(r *extract.Resource) []string {
	names := make([]string, len(r.Key))
	for i, k := range r.Key {
		names[i] = k.Name
	}
	return names
}
