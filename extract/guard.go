package extract

import (
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"slices"
	"strings"
)

// maxIdle is how many pages in a row may show nothing new and still lead on. APIs that filter behind their paging answer empty
// pages by the dozen; one that goes round under new tokens would do so for ever.
const maxIdle = 1000

// round is what one way through a listing has shown so far.
type round struct {
	pages    int
	seed     maphash.Seed
	tokens   idSet    // all that were followed: a loop may be longer than one
	ids      seenIDs  // distinct keys
	previous []uint64 // those of the page before
	idle     int      // pages in a row without a key that was not shown before
}

// newRound begins a round that remembers all keys, or with a bound the last ones.
func newRound(seed maphash.Seed, bound int) round {
	return round{seed: seed, ids: seenIDs{bound: bound}}
}

// take counts a page into the round. It says why this cannot be the next page, or "": the same records again, or a token that was
// followed before. A loop of two or more pages has been seen on listings that change fast.
func (r *round) take(q *request, a *answer) string {
	ids, scroll := idsOf(r.seed, a.records), q.resource.request.pages.kind == pagingScroll
	r.pages++
	if len(ids) > 0 && slices.Equal(ids, r.previous) {
		return fmt.Sprintf("page %d holds the same records as the one before", r.pages)
	}
	r.previous = ids
	had := r.ids.count
	for _, id := range ids {
		r.ids.add(id)
	}
	r.idle++
	if r.ids.count > had {
		r.idle = 0
	}
	// A scroll's token stays the same, so only its records can show that it goes round.
	if scroll && len(ids) > 0 && r.idle > 0 {
		return fmt.Sprintf("page %d of the scroll holds only records that it has shown before", r.pages)
	}
	if a.next == "" || scroll {
		return ""
	}
	if r.idle >= maxIdle {
		return fmt.Sprintf("the last %d pages held no record that was not shown before, and lead on", r.idle)
	}
	if q.token != "" {
		r.tokens.add(maphash.String(r.seed, q.token))
	}
	if !r.tokens.add(maphash.String(r.seed, a.next)) {
		return fmt.Sprintf("page %d leads to a page that was read already", r.pages)
	}
	return ""
}

// guard counts the page into the reading and refuses what cannot be the next page.
func (t *traversal) guard(q *request, rd *reading, a *answer) error {
	rd.shifting = rd.shifting || a.shifting
	rd.records += len(a.records)
	if wrong := rd.take(q, a); wrong != "" {
		return t.c.finish(q.fail(KindProtocol, "%s", wrong), q)
	}
	return nil
}

// idsOf returns a hash for every record: of its key, or of its bytes where it has none.
func idsOf(seed maphash.Seed, records []Record) []uint64 {
	ids := make([]uint64, len(records))
	for i, r := range records {
		if r.KeyErr == nil {
			ids[i] = maphash.String(seed, r.Key)
		} else {
			ids[i] = maphash.Bytes(seed, r.JSON)
		}
	}
	return ids
}

// canRestart reports whether the listing may be begun again after err: a scroll after anything that may have lost its
// place, other listings after a refused page token. A number that we count ourselves is none.
func (t *traversal) canRestart(rd *reading, err error) bool {
	var e *Error
	if rd.token == "" || t.r.request.pages.numbered() || t.restarts >= maxRestarts || !errors.As(err, &e) {
		return false
	}
	if t.r.request.pages.kind == pagingScroll {
		return e.transient || e.Kind == KindNotFound || e.Status == http.StatusNotFound || e.Kind == KindProtocol && len(e.Codes) > 0
	}
	return t.refusesToken(e, rd.pages == 0)
}

// refusesToken reports whether the API does not know the page token any more: it says so (400), finds nothing (404), or
// fails on it repeatedly (500: fetch has tried twice). A token from an earlier process (resumed) that is answered by a refusal is
// taken to be the reason, whatever the words.
func (t *traversal) refusesToken(e *Error, resumed bool) bool {
	switch e.Status {
	case http.StatusNotFound, http.StatusInternalServerError:
		return true
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		if resumed {
			return true
		}
	default:
		return false
	}
	pages := &t.r.request.pages
	words := []string{"cursor", pages.param}
	for _, path := range [][]string{pages.bodyPath, pages.next} {
		if len(path) > 0 {
			words = append(words, path[len(path)-1])
		}
	}
	said := strings.ToLower(e.Message + " " + strings.Join(e.Codes, " "))
	for _, w := range words {
		if w != "" && (strings.Contains(said, strings.ToLower(w)) || strings.Contains(said, strings.ReplaceAll(strings.ToLower(w), "_", " "))) {
			return true
		}
	}
	return false
}

// restart begins the listing again: an ascending one at the watermark, all others where they began.
func (t *traversal) restart() {
	t.restarts++
	t.readings, t.before = 0, nil
	t.pos.Token = ""
	if t.rule.incremental && t.rule.order == OrderAsc && t.pos.Watermark.After(t.pos.Window.Start) {
		t.pos.Window.Start = t.pos.Watermark
	}
}
