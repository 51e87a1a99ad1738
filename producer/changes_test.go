package producer

import "testing"

func TestUnchangedIsNotPublishedAgain(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1", "2")
	w.once(only("things"))
	w.wantNews("things", "r 1, r 2")
	w.once(only("things"))
	w.wantNews("things", "")
	w.api.put("things", "b", "2")
	w.api.put("things", "a", "3")
	w.once(only("things"))
	w.wantNews("things", "u 2, r 3")
}
