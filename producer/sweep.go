package producer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

const (
	// sweepRecords is about how many of the topic's records one window of a sweep holds: what a restart lists again.
	sweepRecords = 5_000
	// sweepMost is how many it may hold where the API's way of searching asks for long windows.
	sweepMost = 50_000
	// sweepKeys bounds the topic's keys that a sweep has in memory at a time. A larger topic is compared slice by slice of time, each
	// with a reading of the topic.
	sweepKeys = 400_000
	// sweepAttempts bounds the attempts at one window in a row; then the sweep is given up until sweepPause later.
	sweepAttempts = 10
	sweepPause    = time.Hour
	// heldBackRecords bounds the records that wait for the topic to be asked what it holds of them.
	heldBackRecords = 1_000
)

// sweep is one complete listing of an incremental resource, compared with its topic: what the API does not report is found by it,
// deletions and edits that move no cursor. It covers the time from the plan's beginning to where live passes begin, so that the two
// never publish the same record; live passes go on between its pages.
//
// A key that its window lacks is deleted only if nothing else explains it. A page may have been missed while records moved: it is
// listed once more, narrowly. The record may have moved: then another window shows it, or a live pass, of which the one that decides
// begins a lookback after that, because changes become visible late. What was seen anywhere counts, published or not.
type sweep struct {
	*pass
	live  *pass
	began map[int32]extent // the topic before the first request
	span  extract.Window   // of the whole sweep
	at    time.Time        // everything before is compared
	hours []hourCount      // how the topic's records lie in time
	slice extract.Window   // the part that memory holds
	held  int              // keys compared so far

	proves  bool                // absence means deleted: this process read all of it, uncapped, every record with a key
	missing map[string]int64    // keys that their windows lack, with their cursors in ms
	beyond  int                 // how many more there were than missing holds
	other   map[uint64]struct{} // hashes of keys that were seen where the topic does not say: they exist
	seed    maphash.Seed

	passedAt time.Time // when the last live pass ended
}

// sweepDue says whether a sweep is to be made, or one to be gone on with.
func (r *runner) sweepDue() bool {
	if !r.publish || !sweepable(r.root) || r.cfg.Now().Before(r.sweepAfter) {
		return false
	}
	if r.cfg.Sweep && !r.swept {
		return true
	}
	if r.cfg.Once || r.root.SweepInterval == 0 {
		return false
	}
	plan, _ := r.board.plan(r.root.Name)
	last, begun := r.board.unit(sweepUnit(r.root.Name))
	if begun && !last.Done {
		return true
	}
	since := plan.At
	if begun {
		since = last.At
	}
	return !r.cfg.Now().Before(since.Add(r.root.SweepInterval))
}

// sweepable says whether deletions of the resource's records are found by a sweep, and by nothing else.
func sweepable(r *extract.Resource) bool {
	return r.Parent == nil && r.Incremental != nil && r.Deletes == extract.DeletesNone
}

// checkSweep refuses to be asked for a sweep that would find nothing: a substream is compared with its parent.
func (w *Worker) checkSweep() error {
	if !w.cfg.Sweep {
		return nil
	}
	some := false
	for _, name := range w.selectedNames() {
		r := w.cfg.Source.Resource(name)
		for _, parent := range r.Parents() {
			if sweepable(parent) && !w.selected(parent) {
				return fmt.Errorf("--sweep: %s is compared together with %s: name that too", r.Name, parent.Name)
			}
		}
		some = some || sweepable(r)
	}
	if !some {
		return errors.New("--sweep: none of these resources is read by time and can lose records: leave --sweep out")
	}
	return nil
}

// sweep makes one sweep. Of its errors only those that end the resource are returned; with Once all are.
func (r *runner) sweep(ctx context.Context, live *pass) error {
	s, err := r.newSweep(live)
	if err != nil {
		return err
	}
	r.sweeping = s
	defer func() { r.sweeping = nil }()
	err = s.run(ctx)
	var refused *DeletesRefusedError
	switch {
	case err == nil || errors.As(err, &refused):
		r.swept = true
	case errors.Is(err, errLaneLost) || ctx.Err() != nil || !passes(err):
		return err
	}
	if err == nil || r.cfg.Once {
		return err
	}
	r.progress.trouble(r.root.Name, err)
	r.cfg.Log.Warn("sweep ended", "resource", r.root.Name, "err", err)
	r.sweepAfter = r.cfg.Now().Add(sweepPause)
	return nil
}

// newSweep begins a sweep, or goes on with one that an earlier process began. With Once it always begins: what an earlier process saw
// proves nothing to this one.
func (r *runner) newSweep(live *pass) (*sweep, error) {
	unit := sweepUnit(r.root.Name)
	saved, begun := r.board.unit(unit)
	s := &sweep{live: live, missing: map[string]int64{}, other: map[uint64]struct{}{}, seed: maphash.MakeSeed(), passedAt: r.cfg.Now()}
	if begun && !saved.Done && !r.cfg.Once {
		pos, err := saved.Position()
		if err != nil {
			return nil, err
		}
		s.span, s.at = pos.Window, pos.Watermark
	} else {
		plan, _ := r.board.plan(r.root.Name)
		from, _, err := plan.span()
		if err != nil {
			return nil, err
		}
		end := r.root.LiveFrom(live.saved.watermark()).Truncate(time.Second) // what is left out changed a moment ago
		if end.Before(from) {
			end = from
		}
		s.span, s.at, s.proves = extract.Window{Start: from, End: end}, from, true
		saved = UnitState{Owed: saved.Owed}
	}
	if end := r.cfg.API.End(r.root); !end.IsZero() && !end.After(r.cfg.Now()) {
		s.proves = false // what is missing may have moved beyond the end_value, where nothing is read
	}
	s.pass = r.newPass(unit, r.home, saved, newPublished(0))
	s.guard, s.still = true, true
	for _, child := range s.children {
		s.keys[child.Name].unmark()
	}
	s.saved = s.stands()
	return s, nil
}

func (s *sweep) run(ctx context.Context) error {
	s.runner.state("sweeping")
	if err := s.survey(ctx); err != nil {
		return err
	}
	for s.at.Before(s.span.End) {
		window := s.next()
		if err := s.load(ctx, window); err != nil {
			return err
		}
		if err := s.try(ctx, func(ctx context.Context) error { return s.window(ctx, window) }); err != nil {
			return err
		}
		if err := s.between(ctx); err != nil {
			return err
		}
	}
	gone, alone, err := s.gone(ctx)
	if err != nil {
		return err
	}
	return s.finish(ctx, gone, alone)
}

// try repeats a step that fails for a reason that may pass. Live passes go on meanwhile.
func (s *sweep) try(ctx context.Context, step func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := step(ctx)
		if err == nil || ctx.Err() != nil || errors.Is(err, errLaneLost) || s.cfg.Once || !passes(err) || attempt == sweepAttempts {
			return err
		}
		s.progress.trouble(s.root.Name, err)
		s.cfg.Log.Warn("the sweep waits for the next cycle", "resource", s.root.Name, "err", err)
		if err := s.cfg.Sleep(ctx, s.pollInterval()); err != nil {
			return err
		}
		if err := s.between(ctx); err != nil {
			return err
		}
	}
}

// between makes a live pass when it is time for one: a sweep may take hours.
func (s *sweep) between(ctx context.Context) error {
	if s.cfg.Once || s.cfg.Now().Sub(s.passedAt) < s.pollInterval() {
		return nil
	}
	return s.livePassNow(ctx)
}

func (s *sweep) livePassNow(ctx context.Context) error {
	err := s.persist(ctx, s.live.livePass)
	s.passedAt = s.cfg.Now()
	s.runner.state("sweeping")
	return err
}

// stands is the unit's state: what is compared so far. Within a window there is no position.
func (s *sweep) stands() UnitState {
	return s.saved.at(extract.Position{Phase: extract.PhaseSnapshot, Window: s.span, Watermark: s.at})
}

// window lists one window, publishes what differs from the topic, and notes what is missing.
func (s *sweep) window(ctx context.Context, w extract.Window) error {
	seen := map[string]bool{}
	var unknown []extract.Record
	var read []extract.Page // that are not released: of some a record is in unknown
	for page, err := range s.cfg.API.Pages(ctx, s.root, extract.Position{Phase: extract.PhaseSnapshot, Window: w}) {
		if err != nil {
			return err
		}
		s.proves = s.proves && !page.Capped
		page.Records, unknown = s.sift(page.Records, w, seen, unknown)
		if err := s.take(ctx, haul{Page: page, pages: 1}, s.stands()); err != nil {
			return err
		}
		if len(unknown) >= heldBackRecords {
			if err := s.takeUnknown(ctx, unknown); err != nil {
				return err
			}
			unknown = nil
		}
		if read = append(read, page); len(unknown) == 0 {
			release(read)
			read = read[:0]
		}
		if err := s.between(ctx); err != nil {
			return err
		}
	}
	if err := s.takeUnknown(ctx, unknown); err != nil {
		return err
	}
	release(read)
	if err := ctx.Err(); err != nil {
		return err
	}
	here := s.memory.within(w.Start.UnixMilli(), w.End.UnixMilli())
	s.held += len(here)
	maps.DeleteFunc(here, func(key string, _ int64) bool { return seen[key] })
	s.note(here)
	s.at = w.End
	return s.save(ctx, newBatch(), s.stands())
}

// sift keeps the window's records that the topic holds in this slice, which can be compared at once, and adds those it does not to
// unknown. The rest of a page belongs to other windows; that it was seen may matter to them.
func (s *sweep) sift(records []extract.Record, w extract.Window, seen map[string]bool, unknown []extract.Record) (known, rest []extract.Record) {
	known = records[:0:0]
	for _, rec := range records {
		if rec.Filtered { // it is as good as deleted
			continue
		}
		if rec.KeyErr != nil { // it may be any of the keys that seem to be missing
			s.proves = false
			if w.Contains(rec.Cursor) {
				known = append(known, rec)
			}
			continue
		}
		s.shows(rec.Key)
		had, held := s.memory.get(rec.Key)
		if !held || had.ts != rec.Cursor.UnixMilli() {
			s.exists(rec.Key)
		}
		if !w.Contains(rec.Cursor) {
			continue
		}
		seen[rec.Key] = true
		if held {
			known = append(known, rec)
		} else {
			unknown = append(unknown, rec)
		}
	}
	return known, unknown
}

// takeUnknown asks the topic what it holds of records that are not where it says: it may be nothing, an older copy, or a newer one
// that must not be gone back behind.
func (s *sweep) takeUnknown(ctx context.Context, records []extract.Record) error {
	if len(records) == 0 {
		return nil
	}
	copies := map[string]*lastCopy{}
	for _, rec := range records {
		copies[rec.Key] = nil
	}
	if err := s.lookUp(ctx, copies); err != nil {
		return err
	}
	for key, c := range copies {
		if c != nil {
			s.memory.put("", key, c.entry)
		}
	}
	return s.take(ctx, haul{Page: extract.Page{Records: records}}, s.stands())
}

// overtaken teaches the sweep's memory what another pass publishes of a key that it holds: an older copy must not follow.
func (s *sweep) overtaken(p *pass, b *batch, rd reading) {
	if _, held := s.memory.get(rd.Key); held && s.pass != p {
		b.learned = append(b.learned, lesson{memory: s.memory, key: rd.Key, entry: rd.entry, hash: rd.hash})
	}
}

// saw notes what a live pass was shown, be it published or not.
func (s *sweep) saw(records []extract.Record) {
	for _, rec := range records {
		if rec.Filtered {
			continue
		}
		if rec.KeyErr != nil {
			s.proves = false
			continue
		}
		s.shows(rec.Key)
		s.exists(rec.Key)
	}
}
