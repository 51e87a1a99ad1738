package extract

import (
	"context"
	"errors"
	"hash/maphash"
	"time"
)

// checkAttempts bounds the retries of a preflight: somebody waits for its answer.
const checkAttempts = 3

// Start returns where the resource's records begin by its initial_value; the zero time where that is not set.
func (c *Client) Start(r *Resource) time.Time {
	if r.Incremental == nil {
		return time.Time{}
	}
	return c.time(r.Incremental.initial)
}

// End returns where the resource's records end by its end_value; the zero time where that is not set.
func (c *Client) End(r *Resource) time.Time {
	if r.Incremental == nil {
		return time.Time{}
	}
	return c.time(r.Incremental.end)
}

// time renders a time of the source file; zero where there is none.
func (c *Client) time(t *template) time.Time {
	if t == nil {
		return time.Time{}
	}
	text, err := t.render(&variables{config: c.settings}, asIs)
	if err != nil {
		return time.Time{}
	}
	at, err := ParseDatetime(text)
	if err != nil {
		return time.Time{} // empty; NewClient has checked it otherwise
	}
	return at
}

// Probe asks for the first page of everything since start, in a backfill's order: the size of what there is to plan. For a
// resource without a cursor field only Clock is told, with Total -1: its listing is never divided.
func (c *Client) Probe(ctx context.Context, r *Resource, start time.Time) (Probe, error) {
	p := Probe{Total: -1}
	if r.Incremental == nil {
		clock, err := c.Now(ctx, r)
		p.Clock = clock
		return p, err
	}
	local := c.now()
	end, _ := c.clock.now(local)
	p.End = end
	rule := r.rule(Position{Phase: PhaseBackfill, Window: Window{Start: start, End: end}})
	a, err := c.firstPage(ctx, r, rule)
	if e := (*Error)(nil); errors.As(err, &e) && e.means != meansFailure {
		p.Total = 0
		p.Clock, err = c.Now(ctx, r)
		return p, err
	}
	if err != nil {
		return p, err
	}
	p.Total, p.PageSize, p.More = a.total, len(a.records), a.next != ""
	if p.Clock, err = c.Now(ctx, r); err != nil {
		return p, err
	}
	if p.More && (rule.order != OrderAsc || !inOrder(a.records, OrderAsc)) {
		return p, nil // the earliest is on a page that was not read
	}
	for _, record := range a.records {
		if t := record.Cursor; !t.Before(start) && (p.Earliest.IsZero() || t.Before(p.Earliest)) {
			p.Earliest = t
		}
	}
	return p, nil
}

// firstPage reads the first page that holds a record, or the last if none does. A plan is made of it, so an answer that lacks what the
// API counts is asked for again, and is an error if it still does.
func (c *Client) firstPage(ctx context.Context, r *Resource, rule windowRule) (*answer, error) {
	for again := false; ; again = true {
		a, listed, err := c.firstRecords(ctx, r, rule)
		switch {
		case err != nil:
			return nil, err
		case a.next != "" || a.capped || a.total <= listed:
			return a, nil
		case again:
			return nil, shortTwice(r, a.total, listed, "nothing is planned on such an answer; the next run asks again")
		}
	}
}

// firstRecords reads on to a page that holds a record, or to the last. listed are the different ones that it holds.
func (c *Client) firstRecords(ctx context.Context, r *Resource, rule windowRule) (first *answer, listed int, err error) {
	seen := newRound(maphash.MakeSeed(), 0)
	for token := ""; ; {
		q, a, err := c.page(ctx, r, rule.variables(r), token, nil)
		if err != nil {
			return nil, 0, err
		}
		if wrong := seen.take(q, a); wrong != "" {
			return nil, 0, c.finish(q.fail(KindProtocol, "%s", wrong), q)
		}
		if token = a.next; len(a.records) > 0 || token == "" {
			return a, seen.ids.count, nil
		}
	}
}

// Now returns the API's clock: its last Date header and the time since. While no answer was seen it makes a request to learn it,
// and a second one where the first is far from our clock. It is ours where the API sends no Date.
func (c *Client) Now(ctx context.Context, r *Resource) (time.Time, error) {
	for range 2 {
		if t, known := c.clock.now(c.now()); known {
			return t, nil
		}
		if err := c.check(ctx, r, c.o.Attempts); err != nil {
			return time.Time{}, err
		}
	}
	t, _ := c.clock.now(c.now())
	return t, nil
}

// Check makes one cheap request for r and returns its error: a preflight for host and token. For a substream its parent is
// asked; for a singleton another resource, because a traversal begun here would keep the real one waiting.
func (c *Client) Check(ctx context.Context, r *Resource) error { return c.check(ctx, r, checkAttempts) }

func (c *Client) check(ctx context.Context, r *Resource, attempts int) error {
	if r = c.checkable(r.Root()); r == nil {
		return nil
	}
	now, _ := c.clock.now(c.now())
	window := Window{Start: now.Add(-time.Hour), End: now}
	rule := r.rule(Position{Phase: PhaseLive, Window: window})
	q, err := c.request(r, rule.variables(r), "")
	if err != nil {
		return err
	}
	q.attempts = attempts
	_, err = c.fetch(ctx, q)
	if e := (*Error)(nil); errors.As(err, &e) && e.means != meansFailure {
		return nil // the file says that there is nothing, and there may be something tomorrow
	}
	return err
}

// checkable returns r, or for a singleton the resource that is the cheapest to ask instead; nil if there is none.
func (c *Client) checkable(r *Resource) *Resource {
	if !r.Singleton {
		return r
	}
	var other *Resource
	for _, candidate := range c.src.Roots() {
		if candidate.Singleton {
			continue
		}
		if candidate.request.pages.kind == pagingSingle {
			return candidate
		}
		if other == nil {
			other = candidate
		}
	}
	return other
}

// Shifts reports whether pages of the resource's listing may move while it is read, so that a listing of several pages is read until two
// readings agree. Of an auto paginator that is seen only when it is read.
func (r *Resource) Shifts() bool { return r.request.pages.shifting }
