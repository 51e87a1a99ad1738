package producer

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

const (
	// partTime is how long child requests may hold back what is ready: then the page is committed in parts.
	partTime = 10 * time.Second
	// silentCommit is how often a position is committed that moved without a record: what a restart would read again in vain.
	silentCommit = 10 * time.Second
)

// pass hands the pages of one unit to the topic: change detection, children, and one commit a haul. One goroutine uses it.
type pass struct {
	*runner
	unit    string     // key of the unit's state record
	topic   string     // of the root's records
	lane    int32      // where the unit lives
	saved   UnitState  // what the topic says
	memory  *published // what the topic holds of the root, as far as this unit can meet it
	publish bool       // the root's records are published; otherwise it is read for its substreams only
	guard   bool       // two readings can hold the same key: an older copy is dropped
	all     bool       // children of every parent are requested, unchanged or not
	still   bool       // likewise, of substreams that are swept
	riding  []*extract.Resource
	follow  *extract.Position // of a catch-up: where it goes on when it has come to its end
	span    extract.Window    // of a backfill's window
	covers  int               // of a catch-up: the root's plan, whose windows are done
	savedAt time.Time
	silence time.Duration       // how long a position that moved without a record may wait to be committed
	changed int64               // records and tombstones since the pass began
	deletes map[string]*deletes // of children, since the pass began, by resource
}

// deletes is what the share that may be deleted is reckoned from.
type deletes struct{ count, held int }

// newPass prepares the unit with the state that the topic holds of it (zero: none yet).
func (r *runner) newPass(unit string, lane int32, saved UnitState, memory *published) *pass {
	p := &pass{runner: r, unit: unit, topic: r.names.Data(r.root.Name), lane: lane, saved: saved, memory: memory, publish: r.publish,
		savedAt: r.cfg.Now(), silence: silentCommit, deletes: map[string]*deletes{}}
	p.saved.V, p.saved.Plan = stateVersion, r.unitPlan(unit)
	if !r.root.Drain {
		p.riding = r.children
	}
	return p
}

// reload takes the unit's state from the board, where something else than this pass changed it.
func (p *pass) reload() {
	if saved, ok := p.board.unit(p.unit); ok {
		p.saved = saved
	}
}

// take publishes what a haul changed, with the children of changed parents, and moves the unit to after. A haul is one commit
// unless it is too large or its children take too long: then its parents are committed in parts, each with its children, and
// the position moves with the last part. An error leaves the unit before the parent that it happened at.
func (p *pass) take(ctx context.Context, h haul, after UnitState) error {
	p.progress.page(p.servedNow(), h.pages, h.Read)
	if p.publish {
		p.progress.ahead(p.root.Name, h.Page)
	}
	b := newBatchFor(len(h.Records))
	h = p.withdraw(b, h)
	if p.sweeping != nil && p.sweeping.pass != p {
		p.sweeping.saw(h.Records)
	}
	parents, err := p.parents(ctx, h, b)
	if err != nil {
		return err
	}
	return p.handOver(ctx, b, parents, after)
}

// parents judges the root's records; where the root is not published they are only passed on to its substreams.
func (p *pass) parents(ctx context.Context, h haul, b *batch) ([]reading, error) {
	if p.publish {
		clock, err := p.cfg.API.Now(ctx, p.root)
		if err != nil {
			return nil, err
		}
		if h.encoded == nil {
			if h.encoded, err = p.encode(ctx, p.root, h.Records); err != nil {
				return nil, err
			}
		}
		readings := p.judge(p.root, h.Records, h.encoded, p.memory, b)
		for i := range readings {
			p.settle(&readings[i], clock)
		}
		return readings, nil
	}
	var all []reading
	at := map[string]int{}
	for i := range h.Records {
		rec := &h.Records[i]
		rd := reading{Record: rec, verdict: verdictChanged}
		if j, twice := at[rec.Key]; twice {
			all[j] = rd
		} else if rec.KeyErr == nil {
			at[rec.Key] = len(all)
			all = append(all, rd)
		}
	}
	return all, nil
}

// settleTime is how old the time that a cursor field tells must be for it to be over: the second that it counts, and what our idea
// of the API's clock may be wrong by.
const settleTime = 3 * time.Second

// settle notes whether the record's time is over, and whether its children were last read before that.
func (p *pass) settle(rd *reading, clock time.Time) {
	rd.entry.fresh = rd.entry.ts != 0 && rd.Cursor.Add(settleTime).After(clock)
	if rd.verdict == verdictUnchanged {
		had, _ := p.memory.get(rd.Key)
		rd.again = had.fresh
	}
}

// handOver commits parents that were read, each together with its children.
func (p *pass) handOver(ctx context.Context, b *batch, parents []reading, after UnitState) error {
	began := p.cfg.Now()
	chunk := max(1, 4*p.cfg.Concurrency)
	if len(p.riding) == 0 {
		chunk = maxGroupRecords / 8 // nothing is requested for them
	}
	for len(parents) > 0 {
		now := parents[:min(chunk, len(parents))]
		parents = parents[len(now):]
		families, childErr := p.families(ctx, now, b)
		for i := range families {
			if err := p.add(b, now[i], families[i]); err != nil {
				childErr = err
				break
			}
		}
		if childErr != nil {
			// What is before the parent that failed is whole: it need not be read again.
			if err := p.commit(ctx, b, p.before(after)); err != nil {
				return err
			}
			return childErr
		}
		if len(parents) > 0 && (b.full() || p.cfg.Now().Sub(began) > partTime) {
			if err := p.commit(ctx, b, p.before(after)); err != nil {
				return err
			}
			b, began = newBatch(), p.cfg.Now()
		}
	}
	return p.commit(ctx, b, after)
}

// before is the state to commit with a part of a page: the unit does not move. Before its first page it stands at the pass's
// beginning; that of the last listing is not it, because this one is not done.
func (p *pass) before(after UnitState) UnitState {
	snapshot := extract.PhaseSnapshot.String()
	if p.saved.Phase != "" && !(after.Phase == snapshot && p.saved.Phase == snapshot && p.saved.Done) {
		return p.saved
	}
	begin := p.saved
	begin.Phase, begin.Window, begin.Page, begin.Done = after.Phase, after.Window, "", false
	return begin
}

// judge compares a resource's encoded records with memory. What cannot be published becomes a dead letter in b; unchanged and stale records
// stay in the result, with their verdict. Of a key that occurs twice the later one stays, unless its cursor says that it is older. The
// readings point to the records.
func (p *pass) judge(res *extract.Resource, records []extract.Record, encoded []avro.Encoded, memory *published, b *batch) []reading {
	if len(records) == 0 {
		return nil
	}
	most := p.topics[p.names.Data(res.Name)].MaxBytes
	readings := make([]reading, 0, len(records))
	seen := newSeenKeys(len(records))
	memory.mu.Lock()
	defer memory.mu.Unlock()
	for i := range records {
		rec, enc := &records[i], &encoded[i]
		rd := reading{Record: rec, value: enc.Value, entry: toEntry(rec, enc)}
		why, reason, path := undeliverable(rec, enc, most)
		if reason != "" {
			p.dead.add(b, res.Name, rd, why, reason, path)
		}
		p.discarded(b, res.Name, rec.Key, enc)
		if reason != "" {
			continue
		}
		rd.hash = hashKey(rec.Key)
		j, twice := seen.add(rd.hash, len(readings), func(j int) bool { return readings[j].Key == rec.Key })
		if twice && rd.entry.olderThan(readings[j].entry) {
			continue
		}
		rd.verdict = memory.compare(rd.hash, rec.Key, rd.entry, p.guard)
		if twice {
			readings[j] = rd
		} else {
			readings = append(readings, rd)
		}
	}
	return readings
}

func (p *pass) addReading(b *batch, res *extract.Resource, rd reading, memory *published) {
	switch rd.verdict {
	case verdictFirst, verdictChanged:
		topic := p.topic
		if res != p.root {
			topic = p.names.Data(res.Name)
		} else if p.sweeping != nil {
			p.sweeping.overtaken(p, b, rd)
		}
		b.publish(topic, res.Name, rd, memory)
	case verdictUnchanged:
		if rd.again && !b.unread {
			b.learned = append(b.learned, lesson{memory: memory, parent: rd.ParentKey, key: rd.Key, entry: rd.entry, hash: rd.hash})
		}
	case verdictStale:
	}
}

// commit has the batch and the state decided together. A state that moved without a record may wait for the next commit.
func (p *pass) commit(ctx context.Context, b *batch, next UnitState) error {
	next.V, next.Plan, next.Records = p.saved.V, p.saved.Plan, p.saved.Records+b.total
	next.Owed = p.saved.Owed
	if p.publish && (b.unread || b.count(p.root.Name).published > 0) {
		next.Owed = union(p.saved.Owed, p.owing())
	}
	if next.Done && p.covers > 0 {
		next.Covers = p.covers
	}
	if b.empty() && !p.due(next) {
		learn(b.learned) // nothing but that children were read again, and were the same
		return nil
	}
	return p.save(ctx, b, next)
}

// due says whether a state that moved without a record is to be committed now. The end of a pass is; but a live pass that
// found nothing only as a heartbeat: until then the next one reads the same time again, in silence.
func (p *pass) due(next UnitState) bool {
	if p.cfg.Now().Sub(p.savedAt) >= p.silence {
		return true
	}
	live := extract.PhaseLive.String()
	quiet := next.Phase == live && p.saved.Phase == live && p.saved.Done && p.changed == 0 && !p.cfg.Once
	return next.Done && !quiet || !slices.Equal(next.Owed, p.saved.Owed)
}

// save commits without asking whether it is worth it.
func (p *pass) save(ctx context.Context, b *batch, next UnitState) error {
	next.At = p.stamp()
	records := append(b.records, stateRecord(p.names, p.lane, p.unit, next))
	phases := p.moveBack(b)
	for name, u := range phases {
		records = append(records, stateRecord(p.names, p.lane, name, u))
	}
	if err := p.commitTo(ctx, p.lane, records, b.learned); err != nil {
		return err
	}
	p.dead.learn(b)
	p.saved, p.savedAt = next, p.cfg.Now()
	p.changed += b.total
	p.progress.committed(b, p.servedNow(), p.root.Name, next)
	p.progress.advanced(p.served(), next)
	if p.publish {
		p.progress.remembers(p.root.Name, p.memory)
	}
	for _, child := range p.riding {
		p.progress.remembers(child.Name, p.keys[child.Name])
	}
	keepRoom(b)
	return nil
}

// servedNow are the resources whose progress this unit is.
func (p *pass) servedNow() []string {
	if p.publish {
		return []string{p.root.Name}
	}
	return p.served()
}

func union(a, b []string) []string {
	set := map[string]bool{}
	var all []string
	for _, list := range [][]string{a, b} {
		for _, s := range list {
			if !set[s] {
				set[s] = true
				all = append(all, s)
			}
		}
	}
	sort.Strings(all)
	return all
}
