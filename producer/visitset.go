package producer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// SetState has a unit of work go on from a state that is given as JSON, in the form of UnitState. What is left out of plan, at, owed and
// records stays as it is. All other units of the resource stay where they are. Workers may run; they go on with the new state.
//
// Errors: *VisitError where the state or what is asked for does not allow it, *EnvironmentError where brokers, rights or another
// version's state stand in the way.
func SetState(ctx context.Context, c VisitConfig, unit string, text []byte) (Visited, error) {
	return c.run(ctx, resourceOf(unit), moving(unit, text))
}

func moving(unit string, text []byte) edit {
	return func(l *lookout) ([]rewrite, error) {
		view, err := l.owner(unit)
		if err != nil {
			return nil, err
		}
		rw, planned, err := l.begin(unitOf(view), view.Root())
		if err != nil {
			return nil, err
		}
		if !planned {
			return nil, noState(resourceOf(unit))
		}
		if err := l.setUnit(&rw, view, unit, text); err != nil {
			return nil, err
		}
		rewrites := []rewrite{rw}
		return rewrites, l.intact(rewrites)
	}
}

// owner is the resource that a unit is of; of several parents, under the one that the unit names.
func (l *lookout) owner(unit string) (*extract.Resource, error) {
	r, err := l.resource(resourceOf(unit))
	if err != nil {
		return nil, err
	}
	for _, view := range views(r) {
		_, isWindow := windowNumber(view, unit)
		if unit == unitOf(view) || view.Incremental != nil && view.Parent == nil && (isWindow || unit == sweepUnit(view.Name)) {
			return view, nil
		}
	}
	return nil, &VisitError{fmt.Sprintf("%s has no unit %q", r.Name, unit), "headwater state show lists what there is"}
}

// setUnit puts the given state in the unit's place, and carries the others over.
func (l *lookout) setUnit(rw *rewrite, view *extract.Resource, unit string, text []byte) error {
	if rw.plan.Reset {
		return &VisitError{rw.of + " is to be planned anew by the next run, which decides what units there are", "run headwater first"}
	}
	n, isWindow := windowNumber(rw.root, unit)
	if isWindow && n >= rw.plan.Windows {
		return &VisitError{fmt.Sprintf("the plan of %s has %d windows, and none with number %d", rw.of, rw.plan.Windows, n), "headwater state show lists what there is"}
	}
	had, _ := l.unit(unit)
	u, err := parseUnit(text, had, rw.was)
	if err == nil {
		u.V, u.Plan, u.At = stateVersion, rw.plan.Plan, l.now
		err = l.checkUnit(&u, rw, view, unit)
	}
	if err != nil {
		return &VisitError{unit + ": " + err.Error(), "give it as state in headwater state show --json shows it"}
	}
	for _, row := range l.unitsOf(rw.of) {
		if other, current := l.unit(row.Unit); current {
			other.Plan = rw.plan.Plan
			rw.units[row.Unit] = other
		}
	}
	rw.units[unit] = u
	rw.ahead = l.debts(rw)
	return nil
}

// debts are the marks of what is owed, put together in the root's own unit under the plan that was: if the visit is killed when the
// first windows are overwritten, these count as absent, and so would their marks. Windows that share the home lane need none.
func (l *lookout) debts(rw *rewrite) map[string]UnitState {
	home := homeLane(rw.root.Name, StatePartitions)
	elsewhere := false
	for unit := range rw.units {
		elsewhere = elsewhere || laneOf(rw.root, unit) != home
	}
	owed := l.owing(rw.root)
	own, begun := l.unit(rw.root.Name)
	if all := union(own.Owed, owed); !elsewhere || len(all) == len(own.Owed) {
		return nil
	} else if begun {
		own.Owed = all
		return map[string]UnitState{rw.root.Name: own}
	}
	return beginning(rw.root, rw.was, owed, l.now)
}

// parseUnit reads the text. had is what the unit is now, was the number of its plan.
func parseUnit(text []byte, had UnitState, was int) (UnitState, error) {
	var given struct {
		V         *int       `json:"v"`
		Plan      *int       `json:"plan"`
		Phase     string     `json:"phase"`
		Window    []string   `json:"window"`
		Page      string     `json:"page"`
		Watermark string     `json:"watermark"`
		Done      bool       `json:"done"`
		Owed      *[]string  `json:"owed"`
		Records   *int64     `json:"records"`
		At        *time.Time `json:"at"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&given); err != nil {
		var wrong *json.UnmarshalTypeError // names a type of this program
		switch {
		case errors.As(err, &wrong) && wrong.Field == "":
			return had, fmt.Errorf("the JSON cannot be read: it is of type %s and must be an object", wrong.Value)
		case errors.As(err, &wrong):
			return had, fmt.Errorf("the JSON cannot be read: %s cannot be of type %s", wrong.Field, wrong.Value)
		}
		return had, fmt.Errorf("the JSON cannot be read: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return had, errors.New("the JSON goes on behind its first object")
	}
	switch {
	case given.V != nil && *given.V != stateVersion:
		return had, fmt.Errorf("v is %d, and this program writes %d", *given.V, stateVersion)
	case given.Plan != nil && *given.Plan != was:
		return had, fmt.Errorf("plan is %d, and the current one is %d", *given.Plan, was)
	case given.At != nil && !given.At.Equal(had.At):
		return had, fmt.Errorf("at is %s, and the unit was committed at %s since", rfc3339(*given.At), rfc3339(had.At))
	}
	u := UnitState{Phase: given.Phase, Window: given.Window, Page: given.Page, Watermark: given.Watermark, Done: given.Done,
		Owed: had.Owed, Records: had.Records}
	if given.Owed != nil {
		u.Owed = union(*given.Owed, nil)
	}
	if given.Records != nil {
		u.Records = *given.Records
	}
	return u, nil
}

// checkUnit checks what a worker would rely on. A window's bounds may be left out: they are the plan's.
func (l *lookout) checkUnit(u *UnitState, rw *rewrite, view *extract.Resource, unit string) error {
	if allowed := phases(view, unit); !slices.Contains(allowed, u.Phase) {
		return fmt.Errorf("phase is %q and must be %s", u.Phase, strings.Join(allowed, " or "))
	}
	n, isWindow := windowNumber(rw.root, unit)
	var bounds extract.Window
	if isWindow {
		var err error
		if bounds, err = rw.plan.window(n); err != nil {
			return err
		}
		if u.Window == nil {
			u.Window = []string{rfc3339(bounds.Start), rfc3339(bounds.End)}
		}
	}
	if u.Window != nil && len(u.Window) != 2 {
		return errors.New("window must be two times: start and end")
	}
	pos, err := u.Position()
	if err != nil {
		return err
	}
	w := pos.Window
	switch {
	case w.End.Before(w.Start):
		return fmt.Errorf("window ends at %s, before it starts", u.Window[1])
	case isWindow && (!w.Start.Equal(bounds.Start) || !w.End.Equal(bounds.End)):
		return fmt.Errorf("window is %s to %s in the plan", rfc3339(bounds.Start), rfc3339(bounds.End))
	case isWindow && !pos.Watermark.IsZero() && (pos.Watermark.Before(w.Start) || pos.Watermark.After(w.End)):
		return fmt.Errorf("watermark %s is outside the window", u.Watermark)
	case pos.Watermark.After(l.now):
		return fmt.Errorf("watermark %s is in the future", u.Watermark)
	case w.IsZero() && rw.root.Incremental != nil && (u.Page != "" || u.Phase == extract.PhaseBackfill.String()):
		return errors.New("window is missing: a page token is good with its window only, and a traversal has an end")
	case w.IsZero() && unit == sweepUnit(rw.root.Name):
		return errors.New("window is missing: it is the time that the sweep compares")
	case u.Records < 0:
		return fmt.Errorf("records is %d", u.Records)
	}
	return checkOwed(u.Owed, view)
}

// phases are those that a unit can be in.
func phases(view *extract.Resource, unit string) []string {
	backfill, live, snapshot := extract.PhaseBackfill.String(), extract.PhaseLive.String(), extract.PhaseSnapshot.String()
	_, isWindow := windowNumber(view.Root(), unit)
	switch {
	case view.Root().Incremental == nil || unit == sweepUnit(view.Root().Name):
		return []string{snapshot}
	case isWindow:
		return []string{backfill}
	case view.Parent != nil:
		return []string{backfill, live}
	}
	return []string{live}
}

// checkOwed: a unit owes substreams of the root that it publishes.
func checkOwed(owed []string, view *extract.Resource) error {
	for _, name := range owed {
		if !slices.ContainsFunc(view.Children, func(c *extract.Resource) bool { return c.Name == name }) {
			return fmt.Errorf("owed names %q, which is no substream of %s", name, view.Name)
		}
	}
	return nil
}
