package producer

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headwater-stream/headwater/internal/realstack/stacktest"
)

// stack is the real Kafka and registry of the tests that want them.
var stack stacktest.Stack

// TestMain fails when goroutines are left. The embedded broker's connections end a moment after it is closed, so the search is
// repeated; each one waits for some seconds itself.
func TestMain(m *testing.M) {
	code := m.Run()
	code = max(code, stack.Close())
	var left error
	for range 5 {
		if left = goleak.Find(); left == nil {
			break
		}
	}
	if code == 0 && left != nil {
		fmt.Fprintln(os.Stderr, left)
		code = 1
	}
	os.Exit(code)
}

// fakeClock is the worker's clock and the API's; sleeping moves it. It runs behind the broker's, whose times are real: what was
// published is never older than what the clock says.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Now().Add(-90 * 24 * time.Hour).Truncate(time.Second).UTC()}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.move(d)
	return ctx.Err()
}
