//go:build unix

package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// closeDoor has the API refuse connections.
func (d *drill) closeDoor() { d.door.Close() }

// openDoor has it accept them again, where they always were.
func (d *drill) openDoor() {
	d.t.Helper()
	address := d.door.Addr()
	eventually(d.t, settle, "the API's port", func() (bool, string) {
		door, err := sandbox.Serve(address, d.sample)
		if err != nil {
			d.t.Fatal(err)
		}
		if door.Moved() { // somebody's connection has it for its own end
			door.Close()
			return false, address + " is taken"
		}
		d.door = door
		return true, ""
	})
}

// killBroker kills the broker under a running worker and starts it again. Measured: from when it answers to the first new page.
func killBroker(d *drill) {
	d.rounds, d.note = 1, "from when the broker answers again"
	if *drillFull {
		d.rounds = 5
	}
	d.churn("100ms")
	p := d.worker()
	d.working(p)
	for range d.rounds {
		pause(d.upTo(1500 * time.Millisecond))
		d.broker.Kill()
		pause(brokerMissed + d.upTo(3*time.Second))
		if err := d.broker.Restart(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
		d.times = append(d.times, d.pageAfterTrouble(time.Now()))
	}
	d.end(p)
}

// pauseBroker stops the broker for longer than a worker waits for a commit, and for longer than the broker lets a transaction be open.
func pauseBroker(d *drill) {
	lasts := []time.Duration{35 * time.Second}
	if *drillFull {
		lasts = []time.Duration{5 * time.Second, 20 * time.Second, 45 * time.Second, 20 * time.Second, 35 * time.Second}
	}
	d.rounds, d.note = len(lasts), fmt.Sprintf("from when the broker goes on; paused for %s", strings.Trim(fmt.Sprint(lasts), "[]"))
	d.churn("100ms")
	p := d.worker()
	d.working(p)
	for _, last := range lasts {
		pause(d.upTo(1500 * time.Millisecond))
		d.signalBroker(syscall.SIGSTOP)
		pause(last)
		d.signalBroker(syscall.SIGCONT)
		d.times = append(d.times, d.pageAfterTrouble(time.Now()))
	}
	d.end(p)
}

// pageAfterTrouble waits until the broker tells where the topics end, and then for a new page. It returns how long after began that came.
func (d *drill) pageAfterTrouble(began time.Time) time.Duration {
	d.t.Helper()
	return d.firstPage(d.marksAfterTrouble()).since(began)
}

// marksAfterTrouble waits until the broker tells where the topics end.
func (d *drill) marksAfterTrouble() (ends mark) {
	d.t.Helper()
	eventually(d.t, settle, "a broker that knows where topics end", func() (bool, string) {
		var err error
		if _, ends, err = d.askExtents(append(d.topics(all()), d.topic("_state"))); err != nil {
			return false, err.Error()
		}
		return true, ""
	})
	return ends
}

func (d *drill) signalBroker(s syscall.Signal) {
	d.t.Helper()
	if err := syscall.Kill(d.broker.PID(), s); err != nil {
		d.t.Fatalf("send the broker %v: %v", s, err)
	}
}

// registryAway takes the registry away while a schema has to change. Measured: from when it answers again to the first record with the
// new field.
func registryAway(d *drill) {
	d.rounds, d.note = 1, "from when the registry answers again to the first record with a new field; away for 3 to 8 s"
	if *drillFull {
		d.rounds = 5
	}
	p := d.worker()
	d.working(p)
	d.caughtUp([]*process{p}, all()) // until then every resource may need the registry
	d.churn("100ms")
	for n := range d.rounds {
		pause(d.upTo(time.Second))
		d.store.Kill()
		field := fmt.Sprintf("drill_%d", n)
		keys := d.edit("change", "contacts", "n=1")
		d.set("contacts", keys[0], field, `"new"`)
		m := d.marks(d.topics(all())...)
		pause(3*time.Second + d.upTo(5*time.Second))
		d.registryIsAwaited(m)
		if err := d.store.Restart(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
		began := time.Now()
		eventually(d.t, settle, "the new field", func() (bool, string) {
			for _, r := range d.since(m, d.topic("contacts"))[d.topic("contacts")] {
				if r.key != keys[0] || r.value == nil {
					continue
				}
				if _, got, err := d.decode(r.value); err == nil && got[field] == "new" {
					return true, ""
				}
			}
			return false, p.lastLine()
		})
		d.times = append(d.times, time.Since(began))
	}
	d.end(p)
}

// registryIsAwaited checks that resources whose schema need not change went on meanwhile.
func (d *drill) registryIsAwaited(m mark) {
	d.t.Helper()
	if n := len(d.since(m, d.topic("tickets"))[d.topic("tickets")]); n == 0 {
		d.t.Error("without the registry nothing goes on, although only contacts need it")
	}
}
