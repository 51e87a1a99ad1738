package producer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// StateView is what the state topic shows.
type StateView struct {
	Units   []StateRow  `json:"units"`
	Plans   []PlanRow   `json:"plans"`
	Holders []HolderRow `json:"holders"`
}

// StateRow is one unit.
type StateRow struct {
	Unit  string    `json:"unit"`
	Lane  int32     `json:"lane"`
	State UnitState `json:"state"`
	Stale bool      `json:"stale,omitempty"` // of an older plan: counts as absent
}

// PlanRow is one plan: a resource's, or a substream's for one of its parents.
type PlanRow struct {
	Of   string `json:"of"`
	Lane int32  `json:"lane"`
	Plan Plan   `json:"plan"`
}

// HolderRow is who claimed lanes last: a worker, or a command that visits or has released them.
type HolderRow struct {
	Kind   string    `json:"kind"`
	Worker string    `json:"worker"`
	Host   string    `json:"host"`
	PID    int       `json:"pid"`
	Group  string    `json:"group,omitempty"`
	Lanes  []int32   `json:"lanes"`
	Since  time.Time `json:"since"` // the first of these claims
}

// ReadState reads the state topic to its end, without taking any lane. A lane whose records this version does not understand is left
// out and told by the error, beside a view of the others. Errors: *EnvironmentError where topic or brokers cannot be read, and one for
// each such lane.
func ReadState(ctx context.Context, kafka []kgo.Opt, names Names) (StateView, error) {
	parts, err := committedExtents(ctx, kafka, names.State())
	if err != nil {
		return StateView{}, err
	}
	lanes, broken, err := readLanes(ctx, kafka, names, parts)
	if err != nil {
		return StateView{}, &EnvironmentError{Op: "read " + names.State(), Err: err}
	}
	var unread []error
	for _, id := range slices.Sorted(maps.Keys(broken)) {
		unread = append(unread, brokenLane(fmt.Errorf("lane %d: %w: %w", id, errUnreadable, broken[id])))
		delete(lanes, id)
	}
	return viewOf(lanes), errors.Join(unread...)
}

// brokenLane is what a person is told of a lane whose state is not understood: another version wrote it, or another program.
func brokenLane(err error) error {
	return &EnvironmentError{Op: "read state", Err: err, Lasting: true, Remedy: "the units of this lane stand still until then, those of the others do not"}
}

func viewOf(lanes map[int32]*laneState) StateView {
	view := StateView{Units: []StateRow{}, Plans: []PlanRow{}, Holders: []HolderRow{}} // lists, also when they are empty
	plans := map[string]Plan{}
	for id, l := range lanes {
		for of, p := range l.plans {
			plans[of] = p
			view.Plans = append(view.Plans, PlanRow{Of: of, Lane: id, Plan: p})
		}
	}
	for id, l := range lanes {
		for unit, u := range l.units {
			plan, known := plans[plannedOf(unit)] // unknown where its lane is not understood
			view.Units = append(view.Units, StateRow{Unit: unit, Lane: id, State: u, Stale: known && u.Plan != plan.Plan})
		}
	}
	slices.SortFunc(view.Units, func(a, b StateRow) int { return unitOrder(a.Unit, b.Unit) })
	slices.SortFunc(view.Plans, func(a, b PlanRow) int { return strings.Compare(a.Of, b.Of) })
	view.Holders = append(view.Holders, holders(lanes)...)
	return view
}

// holders are the last claims, together by who made them.
func holders(lanes map[int32]*laneState) []HolderRow {
	var rows []HolderRow
	at := map[[2]string]int{}
	for _, id := range slices.Sorted(maps.Keys(lanes)) {
		c := lanes[id].claim
		if c.Kind == "" {
			continue // nobody had it yet
		}
		i, known := at[[2]string{c.Nonce, c.Kind}]
		if !known {
			i = len(rows)
			at[[2]string{c.Nonce, c.Kind}] = i
			rows = append(rows, HolderRow{Kind: c.Kind, Worker: c.Worker, Host: c.Host, PID: c.PID, Group: c.Group, Since: c.At})
		}
		rows[i].Lanes = append(rows[i].Lanes, id)
		if c.At.Before(rows[i].Since) {
			rows[i].Since = c.At
		}
	}
	return rows
}

// unitOrder sorts a resource's windows by number, after its live unit.
func unitOrder(a, b string) int {
	if c := strings.Compare(resourceOf(a), resourceOf(b)); c != 0 {
		return c
	}
	if c := len(a) - len(b); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// Read hands every committed record of a topic to each, from the first one on: up to the topic's end now, or with follow for ever.
// It ends when ctx does or each returns an error, which is returned.
func Read(ctx context.Context, kafka []kgo.Opt, topic string, follow bool, each func(*kgo.Record) error) error {
	parts, err := committedExtents(ctx, kafka, topic)
	if err != nil {
		return err
	}
	if err := scan(ctx, kafka, nil, extents{topic: parts}, each); err != nil || !follow {
		return err
	}
	offsets := map[int32]kgo.Offset{}
	for p, e := range parts {
		offsets[p] = kgo.NewOffset().At(e.to)
	}
	client, err := kgo.NewClient(append(append([]kgo.Opt{}, kafka...),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: offsets}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
	if err != nil {
		return fmt.Errorf("open reader: %w", err)
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fatalFetch(fetches); err != nil {
			return err
		}
		for it := fetches.RecordIter(); !it.Done(); {
			if err := each(it.Next()); err != nil {
				return err
			}
		}
	}
}

// committedExtents is a whole topic, from its start to its end now.
func committedExtents(ctx context.Context, kafka []kgo.Opt, topic string) (map[int32]extent, error) {
	client, err := kgo.NewClient(kafka...)
	if err != nil {
		return nil, &EnvironmentError{Op: "open Kafka client", Err: err}
	}
	defer client.Close()
	bounded, cancel := context.WithTimeout(ctx, setupDeadline)
	defer cancel()
	parts, err := listExtents(bounded, kadm.NewClient(client), topic, -1)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return nil, &EnvironmentError{Op: "read topic " + topic, Err: errors.New("it does not exist"), Remedy: "run headwater first, or set HEADWATER_TOPIC_PREFIX"}
	}
	if err != nil {
		return nil, &EnvironmentError{Op: "list offsets of " + topic, Err: err}
	}
	return parts, nil
}
