package extract

import (
	"context"
	"time"
)

// Sample is what the beginning of a resource's listing shows.
type Sample struct {
	Pages   [][]Record // as a pass hands them over, without what filters drop; of a substream one list a parent
	Records int        // in all of Pages
	Read    int        // records that the answers held, before any filter
	Total   int        // records in all, as the API says; -1: it does not, or this is a substream
	More    bool       // there is more than was read
	Parents int        // of a substream: whose children were read
}

// SampleLimit says when a sample is large enough. A sample is at most so many records and the rest of their page, from at most so many
// pages, or for a substream parents.
type SampleLimit struct{ Records, Pages int }

// Sample reads the beginning of r as a backfill or a listing begins, and of a substream the children of the first parents. A
// traversal that only one can hold at a time is begun like any other, and left in the middle where the limit says so: a scroll then
// holds its place until it expires.
func (c *Client) Sample(ctx context.Context, r *Resource, limit SampleLimit) (Sample, error) {
	if r.Parent != nil {
		return c.sampleChildren(ctx, r, limit)
	}
	s := Sample{Total: -1}
	for page, err := range c.Pages(ctx, r, c.beginning(r)) {
		if err != nil {
			return s, err
		}
		if page.First {
			s = Sample{}
		}
		s.add(wanted(page.Records))
		s.Read, s.Total, s.More = s.Read+page.Read, page.Total, !page.After.Done
		if s.enough(limit) {
			break
		}
	}
	return s, nil
}

// sampleChildren asks for children while the parents' listing is read.
func (c *Client) sampleChildren(ctx context.Context, r *Resource, limit SampleLimit) (Sample, error) {
	s := Sample{Total: -1}
	for page, err := range c.Pages(ctx, r.Parent, c.beginning(r.Parent)) {
		if err != nil {
			return s, err
		}
		if page.First {
			s = Sample{Total: -1}
		}
		parents := wanted(page.Records)
		for i, parent := range parents {
			if parent.KeyErr != nil {
				continue
			}
			children, _, gone, err := c.Children(ctx, r, parent)
			if err != nil {
				return s, err
			}
			if gone {
				continue
			}
			s.add(children)
			s.Parents, s.Read, s.More = s.Parents+1, s.Read+len(children), i+1 < len(parents) || !page.After.Done
			if s.enough(limit) {
				return s, nil
			}
		}
	}
	return s, nil
}

func (s *Sample) add(page []Record) {
	s.Pages = append(s.Pages, page)
	s.Records += len(page)
}

func (s *Sample) enough(limit SampleLimit) bool {
	return s.Records >= limit.Records || len(s.Pages) >= limit.Pages
}

// beginning is where a backfill or a listing of a root begins.
func (c *Client) beginning(r *Resource) Position {
	if r.Incremental == nil {
		return Position{Phase: PhaseSnapshot}
	}
	now, _ := c.clock.now(c.now())
	w := Window{Start: c.Start(r), End: now}
	if end := c.End(r); !end.IsZero() {
		w.End = earliest(w.End, end)
	}
	if !w.Start.Before(w.End) {
		w.Start = w.End.Add(-time.Hour) // an empty window would ask for nothing, and tell nothing
	}
	return Position{Phase: PhaseBackfill, Window: w}
}

// HoldsPlace reports whether reading r takes a place that the API gives to one at a time and that cannot be given back: whoever only
// looks should not take it.
func (r *Resource) HoldsPlace() bool { return r.Root().Singleton }
