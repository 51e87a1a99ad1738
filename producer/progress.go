package producer

import (
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
}

// progress collects what units report. Safe for concurrent use.
type progress struct {
	mu    sync.Mutex
	order []string
	by    map[string]*Status
	now   func() time.Time
	count int64 // commits of units

	traversals map[string]map[string]traversed // by resource and the root whose traversal it is: a substream may have several
}

// traversed is where one traversal stands.
type traversed struct {
	state     string
	watermark time.Time
}

// stages are the states that follow one another. Of several traversals the one that is least far is shown.
var stages = []string{"starting", "planning", "restoring", "backfill", "catching up", "listing", "confirming deletions", "sweeping", "live", "waiting", "done", "elsewhere"}

func newProgress(names []string, format Format, now func() time.Time) *progress {
	p := &progress{order: names, by: map[string]*Status{}, now: now, traversals: map[string]map[string]traversed{}}
	for _, name := range names {
		p.by[name] = &Status{Resource: name, State: "starting", Format: format}
		p.traversals[name] = map[string]traversed{}
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
	all := make([]Status, 0, len(p.order))
	for _, name := range p.order {
		s := *p.by[name]
		s.Changes = append([]avro.Change(nil), s.Changes...)
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
		s.State, s.Waiting, s.Until = text, "", time.Time{}
		for _, other := range p.traversals[name] {
			if other.state != "" && slices.Index(stages, other.state) < slices.Index(stages, s.State) {
				s.State = other.state
			}
		}
	})
}

// elsewhere notes that another worker of the group reads a resource in the traversal of root: its watermark is not known here.
func (p *progress) elsewhere(name, root string) {
	p.with(name, func(s *Status) { p.traversals[name][root], s.Watermark = traversed{}, time.Time{} })
	p.state(name, root, "elsewhere")
}

func (p *progress) fail(name string, err error) {
	p.with(name, func(s *Status) { s.State, s.Err, s.Stopped, s.Waiting = "stopped", err, true, "" })
}

func (p *progress) trouble(name string, err error) {
	p.with(name, func(s *Status) { s.Err, s.Waiting = err, "for the next cycle" })
}

func (p *progress) recovered(name string) {
	p.with(name, func(s *Status) {
		if !s.Stopped {
			s.Err = nil
		}
	})
}

func (p *progress) schema(name string, c avro.Change) {
	p.with(name, func(s *Status) {
		s.Schema, s.SchemaID = c.Version, c.ID
		s.Changes = append(s.Changes, c)
	})
}

func (p *progress) wait(w extract.Wait) {
	p.with(w.Resource, func(s *Status) { s.Waiting, s.Until = w.Reason, w.Until })
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

// remembers notes how many of a resource's keys memory does not hold.
func (p *progress) remembers(name string, m *published) {
	m.mu.Lock()
	forgotten := m.forgotten
	m.mu.Unlock()
	p.with(name, func(s *Status) { s.Forgotten = max(s.Forgotten, forgotten) })
}

func (p *progress) backfill(name string, done, windows int) {
	p.with(name, func(s *Status) { s.Windows = [2]int{done, windows} })
}

// passed counts a complete reading.
func (r *runner) passed() {
	for _, name := range r.served() {
		r.progress.with(name, func(s *Status) { s.Passes++ })
	}
}

// waiting notes a pause between passes.
func (r *runner) waiting(reason string, d time.Duration) {
	for _, name := range r.served() {
		r.progress.with(name, func(s *Status) {
			if !s.Stopped {
				s.Waiting, s.Until = reason, r.cfg.Now().Add(d)
			}
		})
	}
}
