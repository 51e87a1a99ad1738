package sandbox

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestRequestsWithoutWhatTheyMustHave(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 5, Token: "secret", Forbidden: map[string]int{tickets: 403, tags: 401}})
	for _, one := range []struct {
		name, method, path string
		header, value      string
		status             int
		code, message      string
	}{
		{"no token", "GET", "/admins", "Authorization", "", 401, "missing_authorization", ""},
		{"wrong token", "GET", "/admins", "Authorization", "Bearer nope", 401, "unauthorized", "Access Token Invalid"},
		{"no bearer", "GET", "/v1/admins", "Authorization", "Basic secret", 401, "unauthorized", "Access Token Invalid"},
		{"accept", "GET", "/admins", "Accept", "text/html", 406, "media_type_not_acceptable", ""},
		{"content type", "POST", "/contacts/search", "Content-Type", "text/plain", 415, "media_type_unsupported", ""},
		{"version", "GET", "/teams", "Intercom-Version", "9.9", 400, "intercom_version_invalid", ""},
		{"plan", "POST", "/tickets/search", "X", "y", 403, "api_plan_restricted", "Active subscription needed."},
		{"permission", "GET", "/tags", "X", "y", 401, "unauthorized", ""},
		{"path", "GET", "/v2/admins", "X", "y", 404, "not_found", ""},
		{"method", "POST", "/admins", "X", "y", 405, "method_not_allowed", ""},
		{"search by get", "GET", "/contacts/search", "X", "y", 405, "method_not_allowed", ""},
		{"model", "GET", "/data_attributes?model=conversation", "X", "y", 422, "parameter_invalid", ""},
		{"conversation", "GET", "/conversations/1", "X", "y", 404, "not_found", ""},
		{"company", "GET", "/companies/1/segments", "X", "y", 404, "company_not_found", "Company Not Found"},
	} {
		req := c.request(one.method, one.path, []byte("{}"))
		req.Header.Set(one.header, one.value)
		if one.value == "" {
			req.Header.Del(one.header)
		}
		a := c.do(req)
		wantRefusal(t, a, one.status, one.code, one.message)
		if a.body["type"] != "error.list" || a.body["request_id"] != a.header.Get("X-Request-Id") || a.body["request_id"] == "" {
			t.Errorf("%s: %s", one.name, a.raw)
		}
	}
}

func TestWhatMayBeLeftOut(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 5})
	for _, accept := range []string{"", "*/*", "application/*", "text/html, application/json;q=0.5"} {
		req := c.request("GET", "/me", nil)
		req.Header.Del("Intercom-Version")
		req.Header.Del("Accept")
		if accept != "" {
			req.Header.Set("Accept", accept)
		}
		if a := c.do(req); a.status != 200 {
			t.Errorf("accept %q: %d %s", accept, a.status, a.raw)
		}
	}
}

func TestMeNamesTheTimeZone(t *testing.T) {
	t.Parallel()
	_, c, _ := newTestAPI(t, APIConfig{Size: 5, Location: time.UTC})
	_, d, _ := newTestAPI(t, APIConfig{Size: 5})
	for _, one := range []struct {
		c    *client
		zone string
	}{{c, "UTC"}, {d, "America/New_York"}} {
		app, _ := one.c.get("/v1/me").body["app"].(map[string]any)
		if app["timezone"] != one.zone {
			t.Errorf("timezone %v, want %s", app["timezone"], one.zone)
		}
	}
}

func TestDateHeaderIsTheClocksAndBodiesAreGzipped(t *testing.T) {
	t.Parallel()
	_, c, clk := newTestAPI(t, APIConfig{Size: 5})
	clk.advance(90 * time.Minute)
	req := c.request("GET", "/admins", nil)
	req.Header.Set("Accept-Encoding", "gzip") // set by hand: the transport leaves the body as it is
	resp, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	zr, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.NewDecoder(zr).Decode(&body); err != nil || body["type"] != "admin.list" {
		t.Errorf("%v %v", body, err)
	}
	if got := resp.Header.Get("Date"); got != "Mon, 24 Nov 2025 04:30:00 GMT" || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("date %q, encoding %q", got, resp.Header.Get("Content-Encoding"))
	}
	req.Header.Set("Accept-Encoding", "identity")
	if a := c.do(req); a.header.Get("Content-Encoding") != "" || a.body["type"] != "admin.list" {
		t.Errorf("%s", a.raw)
	}
}

func TestRateLimitCountsWindowsOfTenSeconds(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Size: 5, RateLimit: 3})
	clk.advance(4 * time.Second)
	reset := strconv.FormatInt(epoch.Unix()+10, 10)
	for left := 2; left >= 0; left-- {
		a := c.get("/admins")
		if a.status != 200 || a.header.Get("X-RateLimit-Limit") != "3" || a.header.Get("X-RateLimit-Remaining") != strconv.Itoa(left) || a.header.Get("X-RateLimit-Reset") != reset {
			t.Errorf("%d %v", a.status, a.header)
		}
	}
	a := c.get("/tags")
	wantRefusal(t, a, http.StatusTooManyRequests, "rate_limit_exceeded", "Exceeded rate limit of 3 in 10_seconds")
	if a.header.Get("Retry-After") != "" || a.header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("%v", a.header)
	}
	clk.advance(6 * time.Second)
	if a := c.get("/tags"); a.status != 200 {
		t.Errorf("next window: %d", a.status)
	}
	if s := api.Stats(); s.RateLimited != 1 || s.Requests[tags] != 2 || s.Requests[admins] != 3 || s.Errors[tags] != 1 || s.InFlight != 0 {
		t.Errorf("%+v", s)
	}
}
