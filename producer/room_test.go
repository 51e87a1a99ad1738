package producer

import (
	"fmt"
	"testing"
)

// However much the windows of a backfill hold, what is remembered of them is bounded, and what is forgotten is the oldest.
func TestWindowsAreRememberedInOneRoom(t *testing.T) {
	t.Parallel()
	r := &runner{session: &session{Worker: &Worker{}, room: room{most: 8000}}}
	const windows, records = 8, 20_000
	var memories []*published
	for range windows {
		memories = append(memories, r.newMemory(false))
	}
	for i := range records {
		for w, m := range memories {
			m.put("", fmt.Sprintf("%d-%020d", w, i), entry{digest: 1, ts: int64(i)})
			if m.judge(fmt.Sprintf("%d-%020d", w, i), entry{digest: 1}, true) != verdictUnchanged {
				t.Fatalf("record %d is forgotten at once", i)
			}
		}
		if held := int(r.room.held.Load()); held > 8000+windows*8000/16 {
			t.Fatalf("%d keys are held", held)
		}
	}
	held := 0
	for w, m := range memories {
		held += m.len()
		if m.forgotten != 0 || m.judge(fmt.Sprintf("%d-%020d", w, 0), entry{digest: 1}, true) != verdictChanged {
			t.Errorf("window %d: the oldest is remembered, or missed", w)
		}
		m.forgetBefore(records)
	}
	if held < 4000 || r.room.held.Load() != 0 {
		t.Errorf("%d keys were held, %d are counted when the windows are done", held, r.room.held.Load())
	}
	few, all := r.newMemory(true), r.newMemory(true)
	few.put("", "few", entry{ts: 1})
	for i := range records {
		all.put("", fmt.Sprint(i), entry{ts: int64(i)})
	}
	if _, held := few.get("few"); !held || all.forgotten == 0 {
		t.Error("one that holds little had to forget it, or one that reads again does not say what it has forgotten")
	}
}
