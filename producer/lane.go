package producer

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// transactionTimeout is the longest that an abandoned transaction holds readers back (the broker adds up to 10 s).
	transactionTimeout = 30 * time.Second
	// commitDeadline bounds everything from Begin to End; below transactionTimeout, so that we give up before the broker does.
	commitDeadline = 25 * time.Second
	// connectDeadline is how long connections are waited for that are opened early, to save time.
	connectDeadline = 2 * time.Second
)

// lane is one partition of the state topic with its own transactional producer. Only its owner writes into it. Its goroutine
// (serve) is the only user of client after take returned.
type lane struct {
	id       int32
	names    Names
	client   *kgo.Client
	requests chan *commitRequest
	served   chan struct{}   // closed when serve has ended
	claimed  int64           // offset of this worker's claim
	stored   map[string]bool // topics whose partitions the client shows
	wrote    *ledger         // what is told of every commit; nil: nobody asks
}

// openLane makes the lane's producer, for topics as they are known to be. Nothing is fenced yet.
func openLane(base []kgo.Opt, names Names, id int32, topics map[string]topicInfo) (*lane, error) {
	opts := append(append([]kgo.Opt{}, base...),
		kgo.TransactionalID(names.TransactionalID(id)),
		kgo.TransactionTimeout(transactionTimeout),
		kgo.RecordPartitioner(lanePartitioner{state: names.State(), topics: topics}),
		// kgo's own limit lies below the broker's; a batch may be as large as its topic takes.
		kgo.ProducerBatchMaxBytesFn(func(topic string) int32 { return topics[topic].batchBytes() }),
	)
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("open lane %d: %w", id, err)
	}
	return &lane{id: id, names: names, client: client, requests: make(chan *commitRequest), served: make(chan struct{}), stored: map[string]bool{}}, nil
}

// connect opens the connections that take needs: to the transaction's coordinator, of which it asks what it knows, and to the partition's
// leader. It changes nothing.
func (l *lane) connect(ctx context.Context) {
	describe := kmsg.NewPtrDescribeTransactionsRequest()
	describe.TransactionalIDs = []string{l.names.TransactionalID(l.id)}
	_, _ = describe.RequestWith(ctx, l.client) // an id that was never used is an error
	admin := kadm.NewClient(l.client)
	topics, err := admin.ListTopics(ctx, l.names.State())
	if err != nil {
		return
	}
	if p, ok := topics[l.names.State()].Partitions[l.id]; ok && p.Leader >= 0 {
		_ = l.client.EnsureProduceConnectionIsOpen(ctx, p.Leader)
	}
}

// take fences the lane's previous owner and marks the state as ours, in this order: the broker aborts the predecessor's open
// transaction and refuses its later ones (InitProducerID), then the claim is committed. Whoever now reads the partition up to
// the claim has the complete state.
func (l *lane) take(ctx context.Context, claim Claim) error {
	if _, _, err := l.client.ProducerID(ctx); err != nil {
		return fmt.Errorf("take lane %d: %w", l.id, err)
	}
	record := stateRecord(l.names, l.id, claimKey, claim)
	if err := l.transact([]*commitRequest{{records: []*kgo.Record{record}}}); err != nil {
		return fmt.Errorf("claim lane %d: %w", l.id, err)
	}
	l.claimed = record.Offset
	return nil
}

// close ends the producer. It must not be used by a unit any more; an unfinished transaction is fenced by the next owner.
func (l *lane) close() { l.client.Close() }

// stateRecord is a record for the state topic. It goes to the lane's partition explicitly, never by its key's hash.
func stateRecord(names Names, lane int32, key string, value any) *kgo.Record {
	return &kgo.Record{Topic: names.State(), Partition: lane, Key: []byte(key), Value: encodeState(value)}
}

// lanePartitioner places data records as Java clients do, and leaves state records where their lane put them.
type lanePartitioner struct {
	state  string
	topics map[string]topicInfo
}

func (p lanePartitioner) ForTopic(topic string) kgo.TopicPartitioner {
	if topic == p.state {
		return kgo.ManualPartitioner().ForTopic(topic)
	}
	return countedPartitioner{kgo.StickyKeyPartitioner(nil).ForTopic(topic), int(p.topics[topic].Partitions)}
}

// countedPartitioner has no place for records in a topic that has grown since the session began: keys would lead elsewhere, and their old
// copies stay. The commit fails, and the next session compares the topic with the plan.
type countedPartitioner struct {
	kgo.TopicPartitioner
	known int // 0: any number
}

func (p countedPartitioner) Partition(r *kgo.Record, n int) int {
	if p.known > 0 && n != p.known && p.RequiresConsistency(r) {
		return -1
	}
	return p.TopicPartitioner.Partition(r, n)
}

// laneState is what the records of one lane say.
type laneState struct {
	units map[string]UnitState
	plans map[string]Plan
	claim Claim // the last one

	claimedAt int64            // its offset
	at        map[string]int64 // offset of a key's last record
	broken    map[string]error // why a key's last record cannot be understood
}

// unread is why the lane's state cannot be relied on, of the first key that stands in the way; nil where it can.
func (s *laneState) unread() error {
	if len(s.broken) == 0 {
		return nil
	}
	return s.broken[slices.Min(slices.Collect(maps.Keys(s.broken)))]
}

// apply takes one record of the state topic into the state. One that a later record of its key has preceded changes nothing. What cannot
// be understood counts until it is written over: compaction keeps no more than a key's last record either.
func (s *laneState) apply(key string, value []byte, offset int64) {
	if last, known := s.at[key]; known && offset < last {
		return
	}
	s.at[key] = offset
	delete(s.broken, key)
	if err := s.understand(key, value, offset); err != nil {
		s.broken[key] = err
	}
}

func (s *laneState) understand(key string, value []byte, offset int64) error {
	name := plannedOf(key)
	switch {
	case key == claimKey:
		if value == nil {
			return nil
		}
		var c Claim
		if err := json.Unmarshal(value, &c); err != nil {
			return fmt.Errorf("state record %q cannot be read: %w", key, err)
		}
		s.claim, s.claimedAt = c, offset
	case key == name+planSuffix:
		if value == nil {
			delete(s.plans, name)
			return nil
		}
		var p Plan
		if err := decodeState(key, value, &p); err != nil {
			return err
		}
		if _, _, err := p.span(); err != nil {
			return fmt.Errorf("state record %q cannot be read: %w", key, err)
		}
		s.plans[name] = p
	default:
		if value == nil {
			delete(s.units, key)
			return nil
		}
		var u UnitState
		if err := decodeState(key, value, &u); err != nil {
			return err
		}
		if _, err := u.Position(); err != nil {
			return fmt.Errorf("state record %q cannot be read: %w", key, err)
		}
		s.units[key] = u
	}
	return nil
}

func newLaneState() *laneState {
	return &laneState{units: map[string]UnitState{}, plans: map[string]Plan{}, at: map[string]int64{}, broken: map[string]error{}}
}

// readLanes reads each lane's part of the state topic. A record that cannot be understood stops its lane only: it is
// returned in broken, and the lane's other records are not to be used.
func readLanes(ctx context.Context, base []kgo.Opt, names Names, parts map[int32]extent) (states map[int32]*laneState, broken map[int32]error, err error) {
	states, broken = map[int32]*laneState{}, map[int32]error{}
	for id := range parts {
		states[id] = newLaneState()
	}
	err = scan(ctx, base, nil, extents{names.State(): parts}, func(r *kgo.Record) error {
		states[r.Partition].apply(string(r.Key), r.Value, r.Offset)
		return nil
	})
	for id, s := range states {
		if err := s.unread(); err != nil {
			broken[id] = err
		}
	}
	return states, broken, err
}
