package producer

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// writeState puts a record into a lane as another program would.
func (w *world) writeState(lane int32, key, text string) {
	w.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner())}, w.seeds...)...)
	if err != nil {
		w.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(w.context(), &kgo.Record{Topic: w.names.State(), Partition: lane, Key: []byte(key), Value: []byte(text)}).FirstErr(); err != nil {
		w.Fatal(err)
	}
}

// The state is complete only for who has fenced the lane's owner, committed a claim behind everything that it wrote, and read up to there.
func TestStateIsReadUpToTheClaims(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	home := homeLane("things", StatePartitions)
	var order []string
	claims := 0
	claimed, early := make(chan struct{}), make(chan struct{})
	w.kafka.Control(func(req kmsg.Request) (kmsg.Response, error, bool) {
		w.kafka.KeepControl()
		switch r := req.(type) {
		case *kmsg.InitProducerIDRequest:
			if r.TransactionalID == nil {
				break // the stranger's below
			}
			order = append(order, "fence "+*r.TransactionalID)
			if *r.TransactionalID == w.names.TransactionalID(home) { // what its owner commits in the last moment
				w.kafka.SleepControl(func() { w.writeState(home, "things", `{"v":2}`) })
			}
		case *kmsg.EndTxnRequest:
			order = append(order, "claim "+r.TransactionalID)
			switch claims++; claims {
			case StatePartitions:
				close(claimed)
			case StatePartitions + 1:
				close(early)
			}
		case *kmsg.FetchRequest: // nothing can be read before every lane is claimed, and then for a while
			if slices.Contains(order, "read") {
				break
			}
			order = append(order, "read")
			w.kafka.SleepControl(func() {
				<-claimed
				select {
				case <-early:
					t.Error("a unit commits before the state is read")
				case <-time.After(200 * time.Millisecond):
				}
			})
		}
		return nil, nil, false
	})
	failures := w.failures(w.try(only("things")))
	if failures["things"] == nil || !strings.Contains(failures["things"].Error(), "version 2") {
		t.Errorf("what was committed before the claim was not read: %v", failures)
	}
	var want []string
	for id := range int32(StatePartitions) {
		want = append(want, "fence "+w.names.TransactionalID(id), "claim "+w.names.TransactionalID(id))
	}
	order = slices.DeleteFunc(order, func(what string) bool { return what == "read" })
	if len(order) < len(want) || !slices.Equal(order[:len(want)], want) {
		t.Errorf("got %v\nwant %v", order, want)
	}
}

func TestSecondWorkerTakesOver(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1", "2")
	first := w.stream(only("things"))
	first.pause()
	w.wantNews("things", "r 1, r 2")
	w.api.put("things", "b", "2")
	w.once(only("things")) // knows all that the first one published
	w.wantNews("things", "u 2")
	second := w.worker.claim.Nonce
	w.api.put("things", "c", "1")
	first.pause() // it has noticed, and pauses a second before the lanes are taken again
	first.wake <- struct{}{}
	var taken *TakenOverError
	if err := first.waitEnd(); !errors.As(err, &taken) || taken.By.Nonce != second || !strings.Contains(err.Error(), taken.By.Worker) {
		t.Errorf("the first worker ends with %v, want that %s took over", err, second)
	}
	w.wantNews("things", "")
	if by := w.lastClaim(); by != second {
		t.Errorf("the first worker claimed a lane again: %s", by)
	}
	w.once(only("things"))
	w.wantNews("things", "u 1")
}

func (w *world) lastClaim() string {
	w.Helper()
	lane := newLaneState()
	for _, r := range w.records(w.names.State()) {
		if r.Partition == 0 && string(r.Key) == claimKey {
			lane.apply(claimKey, r.Value, 0)
		}
	}
	return lane.claim.Nonce
}

func TestOpenTransactionOfThePredecessorIsAborted(t *testing.T) {
	w := newWorld(t)
	w.once(only("things")) // makes the topics
	old, err := openLane(w.seeds, w.names, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer old.close()
	if err := old.take(w.context(), Claim{V: 1, Kind: "worker", Nonce: "old"}); err != nil {
		t.Fatal(err)
	}
	if err := old.client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := old.client.ProduceSync(w.context(), stateRecord(w.names, 0, "ghost", UnitState{V: 1, Phase: "live"})).FirstErr(); err != nil {
		t.Fatal(err)
	}
	heir, err := openLane(w.seeds, w.names, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer heir.close()
	if err := heir.take(w.context(), Claim{V: 1, Kind: "worker", Nonce: "heir"}); err != nil {
		t.Fatal(err)
	}
	states, _, err := readLanes(w.context(), w.seeds, w.names, map[int32]extent{0: {to: heir.claimed + 1}})
	if err != nil || len(states[0].units) != 0 || states[0].claim.Nonce != "heir" {
		t.Errorf("the heir reads %+v %v", states[0], err)
	}
	if err := old.client.EndTransaction(w.context(), kgo.TryCommit); err == nil {
		t.Error("the predecessor commits")
	}
	if err := old.transact([]*commitRequest{{records: []*kgo.Record{stateRecord(w.names, 0, "ghost", UnitState{V: 1})}}}); !errors.Is(err, errLaneLost) {
		t.Errorf("the predecessor commits again: %v", err)
	}
}

// A key would lead to another partition than its old copies, which compaction then keeps beside it.
func TestNothingGoesIntoATopicThatHasGrown(t *testing.T) {
	w := newWorld(t)
	w.once(only("things")) // makes the topics
	for partitions, want := range map[int32]bool{1: true, 2: false, 0: true} {
		l, err := openLane(w.seeds, w.names, 0, map[string]topicInfo{"shop.things": {Partitions: partitions}})
		if err != nil {
			t.Fatal(err)
		}
		defer l.close()
		if err := l.take(w.context(), Claim{V: 1, Kind: claimWorker}); err != nil {
			t.Fatal(err)
		}
		err = l.transact([]*commitRequest{{records: []*kgo.Record{{Topic: "shop.things", Key: []byte("a")}}}})
		if (err == nil) != want || err != nil && !errors.Is(err, errLaneLost) {
			t.Errorf("a topic that had %d partitions and has 1: %v", partitions, err)
		}
	}
	if n := len(w.records("shop.things")); n != 2 {
		t.Errorf("%d records, want 2", n)
	}
}

// What cannot be understood stops its lane until it is written over, by a worker that still ran or by hand: compaction would drop it.
func TestUnreadableStateIsWrittenOver(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.apply(3, "tags", []byte("garbage"), 1)
	b.apply(3, "teams", []byte(`{"v":2}`), 2)
	b.apply(3, "tags", nil, 3)
	if err := b.unread(3); !errors.Is(err, errUnreadable) || !strings.Contains(err.Error(), `"teams" has version 2`) {
		t.Errorf("one of two is written over: %v", err)
	}
	b.apply(3, "teams", []byte(`{"v":1,"phase":"snapshot"}`), 4)
	b.apply(3, "teams", []byte(`{"v":2}`), 2) // late
	if err := b.unread(3); err != nil {
		t.Errorf("both are written over: %v", err)
	}
}

func TestStateLiesInItsLane(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	for i, id := range ids(1, 5) {
		w.api.event("events", id, "a", -7200+100*int64(i))
		w.api.put("notes/"+id, "a", "x")
	}
	w.once(only("things", "events", "notes"))
	want := map[string]int32{}
	for _, root := range []string{"things", "events"} {
		want[root], want[root+planSuffix] = homeLane(root, StatePartitions), homeLane(root, StatePartitions)
	}
	want["notes"+planSuffix] = want["events"]
	for n := range 48 {
		want[windowUnit("events", n)] = windowLane(want["events"], n, StatePartitions)
	}
	got := map[string]int32{}
	claims := map[int32]bool{}
	for _, r := range w.records(w.names.State()) {
		if key := string(r.Key); key == claimKey {
			claims[r.Partition] = true
		} else {
			got[key] = r.Partition
		}
	}
	for key, lane := range want {
		if there, ok := got[key]; !ok || there != lane {
			t.Errorf("%s: in lane %d (%v), want %d", key, there, ok, lane)
		}
		delete(got, key)
	}
	if len(got) != 0 || len(claims) != StatePartitions {
		t.Errorf("unexpected: %v; %d lanes claimed", got, len(claims))
	}
}

func TestUnitOfAStalePlanIsBegunAgain(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	w.once(only("events"))
	w.wantNews("events", "r 1")
	plan := w.plan("events")
	plan.Plan, plan.At = 2, plan.At.Add(1)
	w.writeState(homeLane("events", StatePartitions), "events/plan", string(encodeState(plan)))
	w.api.forget()
	w.once(only("events"))
	w.wantNews("events", "") // what is unchanged is not published again, whatever the plan
	if u := w.unit("events/0"); u.Plan != 2 || !u.Done {
		t.Errorf("the window was not read again: %+v", u)
	}
	if u := w.unit("events"); u.Plan != 2 || !u.Done {
		t.Errorf("the live pass was not made again: %+v", u)
	}
}

func TestUnknownStateStopsItsLaneOnly(t *testing.T) {
	for name, text := range map[string]string{"version 2": `{"v":2,"news":true}`, "cannot be read": `{"v":1,`} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if homeLane("things", StatePartitions) == homeLane("books", StatePartitions) {
				t.Fatal("the test wants two lanes")
			}
			w.api.put("things", "a", "1")
			w.api.put("books", "a", "1")
			w.once(only("logs"))
			w.writeState(homeLane("things", StatePartitions), "things", text)
			failures := w.failures(w.try(only("things", "books")))
			if len(failures) != 1 || failures["things"] == nil || !strings.Contains(failures["things"].Error(), name) {
				t.Errorf("failures: %v", failures)
			}
			w.wantNews("books", "r 1")
			w.wantNews("things", "")
		})
	}
}

// A stream does not ask the API again and again for what it cannot commit.
func TestUnknownStateStopsAStreamsResource(t *testing.T) {
	w := newWorld(t)
	w.once(only("logs"))
	w.writeState(homeLane("events", StatePartitions), "events", `{"v":2}`)
	s := w.stream(only("events"))
	if err := s.waitEnd(); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("the worker ends with %v", err)
	}
}

// A plan that is not understood may have other windows: those of the plan before are not read, although their lanes are understood.
func TestWindowsOfAPlanThatIsNotUnderstood(t *testing.T) {
	w := newWorld(t)
	base := w.spread(5)
	w.once(only("events"))
	w.news("events")
	home, plan := homeLane("events", StatePartitions), w.plan("events")
	third := time.Unix(base-3600-2*24*3600, 0)
	for n := range plan.Windows {
		if window, err := plan.window(n); err != nil {
			t.Fatal(err)
		} else if window.Contains(third) {
			if windowLane(home, n, StatePartitions) == home {
				t.Fatal("the test wants a window in another lane")
			}
			w.set(windowUnit("events", n), `{"phase":"backfill"}`)
		}
	}
	w.silently(base, "silent", 5, "03")
	w.writeState(home, "events/plan", `{"v":2,"news":true}`)
	failures := w.failures(w.try(only("events")))
	if err := failures["events"]; err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("failures: %v", failures)
	}
	w.wantNews("events", "")
}

// A claim whose commit fails leaves the claim of whoever ran before: nobody took over.
func TestClaimOfAnEarlierRunIsNoTakeover(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.once(only("things"))
	w.api.put("things", "b", "1")
	w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, TxnID: w.names.TransactionalID(3), Err: kerr.UnknownServerError})
	w.once(only("things"))
	w.wantNews("things", "r 1, u 1")
}

// One prefix is for one source: another one's worker does not even take the lanes.
func TestPrefixOfAnotherSourceIsRefused(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.once(only("things"))
	owner := w.lastClaim()
	w.use(strings.Replace(shop, "name: shop\n", "name: stall\n", 1))
	err := w.try(only("things"))
	var environment *EnvironmentError
	if !errors.As(err, &environment) || !strings.Contains(err.Error(), `belongs to source "shop"`) {
		t.Errorf("got %v, want that the prefix is shop's", err)
	}
	if by := w.lastClaim(); by != owner {
		t.Errorf("lane 0 was taken by %s", by)
	}
}
