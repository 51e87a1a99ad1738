package extract

import (
	"errors"
	"hash/maphash"
	"net/http"
	"slices"
	"strings"
)

// guard counts the page into the reading and refuses what cannot be the next page: the same records again, or a token that
// was followed before. A loop of two or more pages has been seen on listings that change fast.
func (t *traversal) guard(q *request, rd *reading, a *answer) error {
	rd.pages++
	rd.shifting = rd.shifting || a.shifting
	rd.records += len(a.records)
	ids := t.ids(a.records)
	if len(ids) > 0 && slices.Equal(ids, rd.previous) {
		return t.c.finish(q.fail(KindProtocol, "page %d holds the same records as the one before", rd.pages), q)
	}
	rd.previous = ids
	had := len(rd.ids)
	for _, id := range ids {
		rd.ids[id] = struct{}{}
	}
	// A scroll's token stays the same, so only its records can show that it goes round.
	if t.r.request.pages.kind == pagingScroll && len(ids) > 0 && len(rd.ids) == had {
		return t.c.finish(q.fail(KindProtocol, "page %d of the scroll holds only records that it has shown before", rd.pages), q)
	}
	if a.next == "" || t.r.request.pages.kind == pagingScroll {
		return nil
	}
	if rd.token != "" {
		rd.tokens[rd.token] = struct{}{}
	}
	if _, again := rd.tokens[a.next]; again {
		return t.c.finish(q.fail(KindProtocol, "page %d leads to a page that was read already", rd.pages), q)
	}
	rd.tokens[a.next] = struct{}{}
	return nil
}

// ids returns a hash for every record: of its key, or of its bytes where it has none.
func (t *traversal) ids(records []Record) []uint64 {
	ids := make([]uint64, len(records))
	for i, r := range records {
		if r.KeyErr == nil {
			ids[i] = maphash.String(t.seed, r.Key)
		} else {
			ids[i] = maphash.Bytes(t.seed, r.JSON)
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
