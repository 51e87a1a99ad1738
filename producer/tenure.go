package producer

import (
	"context"
	"sync"
)

// tenure is a lane that this worker holds, with the units that are at work in it. It ends with the session, or when the lane goes to
// another worker of the group.
type tenure struct {
	*lane
	ctx    context.Context // of the units; ends with the tenure
	cancel context.CancelFunc
	stop   chan struct{} // closed: nothing is committed any more

	mu    sync.Mutex
	over  bool
	units sync.WaitGroup
}

// enter lets a unit begin; false: the tenure is over. One that began calls leave when it has ended.
func (t *tenure) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over {
		t.units.Add(1)
	}
	return !t.over
}

func (t *tenure) leave() { t.units.Done() }

func (t *tenure) ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.over
}

// end stops the units, each after the commit that it has in flight, and closes the lane's producer. When it returns another worker may
// have the lane.
func (t *tenure) end() {
	t.mu.Lock()
	t.over = true
	t.mu.Unlock()
	t.cancel()
	t.units.Wait()
	close(t.stop)
	<-t.served
	t.close()
}
