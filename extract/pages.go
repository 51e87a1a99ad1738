package extract

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"time"
)

const (
	maxReadings = 5               // of a listing whose pages shift, until two are equal
	maxRestarts = 5               // of one traversal, after refused tokens and lost scrolls
	busyWait    = 5 * time.Second // between attempts to open a scroll while another is open
	maxBusy     = 3 * time.Minute // of them together
)

// errStopped ends a traversal whose consumer wants no more pages.
var errStopped = errors.New("stopped")

// Pages reads the root resource r from pos to the end of its pass. The error, if any, is the last element; the page with
// it is empty. A pass that is done already yields nothing.
//
// The caller sets pos.Phase, and for incremental resources pos.Window: in a backfill the window of the plan, live from the
// watermark to the API's clock. Every page's After is such a position again. After a page token was refused, After.Window
// begins at the watermark: the rest is what is still to be read, and a token is good with its own window only.
//
// A window of an incremental resource in PhaseSnapshot is read like one of a backfill, but its records are not filtered: what the
// answers show beside the window (the query's margin, a record that moved) tells that a key exists.
//
// Retries, restarts of scrolls and readings that are repeated happen inside; Page.First marks where a reading begins again.
func (c *Client) Pages(ctx context.Context, r *Resource, pos Position) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		t, err := c.traverse(ctx, r, pos, yield)
		if err == nil && !pos.Done {
			err = t.run()
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(Page{}, err)
		}
	}
}

// traversal is one pass in progress. It belongs to one goroutine.
type traversal struct {
	c     *Client
	r     *Resource
	ctx   context.Context //nolint:containedctx // lives as long as the iteration that it was given for
	yield func(Page, error) bool
	rule  windowRule

	begin    Position // as given
	pos      Position // where the next reading begins; its watermark moves
	readings int      // complete ones
	restarts int
	before   *seenIDs // of the last complete reading
	seed     maphash.Seed
}

// reading is one way through the listing, from its beginning or from a token.
type reading struct {
	round
	fromStart bool
	token     string // of the page to ask for next
	records   int    // held by the responses
	last      int    // held by the last one
	total     int    // as the last page says
	early     bool
	capped    bool      // the API holds back what follows
	goesOn    bool      // and a new listing, from where this one came to, shows it
	held      error     // and nothing shows it
	reached   time.Time // by an ascending listing
	complete  bool
	shifting  bool // rows that come or go move the others from page to page
	still     bool // it shows what the one before did, where that is needed
}

// shifts reports whether the reading may have missed what moved while it was paged.
func (rd *reading) shifts() bool { return rd.shifting && rd.pages > 1 }

func (c *Client) traverse(ctx context.Context, r *Resource, pos Position, yield func(Page, error) bool) (*traversal, error) {
	fail := func(format string, args ...any) error {
		return &Error{Kind: KindProtocol, Resource: r.Name, Message: fmt.Sprintf(format, args...)}
	}
	if r.Parent != nil {
		return nil, fail("a substream is read by its parent's records")
	}
	switch {
	case r.Incremental == nil && pos.Phase == 0:
		pos.Phase = PhaseSnapshot
	case r.Incremental == nil && pos.Phase != PhaseSnapshot:
		return nil, fail("a resource without a cursor field has no %s pass", pos.Phase)
	case r.Incremental != nil && (pos.Phase == 0 || pos.Window.End.IsZero()):
		return nil, fail("an incremental resource is read by a phase and a window")
	}
	if !r.resumable(pos.Phase) {
		pos.Token = ""
	}
	return &traversal{c: c, r: r, ctx: ctx, yield: yield, begin: pos, pos: pos, seed: maphash.MakeSeed()}, nil
}

// resumable reports whether a page token is a position: not where the server keeps the place, where pages shift (or may do so: auto
// sees it only when it is there), or where a record that changes meanwhile could move to a page that was read.
func (r *Resource) resumable(phase Phase) bool {
	pages := &r.request.pages
	if pages.kind == pagingScroll || pages.kind == pagingAuto || pages.shifting {
		return false
	}
	return r.Incremental == nil || r.Incremental.order(phase) == OrderAsc
}

// run reads until a reading is complete.
func (t *traversal) run() error {
	if t.r.Incremental != nil && !t.begin.Window.Start.Before(t.begin.Window.End) {
		return t.hand(Page{First: true, Total: -1, After: t.done()}) // an empty window asks for nothing
	}
	if single, ok := t.c.singles[t.r]; ok {
		if err := t.c.hold(t.ctx, t.r, single); err != nil {
			return err
		}
		defer func() { <-single }()
	}
	token := t.pos.Token
	for {
		t.rule = t.r.rule(t.pos)
		rd := &reading{round: newRound(t.seed, t.idBound()), fromStart: token == "", token: token, total: -1, shifting: t.r.request.pages.shifting}
		token = ""
		err := t.read(rd)
		switch {
		case err == nil && rd.goesOn:
			t.readings, t.before = 0, nil
		case err == nil && rd.complete:
			return nil
		case err == nil:
			t.readings++
			t.before = &rd.ids
			if err := t.again(rd); err != nil {
				return err
			}
		case t.canRestart(rd, err):
			t.restart()
		default:
			return err
		}
	}
}

// maxIDs bounds the keys that the reading of a window remembers, so that its memory does not depend on how much a window holds.
const maxIDs = 1 << 17

// idBound is how many keys must at least be remembered. A listing whose absences may mean deletions, whose pages shift, or that can
// only be seen to go round by its records, needs all of them; a window is listed in the order of its cursor or guarded by its tokens,
// and what it shows twice it shows soon again.
func (t *traversal) idBound() int {
	pages := &t.r.request.pages
	if t.r.Incremental == nil || pages.shifting || pages.kind == pagingScroll || pages.kind == pagingAuto {
		return 0
	}
	return maxIDs
}

// hold waits until no other traversal of a singleton is under way.
func (c *Client) hold(ctx context.Context, r *Resource, single chan struct{}) error {
	select {
	case single <- struct{}{}:
		return nil
	default:
	}
	if c.o.OnWait != nil {
		c.o.OnWait(Wait{Resource: r.Name, Kind: WaitTurn, Reason: "another traversal of it is under way"})
		defer c.o.OnWait(Wait{Resource: r.Name})
	}
	select {
	case single <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", r.Name, ctx.Err())
	}
}

// read goes through the listing once and hands over its pages.
func (t *traversal) read(rd *reading) error {
	for {
		q, a, err := t.fetch(rd)
		if err != nil {
			return err
		}
		if err := t.guard(q, rd, a); err != nil {
			return err
		}
		last, page := t.page(rd, a)
		if last {
			t.finish(rd, &page)
		}
		if err := t.hand(page); err != nil {
			return err
		}
		if last {
			return rd.held
		}
		rd.token = a.next
	}
}

func (t *traversal) hand(p Page) error {
	if !t.yield(p, nil) {
		return errStopped
	}
	return nil
}

// fetch asks for the next page of the reading. A refusal may mean that there is nothing.
func (t *traversal) fetch(rd *reading) (*request, *answer, error) {
	q, err := t.c.request(t.r, t.rule.variables(t.r), rd.token)
	if err != nil {
		return nil, nil, err
	}
	page, err := t.open(q)
	var e *Error
	if errors.As(err, &e) && e.means != meansFailure {
		if t.restarts == 0 && (t.before == nil || t.before.count == 0) {
			return q, &answer{total: -1}, nil
		}
		e.means, e.Kind = meansFailure, KindIncomplete // records were shown a moment ago
	}
	if err != nil {
		return q, nil, err
	}
	a, err := t.c.parse(q, page, nil)
	if err == nil && t.r.request.pages.kind == pagingScroll && len(a.records) == 0 {
		a.next = "" // the end of a scroll is an empty page; a short one is not
	} else if err == nil && t.r.request.pages.kind == pagingScroll && a.next == "" {
		return q, nil, t.c.finish(q.fail(KindProtocol, "the scroll goes on, but the answer has no %v to go on with", t.r.request.pages.next), q)
	}
	return q, a, err
}

// open fetches q. While another scroll is open it waits: one cannot be closed, it expires.
func (t *traversal) open(q *request) (fetched, error) {
	for waited := time.Duration(0); ; waited += busyWait {
		page, err := t.c.fetch(t.ctx, q)
		var e *Error
		if !errors.As(err, &e) || q.token != "" || !e.hasCode(t.r.request.pages.busyCode) {
			return page, err
		}
		if waited >= maxBusy {
			e.Kind, e.Hint = KindUnavailable, "another client keeps a scroll open: only one can be at a time, and it ends a minute after its last use"
			return fetched{}, e
		}
		if err := t.c.wait(t.ctx, t.r, WaitTurn, "another scroll is open; it expires a minute after its last use", busyWait); err != nil {
			return fetched{}, fmt.Errorf("%s: %w", t.r.Name, err)
		}
	}
}

// isComplete reports, after a reading's last page, whether the pass is done.
func (t *traversal) isComplete(rd *reading) bool {
	rd.still = !rd.shifts() || t.before != nil && t.before.equal(&rd.ids)
	return rd.still && !t.short(rd)
}

// finish decides, after a reading's last page, what the position behind it is.
//
// A reading by time that ends because the API shows no more must not pass for the whole window. An ascending one goes on with a new
// listing from the time that it came to; of any other nobody knows what it held back. A sweep only compares what it is shown.
func (t *traversal) finish(rd *reading, page *Page) {
	rd.complete = t.isComplete(rd)
	cut := t.rule.incremental && rd.capped && rd.reached.Before(t.pos.Window.End)
	switch {
	case rd.complete && cut && rd.reached.After(t.pos.Window.Start):
		t.pos.Window.Start, t.pos.Watermark = rd.reached, latest(t.pos.Watermark, earliest(rd.reached, t.ceiling()))
		t.begin = t.pos
		rd.goesOn, page.After, page.Capped = true, t.pos, false
	case rd.complete && cut && !t.rule.unfiltered:
		rd.held = &Error{Kind: KindIncomplete, Resource: t.r.Name, Message: fmt.Sprintf(
			"the API lists %d records of the time from %s to %s, and no more: there may be others", rd.records,
			formatTime(t.pos.Window.Start), formatTime(t.pos.Window.End)),
			Hint: "the watermark stays; shorter windows (step in the source file), or an ascending row_order where the API has one, show them"}
	case rd.complete:
		page.After = t.done()
	case t.r.resumable(t.pos.Phase): // what is missing may be anywhere in the window
		t.pos = t.begin
		t.pos.Token = ""
		page.After = t.pos
	}
}

// short reports whether the API counts more records than it listed. Only a reading of the whole listing can tell. A live one with
// the newest first may be short because what changes meanwhile moves to the front, and is the next pass's; but not where it all came
// in one answer, nor is it to be believed where a page that was led to is empty.
func (t *traversal) short(rd *reading) bool {
	moving := t.pos.Phase == PhaseLive && t.r.Incremental.order(PhaseLive) != OrderAsc && rd.pages > 1 && rd.last > 0
	return rd.fromStart && !rd.early && !rd.capped && !moving && rd.total > rd.ids.count
}

// again decides whether a reading that was not complete is repeated.
func (t *traversal) again(rd *reading) error {
	switch {
	case !rd.still && t.readings >= maxReadings:
		return &Error{Kind: KindIncomplete, Resource: t.r.Name, Message: fmt.Sprintf(
			"%d readings of the listing all held different records: it moves too fast to be read whole", t.readings),
			Hint: "a smaller window holds still for longer"}
	case rd.still && t.readings >= 2:
		return shortTwice(t.r, rd.total, rd.ids.count, "the watermark stays; the next pass reads the window again")
	}
	return nil
}

// shortTwice is the error of a listing that lacks what the API counts, read again.
func shortTwice(r *Resource, total, listed int, hint string) *Error {
	return &Error{Kind: KindIncomplete, Resource: r.Name, Message: fmt.Sprintf("the API counts %d records but lists %d, twice", total, listed), Hint: hint}
}
