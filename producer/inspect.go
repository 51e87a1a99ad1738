package producer

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// StateRow is one unit as the state topic shows it.
type StateRow struct {
	Unit  string    `json:"unit"`
	Lane  int32     `json:"lane"`
	State UnitState `json:"state"`
	Stale bool      `json:"stale,omitempty"` // of an older plan: counts as absent
}

// ReadState reads the state topic to its end, without taking any lane. Errors: *EnvironmentError where the topic or the brokers
// cannot be read, or a record that this version does not know.
func ReadState(ctx context.Context, kafka []kgo.Opt, names Names) ([]StateRow, error) {
	parts, err := committedExtents(ctx, kafka, names.State())
	if err != nil {
		return nil, err
	}
	lanes, broken, err := readLanes(ctx, kafka, names, parts)
	if err != nil {
		return nil, &EnvironmentError{Op: "read " + names.State(), Err: err}
	}
	for _, err := range broken {
		return nil, &EnvironmentError{Op: "read " + names.State(), Err: err}
	}
	plans := map[string]Plan{}
	for _, l := range lanes {
		for name, p := range l.plans {
			plans[name] = p
		}
	}
	var rows []StateRow
	for id, l := range lanes {
		for unit, u := range l.units {
			rows = append(rows, StateRow{Unit: unit, Lane: id, State: u, Stale: u.Plan != plans[plannedOf(unit)].Plan})
		}
	}
	sort.Slice(rows, func(i, j int) bool { return unitLess(rows[i].Unit, rows[j].Unit) })
	return rows, nil
}

// unitLess sorts a resource's windows by number, after its live unit.
func unitLess(a, b string) bool {
	ra, rb := resourceOf(a), resourceOf(b)
	if ra != rb {
		return ra < rb
	}
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// Read hands every committed record of a topic to each, from the first one on: up to the topic's end now, or with follow for ever.
// It ends when ctx does or each returns an error, which is returned.
func Read(ctx context.Context, kafka []kgo.Opt, topic string, follow bool, each func(*kgo.Record) error) error {
	parts, err := committedExtents(ctx, kafka, topic)
	if err != nil {
		return err
	}
	if err := scan(ctx, kafka, extents{topic: parts}, each); err != nil || !follow {
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
