package producer

import "testing"

func TestDeletionIsFoundWhereAnEarlyPageChanged(t *testing.T) {
	w := newWorld(t)
	w.api.put("books", "a", ids(1, 6)...)
	w.once(only("books"))
	w.news("books")
	w.api.put("books", "b", "01")
	w.api.remove("books", "04")
	w.once(only("books"))
	w.wantNews("books", "u 01, d 04")
}

// The share that may be deleted is a pass's, not a process's.
func TestDeletesOfManyPassesDoNotAddUp(t *testing.T) {
	w := newWorld(t)
	w.api.event("events", "1", "a", -3600)
	w.api.put("notes/1", "a", ids(1, 20)...)
	s := w.stream(only("events", "notes"))
	s.pause()
	w.news("notes")
	for _, id := range ids(1, 12) {
		w.api.remove("notes/1", id)
		w.api.event("events", "1", "without "+id, 0)
		s.pass()
		w.wantNews("notes", "d 1/"+id)
	}
}
