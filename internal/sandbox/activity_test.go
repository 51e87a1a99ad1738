package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestActivityLogsAreNewestFirstInNumberedPages(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Seed: 9, Size: 90})
	c.base += "/v1"
	last, n, pages := int64(1<<62), 0, 0
	for path := "/admins/activity_logs?created_at_after=1&sort=asc"; path != ""; pages++ {
		a := c.get(path)
		for _, r := range a.records(activityLogs) {
			if at := instant(t, r, "created_at"); at > last {
				t.Fatalf("%d comes after %d", at, last)
			} else {
				last = at
			}
			n++
		}
		if path = nextPath(c, a); path != "" && strings.Contains(path, "secret") {
			t.Errorf("the token is in %s", path)
		}
	}
	if n != 90 || pages != 5 {
		t.Errorf("%d logs in %d pages", n, pages)
	}
	at := middle(api, activityLogs)
	for query, fits := range map[string]func(*object) bool{
		fmt.Sprintf("created_at_after=%d", at):                              func(o *object) bool { return o.created > at },
		fmt.Sprintf("created_at_after=%d&created_at_before=%d", 1, at):      func(o *object) bool { return o.created < at },
		fmt.Sprintf("created_at_after=%d&created_at_before=%d", at-1, at+1): func(o *object) bool { return o.created == at },
	} {
		found := map[string]map[string]any{}
		for path := "/admins/activity_logs?" + query; path != ""; {
			a := c.get(path)
			for _, r := range a.records(activityLogs) {
				found[fmt.Sprint(r["id"])] = r
			}
			path = nextPath(c, a)
		}
		expect(t, api, found, activityLogs, fits)
	}
}

func TestActivityLogsNeedABound(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 5})
	wantRefusal(t, c.get("/admins/activity_logs"), http.StatusBadRequest, "parameter_missing", "")
	wantRefusal(t, c.get("/admins/activity_logs?created_at_after=yesterday"), http.StatusBadRequest, "parameter_invalid", "")
	wantRefusal(t, c.get("/admins/activity_logs?created_at_after=1&page=0"), http.StatusBadRequest, "parameter_invalid", "")
	if a := c.get("/admins/activity_logs?created_at_after=99999999999&created_at_before=1"); len(a.records(activityLogs)) != 0 || nextPath(c, a) != "" {
		t.Errorf("%s", a.raw)
	}
}

func TestActivityPagesShiftWhenLogsArrive(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Size: 60})
	first := c.get("/admins/activity_logs?created_at_after=1")
	clk.advance(time.Minute)
	if _, err := api.Create(activityLogs, 1); err != nil {
		t.Fatal(err)
	}
	second := c.get(nextPath(c, first))
	if a, b := first.records(activityLogs)[19]["id"], second.records(activityLogs)[0]["id"]; a != b {
		t.Errorf("page 2 begins with %v, not with the last of page 1, %v", b, a)
	}
}

func TestShuffledTiesChangeTheirOrder(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Size: 5, ShuffleTies: true})
	if _, err := api.Create(activityLogs, 15); err != nil {
		t.Fatal(err)
	}
	order := func() string {
		var ids []string
		for _, r := range c.get(fmt.Sprintf("/admins/activity_logs?created_at_after=%d", epoch.Unix()-1)).records(activityLogs) {
			ids = append(ids, fmt.Sprint(r["id"]))
		}
		return strings.Join(ids, " ")
	}
	if a, b := order(), order(); a == b || len(a) != len(b) {
		t.Errorf("two requests gave\n%s\n%s", a, b)
	}
}
