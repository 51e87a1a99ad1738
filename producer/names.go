package producer

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// StatePartitions is the number of partitions of the state topic, and with it the number of lanes. It is fixed when the
// topic is created: a unit's lane is computed from it.
const StatePartitions = 16

// Names are the topics of one prefix. One prefix belongs to one source.
type Names struct{ Prefix string }

// Data is the topic of a resource.
func (n Names) Data(resource string) string { return n.Prefix + resource }

// Subject is the registry subject of a resource's values (TopicNameStrategy).
func (n Names) Subject(resource string) string { return n.Data(resource) + "-value" }

// State is the compacted topic of positions, plans and claims.
func (n Names) State() string { return n.Prefix + "_state" }

// DeadLetters is the topic of what cannot be published.
func (n Names) DeadLetters() string { return n.Prefix + "_dead_letters" }

// TransactionalID fences lane: the broker lets only its last initialiser commit.
func (n Names) TransactionalID(lane int32) string {
	return fmt.Sprintf("%s-%d", n.TransactionalIDs(), lane)
}

// TransactionalIDs begins the transactional id of every lane.
func (n Names) TransactionalIDs() string { return "headwater-" + n.Prefix }

var legalTopic = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)

// Validate checks the names of every topic: Kafka's alphabet and length, and that no two collide (Kafka counts `.` and `_`
// as the same character in metric names and refuses the second topic).
func (n Names) Validate(resources []string) error {
	seen := map[string]string{}
	topics := []string{n.State(), n.DeadLetters()}
	for _, r := range resources {
		topics = append(topics, n.Data(r))
	}
	for _, topic := range topics {
		if !legalTopic.MatchString(topic) {
			return fmt.Errorf("topic %q: a topic's name has 1 to 249 of the characters A-Z a-z 0-9 . _ -; set HEADWATER_TOPIC_PREFIX", topic)
		}
		folded := strings.ReplaceAll(topic, ".", "_")
		if other, taken := seen[folded]; taken {
			return fmt.Errorf("topics %q and %q collide (Kafka takes . and _ as the same): rename one of the resources", other, topic)
		}
		seen[folded] = topic
	}
	return nil
}

// homeLane is the lane of a root resource's plan, live pass and listings: Java's murmur2 of its name.
func homeLane(root string, lanes int32) int32 {
	record := &kgo.Record{Key: []byte(root)}
	return int32(kgo.StickyKeyPartitioner(nil).ForTopic("").Partition(record, int(lanes)))
}

// laneStride is how far apart neighbouring windows live. Workers of a group have neighbouring lanes, and the newest windows hold the most:
// side by side they would be one worker's. It has no factor in common with the number of lanes, so that all of them are met.
const laneStride = 7

// windowLane is the lane of window n of a plan.
func windowLane(home int32, n int, lanes int32) int32 {
	return int32((int(home) + laneStride*n) % int(lanes))
}

// laneOf is the lane that a transactional id fences; false: it is not one of these.
func (n Names) laneOf(id string) (int32, bool) {
	number, ours := strings.CutPrefix(id, n.TransactionalIDs()+"-")
	lane, err := strconv.ParseInt(number, 10, 32)
	return int32(lane), ours && err == nil && lane >= 0 && lane < StatePartitions
}
