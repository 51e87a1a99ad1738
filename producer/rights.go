package producer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// Rights is what this user may not do of what Run does.
type Rights struct {
	NoAuthorizer bool     // the brokers say that they have none: everybody may do everything
	Missing      []string // "Read on topics intercom.tags, intercom.teams"
}

// noPartition is a partition that no topic has. A broker refuses a request about it for the user's rights first and for the partition
// then. So it tells the rights, also on topics that do not exist yet, and never does what it asks for.
const noPartition = math.MaxInt32

// Rights asks the brokers what this user may do with the topics and the transactional ids of Run. Nothing is written, no transactional
// id is initialised: a worker that runs is not disturbed. What creating a topic takes is told by Inspect.
func (w *Worker) Rights(ctx context.Context) (Rights, error) {
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(kmsg.AddPartitionsToTxn.Int16(), 3) // later ones are a broker's, whose rights are others
	versions.SetMaxKeyVersion(kmsg.Fetch.Int16(), 12)             // later ones name topics by ids, which missing ones do not have
	client, err := kgo.NewClient(append(append([]kgo.Opt{}, w.cfg.Kafka...), kgo.MaxVersions(versions))...)
	if err != nil {
		return Rights{}, &EnvironmentError{Op: "open Kafka client", Err: err}
	}
	defer client.Close()
	bounded, cancel := context.WithTimeout(ctx, 2*setupDeadline)
	defer cancel()
	a := &asker{names: w.names, group: w.cfg.Group, client: client}
	for _, s := range specs(w.names, w.selectedNames(), -1) {
		a.topics = append(a.topics, s.name)
	}
	r, err := a.ask(bounded)
	if err != nil {
		return Rights{}, &EnvironmentError{Op: "ask for the rights of this user", Err: err}
	}
	return r, nil
}

type asker struct {
	names  Names
	group  string
	topics []string
	client *kgo.Client
	broker *kgo.Broker
}

func (a *asker) ask(ctx context.Context) (r Rights, err error) {
	brokers, err := kadm.NewClient(a.client).ListBrokers(ctx)
	if err != nil {
		return r, err
	}
	if len(brokers) == 0 {
		return r, errors.New("the cluster names no broker")
	}
	a.broker = a.client.Broker(int(brokers[0].NodeID))
	if r.NoAuthorizer, err = a.noAuthorizer(ctx); err != nil || r.NoAuthorizer {
		return r, err
	}
	for _, ask := range []func(context.Context) ([]string, error){a.read, a.write, a.describeConfigs, a.join} {
		missing, err := ask(ctx)
		if err != nil {
			return r, err
		}
		r.Missing = append(r.Missing, missing...)
	}
	return r, nil
}

// noAuthorizer: a user who may not see the rules is refused, which tells that there is one.
func (a *asker) noAuthorizer(ctx context.Context) (bool, error) {
	req := kmsg.NewPtrDescribeACLsRequest()
	req.ResourceType, req.ResourcePatternType = kmsg.ACLResourceTypeCluster, kmsg.ACLResourcePatternTypeLiteral
	req.Operation, req.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	resp, err := req.RequestWith(ctx, a.client)
	if err != nil {
		return false, err
	}
	return errors.Is(kerr.ErrorForCode(resp.ErrorCode), kerr.SecurityDisabled), nil
}

func (a *asker) read(ctx context.Context) ([]string, error) {
	req := kmsg.NewPtrFetchRequest()
	for _, topic := range a.topics {
		t, p := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
		p.Partition = noPartition
		t.Topic, t.Partitions = topic, append(t.Partitions, p)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, a.broker)
	if err != nil {
		return nil, err
	}
	var refused []string
	for _, t := range resp.Topics {
		if len(t.Partitions) > 0 && errors.Is(kerr.ErrorForCode(t.Partitions[0].ErrorCode), kerr.TopicAuthorizationFailed) {
			refused = append(refused, t.Topic)
		}
	}
	return a.missing("Read", refused), nil
}

// write asks for every lane's transactional id, and with one that may be used for every topic.
func (a *asker) write(ctx context.Context) ([]string, error) {
	var ids []string
	usable := ""
	for lane := range int32(StatePartitions) {
		id := a.names.TransactionalID(lane)
		err := a.mayAdd(ctx, id, a.names.State())
		switch {
		case errors.Is(err, kerr.TransactionalIDAuthorizationFailed):
			ids = append(ids, id)
		case err != nil && !errors.Is(err, kerr.TopicAuthorizationFailed):
			return nil, err
		default:
			usable = id
		}
	}
	var missing, topics []string
	if len(ids) == StatePartitions {
		ids = []string{a.names.TransactionalIDs() + "*"}
	}
	if len(ids) > 0 {
		missing = append(missing, "Write on transactional ids "+strings.Join(ids, ", "))
	}
	for _, topic := range a.topics {
		if usable == "" {
			break // what else is missing shows when an id may be used
		}
		err := a.mayAdd(ctx, usable, topic)
		if errors.Is(err, kerr.TopicAuthorizationFailed) {
			topics = append(topics, topic)
		} else if err != nil {
			return nil, err
		}
	}
	return append(missing, a.missing("Write", topics)...), nil
}

// mayAdd asks whether id may write to topic; nil: it may. The partition does not exist, and the producer is none that a broker knows.
func (a *asker) mayAdd(ctx context.Context, id, topic string) error {
	req := kmsg.NewPtrAddPartitionsToTxnRequest()
	req.TransactionalID, req.ProducerID = id, math.MaxInt64
	t := kmsg.NewAddPartitionsToTxnRequestTopic()
	t.Topic, t.Partitions = topic, []int32{noPartition}
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, a.broker)
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			err := kerr.ErrorForCode(p.ErrorCode)
			if errors.Is(err, kerr.TransactionalIDAuthorizationFailed) || errors.Is(err, kerr.TopicAuthorizationFailed) {
				return err
			}
		}
	}
	return nil
}

func (a *asker) describeConfigs(ctx context.Context) ([]string, error) {
	var refused []string
	for _, topic := range a.topics { // one by one: a refusal does not say which it is for
		_, err := kadm.NewClient(a.client).DescribeTopicConfigs(ctx, topic)
		if errors.Is(err, kerr.TopicAuthorizationFailed) {
			refused = append(refused, topic)
		} else if err != nil {
			return nil, err
		}
	}
	return a.missing("DescribeConfigs", refused), nil
}

// join asks whether the group may be joined, as a member that it does not have.
func (a *asker) join(ctx context.Context) ([]string, error) {
	if a.group == "" {
		return nil, nil
	}
	req := kmsg.NewPtrHeartbeatRequest()
	req.Group, req.MemberID = a.group, "none"
	resp, err := req.RequestWith(ctx, a.broker)
	if err != nil {
		return nil, err
	}
	if errors.Is(kerr.ErrorForCode(resp.ErrorCode), kerr.GroupAuthorizationFailed) {
		return []string{"Read on group " + a.group}, nil
	}
	return nil, nil
}

func (a *asker) missing(operation string, topics []string) []string {
	switch len(topics) {
	case 0:
		return nil
	case len(a.topics):
		topics = []string{a.names.Prefix + "*"}
	}
	return []string{fmt.Sprintf("%s on topics %s", operation, strings.Join(topics, ", "))}
}
