package sandbox

import (
	"net/http"
	"testing"
	"time"
)

func (a answer) scrollParam() string {
	param, _ := a.body["scroll_param"].(string)
	return "/companies/scroll?scroll_param=" + param
}

func wantRefusal(t *testing.T, a answer, status int, code, message string) {
	t.Helper()
	if a.status != status || a.code() != code || (message != "" && a.message() != message) {
		t.Errorf("got %d %s, want %d %s %q", a.status, a.raw, status, code, message)
	}
}

func TestOneScrollAtATime(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Size: 1500}) // 250 companies
	first := c.get("/companies/scroll")
	if n := len(first.records("data")); n != 100 {
		t.Fatalf("first page holds %d", n)
	}
	wantRefusal(t, c.get("/companies/scroll"), http.StatusBadRequest, "scroll_exists", "scroll already exists for this workspace")
	clk.advance(time.Minute)
	if a := c.get(first.scrollParam()); a.status != http.StatusOK { // every use gives it another minute
		t.Fatalf("%d %s", a.status, a.raw)
	}
	clk.advance(time.Minute)
	wantRefusal(t, c.get("/companies/scroll"), http.StatusBadRequest, "scroll_exists", "")
	clk.advance(time.Second)
	wantRefusal(t, c.get(first.scrollParam()), http.StatusNotFound, "not_found", "scroll parameter not found")
	if n := len(c.scrollAll()); n != 250 {
		t.Errorf("%d companies", n)
	}
	if s := api.Stats().Scrolls; s != (ScrollStats{Opened: 2, Refused: 2, Finished: 1, Expired: 1}) {
		t.Errorf("stats: %+v", s)
	}
}

func TestScrollEndsWithAnEmptyPageAndFreesThePlace(t *testing.T) {
	t.Parallel()
	for _, hold := range []bool{false, true} {
		_, c, clk := newTestAPI(t, APIConfig{Size: 60, ScrollHold: hold, ScrollExpiry: time.Second})
		first := c.get("/companies/scroll")
		end := c.get(first.scrollParam())
		if end.status != http.StatusOK || len(end.records("data")) != 0 || end.body["data"] == nil {
			t.Fatalf("the end: %d %s", end.status, end.raw)
		}
		wantRefusal(t, c.get(first.scrollParam()), http.StatusNotFound, "not_found", "")
		if hold {
			wantRefusal(t, c.get("/companies/scroll"), http.StatusBadRequest, "scroll_exists", "")
			clk.advance(time.Second + 1)
		}
		if a := c.get("/companies/scroll"); a.status != http.StatusOK {
			t.Errorf("hold %v: %d %s", hold, a.status, a.raw)
		}
	}
}

func TestScrollMovesOnThoughThePageWasLost(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Size: 1500})
	// On a connection that was used before, Go's transport repeats a GET that got no answer: that alone loses a page.
	c.http = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	first := c.get("/companies/scroll")
	for _, how := range []string{"drop=1", "cut=1"} {
		c.control("/_sandbox/fail?resource=companies&" + how)
		if _, err := c.try(c.request(http.MethodGet, first.scrollParam(), nil)); err == nil {
			t.Fatalf("%s: the answer arrived", how)
		}
	}
	if a := c.get(first.scrollParam()); len(a.records("data")) != 0 {
		t.Errorf("a lost page was served again: %d records", len(a.records("data")))
	}
	if got := api.Stats().Faults[companies]; got != 2 {
		t.Errorf("%d faults struck", got)
	}
}

func TestAScrolledPageIsEmptyOnlyAtTheEnd(t *testing.T) {
	t.Parallel()
	api, c, _ := newTestAPI(t, APIConfig{Size: 1500})
	first := c.get("/companies/scroll")
	for _, id := range append([]string(nil), api.scroll.ids[100:200]...) {
		if err := api.DeleteKey(companies, id); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.get(first.scrollParam()).records("data")); n != 50 {
		t.Errorf("the page after the deleted ones holds %d", n)
	}
}

// control posts to a control endpoint and fails the test when it is refused.
func (c *client) control(path string) answer {
	c.t.Helper()
	a := c.do(c.request(http.MethodPost, path, nil))
	if a.status != http.StatusOK {
		c.t.Fatalf("%s: %d %s", path, a.status, a.raw)
	}
	return a
}
