//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
	workers := []*process{d.worker(), d.worker(), d.worker()}
	d.working(workers[0])
	var notes []string
	for round := range d.rounds {
		before := d.shared(workers...)
		killed := workers[d.dice.IntN(3)]
		workers = slices.DeleteFunc(workers, func(p *process) bool { return p == killed })
		began := time.Now()
		killed.kill()
		after := d.shared(workers...)
		lost := d.only("killed", before, began, func(was, _ int) bool { return was == killed.cmd.Process.Pid })
		d.times = append(d.times, lost.within...)

		began = time.Now()
		added := d.worker()
		workers = append(workers, added)
		before = d.shared(workers...)
		grown := d.only("added", after, began, func(_, is int) bool { return is == added.cmd.Process.Pid })

		paused := workers[d.dice.IntN(3)]
		awake := slices.DeleteFunc(slices.Clone(workers), func(p *process) bool { return p == paused })
		began = time.Now()
		paused.signal(syscall.SIGSTOP)
		after = d.shared(awake...)
		slept := d.only("paused", before, began, func(was, _ int) bool { return was == paused.cmd.Process.Pid })
		d.times = append(d.times, slept.within...)
		began = time.Now()
		paused.signal(syscall.SIGCONT)
		before = d.shared(workers...)
		awoken := d.only("continued", after, began, func(_, is int) bool { return is == paused.cmd.Process.Pid })

		stopped := workers[d.dice.IntN(3)]
		workers = slices.DeleteFunc(workers, func(p *process) bool { return p == stopped })
		began = time.Now()
		stopped.terminate()
		after = d.shared(workers...)
		left := d.only("stopped", before, began, func(was, _ int) bool { return was == stopped.cmd.Process.Pid })
		workers = append(workers, d.worker())
		if round == 0 {
			notes = append(notes, fmt.Sprintf("killed: %v; added: %v; paused: %v; continued: %v; stopped: %v", lost, grown, slept, awoken, left))
		}
	}
	session := d.groupSession()
	d.note = "fail-over, group session " + session.String() + "; " + strings.Join(notes, "; ")
	d.end(workers...)
	for _, within := range d.times {
		if within > session+failOver {
			d.t.Errorf("a lane was taken over after %v, want at most %v", within, session+failOver)
		}
	}
}

// only checks that no lane changed hands that need not, and none twice.
func (d *drill) only(what string, before map[int32]int, began time.Time, must func(was, is int) bool) rebalance {
	d.t.Helper()
	r := rebalanced(before, d.claims(), began, must)
	if r.strangers > 0 || r.again > 0 {
		d.t.Errorf("a worker was %s: of %d lanes that changed hands %d need not have, and %d more than once", what, r.moved, r.strangers, r.again)
	}
	return r
}

// share has the drill's workers share their work.
func (d *drill) share() { d.env["HEADWATER_GROUP"] = d.prefix + "workers" }
