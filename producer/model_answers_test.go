package producer

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
)

func refused(status int, code string) (int, string) {
	return status, fmt.Sprintf(`{"errors":[{"code":%q,"message":%q}]}`, code, code)
}

// family is the list of a record's children.
func (a *modelAPI) family(parent string) (int, string) {
	switch {
	case a.trouble.forbid:
		return refused(http.StatusForbidden, "forbidden")
	case a.trouble.families > 0 && a.trouble.parent == parent:
		return http.StatusServiceUnavailable, ""
	case a.truth[parent] == nil:
		return refused(http.StatusNotFound, "not_found")
	}
	var ids, texts []string
	for id := range a.truth[parent].children {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for _, id := range ids {
		texts = append(texts, fmt.Sprintf(`{"id":%q,"v":%d}`, id, a.truth[parent].children[id]))
	}
	return http.StatusOK, fmt.Sprintf(`{"data":[%s],"total":%d}`, strings.Join(texts, ","), len(texts))
}

func (a *modelAPI) text(id string) string {
	rec := a.index[id]
	return fmt.Sprintf(`{"id":%q,"v":%d,"updated_at":%d}`, id, rec.v, rec.ts)
}

func (a *modelAPI) texts(ids []string) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = a.text(id)
	}
	return strings.Join(list, ",")
}

// listed are the ids that listings show: of those that are kept, by time if that counts, then by id.
func (a *modelAPI) listed(byTime bool, keep func(rec modelRecord) bool) []string {
	var ids []string
	for id, rec := range a.index {
		if keep(rec) {
			ids = append(ids, id)
		}
	}
	sort.Slice(ids, func(i, j int) bool {
		if x, y := a.index[ids[i]].ts, a.index[ids[j]].ts; byTime && x != y {
			return x < y
		}
		return ids[i] < ids[j]
	})
	return ids
}

// search answers for a time. A token names the last record shown; it is good for its own query only.
func (a *modelAPI) search(q url.Values) (int, string) {
	from, _ := strconv.ParseInt(q.Get("from"), 10, 64)
	to, _ := strconv.ParseInt(q.Get("to"), 10, 64)
	ids := a.listed(true, func(rec modelRecord) bool {
		if a.kind == "days" {
			return day(from) < day(rec.ts) && day(rec.ts) < day(to)
		}
		return from <= rec.ts && rec.ts <= to
	})
	down := q.Get("order") == "down"
	if down {
		for i, j := 0, len(ids)-1; i < j; i, j = i+1, j-1 {
			ids[i], ids[j] = ids[j], ids[i]
		}
	}
	query := q.Get("from") + "," + q.Get("to") + "," + q.Get("order")
	at := 0
	if token := q.Get("after"); token != "" {
		part := strings.Split(token, ".") // epoch, query, time, id
		switch {
		case part[1] != hashed(query):
			a.misused = "a token was sent with another query than its own: " + q.Encode()
			return refused(http.StatusInternalServerError, "server_error")
		case part[0] != strconv.Itoa(a.epoch):
			return refused(http.StatusBadRequest, "cursor_expired")
		}
		ts, _ := strconv.ParseInt(part[2], 10, 64)
		at = sort.Search(len(ids), func(i int) bool {
			rec := a.index[ids[i]]
			if down {
				return rec.ts < ts || rec.ts == ts && ids[i] < part[3]
			}
			return rec.ts > ts || rec.ts == ts && ids[i] > part[3]
		})
	}
	end, next := min(at+modelPage, len(ids)), "null"
	if end < len(ids) {
		last := ids[end-1]
		next = fmt.Sprintf(`"%d.%s.%d.%s"`, a.epoch, hashed(query), a.index[last].ts, last)
	}
	return http.StatusOK, fmt.Sprintf(`{"data":[%s],"next":%s,"total":%d}`, a.texts(ids[at:end]), next, len(ids))
}

func day(ts int64) int64 { return (ts + modelZone*60) / 86400 }

func hashed(text string) string {
	h := fnv.New32a()
	h.Write([]byte(text))
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

// numbered answers with a page by its number and a link to the next: what comes or goes moves all that lies behind.
func (a *modelAPI) numbered(r *http.Request, q url.Values) (int, string) {
	var ids []string
	if a.kind == "log" {
		from, _ := strconv.ParseInt(q.Get("from"), 10, 64)
		to, _ := strconv.ParseInt(q.Get("to"), 10, 64)
		ids = a.listed(true, func(rec modelRecord) bool { return from <= rec.ts && rec.ts <= to })
		for i, j := 0, len(ids)-1; i < j; i, j = i+1, j-1 {
			ids[i], ids[j] = ids[j], ids[i]
		}
	} else {
		ids = a.listed(false, func(modelRecord) bool { return true })
	}
	page, _ := strconv.Atoi(q.Get("page"))
	at := min(page*modelPage, len(ids))
	end, next := min(at+modelPage, len(ids)), "null"
	if end < len(ids) {
		link := *r.URL
		q.Set("page", strconv.Itoa(page+1))
		link.RawQuery = q.Encode()
		next = strconv.Quote(link.String())
	}
	return http.StatusOK, fmt.Sprintf(`{"data":[%s],"next":%s}`, a.texts(ids[at:end]), next)
}

// tokens answers with a page by the last record that was shown. One that is renamed moves to another place.
func (a *modelAPI) tokens(q url.Values) (int, string) {
	ids := a.listed(false, func(modelRecord) bool { return true })
	place := func(id string) string { return fmt.Sprintf("%d%s", 50+a.index[id].rank, id) }
	sort.Slice(ids, func(i, j int) bool { return place(ids[i]) < place(ids[j]) })
	at := 0
	if token := q.Get("after"); token != "" {
		epoch, last, _ := strings.Cut(token, ".")
		if epoch != strconv.Itoa(a.epoch) {
			return refused(http.StatusBadRequest, "cursor_expired")
		}
		at = sort.Search(len(ids), func(i int) bool { return place(ids[i]) > last })
	}
	end, next := min(at+modelPage, len(ids)), "null"
	if end < len(ids) {
		next = fmt.Sprintf(`"%d.%s"`, a.epoch, place(ids[end-1]))
	}
	return http.StatusOK, fmt.Sprintf(`{"data":[%s],"next":%s}`, a.texts(ids[at:end]), next)
}

// scrollOn opens the scroll, or shows its next page: the listing as it was when it was opened. There is one at a time.
func (a *modelAPI) scrollOn(token string) (int, string) {
	expired := a.time()-a.scrolled > scrollLives
	if token == "" {
		if a.scrollID != 0 && !expired {
			return refused(http.StatusBadRequest, "scroll_exists")
		}
		a.opened++
		a.scrollID, a.scroll = a.opened, nil
		for _, id := range a.listed(false, func(modelRecord) bool { return true }) {
			a.scroll = append(a.scroll, a.text(id))
		}
	} else if a.scrollID == 0 || expired || token != strconv.Itoa(a.scrollID) {
		return refused(http.StatusNotFound, "not_found")
	}
	a.scrolled = a.time()
	n := min(modelPage, len(a.scroll))
	page := a.scroll[:n]
	a.scroll = a.scroll[n:]
	body := fmt.Sprintf(`{"data":[%s],"next":"%d"}`, strings.Join(page, ","), a.scrollID)
	if n == 0 {
		a.scrollID = 0
	}
	return http.StatusOK, body
}
