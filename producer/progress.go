package producer

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// Status is what one resource does and what became of it since the run began.
type Status struct {
	Resource  string
	State     string // starting, planning, restoring, backfill, catching up, live, sweeping, listing, confirming deletions, waiting, done, stopped; elsewhere: another worker of the group reads it
	Passes    int64  // complete readings: of everything so far, or a listing
	Pages     int64
	Read      int64 // records that the API showed
	Published int64 // records in committed transactions
	Deleted   int64 // tombstones likewise
	Dead      int64 // dead letters likewise
	Discarded int64 // of these, values that their records were published without
	Ahead     int64 // records of the last live pass whose time lies ahead of the API's clock: published when it comes
	Forgotten int64 // keys beyond what memory holds (Config.MemoryKeys): unchanged ones may be published again, and nothing is deleted
	Windows   [2]int
	Watermark time.Time // zero: the resource has none, or not yet
	Waiting   string    // why it waits; "" while it works
	Until     time.Time // when the wait ends, where that is known
	Err       error     // why it stopped, or what the last cycle failed with
	Stopped   bool      // it will not go on in this run
	Format    Format
	SchemaID  int
	Schema    int // version
	Changes   []avro.Change

	Since    time.Time        // when the step began that State names: of a stream the pass that runs, or ran last
	Rate     float64          // records a second that were published in the last ten
	Passed   time.Time        // when the last complete reading ended; zero: none has in this run
	ErrSince time.Time        // when the first failure of those that Err is the last of was met
	Wait     extract.WaitKind // what the API is waited for; 0: it is not, Waiting names a pause of ours
	SchemaAt time.Time        // when the last of Changes was registered
	Uses     avro.Registered  // what records are encoded with; zero: none was yet, or values are JSON

	First    int64         // of Published, first publications of their keys; the others are updates
	Rejected Rejections    // the dead letters, by why they are
	Success  time.Time     // when a reading last did what it was to do: one was completed, or, before the first and in a backfill, a page was committed. Zero: none yet
	Came     time.Time     // when another worker of the group last left it to this one; zero: none has
	Interval time.Duration // pause between complete readings
}

// progress collects what units report. Safe for concurrent use.
type progress struct {
	mu    sync.Mutex
	order []string
	by    map[string]*Status
	now   func() time.Time
	count int64 // commits of units

	traversals map[string]map[string]traversed // by resource and the root whose traversal it is: a substream may have several
	paces      map[string]*pace                // by resource
	began      time.Time
	events     events

	broken      error // what the last session ended with; nil since lanes were taken again
	brokenSince time.Time
	sessions    int64 // that ended so
}

// traversed is where one traversal stands.
type traversed struct {
	state     string
	watermark time.Time
}

// stages are the states that follow one another. Of several traversals the one that is least far is shown.
var stages = []string{"starting", "planning", "restoring", "backfill", "catching up", "listing", "confirming deletions", "sweeping", "live", "waiting", "done", "elsewhere"}

func newProgress(names []string, format Format, now func() time.Time) *progress {
	p := &progress{order: names, by: map[string]*Status{}, now: now, began: now(), traversals: map[string]map[string]traversed{}, paces: map[string]*pace{}}
	for _, name := range names {
		p.by[name] = &Status{Resource: name, State: "starting", Since: p.began, Format: format}
		p.traversals[name], p.paces[name] = map[string]traversed{}, &pace{}
	}
	return p
}

// with runs change on a resource's status; resources that are not selected have none.
func (p *progress) with(name string, change func(*Status)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.by[name]; s != nil {
		change(s)
	}
}

func (p *progress) snapshot() []Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	all := make([]Status, 0, len(p.order))
	for _, name := range p.order {
		s := *p.by[name]
		s.Changes = append([]avro.Change(nil), s.Changes...)
		s.Rate = p.paces[name].rate(now, p.began)
		all = append(all, s)
	}
	return all
}

func (p *progress) failures() map[string]error {
	failed := map[string]error{}
	for _, s := range p.snapshot() {
		if s.Err != nil {
			failed[s.Resource] = s.Err
		}
	}
	return failed
}

// state notes what the traversal of root does for a resource.
func (p *progress) state(name, root, text string) {
	p.with(name, func(s *Status) {
		t := p.traversals[name][root]
		t.state = text
		p.traversals[name][root] = t
		if s.Stopped {
			return
		}
		now := p.now()
		if s.State == "elsewhere" && text != s.State {
			s.Came = now
		}
		s.State, s.Since = text, now
		s.wait("", 0, time.Time{})
		for _, other := range p.traversals[name] {
			if other.state != "" && slices.Index(stages, other.state) < slices.Index(stages, s.State) {
				s.State = other.state
			}
		}
	})
}

// elsewhere notes that another worker of the group reads a resource in the traversal of root: its watermark, and when a reading succeeds, are not known here.
func (p *progress) elsewhere(name, root string) {
	p.with(name, func(s *Status) {
		p.traversals[name][root], s.Watermark, s.Success = traversed{}, time.Time{}, time.Time{}
	})
	p.state(name, root, "elsewhere")
}

func (p *progress) fail(name string, err error) {
	p.with(name, func(s *Status) {
		s.State, s.Since, s.Stopped = "stopped", p.now(), true
		s.failed(err, p.now())
		s.wait("", 0, time.Time{})
		p.events.note(p.now(), EventStopped, name, Reason(name, err), 0)
	})
}

func (p *progress) trouble(name string, err error) {
	p.with(name, func(s *Status) {
		s.failed(err, p.now())
		s.wait("for the next cycle", 0, time.Time{})
		p.events.note(p.now(), EventError, name, Reason(name, err), 0)
	})
}

func (p *progress) recovered(name string) {
	p.with(name, func(s *Status) {
		if s.Stopped || s.Err == nil {
			return
		}
		p.events.note(p.now(), EventRecovered, name, "works again after "+p.now().Sub(s.ErrSince).Round(time.Second).String(), 0)
		s.Err, s.ErrSince = nil, time.Time{}
	})
}

// failed notes an error, of several in a row the last one.
func (s *Status) failed(err error, now time.Time) {
	if s.Err == nil {
		s.ErrSince = now
	}
	s.Err = err
}

func (s *Status) wait(reason string, kind extract.WaitKind, until time.Time) {
	s.Waiting, s.Wait, s.Until = reason, kind, until
}

func (p *progress) schema(name string, c avro.Change) {
	p.with(name, func(s *Status) {
		s.Schema, s.SchemaID, s.SchemaAt = c.Version, c.ID, p.now()
		s.Changes = append(s.Changes, c)
		text := fmt.Sprintf("version %d: %s", c.Version, c.What)
		if c.Field != "" {
			text = fmt.Sprintf("version %d: %s: %s", c.Version, c.Field, c.What)
		}
		p.events.note(p.now(), EventSchema, name, text, 0)
	})
}

func (p *progress) wait(w extract.Wait) {
	p.with(w.Resource, func(s *Status) {
		s.wait(w.Reason, w.Kind, w.Until)
		switch w.Kind {
		case extract.WaitRetry:
			p.events.note(p.now(), EventWait, w.Resource, w.Reason, 0)
		case extract.WaitBudget: // which all resources share
			p.events.note(p.now(), EventWait, "", "the API's rate limit is used up: requests wait", 0)
		}
	})
}

// ended notes what a session ended with, and held that the next one has lanes.
func (p *progress) ended(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken == nil {
		p.brokenSince = p.now()
	}
	p.broken, p.sessions = err, p.sessions+1
	p.events.note(p.now(), EventError, "", "taking the lanes again: "+err.Error(), 0)
}

func (p *progress) held(lanes []int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(lanes) == 0 {
		return
	}
	p.events.note(p.now(), EventLanes, "", "has taken lanes "+LaneList(lanes), 0)
	if p.broken != nil {
		p.events.note(p.now(), EventRecovered, "", "works again after "+p.now().Sub(p.brokenSince).Round(time.Second).String(), 0)
		p.broken, p.brokenSince = nil, time.Time{}
	}
}

// left notes lanes that other workers of the group are to have.
func (p *progress) left(lanes []int32) {
	if len(lanes) > 0 {
		p.events.note(p.now(), EventLanes, "", "has let go of lanes "+LaneList(lanes), 0)
	}
}

func (p *progress) page(names []string, pages, read int) {
	for _, name := range names {
		p.with(name, func(s *Status) {
			s.Pages += int64(pages)
			s.Read += int64(read)
		})
	}
}

// ahead notes how many records of a live pass have a time that is still to come.
func (p *progress) ahead(name string, page extract.Page) {
	if page.After.Phase != extract.PhaseLive {
		return
	}
	p.with(name, func(s *Status) {
		if page.First {
			s.Ahead = 0
		}
		s.Ahead += int64(page.Ahead)
	})
}

// commits is how many commits units made.
func (p *progress) commits() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// committed counts what a batch brought. The watermark is that of the resources named in the traversal of root; of several the oldest.
func (p *progress) committed(b *batch, names []string, root string, state UnitState) {
	p.mu.Lock()
	p.count++
	p.mu.Unlock()
	for name, c := range b.counts {
		p.with(name, func(s *Status) {
			s.Published += c.published
			s.Deleted += c.deleted
			s.Dead += c.dead
			s.Discarded += c.discarded
			p.paces[name].add(p.now(), c.published)
			p.note(name, c)
			s.First += c.first
			for why, n := range c.rejected {
				s.Rejected[why] += n
			}
		})
	}
	if state.Phase != extract.PhaseLive.String() {
		return
	}
	for _, name := range names {
		p.with(name, func(s *Status) {
			t := p.traversals[name][root]
			t.watermark = state.watermark()
			p.traversals[name][root] = t
			s.Watermark = t.watermark
			for _, other := range p.traversals[name] {
				if !other.watermark.IsZero() && other.watermark.Before(s.Watermark) {
					s.Watermark = other.watermark
				}
			}
		})
	}
}

// note tells of what a commit brought that somebody may want to look at. Called with mu held.
func (p *progress) note(name string, c *counts) {
	if c.deleted > 0 {
		p.events.note(p.now(), EventDeleted, name, "records are gone from the API, and deleted", c.deleted)
	}
	if c.dead > 0 {
		p.events.note(p.now(), EventDead, name, "were put into the topic of dead letters", c.dead)
	}
}

// advanced notes a commit of a reading that takes long: as long as it gets on, all is well.
func (p *progress) advanced(names []string, state UnitState) {
	for _, name := range names {
		p.with(name, func(s *Status) {
			if s.Passes == 0 || state.Phase == extract.PhaseBackfill.String() {
				s.Success = p.now()
			}
		})
	}
}

// remembers notes how many of a resource's keys memory does not hold.
func (p *progress) remembers(name string, m *published) {
	m.mu.Lock()
	forgotten := m.forgotten
	m.mu.Unlock()
	p.with(name, func(s *Status) { s.Forgotten = max(s.Forgotten, forgotten) })
}

func (p *progress) backfill(name string, done, windows int) {
	p.with(name, func(s *Status) {
		s.Windows = [2]int{done, windows}
		if done == windows {
			p.events.note(p.now(), EventBackfill, name, "is complete", 0)
		}
	})
}

// passed counts a complete reading.
func (r *runner) passed() {
	for _, name := range r.served() {
		r.progress.with(name, func(s *Status) {
			now := r.progress.now()
			s.Passes, s.Passed, s.Success = s.Passes+1, now, now
		})
	}
}

// waiting notes a pause between passes.
func (r *runner) waiting(reason string, d time.Duration) {
	for _, name := range r.served() {
		r.progress.with(name, func(s *Status) {
			if !s.Stopped {
				s.wait(reason, 0, r.cfg.Now().Add(d))
			}
		})
	}
}

// pauses waits between two complete readings. interval is what the pause is as a whole, of which d is left.
func (r *runner) pauses(reason string, interval, d time.Duration) {
	for _, name := range r.served() {
		r.progress.with(name, func(s *Status) { s.Interval = interval })
	}
	r.waiting(reason, d)
}
