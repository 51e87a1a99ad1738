package producer

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// listing is one complete reading of a resource that is read as a snapshot, and what it showed.
type listing struct {
	*pass
	strays  map[string]bool // keys that it shows and memory does not hold, because they cannot be published; those it holds are marked
	shown   int             // records
	second  bool            // it confirms what another one lacks: what either shows exists
	held    int             // keys known when it began: those that it must show, or they are gone
	pages   int
	proves  bool // absence from it means deleted: read from first to last page, uncapped, every record with a key
	resumed bool
}

// snapshot lists the resource again and again; with Once, once.
func (r *runner) snapshot(ctx context.Context) error {
	r.state("planning")
	if err := r.persist(ctx, r.plan); err != nil {
		return err
	}
	r.state("restoring")
	r.keys[r.root.Name] = newPublished(0)
	if r.publish {
		if err := r.restoreKeys(ctx, r.root); err != nil {
			return err
		}
	}
	for _, child := range r.children {
		if err := r.restoreKeys(ctx, child); err != nil {
			return err
		}
	}
	took := time.Duration(-1) // this process made none yet
	for {
		if err := r.untilDue(ctx, took); err != nil {
			return err
		}
		err := r.persist(ctx, func(ctx context.Context) error {
			r.requesting.Store(0)
			err := r.list(ctx)
			took = time.Duration(r.requesting.Load())
			return err
		})
		var refused *DeletesRefusedError
		if errors.As(err, &refused) && !r.cfg.Once {
			// What is there was published, what seems gone was kept: the next listing may show it again.
			r.progress.trouble(refused.Resource, err)
			err = nil
		}
		if err != nil {
			return err
		}
		r.passed()
		if r.cfg.Once {
			r.state("done")
			return nil
		}
	}
}

// untilDue waits until the pause after the last complete listing is over. It is as long as is set for the resource or for all, and at
// least ten times what its requests took: a listing that costs the API much is made seldom. Neither commits nor earlier attempts count:
// an outage of the broker or of the API says nothing of what a listing costs.
func (r *runner) untilDue(ctx context.Context, took time.Duration) error {
	last, listed := r.board.unit(r.ownUnit())
	if r.cfg.Once || !listed || !last.Done {
		return nil
	}
	for _, child := range r.children {
		if took < 0 && last.owes(child.Name) {
			return nil // an earlier process was killed before its substream was read
		}
	}
	pause := r.cfg.SnapshotInterval
	if r.root.PollInterval > 0 {
		pause = r.root.PollInterval
	}
	pause = max(pause, 10*took)
	wait := last.At.Add(pause).Sub(r.cfg.Now())
	if wait <= 0 {
		return nil
	}
	r.state("waiting")
	r.pauses("next listing", pause, wait)
	return r.cfg.Sleep(ctx, wait)
}

// list makes one listing: publish what changed, delete what is gone, then read the substreams that wait for its end.
func (r *runner) list(ctx context.Context) error {
	r.state("listing")
	if err := r.stillSameTopics(ctx); err != nil {
		return err
	}
	first := r.newListing()
	first.held = first.memory.len() + len(first.orphans())
	if err := first.read(ctx); err != nil {
		return err
	}
	if first.held == 0 { // of a topic that was empty a deletion takes what this listing put there
		first.held = first.memory.len()
	}
	gone, err := first.gone(ctx)
	if err != nil {
		return err
	}
	if err := first.finish(ctx, gone); err != nil {
		return err
	}
	for _, child := range r.children {
		if r.root.Drain {
			// A substream that the API refuses stops and stays owed; its parents go on.
			if err := r.phase(ctx, child, first); err != nil && (r.reads(child) || errors.Is(err, errLaneLost)) {
				return err
			}
		} else if err := r.clearOwed(ctx, child); err != nil {
			return err
		}
	}
	if r.publish {
		return nil
	}
	return r.allStopped(r.children)
}

func (r *runner) newListing() *listing {
	unit := r.ownUnit()
	saved, _ := r.board.unit(unit)
	p := r.newPass(unit, r.home, saved, r.keys[r.root.Name])
	for _, child := range r.children {
		p.all = p.all || !r.publish || p.saved.owes(child.Name)
	}
	return &listing{pass: p}
}

// missing are the keys that a complete listing must show and this one did not: what the topic holds of the root, and the parents of
// children.
func (l *listing) missing() []string { return union(l.memory.unseen(), l.orphans()) }

// orphans are the parents of children in the topic that memory does not hold, and that were not shown.
func (l *listing) orphans() []string {
	var keys []string
	for _, child := range l.children {
		l.keys[child.Name].eachParent(func(parent string) {
			if _, held := l.memory.get(parent); !held && !l.strays[parent] {
				keys = append(keys, parent)
			}
		})
	}
	return union(keys, nil)
}

// shownAfter returns the least n keys shown that are greater than after, sorted.
func (l *listing) shownAfter(after string, n int) []string {
	keys := l.memory.seenAfter(after, n)
	for key := range l.strays {
		if key > after {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	return keys[:min(n, len(keys))]
}

// read reads the listing and hands its pages over. A listing of which an earlier process read the first pages goes on after
// them, and proves no absence; not where children are owed, perhaps those of parents on these pages.
func (l *listing) read(ctx context.Context) error {
	pos := extract.Position{Phase: extract.PhaseSnapshot}
	if saved, err := l.saved.Position(); err == nil && l.publish && !l.all && !saved.Done && saved.Phase == extract.PhaseSnapshot && saved.Token != "" {
		pos, l.resumed = saved, true
	}
	l.begin()
	for h, err := range l.readAhead(ctx, pos) {
		if err != nil {
			return err
		}
		if h.First {
			l.begin()
		}
		l.pages += h.pages
		l.proves = l.proves && !h.Capped
		after := h.After
		if after.Done {
			// The end of the pass is committed with the deletions that it shows. Until then a restart lists from the beginning.
			after = extract.Position{Phase: extract.PhaseSnapshot}
		}
		if err := l.take(ctx, h, l.saved.at(after)); err != nil {
			return err
		}
		l.show(h.Records)
	}
	return ctx.Err()
}

func (l *listing) begin() {
	l.shown, l.pages, l.proves = 0, 0, !l.resumed
	if !l.second {
		l.strays = map[string]bool{}
		l.memory.unmark()
	}
}

// show marks what a page showed, after it was taken: memory holds then what is published of it.
func (l *listing) show(records []extract.Record) {
	for _, rec := range records {
		if rec.KeyErr != nil { // it may be any of the keys that seem to be missing
			l.proves = false
			continue
		}
		l.shown++
		if !l.publish { // memory holds nothing but the keys themselves
			l.memory.put("", rec.Key, entry{})
		}
		if !l.memory.mark(rec.Key) {
			l.strays[rec.Key] = true
		}
	}
}

// gone are the missing keys that are deleted. A listing of several pages may miss what moved while it was paged, and an empty one
// may be an error that looks like success: what seems to be gone is confirmed by a second listing.
func (l *listing) gone(ctx context.Context) ([]string, error) {
	missing := l.missing()
	if len(missing) == 0 || !l.provesAbsence() {
		return nil, ctx.Err()
	}
	if (l.pages > 1 && !l.root.Consistent) || l.shown == 0 {
		l.runner.state("confirming deletions")
		second := l.newListing()
		second.second, second.strays = true, l.strays
		// From its beginning: where the last page changed nothing, the state still names the token of an earlier one.
		second.saved = second.saved.at(extract.Position{Phase: extract.PhaseSnapshot})
		if err := second.read(ctx); err != nil {
			return nil, err
		}
		l.pass = second.pass // its state is the newer one
		if !second.provesAbsence() {
			return nil, nil
		}
		missing = l.missing()
	}
	return missing, nil
}

func (l *listing) provesAbsence() bool {
	return l.proves && l.memory.holdsAll() && (!l.publish || l.root.Deletes == extract.DeletesListing)
}

// finish commits the end of the listing with the tombstones of what is gone, and of its children.
func (l *listing) finish(ctx context.Context, gone []string) error {
	b := newBatch()
	refused := l.allowDeletes(l.root.Name, len(gone), l.held)
	if refused == nil {
		for _, key := range gone {
			l.bury(b, key)
			if b.full() {
				if err := l.commit(ctx, b, l.saved); err != nil {
					return err
				}
				b = newBatch()
			}
		}
	}
	done := l.saved.at(extract.Position{Phase: extract.PhaseSnapshot, Done: true})
	if !l.publish {
		// Where it is drained a substream's own phase follows. One that was stopped meanwhile was not read.
		done.Done = !l.root.Drain && l.unit == l.ownUnit()
	}
	if err := l.commit(ctx, b, done); err != nil {
		return err
	}
	return refused
}

// bury adds the tombstones of a deleted record and of its children.
func (l *listing) bury(b *batch, key string) {
	l.buryChildren(b, key)
	if _, held := l.memory.get(key); held && l.publish {
		b.tombstone(l.names.Data(l.root.Name), l.root.Name, "", key, l.memory)
	} else if held {
		l.memory.remove(key)
	}
}

// buryChildren adds the tombstones of a deleted record's children.
func (r *runner) buryChildren(b *batch, parent string) {
	for _, child := range r.children {
		memory := r.keys[child.Name]
		orphans := memory.keys(parent)
		sort.Strings(orphans)
		for _, orphan := range orphans {
			b.tombstone(r.names.Data(child.Name), child.Name, parent, orphan, memory)
		}
	}
}

// absent are the keys that seen does not hold, sorted.
func absent(keys []string, seen map[string]bool) []string {
	var missing []string
	for _, key := range keys {
		if !seen[key] {
			missing = append(missing, key)
		}
	}
	sort.Strings(missing)
	return missing
}

const (
	deleteShare = 5  // one in so many
	deleteFew   = 10 // up to so many are never too many
)

// DeletesRefusedError says that a pass would have deleted more than what looks like an everyday change.
type DeletesRefusedError struct {
	Resource      string
	Deletes, Held int
}

func (e *DeletesRefusedError) Error() string {
	return fmt.Sprintf("%s: %d of %d records would be deleted, too many at once to be believed; they were kept → check that the API shows everything to this token, then allow it once with --allow-deletes",
		e.Resource, e.Deletes, e.Held)
}

// allowDeletes refuses to delete more than a fifth of a topic at once: an API that suddenly shows little is more often broken,
// or the token's rights were cut, than emptied.
func (r *runner) allowDeletes(resource string, deletes, held int) error {
	if r.cfg.AllowDeletes || deletes <= deleteFew || deletes*deleteShare <= held {
		return nil
	}
	return &DeletesRefusedError{Resource: resource, Deletes: deletes, Held: held}
}
