package producer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// follower reads the whole state topic, read_committed and from its start, and keeps the board with it, as long as a session lasts. It
// is the only way in which a session reads state: that of a lane is complete when the follower has passed the claim with which the lane
// was taken. await may be called by several goroutines.
type follower struct {
	client *kgo.Client
	hung   *hanging
	topic  string
	board  *board
	cancel context.CancelFunc
	ended  chan struct{} // closed when run has returned

	mu    sync.Mutex
	next  map[int32]int64 // the offset after the last one read, control records included
	moved chan struct{}   // closed with the next progress
	err   error           // why it reads no more
}

// follow begins to read. The caller closes the follower.
func (s *session) follow() (*follower, error) {
	offsets := map[int32]kgo.Offset{}
	for id := range int32(StatePartitions) {
		offsets[id] = kgo.NewOffset().AtStart()
	}
	client, err := openReader(s.cfg.Kafka, map[string]map[int32]kgo.Offset{s.names.State(): offsets})
	if err != nil {
		return nil, &EnvironmentError{Op: "open reader", Err: err}
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{client: client, hung: s.hanging(), topic: s.names.State(), board: s.board, cancel: cancel, ended: make(chan struct{}),
		next: map[int32]int64{}, moved: make(chan struct{})}
	go f.run(ctx)
	return f, nil
}

func (f *follower) close() {
	f.cancel()
	<-f.ended
	f.client.Close()
}

func (f *follower) run(ctx context.Context) {
	defer close(f.ended)
	for {
		fetches := f.client.PollFetches(ctx)
		if ctx.Err() != nil {
			return
		}
		err := fatalFetch(fetches)
		if err == nil {
			f.take(fetches)
		}
		f.mu.Lock()
		f.err = err
		close(f.moved)
		f.moved = make(chan struct{})
		f.mu.Unlock()
		f.board.wake()
		if err != nil {
			return
		}
	}
}

func (f *follower) take(fetches kgo.Fetches) {
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		for _, r := range p.Records {
			if !r.Attrs.IsControl() {
				f.board.apply(r.Partition, string(r.Key), r.Value, r.Offset)
			}
		}
		if n := len(p.Records); n > 0 {
			f.mu.Lock()
			f.next[p.Partition] = p.Records[n-1].Offset + 1
			f.mu.Unlock()
		}
	})
}

// failure is why the follower reads no more; nil while it does.
func (f *follower) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// await returns when the follower has read every partition up to its extent's end. Records below are decided, or will be as soon as a
// stranger's transaction ends: where that does not come, the error names it.
func (f *follower) await(ctx context.Context, parts map[int32]extent) error {
	still := newStandstill(f.client, f.hung)
	timer := time.NewTimer(hangingCheck)
	defer timer.Stop()
	for last := int64(-1); ; {
		left, read, moved, err := f.behind(parts)
		if err != nil || len(left) == 0 {
			return err
		}
		if read > last { // only a reader that stands still, in these partitions, is stalled
			last = read
			still.moved()
		}
		timer.Reset(time.Until(still.next))
		select {
		case <-moved:
		case <-timer.C:
			if err := still.look(ctx, map[string]map[int32]int64{f.topic: left}); err != nil {
				return err
			}
		case <-ctx.Done():
			return fmt.Errorf("read %s: %w", f.topic, ctx.Err())
		}
	}
}

// behind are the partitions that are not read up to their extents' ends, with these; read grows with what is read of any of parts, moved is
// closed with the next progress.
func (f *follower) behind(parts map[int32]extent) (left map[int32]int64, read int64, moved <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	left = map[int32]int64{}
	for id, e := range parts {
		read += min(f.next[id], e.to)
		if e.from < e.to && f.next[id] < e.to {
			left[id] = e.to
		}
	}
	return left, read, f.moved, f.err
}
