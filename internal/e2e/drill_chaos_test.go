//go:build unix

package e2e

import (
	"fmt"
	"syscall"
	"time"
)

// crew are workers that are hurt and started again.
type crew struct {
	d     *drill
	slots []*slot
	away  bool // the broker does not answer
}

// slot is the place of one worker.
type slot struct {
	p     *process
	down  bool      // it was killed or stopped, and is not to be started yet
	again time.Time // when a worker that found no servers is started again
}

// crewSize is how many workers share the work in chaos, when none is hurt.
const crewSize = 3

// chaos does everything that the other drills do, at random, for as long as was asked for.
func chaos(d *drill) {
	faults := schedule(d.seed, *drillChaos, crewSize)
	d.rounds, d.note = len(faults), fmt.Sprintf("faults within %v, %d workers", *drillChaos, crewSize)
	d.share()
	d.churn("100ms")
	c := &crew{d: d}
	for range crewSize {
		c.slots = append(c.slots, &slot{p: d.worker()})
	}
	d.working(c.slots[0].p)
	began := time.Now()
	for _, f := range faults {
		c.until(began.Add(f.at))
		d.t.Logf("%6.2f s: %v", time.Since(began).Seconds(), f)
		c.do(f)
	}
	c.until(began.Add(*drillChaos))
	c.settle()
	var workers []*process
	for _, s := range c.slots {
		workers = append(workers, s.p)
	}
	d.endAfterOutage(workers...)
}

// until waits for a moment. Meanwhile it does what supervises a service: a worker that found no servers when it was started is started
// again. That one ends in any other way by itself is a mistake.
func (c *crew) until(at time.Time) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		c.supervise()
		if !time.Now().Before(at) {
			return
		}
		<-tick.C
	}
}

func (c *crew) supervise() {
	c.d.t.Helper()
	for i, s := range c.slots {
		if s.down || s.p.running() {
			continue
		}
		if s.again.IsZero() {
			if code := s.p.cmd.ProcessState.ExitCode(); code != 3 {
				c.d.t.Fatalf("worker %d ended by itself with %d: %s", i, code, s.p.lastLine())
			}
			s.again = time.Now().Add(time.Second)
		}
		if time.Now().After(s.again) {
			c.start(s)
		}
	}
}

func (c *crew) start(s *slot) {
	s.p, s.down, s.again = c.d.worker(), false, time.Time{}
}

// settle waits until every worker is at work and the broker answers.
func (c *crew) settle() {
	c.d.t.Helper()
	page := c.d.pageAfterTrouble(time.Now())
	c.d.t.Logf("a page %v after the last fault", page)
	eventually(c.d.t, settle, "workers that stay", func() (bool, string) {
		c.supervise()
		for i, s := range c.slots {
			if !s.p.running() {
				return false, fmt.Sprintf("worker %d ended: %s", i, s.p.lastLine())
			}
		}
		return true, ""
	})
}

func (c *crew) do(f fault) {
	c.d.t.Helper()
	switch f.who {
	case "worker":
		c.hurt(c.slots[f.worker], f.what)
	case "workers":
		c.killAll()
	case "broker":
		c.away = f.what == "kill" || f.what == "pause"
		switch f.what {
		case "kill":
			c.d.broker.Kill()
		case "start":
			if err := c.d.broker.Restart(c.d.t.Context()); err != nil {
				c.d.t.Fatal(err)
			}
		case "pause":
			c.d.signalBroker(syscall.SIGSTOP)
		case "resume":
			c.d.signalBroker(syscall.SIGCONT)
		}
	case "registry":
		if f.what == "kill" {
			c.d.store.Kill()
		} else if err := c.d.store.Restart(c.d.t.Context()); err != nil {
			c.d.t.Fatal(err)
		}
	case "api":
		if f.what == "away" {
			c.d.closeDoor()
		} else {
			c.d.openDoor()
		}
	}
}

func (c *crew) hurt(s *slot, what string) {
	c.d.t.Helper()
	if !s.p.running() && what != "start" { // it waits to be started again
		s.down = what == "kill" || what == "stop"
		return
	}
	switch what {
	case "kill":
		s.p.kill()
		s.down = true
	case "stop":
		s.p.signal(syscall.SIGTERM)
		s.down = true
	case "start":
		if s.p.running() { // it was asked to stop, and a commit still waits for its outcome
			s.p.kill()
		}
		c.start(s)
	case "pause":
		s.p.signal(syscall.SIGSTOP)
	case "resume":
		s.p.signal(syscall.SIGCONT)
	}
}

// killAll kills every worker at once and notes how far the topics reach, if the broker can tell.
func (c *crew) killAll() {
	c.d.t.Helper()
	for _, s := range c.slots {
		if s.p.running() {
			s.p.signal(syscall.SIGKILL)
		}
	}
	for _, s := range c.slots {
		<-s.p.done
		s.p.inspect()
	}
	if !c.away {
		c.d.cut()
	}
	for _, s := range c.slots {
		if !s.down {
			c.start(s)
		}
	}
}
