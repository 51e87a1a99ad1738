//go:build unix

package e2e

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// crew are workers that are hurt and started again, and the servers that are.
type crew struct {
	d          *drill
	slots      []*slot
	away       bool                  // the broker was killed or paused
	restarting map[string]chan error // servers that are being started again: that takes seconds, and nobody waits for it
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
	c := &crew{d: d, restarting: map[string]chan error{}}
	defer c.restarted("broker", "registry") // whatever ends the drill, or they would be closed meanwhile
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
	for name, done := range c.restarting {
		if len(done) > 0 {
			c.restarted(name)
		}
	}
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

// restart starts a server again.
func (c *crew) restart(who string, restart func(context.Context) error) {
	done := make(chan error, 1)
	go func() { done <- restart(c.d.t.Context()) }()
	c.restarting[who] = done
}

// restarted waits for servers that are being started again.
func (c *crew) restarted(who ...string) {
	c.d.t.Helper()
	for _, name := range who {
		if done := c.restarting[name]; done != nil {
			delete(c.restarting, name)
			if err := <-done; err != nil {
				c.d.t.Errorf("start the %s again: %v", name, err)
			}
		}
	}
}

// settle waits until every worker is at work and the broker answers.
func (c *crew) settle() {
	c.d.t.Helper()
	c.restarted("broker", "registry")
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
		c.restarted(f.who)
		c.away = f.what == "kill" || f.what == "pause"
		switch f.what {
		case "kill":
			c.d.broker.Kill()
		case "start":
			c.restart(f.who, c.d.broker.Restart)
		case "pause":
			c.d.signalBroker(syscall.SIGSTOP)
		case "resume":
			c.d.signalBroker(syscall.SIGCONT)
		}
	case "registry":
		c.restarted(f.who)
		if f.what == "kill" {
			c.d.store.Kill()
		} else {
			c.restart(f.who, c.d.store.Restart)
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
		c.kill(s.p)
		s.down = true
	case "stop":
		s.p.signal(syscall.SIGTERM)
		s.down = true
	case "start":
		c.kill(s.p) // it may have been asked to stop, and a commit still waits for its outcome
		c.start(s)
	case "pause":
		s.p.signal(syscall.SIGSTOP)
	case "resume":
		s.p.signal(syscall.SIGCONT)
	}
}

// kill kills a worker that may have ended by itself.
func (c *crew) kill(p *process) {
	c.d.t.Helper()
	p.signal(syscall.SIGKILL)
	<-p.done
	p.inspect()
	if code := p.cmd.ProcessState.ExitCode(); code > 0 && code != 3 {
		c.d.t.Errorf("a worker ended with %d: %s", code, p.lastLine())
	}
}

// killAll kills every worker at once and notes how far the topics reach, if the broker can tell.
func (c *crew) killAll() {
	c.d.t.Helper()
	for _, s := range c.slots { // all at once
		s.p.signal(syscall.SIGKILL)
	}
	for _, s := range c.slots {
		c.kill(s.p)
	}
	if !c.away && c.restarting["broker"] == nil {
		c.d.cut()
	}
	for _, s := range c.slots {
		if !s.down {
			c.start(s)
		}
	}
}
