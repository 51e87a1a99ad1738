package producer

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

const (
	// sweepMissing bounds the missing keys that are held; what is beyond is found by the next sweep.
	sweepMissing = 200_000
	// sweepOther bounds the keys held that were seen where the topic does not say; beyond it nothing is deleted.
	sweepOther = 1_000_000
)

// exists notes that a key was seen elsewhere than the topic says. A hash that collides keeps a deleted key until the next sweep.
func (s *sweep) exists(key string) {
	if len(s.other) >= sweepOther {
		s.proves = false
		return
	}
	s.other[maphash.String(s.seed, key)] = struct{}{}
}

// note holds the keys that a window lacks.
func (s *sweep) note(missing map[string]int64) {
	if !s.proves {
		return
	}
	for key, ts := range missing {
		if len(s.missing) < sweepMissing {
			s.missing[key] = ts
		} else {
			s.beyond++
		}
	}
}

// gone are the keys that are deleted: missing from their window, from a second, narrow listing, from every other window, and from the
// live passes up to one that shows all that changed before. alone are parents whose children are deleted although the topic does not
// hold them (orphans).
func (s *sweep) gone(ctx context.Context) (gone, alone []string, err error) {
	s.forgiven()
	if !s.proves {
		return nil, nil, ctx.Err()
	}
	s.runner.state("confirming deletions")
	if err := s.try(ctx, s.confirm); err != nil {
		return nil, nil, err
	}
	s.forgiven()
	if alone, err = s.orphans(ctx); err != nil || len(s.missing)+len(alone) == 0 || !s.proves {
		return nil, nil, errors.Join(err, ctx.Err())
	}
	if err := s.ripen(ctx); err != nil {
		return nil, nil, err
	}
	if s.forgiven(); !s.proves {
		return nil, nil, nil
	}
	if gone, err = s.unpublishedSince(ctx); err != nil {
		return nil, nil, err
	}
	alone, err = s.orphans(ctx)
	return gone, alone, err
}

// unpublishedSince are the missing keys of which the topic holds nothing newer.
func (s *sweep) unpublishedSince(ctx context.Context) ([]string, error) {
	if len(s.missing) == 0 {
		return nil, nil
	}
	// The last word is the topic's: what was published since was seen, whoever saw it.
	copies := map[string]*lastCopy{}
	for key := range s.missing {
		copies[key] = nil
	}
	if err := s.lookUp(ctx, copies); err != nil {
		return nil, err
	}
	var gone []string
	for key, c := range copies {
		if c != nil && c.early && c.entry.ts == s.missing[key] {
			gone = append(gone, key)
		}
	}
	slices.Sort(gone)
	return gone, nil
}

// forgiven drops what was seen elsewhere.
func (s *sweep) forgiven() {
	for key := range s.missing {
		if _, seen := s.other[maphash.String(s.seed, key)]; seen {
			delete(s.missing, key)
		}
	}
}

// confirm lists once more the times at which the missing keys should be. That is most often one page, whose records are of one moment.
func (s *sweep) confirm(ctx context.Context) error {
	times := make([]int64, 0, len(s.missing))
	for _, ts := range s.missing {
		times = append(times, ts)
	}
	slices.Sort(times)
	for len(times) > 0 {
		n := 1
		for n < len(times) && times[n]-times[n-1] <= s.neighbours().Milliseconds() {
			n++
		}
		w := extract.Window{Start: time.UnixMilli(times[0]).UTC().Truncate(time.Second), End: time.UnixMilli(times[n-1]).UTC().Truncate(time.Second).Add(time.Second)}
		times = times[n:]
		for page, err := range s.cfg.API.Pages(ctx, s.root, extract.Position{Phase: extract.PhaseSnapshot, Window: w}) {
			if err != nil {
				return err
			}
			s.progress.page(s.servedNow(), 1, page.Read)
			s.proves = s.proves && !page.Capped
			s.saw(page.Records)
			page.Release()
			if err := s.between(ctx); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// neighbours is the distance up to which missing records are listed together: a request costs its margin on both sides.
func (s *sweep) neighbours() time.Duration {
	return max(time.Minute, 2*s.root.Incremental.QueryMargin)
}

// ripen makes live passes until one began a lookback after the confirmation: what had moved by then it has seen.
func (s *sweep) ripen(ctx context.Context) error {
	now, err := s.cfg.API.Now(ctx, s.root)
	if err != nil {
		return err
	}
	due := now.Add(s.root.Incremental.Lookback)
	for now.Before(due) {
		pause := due.Sub(now)
		if !s.cfg.Once {
			pause = min(pause, s.pollInterval())
		}
		s.runner.state("confirming deletions")
		s.waiting("what became visible late", due.Sub(now))
		if err := s.cfg.Sleep(ctx, pause); err != nil {
			return err
		}
		if err := s.between(ctx); err != nil {
			return err
		}
		if now, err = s.cfg.API.Now(ctx, s.root); err != nil {
			return err
		}
	}
	return s.livePassNow(ctx)
}

// finish commits the sweep's end with the tombstones of what is gone, of its children, and of those whose parents were never published.
func (s *sweep) finish(ctx context.Context, gone, alone []string) error {
	b := newBatch()
	refused := s.allowDeletes(s.root.Name, len(gone)+len(alone)+s.beyond, s.held+len(alone))
	if refused == nil {
		for i, key := range slices.Concat(gone, alone) {
			s.buryChildren(b, key)
			if i < len(gone) {
				b.tombstone(s.names.Data(s.root.Name), s.root.Name, "", key, s.memory)
			}
			if b.full() {
				if err := s.commit(ctx, b, s.stands()); err != nil {
					return err
				}
				b = newBatch()
			}
		}
	}
	done := s.stands()
	done.Done = true
	if err := s.commit(ctx, b, done); err != nil {
		return err
	}
	return refused
}
