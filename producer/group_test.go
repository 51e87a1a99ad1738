package producer

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fellow is a worker of a group, which streams with short pauses until it is stopped.
type fellow struct {
	*world
	worker *Worker
	cancel context.CancelFunc
	ended  chan error
}

func (w *world) join(changes ...change) *fellow {
	w.Helper()
	f := &fellow{world: w, ended: make(chan error, 1)}
	pause := func(ctx context.Context, d time.Duration) error {
		timer := time.NewTimer(50 * time.Millisecond) // of real time: what the others do takes some
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return w.clock.Sleep(ctx, min(d, time.Second))
		}
	}
	f.worker = w.newWorker(append([]change{func(c *Config) { c.Once, c.Group, c.Sleep = false, "crew", pause }}, changes...)...)
	ctx, cancel := context.WithCancel(w.context())
	f.cancel = cancel
	go func() { f.ended <- f.worker.Run(ctx) }()
	w.Cleanup(func() { f.leave() })
	return f
}

// leave stops the worker gracefully and returns what Run returned.
func (f *fellow) leave() error {
	f.cancel()
	err := <-f.ended
	f.ended <- err
	return err
}

// owners tells who has claimed each lane last, by nonce; "" where the lane was released, or nobody has.
func (w *world) owners() [StatePartitions]string {
	w.Helper()
	var owners [StatePartitions]string
	if w.kafka.TopicInfo(w.names.State()) == nil {
		return owners
	}
	for _, r := range w.records(w.names.State()) {
		if string(r.Key) == claimKey {
			var c Claim
			if err := decodeState(claimKey, r.Value, &c); err != nil {
				w.Fatal(err)
			}
			owners[r.Partition] = c.Nonce
		}
	}
	return owners
}

// quickly has the group's members learn of changes soon, and shares by the broker or, in a group of old, by the members.
func (w *world) quickly(byMembers bool) {
	w.Helper()
	client, err := kgo.NewClient(w.seeds...)
	if err != nil {
		w.Fatal(err)
	}
	defer client.Close()
	interval := "50"
	if _, err := kadm.NewClient(client).AlterBrokerConfigs(w.context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "group.consumer.heartbeat.interval.ms", Value: &interval}}); err != nil {
		w.Fatal(err)
	}
	if byMembers {
		w.kafka.ControlKey(kmsg.ConsumerGroupHeartbeat.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
			w.kafka.KeepControl()
			resp := req.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
			resp.ErrorCode = kerr.UnsupportedVersion.Code
			return resp, nil, true
		})
	}
}

// share waits until each of the workers has claimed as many lanes as it should, and returns who has which.
func (w *world) share(want map[*fellow]int) [StatePartitions]string {
	w.Helper()
	var owners [StatePartitions]string
	w.until("the lanes are shared", func() string {
		owners = w.owners()
		got := map[string]int{}
		for _, o := range owners {
			got[o]++
		}
		for f, n := range want {
			if got[f.worker.claim.Nonce] != n {
				return fmt.Sprint(got)
			}
		}
		return ""
	})
	return owners
}

// until waits until look finds nothing that is missing.
func (w *world) until(what string, look func() string) {
	w.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(deadline)
	for {
		missing := look()
		if missing == "" {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			w.Fatalf("%s: not yet: %s", what, missing)
		}
	}
}

// moved counts the lanes whose owner has changed.
func moved(before, after [StatePartitions]string) int {
	n := 0
	for id := range before {
		if before[id] != after[id] {
			n++
		}
	}
	return n
}

// Lanes move to a worker that joins, and back when it leaves: no more than must.
func TestWorkersShareTheLanes(t *testing.T) {
	for name, byMembers := range map[string]bool{"by the broker": false, "by the members": true} {
		t.Run(name, func(t *testing.T) { testShare(t, byMembers) })
	}
}

func testShare(t *testing.T, byMembers bool) {
	w := newWorld(t)
	w.quickly(byMembers)
	w.api.put("things", "a", "1")
	w.api.put("books", "a", ids(1, 5)...)
	for i := range 20 {
		w.api.event("events", fmt.Sprintf("%02d", i), "a", -7200+100*int64(i))
	}
	all := only()
	first := w.join(all)
	alone := w.share(map[*fellow]int{first: 16})
	second := w.join(all)
	both := w.share(map[*fellow]int{first: 8, second: 8})
	if n := moved(alone, both); n != 8 {
		t.Errorf("%d lanes moved to the second worker, want 8", n)
	}
	third := w.join(all)
	three := w.share(map[*fellow]int{third: 5})
	if n := moved(both, three); n != 5 {
		t.Errorf("%d lanes moved to the third worker, want 5", n)
	}
	if err := third.leave(); err != nil {
		t.Errorf("a graceful stop: %v", err)
	}
	w.share(map[*fellow]int{first: 8, second: 8})
	if err := first.leave(); err != nil {
		t.Errorf("a graceful stop: %v", err)
	}
	w.share(map[*fellow]int{second: 16})
	w.until("the books are there", func() string {
		if n := len(w.records("shop.books")); n < 5 {
			return fmt.Sprint(n)
		}
		return ""
	})
	w.wantNews("books", "r 01, r 02, r 03, r 04, r 05")
	w.wantNews("things", "r 1")
}

// One resource's windows are read by all workers, each record is published once, and the home lane's owner goes on when all are done.
func TestWindowsAreReadByAllWorkers(t *testing.T) {
	w := newWorld(t)
	w.quickly(false)
	const events = 400
	for i := range events {
		w.api.event("events", fmt.Sprintf("%03d", i), "a", -3600*24+200*int64(i))
	}
	shared := make(chan struct{})
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Path == "/events" {
			<-shared
		}
		return 0, ""
	})
	first, second := w.join(), w.join()
	w.share(map[*fellow]int{first: 8, second: 8})
	close(shared)
	w.until("the backfill is done, and a live pass", func() string {
		u := w.unit("events")
		if !u.Done || u.Phase != "live" {
			return fmt.Sprintf("%+v", u)
		}
		return ""
	})
	var keys []string
	for _, r := range w.records("shop.events") {
		keys = append(keys, string(r.Key))
	}
	slices.Sort(keys)
	if len(keys) != events || len(slices.Compact(keys)) != events {
		t.Errorf("%d records of %d keys, want %d", len(keys), len(slices.Compact(keys)), events)
	}
	for _, f := range []*fellow{first, second} {
		for _, s := range f.worker.Progress() {
			if s.Resource == "events" && s.Published < events/4 {
				t.Errorf("a worker read %d of %d records", s.Published, events)
			}
		}
	}
	w.api.event("events", "001", "b", -10)
	w.until("a change arrives", func() string {
		if n := len(w.records("shop.events")); n != events+1 {
			return fmt.Sprint(n)
		}
		return ""
	})
}

// Workers that do not share the lanes meet: it is the same one that ends, and names the other, whoever looks.
func TestWorkerMeetsAGroup(t *testing.T) {
	for name, group := range map[string]string{"without a group": "", "of another group": "zebra"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.quickly(false)
			w.api.put("things", "a", "1")
			member := w.join()
			w.share(map[*fellow]int{member: 16})
			other := w.join(func(c *Config) { c.Group = group })
			err := <-other.ended
			other.ended <- err
			if err == nil || !strings.Contains(err.Error(), `of group "crew"`) {
				t.Errorf("the other worker ends with %v", err)
			}
			w.share(map[*fellow]int{member: 16})
			if err := member.leave(); err != nil {
				t.Errorf("the member ends with %v", err)
			}
		})
	}
}

// What one worker puts aside of its windows another one is shown again when it sweeps, and does not put aside once more.
func TestDeadLettersOfAnothersWindows(t *testing.T) {
	w := newWorld(t)
	w.quickly(false)
	const events = 60
	for i := range events {
		w.api.set("events", fmt.Sprintf("%02d", i), fmt.Sprintf(`{"id":null,"v":"no key","updated_at":%d}`, w.clock.Now().Unix()-3600*24+1000*int64(i)))
	}
	shared := make(chan struct{})
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Path == "/events" {
			<-shared
		}
		return 0, ""
	})
	sweeping := func(c *Config) { c.Sweep = true }
	first, second := w.join(sweeping), w.join(sweeping)
	w.share(map[*fellow]int{first: 8, second: 8})
	close(shared)
	w.until("a sweep", func() string {
		if u := w.unit(sweepUnit("events")); !u.Done {
			return fmt.Sprintf("%+v", u)
		}
		return ""
	})
	if n := len(w.records(w.names.DeadLetters())); n != events {
		t.Errorf("%d dead letters of %d records", n, events)
	}
	for _, f := range []*fellow{first, second} {
		for _, s := range f.worker.Progress() {
			if s.Resource == "events" && s.Dead == 0 {
				t.Error("the test wants windows with dead letters on both workers")
			}
		}
	}
}

// A coordinator that does not answer is not taken for one that does not know the protocol: its members would differ for the whole run.
func TestHowAGroupIsSharedIsNotGuessed(t *testing.T) {
	w := newWorld(t)
	client, err := kgo.NewClient(w.seeds...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithCancel(w.context())
	if _, err := balancing(ctx, client, "crew"); err != nil {
		t.Error(err)
	}
	cancel()
	if opts, err := balancing(ctx, client, "crew"); err == nil {
		t.Errorf("%d options without an answer", len(opts))
	}
}

// Lanes come while a session lasts. The topics that they lead to are looked at again: a producer takes any topic of that name.
func TestLaneOfATopicThatHasChangedIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		alter func(w *world) error
		want  string
	}{
		"made anew":       {makeAnew, "made anew"},
		"more partitions": {addPartitions, "3 partitions and had 1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.quickly(false)
			w.api.put("things", "a", "1")
			pair := []*fellow{w.join(only("things")), w.join(only("things"))}
			owners := w.share(map[*fellow]int{pair[0]: 8, pair[1]: 8})
			if owners[homeLane("things", StatePartitions)] == pair[1].worker.claim.Nonce {
				slices.Reverse(pair)
			}
			w.until("a first listing", func() string {
				if len(w.records("shop.things")) == 0 {
					return "no record"
				}
				return ""
			})
			if err := test.alter(w); err != nil {
				t.Fatal(err)
			}
			_ = pair[0].leave() // the heir's end counts
			select {
			case err := <-pair[1].ended:
				pair[1].ended <- err
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("the heir ends with %v, want %q", err, test.want)
				}
			case <-w.context().Done():
				t.Fatal("the heir goes on")
			}
		})
	}
}
