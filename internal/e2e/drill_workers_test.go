//go:build unix

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// killWorker kills the worker again and again, at any moment: while it takes lanes, while it fills the topics, while it follows.
// Measured: from the start of the next process to the first new page that a reader sees.
func killWorker(d *drill) {
	d.rounds, d.note = *drillRounds, "from the start of the new process to its first page"
	d.churn("100ms")
	p := d.worker()
	d.working(p)
	for range d.rounds {
		pause(d.upTo(1500 * time.Millisecond))
		p.kill()
		page := d.firstPage(d.cut())
		began := time.Now()
		p = d.worker()
		if d.dice.IntN(4) == 0 { // this one does not get far
			pause(d.upTo(time.Second))
			page.forget()
			p.kill()
			page, began = d.firstPage(d.cut()), time.Now()
			p = d.worker()
		}
		d.times = append(d.times, page.since(began))
	}
	d.end(p)
	d.restartsWithin(2 * time.Second)
}

// restartsWithin judges the times, where nothing else keeps the machine busy.
func (d *drill) restartsWithin(median time.Duration) {
	if got := d.median(); *drillFull && got > median {
		d.t.Errorf("%s: %v in the median, want at most %v", d.drill, got, median)
	}
}

// page is the first one that arrives after a mark.
type page struct {
	d      *drill
	client *kgo.Client
	at     chan time.Time
}

// firstPage begins to look for the first committed record after m in any data topic. The caller calls since or forget.
func (d *drill) firstPage(m mark) *page {
	d.t.Helper()
	parts := map[string]map[int32]kgo.Offset{}
	for _, topic := range d.topics(all()) {
		parts[topic] = map[int32]kgo.Offset{}
		for p, end := range m[topic] {
			parts[topic][p] = kgo.NewOffset().At(end)
		}
	}
	p := &page{d: d, at: make(chan time.Time, 1)}
	p.client = d.kafka(d.t, kgo.ConsumePartitions(parts), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond))
	go func() {
		for {
			fetches := p.client.PollFetches(context.Background())
			if fetches.IsClientClosed() {
				return
			}
			if fetches.NumRecords() > 0 {
				p.at <- time.Now()
				return
			}
		}
	}()
	return p
}

func (p *page) forget() { p.client.Close() }

// since waits for the page and returns how long after began it came.
func (p *page) since(began time.Time) time.Duration {
	p.d.t.Helper()
	defer p.client.Close()
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case at := <-p.at:
		return at.Sub(began)
	case <-timer.C:
		p.d.t.Fatalf("no new page within %v", settle)
		return 0
	}
}

// zombie stops a worker in the middle of its work, as a machine that hangs does, and lets another one take over. The first goes on
// later, knows of nothing, and must get nothing through.
func zombie(d *drill) {
	d.rounds, d.note = 2, "from the start of the second worker to its first page; the first ended with exit 4 and wrote nothing more"
	if *drillFull {
		d.rounds = 10
	}
	d.churn("100ms")
	first := d.worker()
	d.working(first)
	for range d.rounds {
		pause(d.upTo(1500 * time.Millisecond))
		second := d.takeOver(first)
		m := d.marks(append(d.topics(all()), d.topic("_state"))...)
		first.signal(syscall.SIGCONT)
		first.ends(4, time.Minute)
		if line, pid := first.lastLine(), fmt.Sprintf("(pid %d)", second.cmd.Process.Pid); !strings.Contains(line, "took over") || !strings.Contains(line, pid) {
			d.t.Errorf("last line %q, want one that names who took over, %s", line, pid)
		}
		d.wroteNothing(first, second, m)
		first = second
	}
	d.end(first)
}

// takeOver stops a worker and starts another one, up to its first page.
func (d *drill) takeOver(first *process) *process {
	d.t.Helper()
	first.signal(syscall.SIGSTOP)
	page := d.firstPage(d.marks(d.topics(all())...))
	began := time.Now()
	second := d.worker()
	d.times = append(d.times, page.since(began))
	return second
}

// wroteNothing checks that nothing after m is the first worker's. A lane's producer has an epoch that every owner raises: what
// carries a lower one than the second worker's claim was written by the first.
func (d *drill) wroteNothing(first, second *process, m mark) {
	d.t.Helper()
	claims := map[int64]int16{} // of the second worker: its epoch, by producer
	state := d.topic("_state")
	for _, r := range d.read(state)[state] {
		var claim struct{ PID int }
		if r.key == "__claim" && json.Unmarshal(r.value, &claim) == nil && claim.PID == second.cmd.Process.Pid {
			claims[r.producer] = r.epoch
		}
	}
	if len(claims) != 16 {
		d.t.Errorf("the second worker holds %d lanes, want 16", len(claims))
	}
	for topic, records := range d.since(m, append(d.topics(all()), state)...) {
		for _, r := range records {
			var claim struct{ PID int }
			if r.key == "__claim" && json.Unmarshal(r.value, &claim) == nil && claim.PID == first.cmd.Process.Pid {
				d.t.Errorf("the first worker took lane %d again", r.partition)
			}
			if epoch, known := claims[r.producer]; !known || r.epoch < epoch {
				d.t.Errorf("%s, partition %d, offset %d: written by producer %d in epoch %d, after a worker had taken it over in epoch %d",
					topic, r.partition, r.offset, r.producer, r.epoch, epoch)
			}
		}
	}
}

// apiAway has the API refuse connections for a while. Measured: from when it answers again to the first new page.
func apiAway(d *drill) {
	d.rounds, d.note = 1, "from when the API answers again; away for 2 to 6 s"
	if *drillFull {
		d.rounds = 5
	}
	d.churn("100ms")
	p := d.worker()
	d.working(p)
	for range d.rounds {
		pause(d.upTo(time.Second))
		d.closeDoor()
		pause(2*time.Second + d.upTo(4*time.Second))
		page := d.firstPage(d.marks(d.topics(all())...))
		began := time.Now()
		d.openDoor()
		d.times = append(d.times, page.since(began))
	}
	d.endAfterOutage(p)
}
