package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// API is the sample API: an http.Handler that serves thirteen resources as the Intercom REST API does, and the control
// endpoints under /_sandbox/. All methods are safe for concurrent use. It starts no goroutine and needs no closing.
type API struct {
	cfg    APIConfig
	faults faults
	stats  stats
	rate   rateWindow
	scroll scrolls

	mu    sync.RWMutex // guards data and churn
	data  *workspace
	churn churn
}

// NewAPI invents the workspace and returns the API that serves it.
func NewAPI(cfg APIConfig) *API {
	cfg = cfg.withDefaults()
	now := cfg.Now()
	a := &API{cfg: cfg, faults: newFaults(), data: newWorkspace(cfg.Seed, cfg.Size, now.Unix())}
	for _, f := range cfg.Faults {
		a.faults.plan(f.planned)
	}
	a.churn = churn{every: cfg.Churn, next: now.Add(cfg.Churn)}
	a.stats.reset()
	return a
}

// call is one request to one of the API's endpoints.
type call struct {
	http     *http.Request
	resource string // what is counted, faulted and forbidden under
	id       string // of the parent, in the paths that have one
	token    string // page token that the request carries; "": it asks for the first page
	before   step   // the page that gave out the token, where a fault asks for it
	now      time.Time
	version  string
	serve    func(*API, *call) ([]byte, *apiError)
}

// endpoint finds what a path without its /v1 asks for. ok is false where there is no such endpoint.
func endpoint(r *http.Request) (c *call, ok bool) {
	path := strings.Trim(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	seg := strings.Split(path, "/")
	c = &call{http: r}
	switch {
	case path == "me":
		c.resource, c.serve = "me", (*API).me
	case path == admins || path == tags || path == teams || path == segments:
		c.resource, c.serve = path, (*API).plainList
	case path == "data_attributes":
		c.resource, c.serve = r.URL.Query().Get("model")+"_attributes", (*API).attributeList
	case path == "admins/activity_logs":
		c.resource, c.serve = activityLogs, (*API).activityList
	case path == "companies/scroll":
		c.resource, c.serve = companies, (*API).companyScroll
	case len(seg) == 2 && seg[0] == conversations && seg[1] != "search":
		c.resource, c.id, c.serve = conversationParts, seg[1], (*API).conversationByID
	case len(seg) == 3 && seg[0] == companies && seg[2] == segments:
		c.resource, c.id, c.serve = companySegments, seg[1], (*API).segmentsOfCompany
	case path == "contacts/search" || path == "conversations/search" || path == "tickets/search":
		c.resource, c.serve = seg[0], (*API).search
	default:
		return nil, false
	}
	return c, true
}

// method returns the HTTP method that the endpoint takes.
func (c *call) method() string {
	if strings.HasSuffix(c.http.URL.Path, "/search") {
		return http.MethodPost
	}
	return http.MethodGet
}

// ServeHTTP answers a request to the API or to the control endpoints.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/_sandbox" || strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		a.control(w, r)
		return
	}
	c, ok := endpoint(r)
	if !ok {
		a.write(w, r, fault{}, nil, errorf(http.StatusNotFound, "not_found", "The requested resource was not found"))
		return
	}
	a.stats.enter(c.resource)
	defer a.stats.leave()
	if c.readToken() != nil {
		return // the client has gone
	}
	f, healed := a.faults.take(c)
	if f.struck() {
		a.stats.fault(c.resource)
	}
	if !a.endure(r.Context(), f, healed) {
		return
	}
	if f.status != 0 {
		a.writeFault(w, f)
		return
	}
	c.now = a.cfg.Now()
	if f.first != nil {
		f.first(a, c)
	}
	body, err := a.answer(w.Header(), c)
	a.stats.answered(c.resource, err)
	if err == nil {
		body = a.altered(f, c, body)
	}
	a.write(w, r, f, body, err)
}

// answer checks the request and serves it.
func (a *API) answer(header http.Header, c *call) ([]byte, *apiError) {
	if err := a.admit(c); err != nil {
		return nil, err
	}
	if err := a.limit(header, c.now); err != nil {
		return nil, err
	}
	if err := a.permit(c); err != nil {
		return nil, err
	}
	a.catchUp(c.now)
	return c.serve(a, c)
}

// Prepare renders all records of a resource beforehand, so that answers cost little: for measurements, in which the API is not to be
// what is waited for. The first change of the data makes it void.
func (a *API) Prepare(resource string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.data.prepared = map[*object][]byte{}
	for _, o := range a.data.all[resource].order {
		a.data.prepared[o] = a.data.render(resource, o)
	}
}

// Truth returns every record that the API holds of a resource: the key under which it is published → the object as it
// is published, which for conversation_parts and company_segments has the parent's id added. nil for an unknown resource.
func (a *API) Truth(resource string) map[string]json.RawMessage {
	if known(resource) != nil {
		return nil
	}
	a.catchUp(a.cfg.Now())
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.data.truth(resource)
}
