package web

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// Levels of what is shown, by how much it wants to be looked at.
const (
	levelBad   = "bad"   // nothing moves until it passes, or somebody does something
	levelWarn  = "warn"  // slower or less than it should be
	levelBusy  = "busy"  // there is more to read before it is current
	levelOK    = "ok"    // current
	levelOther = "other" // another worker's
)

var worstFirst = []string{levelBad, levelWarn, levelBusy, levelOK, levelOther}

const (
	slow   = 3 * time.Minute  // how long a live pass may run before it is said
	retake = 30 * time.Second // how long a worker may be without lanes: a commit that failed, or a command that visits them, takes seconds
)

// status is everything that the page shows. Times are in UTC; texts are clean.
type status struct {
	At        time.Time  `json:"at"`
	Began     time.Time  `json:"began"`
	Version   string     `json:"version"`
	Source    string     `json:"source"`
	Target    string     `json:"target"`
	Worker    string     `json:"worker"`
	Level     string     `json:"level"`
	Headline  string     `json:"headline"`
	Problems  []problem  `json:"problems"`
	Counts    []tally    `json:"-"`
	Rate      float64    `json:"records_per_second"`
	Resources []resource `json:"resources"`
	Budget    budget     `json:"budget"`
	Workers   []worker   `json:"workers"`
	Events    []event    `json:"events"` // the newest first
}

// problem is what somebody may have to do something about.
type problem struct {
	Level  string    `json:"level"`
	Where  string    `json:"resource,omitempty"` // "": the worker
	Since  time.Time `json:"since"`
	What   string    `json:"what"`
	Remedy string    `json:"remedy,omitempty"`
	Next   string    `json:"next,omitempty"` // what becomes of it without anybody
}

type tally struct {
	Level, Text string
}

type resource struct {
	Name      string    `json:"resource"`
	Level     string    `json:"level"`
	State     string    `json:"state"`
	Passed    time.Time `json:"read_completely,omitzero"`
	Watermark time.Time `json:"watermark,omitzero"`
	Listing   bool      `json:"-"` // it has no watermark
	Done      int       `json:"windows_done,omitempty"`
	Windows   int       `json:"windows,omitempty"`
	Reading   bool      `json:"-"` // a backfill with a progress
	Rate      float64   `json:"records_per_second"`
	Records   int64     `json:"records"`
	Pages     int64     `json:"pages"`
	Deleted   int64     `json:"deleted"`
	Dead      int64     `json:"dead_letters"`
	Schema    int       `json:"schema_version,omitempty"`
	SchemaID  int       `json:"schema_id,omitempty"`
	Changed   time.Time `json:"schema_changed,omitzero"`
	Format    string    `json:"format"`
	Waiting   string    `json:"waiting,omitempty"`
	Until     time.Time `json:"until,omitzero"`
	Err       string    `json:"error,omitempty"`
}

type budget struct {
	Known     bool      `json:"-"`
	Limit     int       `json:"limit,omitempty"`
	Remaining int       `json:"remaining,omitempty"`
	Reset     time.Time `json:"reset,omitzero"`
	Paused    time.Time `json:"paused_until,omitzero"`
	InFlight  int       `json:"in_flight"`
	Places    int       `json:"in_flight_most"`
}

type worker struct {
	Name  string    `json:"worker"` // "": nobody
	Self  bool      `json:"self"`
	Visit bool      `json:"visit"` // a command that changes state
	Group string    `json:"group,omitempty"`
	Lanes string    `json:"lanes"`
	Home  []string  `json:"home"` // resources that are read there
	Since time.Time `json:"since,omitzero"`
}

type event struct {
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Kind     string    `json:"kind"`
	Level    string    `json:"level"`
	Resource string    `json:"resource,omitempty"`
	Text     string    `json:"text"`
	Times    int       `json:"times"`
	Count    int64     `json:"count,omitempty"`
}

func (p *Page) status() status {
	snap := p.Worker.Snapshot()
	s := status{
		At: snap.At.UTC(), Began: snap.Began.UTC(), Version: clean(p.Version.Version), Source: clean(p.Source.Title), Target: clean(p.Target), Worker: clean(snap.Self.Worker),
		Budget: budgetOf(p.API.Budget()), Workers: workersOf(snap), Problems: []problem{}, Resources: []resource{}, Events: []event{},
	}
	if s.Source == "" {
		s.Source = clean(p.Source.Name)
	}
	if snap.Err != nil {
		what, remedy := split(snap.Err.Error())
		s.Problems = append(s.Problems, problem{Level: lost(snap), Since: snap.ErrSince.UTC(), What: what, Remedy: remedy, Next: "nothing is published meanwhile; it is tried again by itself"})
	}
	for _, one := range snap.Resources {
		r := p.resource(one)
		s.Resources = append(s.Resources, r)
		s.Rate += r.Rate
		if problem, ok := problemOf(one, r, snap.At); ok {
			s.Problems = append(s.Problems, problem)
		}
	}
	slices.SortStableFunc(s.Problems, func(a, b problem) int { return slices.Index(worstFirst, a.Level) - slices.Index(worstFirst, b.Level) })
	for _, e := range slices.Backward(snap.Events) {
		s.Events = append(s.Events, event{First: e.First.UTC(), Last: e.Last.UTC(), Kind: clean(string(e.Kind)), Level: eventLevel(e.Kind), Resource: clean(e.Resource), Text: clean(e.Text), Times: e.Times, Count: e.Count})
	}
	s.judge(snap)
	return s
}

func (p *Page) resource(s producer.Status) resource {
	level, state := levelOf(s)
	r := resource{
		Name: clean(s.Resource), Level: level, State: clean(state), Passed: s.Passed.UTC(), Watermark: s.Watermark.UTC(), Done: s.Windows[0], Windows: s.Windows[1],
		Rate: s.Rate, Records: s.Published, Pages: s.Pages, Deleted: s.Deleted, Dead: s.Dead, Schema: s.Uses.Version, SchemaID: s.Uses.ID, Changed: s.SchemaAt.UTC(),
		Format: s.Format.String(), Waiting: strings.TrimPrefix(clean(s.Waiting), "for "), Until: s.Until.UTC(),
	}
	r.Reading = s.State == "backfill" && r.Windows > 1
	if spec := p.Source.Resource(s.Resource); spec != nil {
		r.Listing = spec.Incremental == nil && spec.Parent == nil
	}
	if s.Err != nil {
		r.Err = clean(producer.Reason(s.Resource, s.Err))
	}
	return r
}

// levelOf judges a resource, and names its state as people say it.
func levelOf(s producer.Status) (level, state string) {
	switch {
	case s.Stopped:
		return levelBad, "stopped"
	case s.Err != nil:
		return levelBad, "failing"
	case s.Wait == extract.WaitRetry:
		return levelWarn, "retrying"
	case s.Wait == extract.WaitBudget:
		return levelWarn, "paused"
	}
	switch s.State {
	case "live", "waiting", "done":
		return levelOK, "current"
	case "elsewhere":
		return levelOther, "elsewhere"
	}
	if s.Passes > 0 { // a listing, or a sweep, of what was read before
		return levelOK, s.State
	}
	return levelBusy, s.State
}

// problemOf is what a resource's status says that somebody may have to look at.
func problemOf(s producer.Status, r resource, now time.Time) (problem, bool) {
	one := problem{Level: r.Level, Where: r.Name, Since: s.ErrSince.UTC()}
	switch {
	case s.Err != nil:
		one.What, one.Remedy = split(producer.Reason(s.Resource, s.Err))
		one.Next = "it will not go on in this run: when the cause is mended, start the worker again"
		if !s.Stopped {
			one.Next = "it is tried again by itself"
			if s.Until.Sub(now) >= time.Second {
				one.Next += ", next in " + age(s.Until.Sub(now))
			}
		}
		return one, true
	case s.Wait == extract.WaitRetry:
		one.What, one.Since = clean(s.Waiting), s.Since.UTC()
		return one, true
	case s.State == "live" && s.Waiting == "" && !s.Since.IsZero() && now.Sub(s.Since) > slow:
		one.Level, one.Since, one.What = levelWarn, s.Since.UTC(), "one live pass runs unusually long: there is much to read, or the API answers slowly"
		return one, true
	}
	return problem{}, false
}

// judge says in one sentence how things are.
func (s *status) judge(snap producer.Snapshot) {
	levels, words := map[string]int{}, map[string]int{}
	for _, r := range s.Resources {
		levels[r.Level]++
		words[word(r.Level, r.State)]++
	}
	for _, level := range worstFirst {
		for _, w := range slices.Sorted(maps.Keys(words)) {
			if strings.HasPrefix(w, level+" ") {
				s.Counts = append(s.Counts, tally{level, fmt.Sprintf("%d %s", words[w], strings.TrimPrefix(w, level+" "))})
			}
		}
	}
	all := len(s.Resources)
	switch {
	case snap.Err != nil && lost(snap) == levelBad:
		s.Level, s.Headline = levelBad, "Nothing is published: the worker has no lanes"
	case levels[levelBad] > 0:
		s.Level, s.Headline = levelBad, s.failing(levels[levelBad])
	case snap.Err != nil:
		s.Level, s.Headline = levelWarn, "Taking the lanes again"
	case s.Budget.Paused.After(s.At):
		s.Level, s.Headline = levelWarn, "Paused by the API's rate limit until "+clock(s.Budget.Paused)
	case levels[levelWarn] > 0:
		s.Level, s.Headline = levelWarn, plural(levels[levelWarn], "resource")+" waiting for the API"
	case len(s.Problems) > 0:
		s.Level, s.Headline = levelWarn, plural(len(s.Problems), "resource")+" slower than usual"
	case levels[levelBusy] > 0:
		s.Level, s.Headline = levelBusy, fmt.Sprintf("Reading: %d of %s not current yet", levels[levelBusy], plural(all, "resource"))
	case levels[levelOther] == all && all > 0:
		s.Level, s.Headline = levelOther, "Other workers of the group read everything"
	default:
		s.Level, s.Headline = levelOK, fmt.Sprintf("All well: %s current", plural(levels[levelOK], "resource"))
	}
}

// lost is how bad it is that no lane is held. Where Kafka cannot be reached it is not a matter of seconds.
func lost(snap producer.Snapshot) string {
	var unreachable *producer.EnvironmentError
	if snap.At.Sub(snap.ErrSince) < retake && !errors.As(snap.Err, &unreachable) {
		return levelWarn
	}
	return levelBad
}

// word is the heading under which a resource is counted, after its level.
func word(level, state string) string {
	switch level {
	case levelBusy:
		return level + " reading"
	case levelOK:
		return level + " current"
	}
	return level + " " + state
}

// failing names the resource that does not go on, or says how many do not.
func (s *status) failing(n int) string {
	states := map[string]int{}
	for _, r := range s.Resources {
		if r.Level != levelBad {
			continue
		}
		if n == 1 {
			return r.Name + " is " + r.State
		}
		states[r.State]++
	}
	text := fmt.Sprintf("%d of %s: ", n, plural(len(s.Resources), "resource"))
	if stopped, failing := states["stopped"], states["failing"]; stopped > 0 && failing > 0 {
		return text + fmt.Sprintf("%d stopped, %d failing", stopped, failing)
	}
	return text + slices.Collect(maps.Keys(states))[0]
}

func budgetOf(b extract.Budget) budget {
	return budget{Known: b.Limit > 0, Limit: b.Limit, Remaining: b.Remaining, Reset: b.Reset.UTC(), Paused: b.Paused.UTC(), InFlight: b.InFlight, Places: b.Places}
}

// workersOf tells who holds the lanes, this worker first. A lane that this worker has claimed and does not hold is let go, or is being taken.
func workersOf(snap producer.Snapshot) []worker {
	by := map[string]*worker{}
	lanes := map[string][]int32{}
	var order []string
	for _, lane := range snap.Lanes {
		id := lane.Claim.Nonce
		if lane.Claim.Nonce == snap.Self.Nonce && !lane.Held {
			id = ""
		}
		if lane.Held {
			id = snap.Self.Nonce
		}
		w := by[id]
		if w == nil {
			w = &worker{Self: id == snap.Self.Nonce, Home: []string{}}
			if id != "" {
				w.Name, w.Group, w.Visit = clean(lane.Claim.Worker), clean(lane.Claim.Group), lane.Claim.Kind == "visit"
			}
			by[id], order = w, append(order, id)
		}
		lanes[id] = append(lanes[id], lane.ID)
		for _, name := range lane.Home {
			w.Home = append(w.Home, clean(name))
		}
		if id != "" && (w.Since.IsZero() || lane.Claim.At.Before(w.Since)) {
			w.Since = lane.Claim.At.UTC()
		}
	}
	all := []worker{}
	for _, id := range order {
		by[id].Lanes = producer.LaneList(lanes[id])
		all = append(all, *by[id])
	}
	slices.SortStableFunc(all, func(a, b worker) int { return rank(a) - rank(b) })
	return all
}

func rank(w worker) int {
	switch {
	case w.Self:
		return 0
	case w.Name != "":
		return 1
	}
	return 2
}

func eventLevel(kind producer.EventKind) string {
	switch kind {
	case producer.EventError, producer.EventStopped:
		return levelBad
	case producer.EventWait, producer.EventDead:
		return levelWarn
	case producer.EventRecovered:
		return levelOK
	}
	return levelOther
}
