package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestInjectedStatuses(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Size: 10})
	c.control("/_sandbox/fail?resource=tags&status=503&n=2&after=1&retry_after=7&code=service_down&message=Back+soon")
	statuses := []int{c.get("/tags").status, c.get("/tags").status, c.get("/admins").status}
	last := c.get("/v1/tags")
	statuses = append(statuses, last.status, c.get("/tags").status)
	if !reflect.DeepEqual(statuses, []int{200, 503, 200, 503, 200}) {
		t.Errorf("statuses %v", statuses)
	}
	wantRefusal(t, last, 503, "service_down", "Back soon")
	if last.header.Get("Retry-After") != "7" || last.header.Get("Date") == "" {
		t.Errorf("%v", last.header)
	}
	if got := api.Stats().Faults; !reflect.DeepEqual(got, map[string]int{tags: 2}) {
		t.Errorf("faults %v", got)
	}
	c.control("/_sandbox/fail?resource=*&status=502&body=html")
	if a := c.get("/me"); a.status != 502 || !strings.HasPrefix(string(a.raw), "<html>") || a.header.Get("Retry-After") != "" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	c.control("/_sandbox/fail?resource=me&status=504&body=empty&n=9")
	if a := c.get("/me"); a.status != 504 || len(a.raw) != 0 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	c.control("/_sandbox/heal")
	if a := c.get("/me"); a.status != 200 {
		t.Errorf("after healing: %d", a.status)
	}
}

func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 10})
	c.http = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // or the transport tries a GET again by itself
	for _, how := range []string{"drop=1", "cut=1", "status=503&drop=1"} {
		c.control("/_sandbox/fail?resource=contacts&" + how)
		req := c.request(http.MethodPost, "/contacts/search", []byte(`{"query":`+everything+`}`))
		if a, err := c.try(req); err == nil {
			t.Errorf("%s: the answer arrived: %d %s", how, a.status, a.raw)
		} else if how == "cut=1" && (a.status != 200 || len(a.raw) == 0) {
			t.Errorf("%s: %d, %d bytes, %v", how, a.status, len(a.raw), err)
		}
	}
	if len(c.crawl(contacts)) != 10 {
		t.Error("contacts are broken for good")
	}
}

func TestSlowAnswersWaitOnTheInjectedSleep(t *testing.T) {
	t.Parallel()
	slept := make(chan time.Duration, 1)
	release := make(chan struct{})
	api, c, _ := newTestAPI(t, APIConfig{Size: 10, Sleep: func(ctx context.Context, d time.Duration) error {
		slept <- d
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	c.control("/_sandbox/fail?resource=tags&slow=90s")
	done := make(chan answer)
	req := c.request(http.MethodGet, "/tags", nil)
	go func() {
		a, _ := c.try(req)
		done <- a
	}()
	if d := <-slept; d != 90*time.Second {
		t.Errorf("slept %v", d)
	}
	if n := api.Stats().InFlight; n != 1 {
		t.Errorf("%d in flight", n)
	}
	close(release)
	if a := <-done; a.status != 200 {
		t.Errorf("%d", a.status)
	}
	if s := api.Stats(); s.MaxInFlight != 1 {
		t.Errorf("%+v", s)
	}
	c.control("/_sandbox/stats/reset")
	if s := api.Stats(); s.MaxInFlight != 0 || len(s.Requests) != 0 {
		t.Errorf("after the reset: %+v", s)
	}
}

func TestControlEndpointsNeedNoToken(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Size: 30, Token: "other"})
	clk.advance(time.Minute)
	keysOf := func(path string) []string {
		var keys []string
		if err := json.Unmarshal(c.control(path).raw, &keys); err != nil {
			t.Fatal(err)
		}
		return keys
	}
	before := api.Truth(contacts)
	if keys := keysOf("/_sandbox/change/contacts?n=3"); len(keys) != 3 || len(diff(before, api.Truth(contacts))) != 3 {
		t.Errorf("changed %v", keys)
	}
	created := keysOf("/_sandbox/create/tags?n=1")
	if api.Truth(tags)[created[0]] == nil {
		t.Errorf("created %v", created)
	}
	keysOf("/_sandbox/change/tags?key=" + created[0])
	keysOf("/_sandbox/set/tags?key=" + created[0] + "&field=colour&value=very+red")
	keysOf("/_sandbox/set/tags?key=" + created[0] + "&field=weight&value=2.50")
	if doc := string(api.Truth(tags)[created[0]]); !strings.Contains(doc, `"colour":"very red"`) || !strings.Contains(doc, `"weight":2.50`) || !strings.Contains(doc, "renamed") {
		t.Errorf("%s", doc)
	}
	keysOf("/_sandbox/delete/tags?key=" + created[0])
	if api.Truth(tags)[created[0]] != nil || len(keysOf("/_sandbox/delete/companies?n=2")) != 2 {
		t.Error("nothing was deleted")
	}
	id := api.data.all[conversations].order[0].id
	if keys := keysOf("/_sandbox/create/conversation_parts?n=2&parent=" + id); len(keys) != 2 || !strings.HasPrefix(keys[0], id+"/") {
		t.Errorf("%v", keys)
	}
	var truth map[string]json.RawMessage
	if err := json.Unmarshal(c.get("/_sandbox/truth/company_segments").raw, &truth); err != nil || !reflect.DeepEqual(truth, api.Truth(companySegments)) {
		t.Errorf("truth over HTTP differs: %v", err)
	}
	if n := fmt.Sprint(c.get("/_sandbox/count").body[contacts]); n != "30" {
		t.Errorf("count %s", n)
	}
	c.control("/_sandbox/churn?interval=1s")
	clk.advance(time.Minute)
	if n := c.get("/_sandbox/count").body[conversationParts]; fmt.Sprint(n) == "0" || api.churn.every != time.Second {
		t.Errorf("churn: %v", n)
	}
	c.control("/_sandbox/churn?interval=0")
	if a := c.get("/_sandbox/stats"); a.status != 200 || a.body["requests"] == nil {
		t.Errorf("%s", a.raw)
	}
	help := c.get("/_sandbox/")
	for _, endpoint := range []string{"truth", "count", "stats", "change", "create", "delete", "set", "churn", "fail", "heal", "faults"} {
		if !strings.Contains(string(help.raw), "/_sandbox/"+endpoint) {
			t.Errorf("the help does not name %s", endpoint)
		}
	}
}

func TestControlRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 10})
	for _, path := range []string{
		"/_sandbox/shrug", "/_sandbox/change/shoes", "/_sandbox/change/tags?n=many", "/_sandbox/change/tags?n=-1", "/_sandbox/delete/tags?key=none",
		"/_sandbox/delete/activity_logs", "/_sandbox/create/tags?parent=1", "/_sandbox/set/tags?key=none&field=a&value=1", "/_sandbox/churn?interval=soon",
		"/_sandbox/fail?status=503", "/_sandbox/fail?resource=shoes&status=503", "/_sandbox/fail?resource=tags", "/_sandbox/fail?resource=tags&status=99",
		"/_sandbox/fail?resource=tags&status=503&n=0", "/_sandbox/fail?resource=tags&slow=long",
	} {
		a := c.do(c.request(http.MethodPost, path, nil))
		if text, _ := a.body["error"].(string); a.status != http.StatusBadRequest || text == "" {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	if a := c.get("/_sandbox/truth/shoes"); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.raw)
	}
}
