package producer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/extract"
)

// tailMargin is how much earlier than a record's cursor field says it may have been published: the difference that the API's
// clock and the broker's may have.
const tailMargin = 5 * time.Minute

// extentsOf is a topic from the first record that was produced at or after since (ms; negative: from its start) to its end now.
func (s *session) extentsOf(ctx context.Context, topic string, since int64) (map[int32]extent, error) {
	parts, err := listExtents(ctx, kadm.NewClient(s.admin), topic, since)
	if err != nil {
		return nil, readFailure("list offsets of "+topic, topic, err)
	}
	return parts, nil
}

func (s *session) scanTopic(ctx context.Context, topic string, parts map[int32]extent, each func(*kgo.Record) error) error {
	if err := scan(ctx, s.cfg.Kafka, s.hanging(), extents{topic: parts}, each); err != nil {
		return readFailure("restore from "+topic, topic, err)
	}
	return nil
}

// readFailure tells what a person has to mend from what a new session may find mended.
func readFailure(op, topic string, err error) error {
	if errors.Is(err, kerr.TopicAuthorizationFailed) {
		return &EnvironmentError{Op: op, Err: err, Remedy: "allow this user Read and Describe on " + topic, Lasting: true}
	}
	return fmt.Errorf("%s: %w: %w", op, errLaneLost, err)
}

// restoreKeys learns everything that a topic holds: for listings and substreams, where absence deletes. Of a substream of several
// parents that is what it holds of this runner's.
func (r *runner) restoreKeys(ctx context.Context, res *extract.Resource) error {
	topic := r.names.Data(res.Name)
	parts, err := r.extentsOf(ctx, topic, -1)
	if err != nil {
		return err
	}
	memory := newPublished(r.cfg.MemoryKeys)
	from, to := parentParts(res)
	r.keys[res.Name] = memory
	return r.scanTopic(ctx, topic, parts, func(rec *kgo.Record) error {
		key, parent := string(rec.Key), ""
		if to > 0 {
			parts, err := extract.SplitKey(key, len(res.Key))
			if err != nil {
				return nil //nolint:nilerr // somebody else's record: none of our keys has this form
			}
			if from > 0 && parts[0] != r.root.Name {
				return nil // a child of another parent, whose runner compares it
			}
			parent = extract.JoinKey(parts[from:to]...)
		}
		if rec.Value == nil {
			memory.remove(key)
			return nil
		}
		memory.put(parent, key, parsePublished(rec, 0))
		return nil
	})
}

// parentParts says which parts of a substream's key are its parent's; of a root none are. Before them may be the name of the parent's
// resource.
func parentParts(res *extract.Resource) (from, to int) {
	for _, k := range res.Key {
		if k.FromParent {
			to++
		}
		if k.ParentName {
			from++
		}
	}
	return from, to
}

// ahead is how far the API's clock is before ours.
func (r *runner) ahead(ctx context.Context) (time.Duration, error) {
	api, err := r.cfg.API.Now(ctx, r.root)
	return api.Sub(r.cfg.Now()), err
}

// unitRange is the part of cursor time that a unit can still meet, with the memory for it.
type unitRange struct {
	from, to int64 // ms; from ≤ ts < to
	memory   *published
}

// restoreUnits learns, for the units of an incremental resource, what the topic holds of the cursor time that each can still
// meet. planned is when the plan was made: what is older was published under another one, so that absence proves nothing. end, where it is
// not nil, begins with what was read.
func (r *runner) restoreUnits(ctx context.Context, res *extract.Resource, since int64, planned time.Time, units []unitRange, end *tail) error {
	topic := r.names.Data(res.Name)
	ahead, err := r.ahead(ctx)
	if err != nil {
		return err
	}
	if since >= 0 { // cursors are in the API's time, records were stamped in ours
		since = max(0, since-ahead.Milliseconds())
	}
	parts, err := r.extentsOf(ctx, topic, since)
	if err != nil {
		return err
	}
	if end != nil {
		end.known = parts
	}
	var held []*published // the memories that hold something: of a key's copies only the last one's
	return r.scanTopic(ctx, topic, parts, func(rec *kgo.Record) error {
		key := string(rec.Key)
		for _, m := range held {
			m.remove(key)
		}
		if rec.Timestamp.Before(planned) {
			for _, u := range units {
				u.memory.complete = false
			}
		}
		// A tombstone does not tell the time of the record that it deleted. That it is there the live pass has to know, or it would
		// write one for the same record with every start, where the source file's filters drop it.
		e, gone := entry{digest: filteredDigest}, rec.Value == nil
		if !gone {
			e = parsePublished(rec, ahead)
		}
		if end != nil {
			end.copy(key, e, gone, rec.Offset)
		}
		for _, u := range units {
			if gone && u.to == forever || !gone && u.from <= e.ts && e.ts < u.to {
				u.memory.put("", key, e)
				if !slices.Contains(held, u.memory) {
					held = append(held, u.memory)
				}
			}
		}
		return nil
	})
}

const forever = math.MaxInt64
