package producer

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// inspect shows what a worker would find, a line a topic.
func (w *world) inspect(changes ...change) (lines []string, state StateSummary) {
	w.Helper()
	found, err := w.newWorker(append([]change{only("things")}, changes...)...).Inspect(w.context())
	if err != nil {
		w.Fatal(err)
	}
	for _, t := range found.Topics {
		line := fmt.Sprintf("%s %d", t.Topic, t.Partitions)
		if t.Err != nil {
			line += " " + t.Err.Error()
			var environment *EnvironmentError
			if !errors.As(t.Err, &environment) || environment.Remedy == "" {
				w.Errorf("%v does not say what to do", t.Err)
			}
		}
		lines = append(lines, line)
	}
	if found.Brokers < 1 {
		w.Errorf("%d brokers", found.Brokers)
	}
	return lines, found.State
}

func TestInspectBeforeAndAfterARun(t *testing.T) {
	w := newWorld(t)
	lines, state := w.inspect()
	if diff := cmp.Diff([]string{"shop._state 0", "shop._dead_letters 0", "shop.things 0"}, lines); diff != "" || state != (StateSummary{}) {
		t.Errorf("%s%+v", diff, state)
	}
	if made := w.topicsMade(); len(made) > 0 {
		t.Fatalf("topics are left behind: %v", made)
	}
	w.api.put("things", "a", "1")
	w.once(only("things"))
	lines, state = w.inspect()
	if diff := cmp.Diff([]string{"shop._state 16", "shop._dead_letters 1", "shop.things 1"}, lines); diff != "" {
		t.Error(diff)
	}
	if state.Err != nil || state.Units != 1 || state.Done != 1 || state.Worker == "" || state.At.IsZero() {
		t.Errorf("%+v", state)
	}
}

func (w *world) topicsMade() []string {
	w.Helper()
	client, err := kgo.NewClient(w.seeds...)
	if err != nil {
		w.Fatal(err)
	}
	defer client.Close()
	listed, err := kadm.NewClient(client).ListTopics(w.context())
	if err != nil {
		w.Fatal(err)
	}
	return listed.Names()
}

// Everything that Run refuses is found, each by its topic, and nothing is altered.
func TestInspectFindsWhatRunRefuses(t *testing.T) {
	compact := map[string]string{"cleanup.policy": "compact"}
	for name, c := range map[string]struct {
		alter func(w *world) error
		with  change
		want  string // in a topic's line
		state string // in the state's error
	}{
		"policy": {alter: func(w *world) error {
			return w.kafka.CreateTopic("shop.things", 1, map[string]string{"cleanup.policy": "delete"})
		}, want: `shop.things 1 topic shop.things: its cleanup.policy is "delete" and must be compact → kafka-configs.sh`},
		"partitions": {alter: func(w *world) error { return w.kafka.CreateTopic("shop._state", 3, compact) }, want: "shop._state 3 topic shop._state: it has 3 partitions and needs 16 →"},
		"replicas":   {with: func(c *Config) { c.Replication = 3 }, want: "shop.things 0 create topic shop.things: INVALID_REPLICATION_FACTOR"},
		"made anew": {alter: func(w *world) error {
			w.once(only("things"))
			if err := w.kafka.DeleteTopic("shop.things"); err != nil {
				return err
			}
			return w.kafka.CreateTopic("shop.things", 1, compact)
		}, want: "shop.things 1 topic shop.things: the topic was deleted and made anew"},
		"deleted": {alter: func(w *world) error {
			w.once(only("things"))
			return w.kafka.DeleteTopic("shop.things")
		}, want: "shop.things 0 topic shop.things: the topic was deleted"},
		"another source": {alter: func(w *world) error {
			w.once(only("things"))
			w.use(strings.Replace(shop, "name: shop\n", "name: stall\n", 1))
			return nil
		}, state: `topic prefix shop.: it belongs to source "shop"`},
		"unknown version": {alter: func(w *world) error {
			w.once(only("things"))
			w.writeState(3, "things", `{"v":9}`)
			return nil
		}, state: "read shop._state: lane 3"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.api.put("things", "a", "1")
			if c.alter != nil {
				if err := c.alter(w); err != nil {
					t.Fatal(err)
				}
			}
			if c.with == nil {
				c.with = func(*Config) {}
			}
			before := w.topicsMade()
			lines, state := w.inspect(c.with)
			if c.want != "" && !strings.Contains(strings.Join(lines, "\n"), c.want) {
				t.Errorf("got\n%s\nwant %s", strings.Join(lines, "\n"), c.want)
			}
			if (c.state == "") != (state.Err == nil) || state.Err != nil && !strings.Contains(state.Err.Error(), c.state) {
				t.Errorf("state: %v, want %s", state.Err, c.state)
			}
			if diff := cmp.Diff(before, w.topicsMade()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Who may not create a topic is told how it is to be created.
func TestInspectTellsHowToCreate(t *testing.T) {
	w := newWorld(t)
	w.behind(rule(onTopic, "shop.*", opDescribe, opConfigs, opRead, opWrite))
	lines, _ := w.inspect()
	want := "shop.things 0 create topic shop.things: TOPIC_AUTHORIZATION_FAILED: Not authorized to access topics: [Topic authorization failed.] → allow this user Create on topics of the prefix, or create the topic by hand: " +
		"kafka-topics.sh --bootstrap-server … --create --topic shop.things --partitions 1 --config cleanup.policy=compact --config delete.retention.ms=604800000"
	if got := lines[2]; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
