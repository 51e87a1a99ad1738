package producer

import (
	"context"
	"testing"
)

func TestRunEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(w.context())
	cancel()
	if err := w.newWorker(only("things")).Run(ctx); err != nil {
		t.Errorf("a graceful stop before anything was done: %v", err)
	}
}
