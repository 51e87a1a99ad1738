package sandbox

import (
	"net/http"
	"sort"
	"strconv"
)

const activityPage = 20

// activityList serves GET /admins/activity_logs: the newest first, in numbered pages that shift when logs arrive.
// Both bounds are exclusive: it is not known of the real API, and a client that overlaps is right either way.
func (a *API) activityList(c *call) ([]byte, *apiError) {
	query := c.http.URL.Query()
	if query.Get("created_at_after") == "" {
		return nil, &apiError{http.StatusBadRequest, "parameter_missing", "created_at_after is required", "created_at_after"}
	}
	after, bad := number(query.Get("created_at_after"), 0)
	before, bad2 := number(query.Get("created_at_before"), 1<<62)
	page, bad3 := number(query.Get("page"), 1)
	if bad || bad2 || bad3 || page < 1 {
		return nil, errorf(http.StatusBadRequest, "parameter_invalid", "created_at_after, created_at_before and page must be whole numbers")
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	order := a.data.all[activityLogs].order
	lo := sort.Search(len(order), func(i int) bool { return order[i].created > after })
	hi := max(lo, sort.Search(len(order), func(i int) bool { return order[i].created >= before }))
	found := order[lo:hi]
	if a.cfg.ShuffleTies {
		found = a.shuffled(found)
	}
	var items [][]byte
	from := min((int(min(page, 1<<40))-1)*activityPage, len(found))
	for i := from; i < min(from+activityPage, len(found)); i++ {
		items = append(items, a.data.render(activityLogs, found[len(found)-1-i]))
	}
	next := "null"
	if from+activityPage < len(found) {
		next = strconv.Quote(nextURL(c.http, page+1))
	}
	total := (len(found) + activityPage - 1) / activityPage
	pages := `"pages":{"type":"pages","next":` + next + `,"page":` + strconv.FormatInt(page, 10) + `,"per_page":` + strconv.Itoa(activityPage) + `,"total_pages":` + strconv.Itoa(total) + `}`
	return listBody("activity_log.list", activityLogs, items, pages), nil
}

// shuffled returns the logs with those of one second in an order that is another one with every request.
func (a *API) shuffled(logs []*object) []*object {
	out := append([]*object(nil), logs...)
	round := a.stats.total()
	sort.SliceStable(out, func(i, j int) bool {
		if out[i].created != out[j].created {
			return out[i].created < out[j].created
		}
		return newDice(uint64(round), out[i].id, 0).roll() < newDice(uint64(round), out[j].id, 0).roll()
	})
	return out
}

func number(text string, absent int64) (n int64, bad bool) {
	if text == "" {
		return absent, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err != nil
}

// nextURL returns the request's own address with another page number.
func nextURL(r *http.Request, page int64) string {
	u := *r.URL
	u.Scheme, u.Host = "http", r.Host
	if r.TLS != nil {
		u.Scheme = "https"
	}
	query := u.Query()
	query.Del("later") // of a token that a fault made up
	query.Set("page", strconv.FormatInt(page, 10))
	u.RawQuery = query.Encode()
	return u.String()
}
