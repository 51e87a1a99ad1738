package producer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/extract"
)

// visitAttempts bounds how often lanes are taken that somebody else takes back at once.
const visitAttempts = 3

// VisitConfig says whose state a command changes.
type VisitConfig struct {
	Source *extract.Source
	Kafka  []kgo.Opt
	Names  Names
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error
}

// Visited is what a visit has changed.
type Visited struct {
	Resource string       `json:"resource"`
	Plans    []PlanChange `json:"plans"`
	Lanes    []int32      `json:"lanes"` // that were taken and released
}

// PlanChange is the step of one plan: a resource's, or a substream's for one of its parents.
type PlanChange struct {
	Of  string `json:"of"`
	Was int    `json:"was"`
	Is  int    `json:"is"`
}

// VisitError says that the state, as it is, does not allow what a command asks for. Nothing was changed.
type VisitError struct{ What, Remedy string }

func (e *VisitError) Error() string { return e.What + " → " + e.Remedy }

// visit changes the state of a resource while no worker may: it takes the resource's lanes as a worker does, so that whoever worked
// there is fenced and reads the state again. Killed anywhere it leaves the old plan or the new one, each with units that belong to it
// or none, which are then read from their beginning. One goroutine uses it.
type visit struct {
	*session
	resource string
	edit     edit
	lanes    map[int32]*lane // that were taken
}

// edit says what becomes of a resource's state. It is asked twice: before anybody is disturbed, and when nobody else can write.
type edit func(l *lookout) ([]rewrite, error)

// rewrite is the next plan of a resource, or of a substream for one parent, and the units that belong to it.
type rewrite struct {
	of    string // unitOf
	root  *extract.Resource
	was   int
	plan  Plan
	units map[string]UnitState
	// ahead are units under plans that stay, which are to hold before the first of units is overwritten.
	ahead map[string]UnitState
}

// run makes the visit. Errors: *VisitError where it is refused, *EnvironmentError where the brokers or other processes keep it from
// being made.
func (c VisitConfig) run(ctx context.Context, resource string, e edit) (Visited, error) {
	if _, err := committedExtents(ctx, c.Kafka, c.Names.State()); err != nil {
		return Visited{}, err // there is no such topic
	}
	claim, err := newClaim(claimVisit, c.Source)
	if err != nil {
		return Visited{}, err
	}
	for attempt := 1; ; attempt++ {
		v, err := c.open(resource, e, claim)
		if err != nil {
			return Visited{}, err
		}
		done, err := v.make(ctx)
		var rejected *RejectedError // nobody else's doing
		again := errors.Is(err, errLaneLost) && !errors.As(err, &rejected) && ctx.Err() == nil
		if err != nil {
			v.release(ctx, nil, false) // the lanes that it still has: workers would wait
		}
		v.close()
		if !again {
			return done, err
		}
		if attempt == visitAttempts {
			return done, &EnvironmentError{Op: "visit the lanes of " + resource, Err: err,
				Remedy: "another process takes them at the same time: look at headwater state show, and run the command again"}
		}
	}
}

func (c VisitConfig) open(resource string, e edit, claim Claim) (*visit, error) {
	admin, err := kgo.NewClient(c.Kafka...)
	if err != nil {
		return nil, &EnvironmentError{Op: "open Kafka client", Err: err}
	}
	w := &Worker{cfg: Config{Source: c.Source, Kafka: c.Kafka, Now: c.Now, Sleep: c.Sleep}, names: c.Names, claim: claim, waitedFor: map[string]bool{}}
	v := &visit{session: w.newSession(admin), resource: resource, edit: e, lanes: map[int32]*lane{}}
	if v.follower, err = v.follow(); err != nil {
		admin.Close()
		return nil, err
	}
	return v, nil
}

// make goes through the steps of a visit. Where it fails the caller releases the lanes.
func (v *visit) make(ctx context.Context) (Visited, error) {
	rewrites, err := v.survey(ctx)
	if err != nil {
		return Visited{}, err
	}
	wanted := v.look().lanesOf(rewrites)
	if rewrites, err = v.take(ctx, wanted); err == nil {
		err = v.write(rewrites)
	}
	if err != nil {
		return Visited{}, err
	}
	v.release(ctx, rewrites, true)
	done := Visited{Resource: v.resource, Lanes: wanted}
	for _, rw := range rewrites {
		done.Plans = append(done.Plans, PlanChange{Of: rw.of, Was: rw.was, Is: rw.plan.Plan})
	}
	return done, nil
}

func (v *visit) look() *lookout {
	return &lookout{board: v.board, src: v.cfg.Source, now: v.stamp()}
}

// survey reads the lanes without taking any, refuses what cannot be, and waits while another visit is unreleased.
func (v *visit) survey(ctx context.Context) ([]rewrite, error) {
	for waited := time.Duration(0); ; waited += visitPause { // by no clock of ours or theirs, which may differ
		if err := v.readDecided(ctx); err != nil {
			return nil, err
		}
		if err := v.refuseClaims(); err != nil {
			return nil, err
		}
		rewrites, err := v.edit(v.look())
		if err != nil {
			return nil, err
		}
		wait := v.unreleased(v.look().lanesOf(rewrites))
		if wait <= 0 || waited >= visitDeadline {
			return rewrites, nil
		}
		if err := v.cfg.Sleep(ctx, min(wait, visitPause)); err != nil {
			return nil, err
		}
	}
}

// unreleased is how long another visit in these lanes may still be waited for.
func (v *visit) unreleased(lanes []int32) time.Duration {
	var longest time.Duration
	for _, id := range lanes {
		if last, _ := v.board.claim(id); last.Kind == claimVisit && last.Nonce != v.claim.Nonce {
			longest = max(longest, last.At.Add(visitDeadline).Sub(v.cfg.Now()))
		}
	}
	return min(longest, visitDeadline)
}

// take takes the lanes, the lowest first, reads them up to the claims, and says what is to be written now that nobody else can.
func (v *visit) take(ctx context.Context, wanted []int32) ([]rewrite, error) {
	parts := map[int32]extent{}
	for _, id := range wanted {
		l, err := openLane(v.cfg.Kafka, v.names, id, v.topics)
		if err != nil {
			return nil, &EnvironmentError{Op: "open producer", Err: err}
		}
		v.lanes[id] = l
		claim := v.claim
		claim.At = v.stamp()
		if err := v.takeOne(ctx, l, claim); err != nil {
			return nil, err
		}
		parts[id] = extent{to: l.claimed + 1}
	}
	if err := v.follower.await(ctx, parts); err != nil {
		return nil, &EnvironmentError{Op: "read state", Err: err}
	}
	rewrites, err := v.edit(v.look())
	if err != nil {
		return nil, err
	}
	for _, id := range v.look().lanesOf(rewrites) {
		if v.lanes[id] == nil { // a worker has planned since the survey
			return nil, fmt.Errorf("lane %d holds units of %s now: %w", id, v.resource, errLaneLost)
		}
	}
	return rewrites, nil
}

// write commits the new state. The plan is what makes the units count, so it comes last, in one transaction with those of its lane:
// until then what was overwritten counts as absent under the plan that was.
func (v *visit) write(rewrites []rewrite) error {
	for _, rw := range rewrites {
		home := homeLane(rw.root.Name, StatePartitions)
		if len(rw.ahead) > 0 {
			if err := v.commit(home, rw.ahead); err != nil {
				return err
			}
		}
		byLane := map[int32]map[string]UnitState{}
		for unit, u := range rw.units {
			id := laneOf(rw.root, unit)
			if byLane[id] == nil {
				byLane[id] = map[string]UnitState{}
			}
			byLane[id][unit] = u
		}
		for _, id := range slices.Sorted(maps.Keys(byLane)) {
			if id == home {
				continue
			}
			if err := v.commit(id, byLane[id]); err != nil {
				return err
			}
		}
		plan := stateRecord(v.names, home, rw.of+planSuffix, rw.plan)
		if err := v.commit(home, byLane[home], plan); err != nil {
			return err
		}
	}
	return nil
}

func (v *visit) commit(id int32, units map[string]UnitState, last ...*kgo.Record) error {
	var records []*kgo.Record
	for _, unit := range slices.Sorted(maps.Keys(units)) {
		records = append(records, stateRecord(v.names, id, unit, units[unit]))
	}
	records = append(records, last...)
	return v.lanes[id].transact([]*commitRequest{{records: records}})
}

// release tells workers that they need not wait. Where it fails they wait a minute, or somebody has taken the lane already. Of a group
// that may have been a worker that has not seen the new plan, and reads under the old one: if there is a new one (written), the lane is
// taken once more, so that whoever takes it next reads the plan first. The home lanes are released last: until then nobody plans, and
// nobody reads beside the old plan.
func (v *visit) release(ctx context.Context, rewrites []rewrite, written bool) {
	claim := v.claim
	claim.Kind = claimRelease
	var others, homes []int32
	for _, id := range slices.Sorted(maps.Keys(v.lanes)) {
		if slices.ContainsFunc(rewrites, func(rw rewrite) bool { return id == homeLane(rw.root.Name, StatePartitions) }) {
			homes = append(homes, id)
		} else {
			others = append(others, id)
		}
	}
	for _, id := range append(others, homes...) {
		claim.At = v.stamp()
		record := stateRecord(v.names, id, claimKey, claim)
		err := v.lanes[id].transact([]*commitRequest{{records: []*kgo.Record{record}}})
		if err == nil || !written || slices.Contains(homes, id) {
			continue
		}
		if l, err := openLane(v.cfg.Kafka, v.names, id, v.topics); err == nil {
			_ = v.takeOne(context.WithoutCancel(ctx), l, claim)
			l.close()
		}
	}
}

func (v *visit) close() {
	for _, l := range v.lanes {
		l.close()
	}
	v.follower.close()
	v.admin.Close()
}
