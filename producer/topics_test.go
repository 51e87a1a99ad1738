package producer

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestTopicsAreCreated(t *testing.T) {
	w := newWorld(t)
	w.once(only("things"), func(c *Config) { c.Partitions = 5 })
	for topic, want := range map[string]struct {
		partitions int
		config     map[string]string
	}{
		"shop.things":        {5, map[string]string{"cleanup.policy": "compact", "delete.retention.ms": "604800000"}},
		"shop._state":        {16, map[string]string{"cleanup.policy": "compact", "segment.ms": "3600000", "min.cleanable.dirty.ratio": "0.1"}},
		"shop._dead_letters": {5, map[string]string{"cleanup.policy": "delete", "retention.ms": "2592000000"}},
	} {
		got := map[string]string{}
		for key, value := range w.kafka.TopicInfo(topic).Configs {
			got[key] = *value
		}
		if n := len(w.kafka.PartitionInfos(topic)); n != want.partitions || !maps.Equal(got, want.config) {
			t.Errorf("%s: %d partitions, %v", topic, n, got)
		}
	}
	if w.kafka.TopicInfo("shop.books") != nil {
		t.Error("a topic of a resource that is not selected was made")
	}
}

// refused runs a worker that must end with what to do, and publish nothing.
func (w *world) refused(want ...string) {
	w.Helper()
	err := w.try(only("things"))
	var environment *EnvironmentError
	if !errors.As(err, &environment) || environment.Remedy == "" {
		w.Fatalf("got %v, want what to do", err)
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			w.Errorf("%v\ndoes not say %q", err, text)
		}
	}
	if got := w.news("things"); got != "" {
		w.Errorf("published: %s", got)
	}
}

func TestTopicWithAnotherPolicyIsRefused(t *testing.T) {
	for _, topic := range []string{"shop.things", "shop._state"} {
		t.Run(topic, func(t *testing.T) {
			w := newWorld(t)
			if err := w.kafka.CreateTopic(topic, 16, map[string]string{"cleanup.policy": "delete"}); err != nil {
				t.Fatal(err)
			}
			w.api.put("things", "a", "1")
			w.refused(topic, `cleanup.policy is "delete"`, "--alter --topic "+topic+" --add-config cleanup.policy=compact")
			if policy := *w.kafka.TopicInfo(topic).Configs["cleanup.policy"]; policy != "delete" {
				t.Errorf("the topic was altered: %s", policy)
			}
		})
	}
}

func TestStateTopicWithOtherPartitionsIsRefused(t *testing.T) {
	w := newWorld(t)
	if err := w.kafka.CreateTopic("shop._state", 3, map[string]string{"cleanup.policy": "compact"}); err != nil {
		t.Fatal(err)
	}
	w.refused("3 partitions and needs 16", "HEADWATER_TOPIC_PREFIX")
}

func makeAnew(w *world) error {
	if err := w.kafka.DeleteTopic("shop.things"); err != nil {
		return err
	}
	return w.kafka.CreateTopic("shop.things", 1, map[string]string{"cleanup.policy": "compact"})
}

func addPartitions(w *world) error {
	client, err := kgo.NewClient(w.seeds...)
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = kadm.NewClient(client).CreatePartitions(w.context(), 2, "shop.things")
	return err
}

func TestTopicThatIsNotThePlansIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		alter func(w *world) error
		want  string
	}{
		"made anew":       {makeAnew, "made anew"},
		"deleted":         {func(w *world) error { return w.kafka.DeleteTopic("shop.things") }, "made anew"},
		"more partitions": {addPartitions, "3 partitions and had 1"},
		"another key": {func(w *world) error {
			w.use(strings.Replace(shop, "- name: things ", "- primary_key: v\n    name: things ", 1))
			return nil
		}, "the key is declared as [v] and was [id]"},
		"another format": {func(w *world) error { w.format = FormatJSON; return nil }, "its values are avro, and json is asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.api.put("things", "a", "1")
			w.once(only("things"))
			if err := test.alter(w); err != nil {
				t.Fatal(err)
			}
			w.told = map[string]int{"shop.things": 0}
			if name != "made anew" && name != "deleted" {
				w.told["shop.things"] = 1
			}
			w.api.put("things", "b", "1")
			w.refused("topic shop.things", test.want, "another HEADWATER_TOPIC_PREFIX")
		})
	}
}

// Metadata and configurations lag behind a creation.
func TestTopicsThatAreNotKnownYet(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	metadata := w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: "shop.things", Err: kerr.UnknownTopicOrPartition, Count: 2})
	configs := w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Resource: "shop.things", Err: kerr.UnknownTopicOrPartition, Count: 2})
	w.once(only("things"))
	w.wantNews("things", "r 1")
	if metadata.Hits() != 2 || configs.Hits() != 2 {
		t.Errorf("asked again %d and %d times", metadata.Hits(), configs.Hits())
	}
}

func TestTooFewBrokers(t *testing.T) {
	w := newWorld(t)
	err := w.try(only("things"), func(c *Config) { c.Replication = 3 })
	var environment *EnvironmentError
	if !errors.As(err, &environment) || !strings.Contains(environment.Remedy, "HEADWATER_REPLICATION") {
		t.Errorf("got %v", err)
	}
}

// A producer follows a topic that was made anew, and would fill it with changes alone.
func TestTopicThatIsMadeAnewUnderAWorker(t *testing.T) {
	for resource, topic := range map[string]string{"things": "shop.things", "events": "shop.events"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			for _, id := range []string{"1", "2"} {
				w.api.event(resource, id, "a", -3600)
			}
			s := w.stream(only(resource))
			s.pause()
			w.wantNews(resource, "r 1, r 2")
			if err := errors.Join(w.kafka.DeleteTopic(topic), w.kafka.CreateTopic(topic, 1, map[string]string{"cleanup.policy": "compact"})); err != nil {
				t.Fatal(err)
			}
			s.pass() // until the pause before the lanes are taken again
			s.wake <- struct{}{}
			if err := s.waitEnd(); err == nil || !strings.Contains(err.Error(), "made anew") {
				t.Errorf("the worker ends with %v", err)
			}
		})
	}
}
