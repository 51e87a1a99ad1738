package producer

import (
	"slices"
	"strings"
	"testing"
)

func TestReadStateShowsUnitsInOrder(t *testing.T) {
	w := newWorld(t)
	for i, id := range ids(1, 3) {
		w.api.event("events", id, "a", int64(i)-7200)
	}
	w.api.put("things", "a", "1")
	w.once(only("events", "things"))
	w.writeState(homeLane("things", StatePartitions), "things/plan", strings.Replace(string(encodeState(w.plan("things"))), `"plan":1`, `"plan":2`, 1))
	rows := w.rows()
	var units []string
	for _, row := range rows {
		units = append(units, row.Unit)
		if row.Stale != (row.Unit == "things") {
			t.Errorf("%s: stale is %v", row.Unit, row.Stale)
		}
		if row.State.V != stateVersion || row.Unit == "events/17" && row.Lane != windowLane(homeLane("events", StatePartitions), 17, StatePartitions) {
			t.Errorf("%+v", row)
		}
	}
	want := []string{"events"}
	for n := range 48 {
		want = append(want, windowUnit("events", n))
	}
	if want = append(want, "things"); !slices.Equal(units, want) {
		t.Errorf("got %v", units)
	}
}

func TestReadStateOfNothing(t *testing.T) {
	w := newWorld(t)
	if _, err := ReadState(w.context(), w.seeds, w.names); err == nil || !strings.Contains(err.Error(), "run headwater first") {
		t.Errorf("got %v", err)
	}
}
