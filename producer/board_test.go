package producer

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// Own commits are known before the follower meets them: whatever comes late, and however often, the last offset of a key counts.
func TestBoardKeepsTheLastOfEachKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := newBoard()
		b.apply(3, "a/plan", []byte(`{"v":1,"plan":1}`), 0)
		count := rapid.IntRange(1, 8).Draw(t, "count")
		highest := int64(-1)
		for _, n := range rapid.SliceOfN(rapid.Int64Range(1, int64(count)), 1, 20).Draw(t, "order") {
			b.apply(3, "a", fmt.Appendf(nil, `{"v":1,"plan":1,"phase":"live","records":%d}`, n), n)
			highest = max(highest, n)
			if u, ok := b.unit("a"); !ok || u.Records != highest {
				t.Fatalf("after offset %d: %+v, want that of %d", n, u, highest)
			}
		}
	})
}

func TestBoardTellsWhoWaits(t *testing.T) {
	t.Parallel()
	b := newBoard()
	asked, done := make(chan struct{}, 10), make(chan error, 1)
	go func() {
		done <- b.wait(t.Context(), func() bool {
			asked <- struct{}{}
			_, planned := b.plan("a")
			return planned
		})
	}()
	<-asked
	b.apply(0, "a/plan", []byte(`{"v":1,"plan":1}`), 0)
	b.wake()
	if err := <-done; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.wait(ctx, func() bool { return false }); err == nil {
		t.Error("it waits for ever")
	}
}

// A record that cannot be understood stops its own lane.
func TestBoardNamesALaneThatItCannotRead(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.apply(2, "a", []byte(`{"v":2}`), 0)
	b.apply(StatePartitions, "a", []byte(`{"v":2}`), 0) // a partition too many
	for id := range int32(StatePartitions) {
		if err := b.unread(id); (err != nil) != (id == 2) {
			t.Errorf("lane %d: %v", id, err)
		}
	}
}
