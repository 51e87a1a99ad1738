//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// failOver is what may be added to the group's session timeout until another worker commits in a lane.
const failOver = 4 * time.Second

// groupSession is how long the broker lets a member of a group be silent before its lanes go to others.
func (d *drill) groupSession() time.Duration {
	d.t.Helper()
	client := d.kafka(d.t)
	defer client.Close()
	admin := kadm.NewClient(client)
	brokers, err := admin.ListBrokers(d.t.Context())
	if err != nil || len(brokers) == 0 {
		d.t.Fatalf("list brokers: %v, %v", brokers, err)
	}
	configs, err := admin.DescribeBrokerConfigs(d.t.Context(), brokers.NodeIDs()...)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, c := range configs[0].Configs {
		if c.Key == "group.consumer.session.timeout.ms" {
			return time.Duration(number(c.MaybeValue())) * time.Millisecond
		}
	}
	d.t.Fatal("the broker tells no group.consumer.session.timeout.ms")
	return 0
}

// taken is a claim of a lane: who took it, and when.
type taken struct {
	pid int
	at  time.Time
}

// claims are the claims of every lane, in order.
func (d *drill) claims() map[int32][]taken {
	d.t.Helper()
	all := map[int32][]taken{}
	state := d.topic("_state")
	for _, r := range d.read(state)[state] {
		var claim struct {
			PID  int
			Kind string
		}
		if r.key != "__claim" {
			continue
		}
		if err := json.Unmarshal(r.value, &claim); err != nil || claim.Kind != "worker" {
			d.t.Errorf("claim %s: %v", r.value, err)
		}
		all[r.partition] = append(all[r.partition], taken{claim.PID, r.at})
	}
	return all
}

// owners are whose every lane is: who claimed it last.
func owners(claims map[int32][]taken) map[int32]int {
	pids := map[int32]int{}
	for lane, list := range claims {
		pids[lane] = list[len(list)-1].pid
	}
	return pids
}

// shared waits until these workers, and nobody else, hold the lanes in equal parts, and returns whose every lane is.
func (d *drill) shared(workers ...*process) map[int32]int {
	d.t.Helper()
	var now map[int32]int
	eventually(d.t, settle, fmt.Sprintf("lanes that %d workers share", len(workers)), func() (bool, string) {
		now = owners(d.claims())
		count := map[int]int{}
		for _, pid := range now {
			count[pid]++
		}
		for _, p := range workers {
			if !p.running() {
				d.t.Fatalf("a worker ended: %s", p.lastLine())
			}
			if n := count[p.cmd.Process.Pid]; n < 16/len(workers) {
				return false, fmt.Sprint(now)
			}
			delete(count, p.cmd.Process.Pid)
		}
		return len(now) == 16 && len(count) == 0, fmt.Sprint(now)
	})
	return now
}

// rebalance is what became of the lanes.
type rebalance struct {
	moved, again int             // lanes that changed hands; and how often more than once
	strangers    int             // those that need not have
	within       []time.Duration // from its cause to the first commit of the new owner, by lane
}

// rebalanced compares the lanes before with the claims after a rebalance that something caused at began. must says of a lane that
// changed hands whether it had to.
func rebalanced(before map[int32]int, after map[int32][]taken, began time.Time, must func(was, is int) bool) rebalance {
	var r rebalance
	for lane, list := range after {
		was, hands := before[lane], 0
		for _, claim := range list {
			if claim.at.Before(began) || claim.pid == was {
				continue
			}
			if hands++; hands == 1 {
				r.within = append(r.within, claim.at.Sub(began))
				if !must(was, claim.pid) {
					r.strangers++
				}
			}
			was = claim.pid
		}
		if hands > 0 {
			r.moved++
			r.again += hands - 1
		}
	}
	slices.Sort(r.within)
	return r
}

func (r rebalance) String() string {
	if len(r.within) == 0 {
		return "no lanes"
	}
	return fmt.Sprintf("%d lanes within %.1f s", r.moved, r.within[len(r.within)-1].Seconds())
}

// shareWork has three workers share the lanes, and one of them killed, another one added, one paused for longer than its group waits and
// continued, one stopped. Measured: from the kill, or the pause, of a worker to the first commit of another one in each of its lanes.
func shareWork(d *drill) {
	d.rounds = 1
	if *drillFull {
		d.rounds = 5
	}
	d.share()
	d.churn("100ms")
	c := &shift{drill: d, workers: []*process{d.worker(), d.worker(), d.worker()}}
	d.working(c.workers[0])
	c.owners = d.shared(c.workers...)
	first := ""
	for range d.rounds {
		if said := c.round(); first == "" {
			first = said
		}
	}
	session := d.groupSession()
	d.note = fmt.Sprintf("fail-over, group session %v; %s", session, first)
	d.end(c.workers...)
	for _, within := range d.times {
		if within > session+failOver {
			d.t.Errorf("a lane was taken over after %v, want at most %v", within, session+failOver)
		}
	}
}

// shift is who shares the lanes, and whose every lane is.
type shift struct {
	*drill
	workers []*process
	owners  map[int32]int
}

// round takes each kind of rebalance once and says what moved.
func (c *shift) round() string {
	c.t.Helper()
	killed := c.workers[c.dice.IntN(3)]
	lost := c.lose("killed", killed, killed.kill)
	var added *process
	grown := c.step("added", func() { added = c.worker(); c.workers = append(c.workers, added) }, gets(&added))
	paused := c.workers[c.dice.IntN(3)]
	slept := c.lose("paused", paused, func() { paused.signal(syscall.SIGSTOP) })
	awoken := c.step("continued", func() { paused.signal(syscall.SIGCONT); c.workers = append(c.workers, paused) }, gets(&paused))
	stopped := c.workers[c.dice.IntN(3)]
	left := c.lose("stopped", stopped, stopped.terminate)
	c.step("added", func() { added = c.worker(); c.workers = append(c.workers, added) }, gets(&added))
	c.times = append(append(c.times, lost.within...), slept.within...)
	return fmt.Sprintf("killed: %v; added: %v; paused: %v; continued: %v; stopped: %v", lost, grown, slept, awoken, left)
}

// lose is the step in which a worker's lanes go to the others.
func (c *shift) lose(what string, p *process, how func()) rebalance {
	c.t.Helper()
	c.workers = slices.DeleteFunc(c.workers, func(other *process) bool { return other == p })
	return c.step(what, how, func(was, _ int) bool { return was == p.cmd.Process.Pid })
}

// gets says of lanes that they went to a worker.
func gets(p **process) func(was, is int) bool {
	return func(_, is int) bool { return is == (*p).cmd.Process.Pid }
}

// step does something to a worker, waits until those that are left share the lanes, and checks that no lane changed hands that need not,
// and none twice.
func (c *shift) step(what string, do func(), must func(was, is int) bool) rebalance {
	c.t.Helper()
	before, began := c.owners, time.Now()
	do()
	c.owners = c.shared(c.workers...)
	r := rebalanced(before, c.claims(), began, must)
	if r.strangers > 0 || r.again > 0 {
		c.t.Errorf("a worker was %s: of %d lanes that changed hands %d need not have, and %d more than once", what, r.moved, r.strangers, r.again)
	}
	return r
}

// share has the drill's workers share their work.
func (d *drill) share() { d.env["HEADWATER_GROUP"] = d.prefix + "workers" }
