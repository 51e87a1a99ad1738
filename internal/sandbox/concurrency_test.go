package sandbox

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestEverythingAtOnce is for the race detector: readers of every resource, control calls and churn side by side. When
// it is quiet again, a crawl equals the truth.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	api, c, clk := newTestAPI(t, APIConfig{Seed: 21, Size: 40, Churn: time.Second})
	var wg sync.WaitGroup
	for _, resource := range Resources() {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for range 3 {
				clk.advance(time.Second)
				_, _ = api.Change(resource, 2)
				_, _ = api.Create(resource, 1)
				_, _ = api.Delete(resource, 1)
				api.Truth(resource)
			}
		}()
		go func() {
			defer wg.Done()
			paths := map[string]string{tags: "/tags", admins: "/v1/admins", companies: "/companies/scroll", teams: "/_sandbox/count", segments: "/_sandbox/stats",
				activityLogs: "/admins/activity_logs?created_at_after=1", companyAttributes: "/data_attributes?model=company"}
			for range 4 {
				req := c.request(http.MethodPost, "/conversations/search", []byte(`{"query":`+everything+`}`))
				if path := paths[resource]; path != "" {
					req = c.request(http.MethodGet, path, nil)
				}
				if _, err := c.try(req); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	api.SetChurn(0)
	clk.advance(time.Hour) // the scroll of a reader above expires
	for _, resource := range Resources() {
		wantTruth(t, api, c, resource)
	}
	if s := api.Stats(); s.InFlight != 0 || s.MaxInFlight < 1 {
		t.Errorf("%+v", s)
	}
}
