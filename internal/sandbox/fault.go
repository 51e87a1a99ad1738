package sandbox

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// fault is what goes wrong with some requests of a resource.
type fault struct {
	resource   string // "*": any
	after      int    // requests that pass before the fault strikes
	n          int    // requests that it strikes
	status     int    // answered instead of serving the request; 0: it is served
	code       string // of the error body
	message    string
	retryAfter string // Retry-After header, as given
	body       string // json (default), html, empty
	drop       bool   // the connection is closed instead of the answer, after the request was served
	cut        bool   // the answer breaks off in the middle
	slow       time.Duration
}

type faults struct {
	mu      sync.Mutex
	planned []*fault
}

func (f *faults) plan(one fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planned = append(f.planned, &one)
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planned = nil
}

// take returns the fault that strikes this request of a resource, or none. The faults planned first strike first.
func (f *faults) take(resource string) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.planned {
		if one.resource != resource && one.resource != "*" {
			continue
		}
		if one.after > 0 {
			one.after--
			return fault{}
		}
		if one.n--; one.n <= 0 {
			f.planned = append(f.planned[:i:i], f.planned[i+1:]...)
		}
		return *one
	}
	return fault{}
}

// writeFault answers with the fault's status.
func (a *API) writeFault(w http.ResponseWriter, f fault) {
	if f.drop {
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to close the connection without an answer
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
