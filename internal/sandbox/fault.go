package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// fault is what goes wrong with some requests of a resource.
type fault struct {
	kind       string // one of kinds; "": put together by hand
	resource   string // "*": any
	after      int    // requests that pass before the fault strikes
	n          int    // requests that it strikes
	permanent  bool   // it strikes until it is healed, whatever n says
	status     int    // answered instead of serving the request; 0: it is served
	code       string // of the error body
	message    string
	retryAfter string // Retry-After header, as given
	body       string // json (default), html, empty, errors
	drop       bool   // the connection is closed instead of the answer, after the request was served
	cut        bool   // the answer breaks off in the middle
	reset      bool   // of drop and cut: the connection is not closed but reset
	hang       bool   // there is no answer until the client has gone or the fault is healed
	slow       time.Duration
	drip       time.Duration // between the pieces of an answer
	malformed  bool          // the answer arrives whole and is no JSON

	// meets says whether the fault has anything to change of the answer; it passes over requests that it does not meet.
	meets func(t *trail, c *call) bool
	// first happens to the data before the request is served.
	first func(a *API, c *call)
	// alter changes the document that is answered.
	alter func(a *API, c *call, doc map[string]any)
}

// struck reports whether there is a fault at all.
func (f *fault) struck() bool { return f.resource != "" }

type faults struct {
	mu      sync.Mutex
	planned []*fault
	healed  chan struct{} // closed when all are forgotten; made anew then
	trail   trail
	later   int // tokens made up so far
}

func newFaults() faults { return faults{healed: make(chan struct{})} }

func (f *faults) plan(one fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planned = append(f.planned, &one)
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.healed)
	f.planned, f.healed, f.trail = nil, make(chan struct{}), trail{}
}

// take returns the fault that strikes this request, or none, and what is closed when it is healed. The faults planned first strike
// first.
func (f *faults) take(c *call) (fault, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.planned {
		if one.resource != c.resource && one.resource != "*" || one.meets != nil && !one.meets(&f.trail, c) {
			continue
		}
		if one.after > 0 {
			one.after--
			return fault{}, f.healed
		}
		c.before = f.trail.steps[c.resource+" "+c.token]
		if one.n--; one.n <= 0 && !one.permanent {
			f.planned = slices.Delete(f.planned, i, i+1)
		}
		return *one, f.healed
	}
	return fault{}, f.healed
}

// writeFault answers with the fault's status.
func (a *API) writeFault(w http.ResponseWriter, f fault) {
	if f.drop {
		hangUp(w, f.reset)
	}
	h := w.Header()
	a.date(h)
	if f.retryAfter != "" {
		h.Set("Retry-After", f.retryAfter)
	}
	body := []byte{}
	switch f.body {
	case "html":
		h.Set("Content-Type", "text/html")
		body = []byte("<html><body><h1>" + strconv.Itoa(f.status) + " " + http.StatusText(f.status) + "</h1></body></html>")
	case "empty":
	case "errors":
		h.Set("Content-Type", "application/json; charset=utf-8")
		body = []byte(`{"errors":[{"message":` + strconv.Quote(f.message) + `}]}`)
	default:
		h.Set("Content-Type", "application/json; charset=utf-8")
		code := f.code
		if code == "" {
			code = faultCode(f.status)
		}
		body = (&apiError{status: f.status, code: code, message: f.message}).body(a.stats.requestID(a.cfg.Seed))
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(f.status)
	_, _ = w.Write(body) // an error here means that the client has gone
}

func faultCode(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "bad_request"
	case http.StatusUnauthorized:
		return "unauthorized"
	case http.StatusForbidden:
		return "api_plan_restricted"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusRequestTimeout:
		return "request_timeout"
	case http.StatusTooManyRequests:
		return "rate_limit_exceeded"
	case http.StatusServiceUnavailable:
		return "service_unavailable"
	}
	return "server_error"
}
