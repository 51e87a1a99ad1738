package extract

import "time"

// order returns how the listing of a phase is sorted.
func (inc *Incremental) order(phase Phase) Order {
	if phase == PhaseLive {
		return inc.LiveRowOrder
	}
	return inc.RowOrder
}

// windowRule is what a pass takes and when it has enough. The zero rule, of snapshots, takes everything.
type windowRule struct {
	incremental bool
	take        Window // records outside are not handed over
	ask         Window // the request's window, before the API's margin
	order       Order
	unfiltered  bool // all that the answers hold is handed over
	early       bool // leave as soon as the order says that nothing more can come
}

// rule derives the rule from the position. The request depends on phase and window alone: a page token is good with the
// same request only.
func (r *Resource) rule(pos Position) windowRule {
	inc := r.Incremental
	if inc == nil {
		return windowRule{}
	}
	rule := windowRule{incremental: true, take: pos.Window, order: inc.order(pos.Phase), unfiltered: pos.Phase == PhaseSnapshot}
	if pos.Phase == PhaseLive && rule.order != OrderAsc && !rule.take.Start.IsZero() {
		// What became visible late lies behind the watermark; ascending passes have that in their watermark already.
		rule.take.Start = rule.take.Start.Add(-inc.Lookback)
	}
	rule.ask = rule.take
	switch rule.order {
	case OrderAsc:
		rule.early = !inc.endInQuery
	case OrderDesc:
		rule.early = inc.QueryMargin >= time.Hour
	}
	return rule
}

// LiveFrom is the earliest cursor that a live pass from the watermark reads.
func (r *Resource) LiveFrom(watermark time.Time) time.Time {
	return r.rule(Position{Phase: PhaseLive, Window: Window{Start: watermark}}).take.Start
}

// variables are the values of the placeholders in the request.
func (w windowRule) variables(r *Resource) *variables {
	v := &variables{}
	if w.incremental {
		v.interval = r.Incremental.interval(w.ask, w.order)
	}
	return v
}

// filter returns the records that the pass takes.
func (w windowRule) filter(records []Record) []Record {
	if !w.incremental {
		return wanted(records)
	}
	if w.unfiltered {
		return records
	}
	inside := 0
	for i := range records {
		if w.take.Contains(records[i].Cursor) {
			inside++
		}
	}
	if inside == len(records) {
		return records // as nearly always
	}
	taken := make([]Record, 0, inside)
	for i := range records {
		if w.take.Contains(records[i].Cursor) {
			taken = append(taken, records[i])
		}
	}
	return taken
}

// clockSkew is how far ahead of the API's clock a record may be without a word: servers differ, and records change during a pass.
const clockSkew = time.Minute

// ahead counts the records that lie behind the end of a live pass, which is the API's clock.
func (w windowRule) ahead(records []Record) int {
	n := 0
	for _, record := range records {
		if record.Cursor.After(w.take.End.Add(clockSkew)) {
			n++
		}
	}
	return n
}

// enough reports whether a page ends beyond what the pass takes. The page's last record decides, and only if the page is in
// order: one record may be newer than the place at which the API's index lists it.
func (w windowRule) enough(records []Record) bool {
	if !w.early || len(records) == 0 || !inOrder(records, w.order) {
		return false
	}
	last := records[len(records)-1].Cursor
	if w.order == OrderAsc {
		return !last.Before(w.take.End)
	}
	return last.Before(w.take.Start)
}

// inOrder reports whether records are sorted by their cursor.
func inOrder(records []Record, order Order) bool {
	for i := 1; i < len(records); i++ {
		c := records[i].Cursor.Compare(records[i-1].Cursor)
		if order == OrderAsc && c < 0 || order == OrderDesc && c > 0 {
			return false
		}
	}
	return true
}

// reached returns up to where an ascending page lets the watermark move: its last record's time, or the earliest one's
// where the page is not in order.
func (w windowRule) reached(records []Record) time.Time {
	if len(records) == 0 {
		return time.Time{}
	}
	if inOrder(records, OrderAsc) {
		return records[len(records)-1].Cursor
	}
	least := records[0].Cursor
	for _, r := range records[1:] {
		if r.Cursor.Before(least) {
			least = r.Cursor
		}
	}
	return least
}

// page makes the page of an answer and moves the traversal's position. last: the listing ends here, by itself or because
// nothing more can come; the caller then decides whether the pass is done.
func (t *traversal) page(rd *reading, a *answer) (last bool, p Page) {
	rd.early = rd.early || a.next != "" && t.rule.enough(a.records)
	rd.total, rd.last = a.total, len(a.records)
	p = Page{Records: t.rule.filter(a.records), Read: len(a.records), Total: a.total, First: rd.pages == 1, sheet: a.sheet, sheets: &t.c.sheets}
	p.Capped = a.capped || t.r.ListingCap > 0 && rd.records >= t.r.ListingCap
	if t.pos.Phase == PhaseLive && t.c.End(t.r).IsZero() {
		p.Ahead = t.rule.ahead(a.records)
	}
	if t.rule.incremental && t.rule.order == OrderAsc {
		rd.reached = latest(rd.reached, t.rule.reached(a.records))
	}
	// Where rows that move push others across a page's edge, only another reading tells that none was missed: until then neither the
	// watermark nor a token may pass it.
	if !rd.shifting {
		t.pos.Watermark = latest(t.pos.Watermark, earliest(rd.reached, t.ceiling()))
	}
	p.After = t.pos
	p.After.Token = ""
	if t.r.resumable(t.pos.Phase) && !rd.shifting {
		p.After.Token = a.next
	}
	rd.capped = p.Capped && !rd.early
	return a.next == "" || rd.early, p
}

// ceiling is what the watermark never passes: the window's end, live less the lookback.
func (t *traversal) ceiling() time.Time {
	if t.pos.Phase == PhaseLive {
		return t.pos.Window.End.Add(-t.r.Incremental.Lookback)
	}
	return t.pos.Window.End
}

// done is the position at the end of the pass.
func (t *traversal) done() Position {
	p := t.pos
	p.Token, p.Done = "", true
	if t.r.Incremental != nil {
		p.Watermark = latest(p.Watermark, t.ceiling())
	}
	return p
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
