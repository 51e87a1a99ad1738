package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// controlHelp is served at GET /_sandbox/.
const controlHelp = `Control of the sample API. No token is needed. {resource} is one of the thirteen; answers are JSON.

GET  /_sandbox/truth/{resource}             every record by the key it is published with
GET  /_sandbox/count                        how many records each resource holds
GET  /_sandbox/stats                        requests by resource, 429s, faults, scrolls, requests in flight
POST /_sandbox/stats/reset                  sets the counters to zero
POST /_sandbox/change/{resource}?n=3        changes n records (or ?key=K: that one); answers the keys
POST /_sandbox/create/{resource}?n=1        adds n records (?parent=ID: to that conversation or company)
POST /_sandbox/delete/{resource}?n=1        deletes n records (or ?key=K)
POST /_sandbox/set/{resource}?key=K&field=custom_attributes.nps&value=9
                                            sets one member: a new field, another type, null; what is not JSON is text
POST /_sandbox/churn?interval=2s            changes the data by itself that often; 0 stops it
POST /_sandbox/fail?resource=contacts&kind=malformed&n=2
                                            the next n requests of a resource (or *) fail in that way. Instead of n,
                                            permanent=1: all until they are healed. after=K lets K requests pass first
POST /_sandbox/fail?resource=contacts&status=503&n=2
                                            the same, put together: code=, message=, retry_after=,
                                            body=json|html|empty|errors, slow=500ms, drip=1s (the answer in pieces),
                                            drop=1 (no answer), cut=1 (half an answer), reset=1 (both by a reset); also
                                            beside a kind. Without a status the request is served, and the server has
                                            moved on, whatever becomes of the answer
GET  /_sandbox/faults                       the kinds, and the failures that are still to come
POST /_sandbox/heal                         forgets the failures that are still to come
`

// control serves the endpoints under /_sandbox/.
func (a *API) control(w http.ResponseWriter, r *http.Request) {
	verb, resource, _ := strings.Cut(strings.Trim(strings.TrimPrefix(r.URL.Path, "/_sandbox"), "/"), "/")
	if verb == "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(controlHelp))
		return
	}
	query := r.URL.Query()
	var answer any
	var err error
	switch r.Method + " " + verb {
	case "GET truth":
		answer, err = a.Truth(resource), known(resource)
	case "GET count":
		answer = a.Count()
	case "GET stats":
		answer = a.Stats()
	case "POST stats":
		a.ResetStats()
		answer = a.Stats()
	case "POST churn":
		answer, err = a.controlChurn(query)
	case "GET faults":
		answer = a.Faults()
	case "POST fail":
		answer, err = a.controlFail(query)
	case "POST heal":
		a.faults.clear()
		answer = map[string]bool{"healed": true}
	case "POST change", "POST create", "POST delete", "POST set":
		answer, err = a.controlData(verb, resource, query)
	default:
		err = fmt.Errorf("find %s %s: see GET /_sandbox/", r.Method, r.URL.Path)
	}
	status := http.StatusOK
	if err != nil {
		status, answer = http.StatusBadRequest, map[string]string{"error": err.Error()}
	}
	doc, err := encode(answer)
	if err != nil {
		status, doc = http.StatusInternalServerError, []byte(`{"error":"encode the answer"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(doc, '\n'))
}

// Count returns how many records each resource holds.
func (a *API) Count() map[string]int {
	a.catchUp(a.cfg.Now())
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.data.counts()
}

func (a *API) controlData(verb, resource string, query url.Values) (any, error) {
	n, err := whole(query, "n", 1)
	if err != nil {
		return nil, err
	}
	key := query.Get("key")
	var keys []string
	switch {
	case verb == "set":
		value := json.RawMessage(query.Get("value"))
		if !json.Valid(value) {
			value, _ = json.Marshal(query.Get("value")) // a string always encodes
		}
		keys, err = []string{key}, a.Set(resource, key, query.Get("field"), value)
	case verb == "create" && query.Get("parent") != "":
		keys, err = a.CreateUnder(resource, query.Get("parent"), n)
	case verb == "create":
		keys, err = a.Create(resource, n)
	case verb == "change" && key != "":
		keys, err = []string{key}, a.ChangeKey(resource, key)
	case verb == "change":
		keys, err = a.Change(resource, n)
	case key != "":
		keys, err = []string{key}, a.DeleteKey(resource, key)
	default:
		keys, err = a.Delete(resource, n)
	}
	if keys == nil {
		keys = []string{}
	}
	return keys, err
}

func (a *API) controlChurn(query url.Values) (any, error) {
	text := query.Get("interval")
	if text == "0" {
		text = "0s"
	}
	every, err := time.ParseDuration(text)
	if err != nil || every < 0 {
		return nil, fmt.Errorf("read interval %q: give a duration such as 2s, or 0", text)
	}
	a.SetChurn(every)
	return map[string]string{"interval": every.String()}, nil
}

func whole(query url.Values, name string, absent int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("read %s %q: give a whole number", name, text)
	}
	return n, nil
}
