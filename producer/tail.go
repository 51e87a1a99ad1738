package producer

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

const (
	// tailKeys bounds what a tail holds, some 5 MB. Where there is more, the topic is read back.
	tailKeys = 1 << 15
	// markerPause is how often the topic is asked whether the markers of decided transactions have arrived, at most markerTries times.
	markerPause = 20 * time.Millisecond
	markerTries = 100
)

// tail is what a session knows of the end of a root's topic while the backfill's windows are read: what the topic held when they began,
// and what this session has committed since. The live pass after them takes it instead of reading back what this process has just
// written, but only where the topic's offsets prove that nobody else has written anything (ledger). Safe for concurrent use.
type tail struct {
	topic string
	from  int64            // ms: keys whose cursor is not before it are held, and deleted ones
	known map[int32]extent // what was read of the topic

	mu     sync.Mutex
	keys   map[string]tailKey
	untold int  // commits that were announced, and of which learn was not told
	lost   bool // there were too many keys, or one's place in the topic is not known
}

// tailKey is the last copy of a key of which one was within the tail. Copies of two units' commits are told in any order: the
// higher offset counts, as it does for whoever reads the topic.
type tailKey struct {
	entry  entry
	offset int64 // -1: it is being committed
	within bool
}

// covers says whether a copy belongs to the tail. A deletion always does: it does not tell the time of the record that it deleted.
func (t *tail) covers(e entry, gone bool) bool { return gone || e.ts >= t.from }

// expect is told of a batch before it is committed: of keys within the tail copies that lie elsewhere count from now on, too.
func (t *tail) expect(lessons []lesson) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.untold++
	for i := range lessons {
		if l := &lessons[i]; t.tells(l) && t.covers(l.entry, l.removed) {
			if _, held := t.keys[l.key]; !held {
				t.hold(l.key, tailKey{offset: -1})
			}
		}
	}
}

// learn is told of a batch that is committed.
func (t *tail) learn(lessons []lesson) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.untold--
	for i := range lessons {
		switch l := &lessons[i]; {
		case !t.tells(l):
		case l.record.Offset < 0: // the broker had it already, and did not say where
			t.lost, t.keys = true, nil
		default:
			t.copy(l.key, l.entry, l.removed, l.record.Offset)
		}
	}
}

// tells says whether the lesson is that of a record of the topic.
func (t *tail) tells(l *lesson) bool { return l.record != nil && l.record.Topic == t.topic }

// copy takes a copy of a key that the topic holds. The caller holds mu, or is the only one that knows the tail.
func (t *tail) copy(key string, e entry, gone bool, offset int64) {
	within := t.covers(e, gone)
	had, held := t.keys[key]
	if !held && !within || held && had.offset > offset {
		return
	}
	if gone {
		e = entry{digest: filteredDigest}
	}
	t.hold(key, tailKey{entry: e, offset: offset, within: within})
}

func (t *tail) hold(key string, k tailKey) {
	switch {
	case t.lost:
	case len(t.keys) >= tailKeys:
		t.lost, t.keys = true, nil
	default:
		if _, held := t.keys[key]; !held {
			key = strings.Clone(key) // or it would keep the text of all keys of its page
		}
		t.keys[key] = k
	}
}

// give puts what the topic holds into a memory; false: it is not known.
func (t *tail) give(memory *published) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost {
		return false
	}
	for key, k := range t.keys {
		if k.within {
			memory.put("", key, k.entry)
		}
	}
	return true
}

// toldAll says whether every commit that was announced was told. The follower may have read that the last window is done before that.
func (t *tail) toldAll() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.untold == 0
}

// newTail makes the tail of the root's topic from a time on; nil where it would prove nothing: workers of a group write into each other's
// topics.
func (r *runner) newTail(from time.Time) *tail {
	topic := r.names.Data(r.root.Name)
	if r.cfg.Group != "" || r.wrote.any(topic) {
		return nil
	}
	return &tail{topic: topic, from: from.UnixMilli(), keys: map[string]tailKey{}}
}

// keepTail lets commits be told to a tail that holds what the topic held before the first of them.
func (r *runner) keepTail(t *tail) {
	if t == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tails[r.root.Name] = t
}

// tailOf is the tail that is being kept of a root's topic, or nil.
func (s *session) tailOf(root string) *tail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tails[root]
}

// takeTail fills memory with what the topic holds from a time on (ms), and ends the tail; false: the topic has to be read.
func (r *runner) takeTail(ctx context.Context, from int64, memory *published) (bool, error) {
	t := r.tailOf(r.root.Name)
	if t == nil {
		return false, nil
	}
	defer func() {
		r.mu.Lock()
		delete(r.tails, r.root.Name)
		r.mu.Unlock()
	}()
	if from < t.from {
		return false, nil
	}
	ours, err := r.allOurs(ctx, t)
	if err != nil || !ours {
		return false, err
	}
	return t.give(memory), nil
}

// allOurs says whether this session has written everything that was appended to the topic since the tail began. Each append takes an
// offset, and none is given twice, whatever compaction does: if our records and our transactions' markers are as many as the offsets
// that were taken, nothing else is there. The markers are written after a commit is answered; they are all there when no transaction is open.
func (r *runner) allOurs(ctx context.Context, t *tail) (bool, error) {
	for range markerTries {
		ours, sure, err := r.compareOffsets(ctx, t)
		if err != nil || sure {
			return ours, err
		}
		if err := pause(ctx, markerPause); err != nil {
			return false, err
		}
	}
	return false, nil
}

// compareOffsets compares the offsets that were taken with those that are ours; sure: another look would show nothing else.
func (r *runner) compareOffsets(ctx context.Context, t *tail) (ours, sure bool, err error) {
	if !t.toldAll() {
		return false, false, nil // nor counted
	}
	admin := kadm.NewClient(r.admin)
	// This before the ends: a marker that comes between the two must not make what others wrote before it seem ours.
	decided, err := admin.ListCommittedOffsets(ctx, t.topic)
	if err == nil {
		err = decided.Error()
	}
	var ends map[int32]extent
	if err == nil {
		ends, err = listExtents(ctx, admin, t.topic, -1)
	}
	if err != nil {
		return false, false, readFailure("list offsets of "+t.topic, t.topic, err)
	}
	if len(ends) != len(t.known) {
		return false, true, nil
	}
	ours = true
	for p, e := range ends {
		last, _ := decided.Lookup(t.topic, p)
		before, read := t.known[p]
		switch taken, counted := e.to-before.to, r.wrote.in(t.topic, p); {
		case !read || taken > counted:
			return false, true, nil
		case taken < counted || last.Offset < e.to:
			ours = false // as yet
		}
	}
	return ours, ours, nil
}

// ledger counts the offsets that a session's commits have taken: those of the records, and of the marker that each transaction leaves in
// each partition that it wrote into. Safe for concurrent use.
type ledger struct {
	mu    sync.Mutex
	taken map[string]map[int32]int64
}

// count is told of the records of a transaction that is committed.
func (l *ledger) count(group []*commitRequest) {
	var topics []string
	var counts [][]int64 // of each topic, by partition
	at := -1             // where the last record's topic is
	for _, req := range group {
		for _, rec := range req.records {
			if at < 0 || topics[at] != rec.Topic {
				at = slices.Index(topics, rec.Topic)
			}
			if at < 0 {
				at, topics, counts = len(topics), append(topics, rec.Topic), append(counts, nil)
			}
			for int(rec.Partition) >= len(counts[at]) {
				counts[at] = append(counts[at], 0)
			}
			counts[at][rec.Partition]++
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, topic := range topics {
		if l.taken[topic] == nil {
			l.taken[topic] = map[int32]int64{}
		}
		for p, n := range counts[i] {
			if n > 0 {
				l.taken[topic][int32(p)] += n + 1
			}
		}
	}
}

func (l *ledger) in(topic string, partition int32) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken[topic][partition]
}

// any says whether this session has committed anything into the topic.
func (l *ledger) any(topic string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.taken[topic]) > 0
}

func newLedger() *ledger { return &ledger{taken: map[string]map[int32]int64{}} }
