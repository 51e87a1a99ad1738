package web

import (
	"context"
	"sync"
	"time"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// shownWorker shows what a test gives it. Safe for concurrent use.
type shownWorker struct {
	mu    sync.Mutex
	shown producer.Snapshot
	away  error // of Kafka
	asked int   // how often it was
}

func (w *shownWorker) Snapshot() producer.Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shown
}

func (w *shownWorker) Ping(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	return w.away
}

func (w *shownWorker) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

type shownAPI struct{ shown extract.Budget }

func (a shownAPI) Budget() extract.Budget { return a.shown }

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// lanesOf are sixteen lanes: held are the worker's, given are to be.
func lanesOf(held, given int) []producer.Lane {
	all := make([]producer.Lane, producer.StatePartitions)
	for i := range all {
		all[i] = producer.Lane{ID: int32(i), Held: i < held, Given: i < given}
	}
	return all
}

// busyWorker is in the middle of its work.
func busyWorker() *shownWorker {
	return &shownWorker{shown: producer.Snapshot{
		Began: noon, Lanes: lanesOf(16, 16), Failed: 2,
		Resources: []producer.Status{
			{Resource: "contacts", Published: 12, First: 9, Deleted: 3, Rejected: producer.Rejections{producer.RejectedKey: 1, producer.RejectedValue: 4},
				Watermark: noon.Add(time.Minute), Windows: [2]int{3, 4}, Success: noon.Add(time.Hour), Interval: 30 * time.Second,
				Changes: []avro.Change{{What: "registered"}, {Field: "a", What: "new field"}}},
			{Resource: "tags", State: "stopped", Err: context.DeadlineExceeded, Stopped: true, Interval: time.Minute},
			{Resource: "teams", State: "elsewhere"},
		},
	}}
}
