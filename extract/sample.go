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

// Sample reads the beginning of r as a backfill or a listing begins, and of a substream the children of the first parents, where it has
// several parents those of the first. A listing that only one can read at a time is read on until its end, which gives its place back, however many records there are; where that
// is farther than limit.Pages it holds its place until it expires.
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
		if s.enough(limit) && !r.Singleton || len(s.Pages) >= limit.Pages {
			break
		}
	}
	return s, nil
}

// sampleChildren asks for children while the parents' listing is read.
func (c *Client) sampleChildren(ctx context.Context, r *Resource, limit SampleLimit) (Sample, error) {
	s, pages, left := Sample{Total: -1}, 0, false
	for page, err := range c.Pages(ctx, r.Parent, c.beginning(r.Parent)) {
		if err != nil {
			return s, err
		}
		if page.First {
			s, pages, left = Sample{Total: -1}, 0, false
		}
		more, err := s.addChildren(ctx, c, r, wanted(page.Records), limit)
		if err != nil {
			return s, err
		}
		left = left || more || len(r.PerParent) > 1
		s.More = left || !page.After.Done
		if pages++; s.enough(limit) && !r.Parent.Singleton || pages >= limit.Pages {
			break
		}
	}
	return s, nil
}

// addChildren asks for the children of the parents until the sample is large enough; left says that some were not asked.
func (s *Sample) addChildren(ctx context.Context, c *Client, r *Resource, parents []Record, limit SampleLimit) (left bool, err error) {
	for _, parent := range parents {
		if s.enough(limit) {
			return true, nil
		}
		if parent.KeyErr != nil {
			continue
		}
		children, _, gone, err := c.Children(ctx, r, parent)
		if err != nil {
			return false, err
		}
		s.add(children) // none where the parent is gone: it was asked all the same
		if s.Read += len(children); !gone {
			s.Parents++
		}
	}
	return false, nil
}

func (s *Sample) add(page []Record) {
	s.Pages = append(s.Pages, page)
	s.Records += len(page)
}

// Texts are the records' JSON, of all pages in order.
func (s Sample) Texts() [][]byte {
	texts := make([][]byte, 0, s.Records)
	for _, page := range s.Pages {
		for _, record := range page {
			texts = append(texts, record.JSON)
		}
	}
	return texts
}

func (s *Sample) enough(limit SampleLimit) bool {
	return s.Records >= limit.Records || len(s.Pages) >= limit.Pages
}

// beginning is where a listing of a root begins, or a backfill; where that goes step by step, its last one.
func (c *Client) beginning(r *Resource) Position {
	if r.Incremental == nil {
		return Position{Phase: PhaseSnapshot}
	}
	now, _ := c.clock.now(c.now())
	w := Window{Start: c.Start(r), End: now}
	if end := c.End(r); !end.IsZero() {
		w.End = earliest(w.End, end)
	}
	if inc := r.Incremental; inc.Step > 0 && w.End.Sub(w.Start) > inc.Step {
		w.Start = w.End.Add(-inc.Step) // more than the API takes at once
	}
	if !w.Start.Before(w.End) {
		w.Start = w.End.Add(-time.Hour) // an empty window would ask for nothing, and tell nothing
	}
	return Position{Phase: PhaseBackfill, Window: w}
}

// HoldsPlace reports whether reading r takes a place that the API gives to one at a time; a scroll's cannot even be given back. Whoever
// only looks should not take it.
func (r *Resource) HoldsPlace() bool { return r.Root().Singleton }
