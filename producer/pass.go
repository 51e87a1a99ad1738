package producer

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headwater-stream/headwater/extract"
)

const (
	// partTime is how long child requests may hold back what is ready: then the page is committed in parts.
	partTime = 10 * time.Second
	// silentCommit is how often a position is committed that moved without a record: what a restart would read again in vain.
	silentCommit = 10 * time.Second
)

// pass hands the pages of one unit to the topic: change detection, children, and one commit a page. One goroutine uses it.
type pass struct {
	*runner
	unit    string     // key of the unit's state record
	lane    int32      // where the unit lives
	saved   UnitState  // what the topic says
	memory  *published // what the topic holds of the root, as far as this unit can meet it
	publish bool       // the root's records are published; otherwise it is read for its substreams only
	guard   bool       // two readings can hold the same key: an older copy is dropped
	all     bool       // children of every parent are requested, unchanged or not
	riding  []*extract.Resource
	follow  *extract.Position // of a catch-up: where it goes on when it has come to its end
	tail    unitRange         // of a window: the part of time that the live pass will meet again, and its memory
	savedAt time.Time
	silence time.Duration       // how long a position that moved without a record may wait to be committed
	changed int64               // records and tombstones since the pass began
	deletes map[string]*deletes // of children, since the pass began, by resource
}

// deletes is what the share that may be deleted is reckoned from.
type deletes struct{ count, held int }

// newPass prepares the unit with the state that the topic holds of it (zero: none yet).
func (r *runner) newPass(unit string, lane int32, saved UnitState, memory *published) *pass {
	p := &pass{runner: r, unit: unit, lane: lane, saved: saved, memory: memory, publish: r.publish,
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

// take publishes what a page changed, with the children of changed parents, and moves the unit to after. A page is one commit
// unless it is too large or its children take too long: then its parents are committed in parts, each with its children, and
// the position moves with the last part. An error leaves the unit before the parent that it happened at.
func (p *pass) take(ctx context.Context, page extract.Page, after UnitState) error {
	p.progress.page(p.servedNow(), page)
	b := newBatch()
	parents, err := p.parents(ctx, page.Records, b)
	if err != nil {
		return err
	}
	return p.handOver(ctx, b, parents, after)
}

// parents reads the root's records; where the root is not published they are not encoded, only passed on to its substreams.
func (p *pass) parents(ctx context.Context, records []extract.Record, b *batch) ([]reading, error) {
	if p.publish {
		clock, err := p.cfg.API.Now(ctx, p.root)
		if err != nil {
			return nil, err
		}
		readings, err := p.read(ctx, p.root, records, p.memory, b)
		for i := range readings {
			p.settle(&readings[i], clock)
		}
		return readings, err
	}
	var all []reading
	at := map[string]int{}
	for _, rec := range records {
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
		had, _ := p.memory.get(rd.ParentKey, rd.Key)
		rd.again = had.fresh
	}
}

// handOver commits parents that were read, each together with its children.
func (p *pass) handOver(ctx context.Context, b *batch, parents []reading, after UnitState) error {
	began := p.cfg.Now()
	chunk := max(1, 4*p.cfg.Concurrency)
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

// read encodes and judges a resource's records. What cannot be published becomes a dead letter in b; unchanged and stale records
// stay in the result, with their verdict. Of a key that occurs twice the later one stays, unless its cursor says that it is older.
func (p *pass) read(ctx context.Context, res *extract.Resource, records []extract.Record, memory *published, b *batch) ([]reading, error) {
	if len(records) == 0 {
		return nil, nil
	}
	texts := make([][]byte, len(records))
	for i, rec := range records {
		texts[i] = rec.JSON
	}
	encoded, err := p.subjects[res.Name].Encode(ctx, texts)
	if err != nil {
		return nil, err
	}
	readings := make([]reading, 0, len(records))
	at := make(map[string]int, len(records))
	for i, rec := range records {
		enc := encoded[i]
		rd := reading{Record: rec, value: enc.Value, entry: toEntry(rec, enc)}
		if reason, path := undeliverable(rec, enc, p.topics[p.names.Data(res.Name)].MaxBytes); reason != "" {
			p.dead.add(b, res.Name, rd, reason, path)
			continue
		}
		if j, twice := at[rec.Key]; twice {
			if !rd.entry.olderThan(readings[j].entry) {
				rd.verdict = memory.judge(rec.ParentKey, rec.Key, rd.entry, p.guard)
				readings[j] = rd
			}
			continue
		}
		rd.verdict = memory.judge(rec.ParentKey, rec.Key, rd.entry, p.guard)
		at[rec.Key] = len(readings)
		readings = append(readings, rd)
	}
	return readings, nil
}

// family is what the API says of one parent's children.
type family struct {
	child    *extract.Resource
	children []reading
	listed   map[string]bool // keys in the list, those included that cannot be published
	complete bool            // the list is whole: what is missing from it is deleted
}

// families requests the children of the parents that need it, concurrently (the client bounds the requests in flight). It
// returns as many as are whole, in order: with an error, those before the parent that failed.
func (p *pass) families(ctx context.Context, parents []reading, b *batch) ([][]family, error) {
	result := make([][]family, len(parents))
	for _, child := range p.riding {
		raw := make([]childList, len(parents))
		group, gctx := errgroup.WithContext(ctx)
		for i, parent := range parents {
			if !p.needs(child, parent) {
				continue
			}
			group.Go(func() error { raw[i] = p.list(gctx, child, parent.Record); return nil })
		}
		_ = group.Wait()
		if err := allGone(child, raw); err != nil {
			return nil, err
		}
		whole, err := p.encodeFamilies(ctx, child, raw, b)
		if refused := p.believable(child, parents, whole); refused != nil {
			p.childRefused(child, refused)
			if !p.publish {
				return nil, refused
			}
			continue
		}
		for i := range whole {
			if raw[i].asked {
				result[i] = append(result[i], whole[i])
			}
		}
		if err != nil {
			return result[:len(whole)], err
		}
	}
	return result, nil
}

// needs says whether the parent's children are to be requested.
func (p *pass) needs(child *extract.Resource, parent reading) bool {
	if !p.reads(child) {
		return false
	}
	return p.all || parent.again || child.Refresh == extract.RefreshListing || parent.verdict == verdictFirst || parent.verdict == verdictChanged
}

// childList is the answer to one request for children.
type childList struct {
	asked    bool
	gone     bool // the parent no longer exists
	records  []extract.Record
	complete bool
	err      error
}

// allGone doubts that more than a few parents, just listed, have all been deleted since: then the path is wrong, or the API is.
func allGone(child *extract.Resource, lists []childList) error {
	gone := 0
	for _, l := range lists {
		if l.asked || l.err != nil {
			return nil //nolint:nilerr // whoever asked is told of it; here it is only an answer that is no 404
		}
		if l.gone {
			gone++
		}
	}
	if gone <= deleteFew {
		return nil
	}
	return &extract.Error{Kind: extract.KindIncomplete, Resource: child.Name,
		Message: fmt.Sprintf("%d parents that were just listed are all answered by 404", gone), Hint: "check the substream's path"}
}

func (p *pass) list(ctx context.Context, child *extract.Resource, parent extract.Record) childList {
	records, complete, gone, err := p.cfg.API.Children(ctx, child, parent)
	var api *extract.Error
	switch {
	case errors.As(err, &api) && api.Kind == extract.KindUnauthorized:
		p.childRefused(child, err)
		if !p.publish { // nothing but the substream is read here
			return childList{err: err}
		}
		return childList{}
	case err != nil:
		return childList{err: err}
	case gone: // not an error, and no statement about its children
		return childList{gone: true}
	}
	return childList{asked: true, records: records, complete: complete}
}

// encodeFamilies encodes the children of many parents at once, so that a schema is inferred from all of them.
func (p *pass) encodeFamilies(ctx context.Context, child *extract.Resource, lists []childList, b *batch) ([]family, error) {
	var failed error
	for i, l := range lists {
		if l.err != nil {
			lists, failed = lists[:i], l.err
			break
		}
	}
	var all []extract.Record
	for _, l := range lists {
		all = append(all, l.records...)
	}
	readings, err := p.read(ctx, child, all, p.keys[child.Name], b)
	if err != nil {
		return nil, err
	}
	by := map[string][]reading{}
	for _, rd := range readings {
		by[rd.ParentKey] = append(by[rd.ParentKey], rd)
	}
	families := make([]family, len(lists))
	for i, l := range lists {
		families[i] = family{child: child, complete: l.complete, listed: make(map[string]bool, len(l.records))}
		for _, rec := range l.records {
			families[i].listed[rec.Key] = true
			if rec.KeyErr != nil { // it may be any of the keys that seem to be missing
				families[i].complete = false
			}
		}
		if len(l.records) > 0 {
			families[i].children = by[l.records[0].ParentKey]
		}
	}
	return families, failed
}

// add puts one parent and its children into the batch: they are decided together.
func (p *pass) add(b *batch, parent reading, families []family) error {
	missing := make([][]string, len(families))
	for i, f := range families {
		if !p.reads(f.child) { // refused since it was requested
			families[i].children = nil
			continue
		}
		var err error
		if missing[i], err = p.missingChildren(f, parent.Key); err == nil {
			continue
		}
		// Like a substream that the API refuses: it stops and is owed, its parents go on.
		p.childRefused(f.child, err)
		if !p.publish {
			return err
		}
		families[i].children, missing[i] = nil, nil
	}
	if p.publish {
		p.addReading(b, p.root, parent, p.memory)
	}
	for i, f := range families {
		memory := p.keys[f.child.Name]
		for _, rd := range f.children {
			p.addReading(b, f.child, rd, memory)
		}
		for _, key := range missing[i] {
			b.tombstone(p.names.Data(f.child.Name), f.child.Name, parent.Key, key, memory)
		}
	}
	return nil
}

// missingChildren are the children of a parent that its complete list does not hold: they were deleted.
func (p *pass) missingChildren(f family, parent string) ([]string, error) {
	memory := p.keys[f.child.Name]
	if !f.complete || f.child.Deletes != extract.DeletesParent || !memory.holdsAll() {
		return nil, nil
	}
	missing := absent(memory.keys(parent), f.listed)
	share := p.deletes[f.child.Name]
	if share == nil {
		share = &deletes{held: memory.len()}
		p.deletes[f.child.Name] = share
	}
	share.count += len(missing)
	return missing, p.allowDeletes(f.child.Name, share.count, share.held)
}

// believable refuses lists of several parents that suddenly lack more than half of what is published of them: before anything of
// them is committed, because a fifth of the whole topic may take many pages to be reached.
func (p *pass) believable(child *extract.Resource, parents []reading, families []family) error {
	memory := p.keys[child.Name]
	missing, held, of := 0, 0, 0
	for i, f := range families {
		if !f.complete || child.Deletes != extract.DeletesParent {
			continue
		}
		known := memory.keys(parents[i].Key)
		if lacks := len(absent(known, f.listed)); lacks > 0 {
			missing += lacks
			of++
		}
		held += len(known)
	}
	if p.cfg.AllowDeletes || missing <= deleteFew || of < 2 || missing*2 <= held {
		return nil
	}
	return &DeletesRefusedError{Resource: child.Name, Deletes: missing, Held: held}
}

func (p *pass) addReading(b *batch, res *extract.Resource, rd reading, memory *published) {
	switch rd.verdict {
	case verdictFirst, verdictChanged:
		b.publish(p.names.Data(res.Name), res.Name, rd, memory)
		if res == p.root && p.tail.memory != nil && rd.entry.ts >= p.tail.from {
			b.learned = append(b.learned, lesson{memory: p.tail.memory, parent: rd.ParentKey, key: rd.Key, entry: rd.entry})
		}
	case verdictUnchanged:
		if rd.again {
			b.learned = append(b.learned, lesson{memory: memory, parent: rd.ParentKey, key: rd.Key, entry: rd.entry})
		}
	case verdictStale:
	}
}

// commit has the batch and the state decided together. A state that moved without a record may wait for the next commit.
func (p *pass) commit(ctx context.Context, b *batch, next UnitState) error {
	next.V, next.Plan, next.Records = p.saved.V, p.saved.Plan, p.saved.Records+b.total
	if next.Owed = p.saved.Owed; p.publish && b.counts[p.root.Name] != nil && b.counts[p.root.Name].published > 0 {
		next.Owed = union(p.saved.Owed, p.owing())
	}
	if b.empty() && !p.due(next) {
		b.learn() // nothing but that children were read again, and were the same
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
	return next.Done && !quiet
}

// save commits without asking whether it is worth it.
func (p *pass) save(ctx context.Context, b *batch, next UnitState) error {
	next.At = p.stamp()
	records := append(b.records, stateRecord(p.names, p.lane, p.unit, next))
	phases := p.moveBack(b)
	for name, u := range phases {
		records = append(records, stateRecord(p.names, p.lane, name, u))
	}
	if err := p.lanes[p.lane].commit(ctx, records); err != nil {
		return err
	}
	// Committed: only now may memory know.
	b.learn()
	p.dead.learn(b)
	p.saved, p.savedAt = next, p.cfg.Now()
	p.board.setUnit(p.unit, next)
	for name, u := range phases {
		p.board.setUnit(name, u)
	}
	p.changed += b.total
	p.progress.committed(b, p.servedNow(), next)
	if p.publish {
		p.progress.remembers(p.root.Name, p.memory)
	}
	for _, child := range p.riding {
		p.progress.remembers(child.Name, p.keys[child.Name])
	}
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
