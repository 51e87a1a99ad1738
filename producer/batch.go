package producer

import (
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// Operations, the values of the header op.
const (
	opFirst  = "r" // first publication of a key
	opUpdate = "u" // changed since, or memory cannot tell
	opDelete = "d"
)

const (
	headerOp     = "op"
	headerTS     = "ts"
	headerDigest = "digest"
)

// batch is what one commit of a unit decides, and what memory learns once it is committed.
type batch struct {
	records  []*kgo.Record
	bytes    int
	learned  []lesson
	counts   map[string]*counts // by resource
	counted  string             // the resource that was counted last
	counting *counts
	dead     map[string]bool // dead letters in it
	unread   bool            // children of an unchanged parent were to be read once more (entry.fresh), and were refused
	total    int64           // records and tombstones in data topics
	parts    parts           // that the records are made of
}

// lesson is a change of memory that is due when the batch is committed.
type lesson struct {
	memory      *published
	parent, key string
	entry       entry
	removed     bool
	hash        uint64      // of the key; 0: not reckoned yet
	record      *kgo.Record // that says so in the topic; nil: none does
}

// counts is what a batch has of one resource.
type counts struct {
	published, deleted, dead, discarded int64
	first                               int64      // of the published ones: with keys that were not published before
	rejected                            Rejections // the dead ones, by why they are
}

func (c *counts) reject(why Rejection) {
	c.dead++
	c.rejected[why]++
	if why == RejectedValue {
		c.discarded++
	}
}

func newBatch() *batch { return &batch{counts: map[string]*counts{}, dead: map[string]bool{}} }

// newBatchOf makes room for so many records: what they are made of is allocated at once for all of them.
func newBatchOf(records int) *batch {
	b := newBatch()
	b.records, b.learned = make([]*kgo.Record, 0, records+1), make([]lesson, 0, records)
	b.parts = parts{records: make([]kgo.Record, 0, records), headers: make([]kgo.RecordHeader, 0, 3*records), text: make([]byte, 0, records*textRoom)}
	return b
}

// keptRecords is for how many records the room of a batch that is committed is kept, to be used by another one: some 500 bytes each.
const keptRecords = 2048

// rooms are batches that were committed. None belongs to a pass: there are as many as windows, and most wait for their turn or are done.
var rooms sync.Pool

// newBatchFor makes room for so many records, where it can that of a batch that was committed.
func newBatchFor(records int) *batch {
	old, _ := rooms.Get().(*batch)
	if old == nil || cap(old.parts.records) < records {
		return newBatchOf(records)
	}
	b := newBatch()
	b.records, b.learned, b.parts = old.records, old.learned, old.parts
	return b
}

// keepRoom takes the room of a batch back. It was committed: the client has ended the promise of each record, and looks at none any more.
func keepRoom(b *batch) {
	if cap(b.parts.records) == 0 || cap(b.parts.records) > keptRecords {
		return
	}
	clear(b.records)
	clear(b.learned)
	b.records, b.learned = b.records[:0], b.learned[:0]
	b.parts.empty()
	rooms.Put(b)
}

func (b *batch) empty() bool { return len(b.records) == 0 }

// full says that the batch should be committed before more is added: it is a part of a page then.
func (b *batch) full() bool { return len(b.records) >= maxGroupRecords || b.bytes >= maxGroupBytes }

func (b *batch) count(resource string) *counts {
	if b.counting == nil || b.counted != resource { // mostly it is the same as before
		if b.counts[resource] == nil {
			b.counts[resource] = &counts{}
		}
		b.counted, b.counting = resource, b.counts[resource]
	}
	return b.counting
}

func (b *batch) add(r *kgo.Record) {
	b.records = append(b.records, r)
	b.bytes += recordSize(r)
}

// learn is called when what the lessons are of is committed, and only then.
func learn(lessons []lesson) {
	for i := 0; i < len(lessons); {
		m := lessons[i].memory
		i += m.learnAll(lessons[i:])
	}
}

// learnAll takes the lessons that are for this memory, up to the first one that is not, and returns how many.
func (m *published) learnAll(lessons []lesson) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.account()
	for ; n < len(lessons) && lessons[n].memory == m; n++ {
		l := &lessons[n]
		if l.removed {
			m.forget(l.key)
			continue
		}
		if l.hash == 0 {
			l.hash = hashKey(l.key)
		}
		m.learn(l.hash, l.parent, l.key, l.entry)
	}
	return n
}

// reading is one record as it was read, encoded and judged.
type reading struct {
	*extract.Record // of the haul
	value           []byte
	entry           entry
	hash            uint64 // of its key; 0: not reckoned yet
	verdict         verdict
	again           bool // unchanged, but its children are to be read once more (entry.fresh)
}

// publish adds the reading as a record of topic.
func (b *batch) publish(topic, resource string, rd reading, memory *published) {
	op, count := valueUpdate, b.count(resource)
	if rd.verdict == verdictFirst {
		op = valueFirst
		count.first++
	}
	count.published++
	p := &b.parts
	headers := p.header(nil, headerOp, op)
	if rd.entry.ts != 0 {
		headers = p.header(headers, headerTS, p.digits(rd.entry.ts))
	}
	headers = p.header(headers, headerDigest, p.digest(rd.entry.digest))
	record := p.record(topic, rd.Key, rd.value, headers)
	b.add(record)
	b.learned = append(b.learned, lesson{memory: memory, parent: rd.ParentKey, key: rd.Key, entry: rd.entry, hash: rd.hash, record: record})
	b.total++
}

// tombstone adds the deletion of a key.
func (b *batch) tombstone(topic, resource, parent, key string, memory *published) {
	record := b.parts.record(topic, key, nil, b.parts.header(nil, headerOp, valueDelete))
	b.add(record)
	b.learned = append(b.learned, lesson{memory: memory, parent: parent, key: key, removed: true, record: record})
	b.count(resource).deleted++
	b.total++
}

// parsePublished reads what change detection needs of a record in a data topic: headers only, the value is not looked at.
// What it cannot read, somebody else has written: its digest is none of ours, so the key is published again.
func parsePublished(r *kgo.Record, ahead time.Duration) entry {
	var e entry
	for _, h := range r.Headers {
		var err error
		switch h.Key {
		case headerDigest:
			e.digest, err = strconv.ParseUint(string(h.Value), 16, 64)
		case headerTS:
			e.ts, err = strconv.ParseInt(string(h.Value), 10, 64)
		}
		if err != nil {
			return entry{}
		}
	}
	// When its children were read the topic does not say: not later than it was published. ahead is how far the API's clock is before ours.
	e.fresh = e.ts != 0 && r.Timestamp.Add(ahead).UnixMilli()-e.ts < tailMargin.Milliseconds()
	return e
}

// toEntry is what is remembered of an encoded record.
func toEntry(rec *extract.Record, enc *avro.Encoded) entry {
	e := entry{digest: enc.Digest}
	if !rec.Cursor.IsZero() {
		e.ts = rec.Cursor.UnixMilli()
	}
	return e
}
