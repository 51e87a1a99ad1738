package producer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// topicInfo is what the program relies on of an existing topic.
type topicInfo struct {
	ID         string // Kafka's topic id, base64 as the tools print it
	Partitions int32
	MaxBytes   int // max.message.bytes: the largest record batch
}

// batchBytes is the largest record batch that a producer may send; of a topic that is not known, Kafka's default.
func (i topicInfo) batchBytes() int32 {
	if i.MaxBytes >= 512 {
		return int32(min(i.MaxBytes, 1<<30))
	}
	return 1_000_012
}

type topicSpec struct {
	name       string
	partitions int32
	config     map[string]*string
	compacted  bool
}

func setting(s string) *string { return &s }

// specs are the topics of a run with the configuration they are created with (DESIGN, Topics). Everything is explicit:
// a topic that the broker makes by itself would not be compacted.
func specs(names Names, resources []string, partitions int32) []topicSpec {
	day := 24 * time.Hour
	list := []topicSpec{{
		name: names.State(), partitions: StatePartitions, compacted: true,
		config: map[string]*string{
			"cleanup.policy":            setting("compact"),
			"segment.ms":                setting(millis(time.Hour)),
			"min.cleanable.dirty.ratio": setting("0.1"),
		},
	}, {
		name: names.DeadLetters(), partitions: partitions,
		config: map[string]*string{
			"cleanup.policy": setting("delete"),
			"retention.ms":   setting(millis(30 * day)),
		},
	}}
	for _, r := range resources {
		list = append(list, topicSpec{
			name: names.Data(r), partitions: partitions, compacted: true,
			config: map[string]*string{
				"cleanup.policy":      setting("compact"),
				"delete.retention.ms": setting(millis(7 * day)),
			},
		})
	}
	return list
}

// TopicSettings is the configuration with which each topic of a prefix is created, by its name.
func TopicSettings(names Names, resources []string) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, s := range specs(names, resources, -1) {
		all[s.name] = map[string]string{}
		for key, value := range s.config {
			all[s.name][key] = *value
		}
	}
	return all
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// ensureTopics creates what is missing and checks what is there. An existing topic is never altered: one with another cleanup
// policy is refused with the command that mends it.
func ensureTopics(ctx context.Context, client *kgo.Client, specs []topicSpec, replication int16) (map[string]topicInfo, error) {
	admin := kadm.NewClient(client)
	denied := map[string]error{} // by topic
	for _, s := range specs {
		created, err := admin.CreateTopic(ctx, s.partitions, replication, s.config, s.name)
		if err == nil {
			err = created.Err
		}
		// An existing topic may be usable without the right to create one.
		if err := s.notCreated(err, created.ErrMessage, replication); mayNotCreate(err) {
			denied[s.name] = err
		} else if err != nil {
			return nil, err
		}
	}
	infos, err := describeTopics(ctx, client, specs, denied)
	if err != nil {
		return nil, err
	}
	if err := checkPolicies(ctx, admin, specs, infos); err != nil {
		return nil, err
	}
	return infos, checkStatePartitions(specs[0], infos[specs[0].name])
}

// notCreated is what the answer to the topic's creation means; nil: it is there.
func (s topicSpec) notCreated(err error, message string, replication int16) error {
	e := &EnvironmentError{Op: "create topic " + s.name, Err: err}
	switch {
	case err == nil, errors.Is(err, kerr.TopicAlreadyExists):
		return nil
	case mayNotCreate(err):
		e.Remedy = "allow this user Create on topics of the prefix, or create the topic by hand: " + s.byHand()
	case errors.Is(err, kerr.InvalidReplicationFactor):
		e.Remedy = fmt.Sprintf("the cluster has too few brokers for replication %d; set HEADWATER_REPLICATION", replication)
	default:
		e.Err = fmt.Errorf("%w %s", err, message)
	}
	return e
}

func mayNotCreate(err error) bool {
	return errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed)
}

// byHand is the command that creates the topic as the program would.
func (s topicSpec) byHand() string {
	command := "kafka-topics.sh --bootstrap-server … --create --topic " + s.name
	if s.partitions > 0 {
		command += fmt.Sprintf(" --partitions %d", s.partitions)
	}
	for _, key := range slices.Sorted(maps.Keys(s.config)) {
		command += " --config " + key + "=" + *s.config[key]
	}
	return command
}

// checkStatePartitions refuses a state topic on which units would be placed otherwise.
func checkStatePartitions(state topicSpec, info topicInfo) error {
	if info.Partitions == StatePartitions {
		return nil
	}
	return &EnvironmentError{Op: "topic " + state.name, Err: fmt.Errorf("it has %d partitions and needs %d", info.Partitions, StatePartitions),
		Remedy: "units are placed by that number; use another HEADWATER_TOPIC_PREFIX", Lasting: true}
}

// describeTopics asks the brokers directly: the admin client's cache can hold the id of a topic that was made anew. Metadata
// lags behind a creation, so an unknown topic is asked for again until the context ends; one that we may not create is not waited for.
func describeTopics(ctx context.Context, client *kgo.Client, specs []topicSpec, denied map[string]error) (map[string]topicInfo, error) {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.name
	}
	for {
		infos, missing, err := topicMetadata(ctx, client, names)
		if err != nil {
			return nil, err
		}
		if len(missing) == 0 {
			return infos, nil
		}
		for _, name := range missing {
			if err := denied[name]; err != nil {
				return nil, err
			}
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, &EnvironmentError{Op: "describe topics", Err: fmt.Errorf("%s not there after creation", strings.Join(missing, ", ")),
				Remedy: "create them by hand or allow this user Create and Describe on the prefix"}
		}
	}
}

func topicMetadata(ctx context.Context, client *kgo.Client, names []string) (infos map[string]topicInfo, missing []string, err error) {
	req := kmsg.NewPtrMetadataRequest()
	for _, name := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(name)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return nil, nil, &EnvironmentError{Op: "describe topics", Err: err}
	}
	infos = map[string]topicInfo{}
	for _, t := range resp.Topics {
		switch err := kerr.ErrorForCode(t.ErrorCode); {
		case err == nil:
			infos[*t.Topic] = topicInfo{ID: base64.RawURLEncoding.EncodeToString(t.TopicID[:]), Partitions: int32(len(t.Partitions))}
		case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.LeaderNotAvailable):
			missing = append(missing, *t.Topic)
		default:
			e := &EnvironmentError{Op: "describe topic " + *t.Topic, Err: err}
			if errors.Is(err, kerr.TopicAuthorizationFailed) {
				e.Remedy = "allow this user Describe on topics of the prefix"
			}
			return nil, nil, e
		}
	}
	sort.Strings(missing)
	return infos, missing, nil
}

// defaultMaxBytes is Kafka's default of max.message.bytes.
const defaultMaxBytes = 1_048_588

// checkPolicies fills MaxBytes and refuses a data or state topic that is not compacted.
func checkPolicies(ctx context.Context, admin *kadm.Client, specs []topicSpec, infos map[string]topicInfo) error {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.name
	}
	configs, err := describeConfigs(ctx, admin, names)
	if err != nil {
		return err
	}
	for _, s := range specs {
		info, values := infos[s.name], configs[s.name]
		if info.MaxBytes, err = strconv.Atoi(values["max.message.bytes"]); err != nil {
			info.MaxBytes = defaultMaxBytes // where the broker does not tell
		}
		infos[s.name] = info
		if policy := values["cleanup.policy"]; s.compacted && policy != "compact" {
			return &EnvironmentError{Op: "topic " + s.name, Err: fmt.Errorf("its cleanup.policy is %q and must be compact", policy),
				Remedy: fmt.Sprintf("kafka-configs.sh --bootstrap-server … --alter --topic %s --add-config cleanup.policy=compact", s.name), Lasting: true}
		}
	}
	return nil
}

func describeConfigs(ctx context.Context, admin *kadm.Client, topics []string) (map[string]map[string]string, error) {
	for {
		described, err := admin.DescribeTopicConfigs(ctx, topics...)
		if err != nil {
			e := &EnvironmentError{Op: "describe topic configs", Err: err}
			if errors.Is(err, kerr.TopicAuthorizationFailed) { // of any of the topics: it is not told which
				e.Remedy = "allow this user DescribeConfigs on topics of the prefix"
			}
			return nil, e
		}
		values, again := map[string]map[string]string{}, false
		for _, rc := range described {
			if errors.Is(rc.Err, kerr.UnknownTopicOrPartition) {
				again = true // just created: the broker that answers has not heard of it yet
				break
			}
			if rc.Err != nil {
				return nil, &EnvironmentError{Op: "describe configs of topic " + rc.Name, Err: rc.Err}
			}
			values[rc.Name] = map[string]string{}
			for _, c := range rc.Configs {
				values[rc.Name][c.Key] = c.MaybeValue()
			}
		}
		if !again {
			return values, nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, &EnvironmentError{Op: "describe topic configs", Err: kerr.UnknownTopicOrPartition}
		}
	}
}

// pause waits for d or the end of ctx. For polling a server; pacing of the work goes through Config.Sleep.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
