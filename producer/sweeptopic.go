package producer

import (
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/extract"
)

// hourCount is how many of the topic's records have their cursor in an hour (since 1970).
type hourCount struct {
	hour  int64
	count int
}

// lastCopy is what the topic holds of a key.
type lastCopy struct {
	entry entry
	early bool // published before the sweep's first request
}

// survey learns how the topic's records lie in time, and where the topic ends now.
func (s *sweep) survey(ctx context.Context) error {
	topic := s.names.Data(s.root.Name)
	var err error
	if s.began, err = s.extentsOf(ctx, topic, -1); err != nil {
		return err
	}
	hours := map[int64]int{}
	err = s.scanTopic(ctx, topic, s.began, func(rec *kgo.Record) error {
		if rec.Value == nil {
			return nil
		}
		if e := parsePublished(rec, 0); s.at.UnixMilli() <= e.ts && e.ts < s.span.End.UnixMilli() {
			hours[e.ts/time.Hour.Milliseconds()]++
		}
		return nil
	})
	for hour, count := range hours {
		s.hours = append(s.hours, hourCount{hour, count})
	}
	slices.SortFunc(s.hours, func(a, b hourCount) int { return int(a.hour - b.hour) })
	return err
}

// next is the window that follows: of about sweepRecords, but not shorter than the API's way of searching makes sensible.
func (s *sweep) next() extract.Window {
	inc := s.root.Incremental
	end := s.reach(s.most(sweepRecords), max(inc.MinWindow, time.Hour))
	if inc.Step > 0 && end.After(s.at.Add(inc.Step)) {
		end = s.at.Add(inc.Step)
	}
	return extract.Window{Start: s.at, End: end}
}

// most is n, or what memory may hold where that is less.
func (s *sweep) most(n int) int {
	if s.cfg.MemoryKeys > 0 {
		return min(n, s.cfg.MemoryKeys)
	}
	return n
}

// reach is how far so many records reach from here, in whole hours; if there are not too many, at least so long.
func (s *sweep) reach(records int, span time.Duration) time.Time {
	sum := 0
	for _, h := range s.hours {
		end := time.Unix((h.hour+1)*3600, 0).UTC()
		if !end.After(s.at) {
			continue
		}
		if sum += h.count; sum >= records && (end.Sub(s.at) >= span || sum >= sweepMost) && end.Before(s.span.End) {
			return end
		}
	}
	return s.span.End
}

// load reads what the topic holds of the next slice of time, if memory does not have the window yet.
func (s *sweep) load(ctx context.Context, w extract.Window) error {
	if w.End.Compare(s.slice.End) <= 0 {
		return nil
	}
	slice := extract.Window{Start: s.at, End: s.reach(s.most(sweepKeys), 0)}
	if slice.End.Before(w.End) {
		slice.End = w.End
	}
	topic := s.names.Data(s.root.Name)
	parts, err := s.extentsOf(ctx, topic, -1)
	if err != nil {
		return err
	}
	memory := newPublished(0)
	from, to := slice.Start.UnixMilli(), slice.End.UnixMilli()
	err = s.scanTopic(ctx, topic, parts, func(rec *kgo.Record) error {
		key := string(rec.Key)
		if e := parsePublished(rec, 0); rec.Value != nil && from <= e.ts && e.ts < to {
			memory.put("", key, e)
		} else {
			memory.remove(key) // its last copy is elsewhere
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.memory, s.slice = memory, slice // what it lacks the topic is asked for: takeUnknown
	return nil
}

// lookUp reads the topic for some keys: nil stays where it holds none.
func (s *sweep) lookUp(ctx context.Context, copies map[string]*lastCopy) error {
	topic := s.names.Data(s.root.Name)
	parts, err := s.extentsOf(ctx, topic, -1)
	if err != nil {
		return err
	}
	return s.scanTopic(ctx, topic, parts, func(rec *kgo.Record) error {
		key := string(rec.Key)
		if _, wanted := copies[key]; !wanted {
			return nil
		}
		copies[key] = nil
		if rec.Value != nil {
			copies[key] = &lastCopy{entry: parsePublished(rec, 0), early: rec.Offset < s.began[rec.Partition].to}
		}
		return nil
	})
}
