// Package recorded stands in for two public APIs in tests: GitHub's and PagerDuty's, as the files in docs/examples read them.
//
// What they answer is in testdata, in the shape that their documentation shows and written for the purpose; the headers are made as
// they make them. Pages are small, whatever is asked. A request that the API itself would refuse, or that nothing here knows, is
// answered by an error and remembered: see [Server.Refused].
package recorded

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed testdata
var files embed.FS

// Now is when the servers' clocks begin.
var Now = time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)

const pageSize = 2

// Server is one API. It is safe for concurrent use.
type Server struct {
	http    *httptest.Server
	api     string // folder of testdata
	began   time.Time
	answers map[string]answer
	check   func(r *http.Request) string // what the API says of the headers; "": nothing
	routes  map[string]func(c *call)

	mu      sync.Mutex
	asked   []string
	refused []string
	planned map[string][]string // names of answers, by path
}

// answer is one that was written down as a whole.
type answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// call is one request under way.
type call struct {
	*Server
	w     http.ResponseWriter
	r     *http.Request
	query url.Values
	parts []string // what stands in the path for each *
}

func start(api string, check func(*http.Request) string, routes map[string]func(*call)) *Server {
	s := &Server{api: api, began: time.Now(), check: check, routes: routes, planned: map[string][]string{}}
	s.load("answers", &s.answers)
	s.http = httptest.NewServer(s)
	return s
}

// URL is the API's base URL.
func (s *Server) URL() string { return s.http.URL }

// Close stops the server.
func (s *Server) Close() { s.http.Close() }

// Asked lists the paths with their queries that were asked for since the last call, in order.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// Refused lists the requests that the API would not have answered, each with the reason.
func (s *Server) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}

// Plan has the next requests for a path answered by what testdata calls so, one after the other. A name that it does not know is
// refused when it is asked for.
func (s *Server) Plan(path string, names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planned[path] = append(s.planned[path], names...)
}

// Records returns a list of testdata, or one of several, by its name.
func (s *Server) Records(file, of string) []json.RawMessage {
	var records []json.RawMessage
	if of == "" {
		s.load(file, &records)
		return records
	}
	var lists map[string][]json.RawMessage
	s.load(file, &lists)
	return lists[of]
}

func (s *Server) load(file string, into any) {
	text, err := files.ReadFile("testdata/" + s.api + "/" + file + ".json")
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		panic(err) //nolint:forbidigo // embedded: a mistake in the test data, which no input leads to
	}
}

func (s *Server) now() time.Time { return Now.Add(time.Since(s.began)).UTC() }

// ServeHTTP answers as the API would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.now().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c := &call{Server: s, w: w, r: r, query: r.URL.Query()}
	s.mu.Lock()
	s.asked = append(s.asked, r.URL.RequestURI())
	name := ""
	if names := s.planned[r.URL.Path]; len(names) > 0 {
		name, s.planned[r.URL.Path] = names[0], names[1:]
	}
	s.mu.Unlock()
	if why := s.check(r); why != "" {
		c.refuse(why)
		return
	}
	if name != "" {
		c.recorded(name)
		return
	}
	for pattern, serve := range s.routes {
		if parts, ok := match(pattern, r.URL.EscapedPath()); ok && r.Method == http.MethodGet {
			c.parts = parts
			serve(c)
			return
		}
	}
	c.refuse("nothing is there")
}

// match fits a path to a pattern, in which * stands for one part.
func match(pattern, path string) (parts []string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	for i, part := range want {
		switch part {
		case "*":
			parts = append(parts, got[i])
		case got[i]:
		default:
			return nil, false
		}
	}
	return parts, true
}

// refuse answers what nobody should have asked.
func (c *call) refuse(why string) {
	c.mu.Lock()
	c.refused = append(c.refused, c.r.Method+" "+c.r.URL.RequestURI()+": "+why)
	c.mu.Unlock()
	c.reply(http.StatusBadRequest, map[string]string{"message": why})
}

func (c *call) recorded(name string) {
	a, known := c.answers[name]
	if !known {
		c.refuse("no answer is called " + name)
		return
	}
	for header, value := range a.Headers {
		c.w.Header().Set(header, value)
	}
	c.reply(a.Status, a.Body)
}

func (c *call) reply(status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) //nolint:forbidigo // what testdata holds was read as JSON, and can be written
	}
	c.w.WriteHeader(status)
	_, _ = c.w.Write(text) // whoever asked may be gone
}

// allows refuses a request unless its parameters are those that are named; "=" before a value wants exactly that one.
func (c *call) allows(params map[string]string) bool {
	for name, values := range c.query {
		want, known := params[name]
		if exact, fixed := strings.CutPrefix(want, "="); !known || len(values) != 1 || fixed && exact != values[0] {
			c.refuse(fmt.Sprintf("parameter %s=%s", name, strings.Join(values, ",")))
			return false
		}
	}
	for name, want := range params {
		if strings.HasPrefix(want, "=") && !c.query.Has(name) {
			c.refuse("parameter " + name + " is missing")
			return false
		}
	}
	return true
}

// number reads a parameter that counts.
func (c *call) number(name string, absent int) int {
	n, err := strconv.Atoi(c.query.Get(name))
	if err != nil {
		return absent
	}
	return n
}

// time reads a parameter that is a time in UTC.
func (c *call) time(name string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, c.query.Get(name))
	if err != nil || !strings.HasSuffix(c.query.Get(name), "Z") {
		c.refuse("parameter " + name + " is no time in UTC")
		return t, false
	}
	return t, true
}

// fieldTime is the time in a member of a record.
func fieldTime(record json.RawMessage, field string) time.Time {
	var object map[string]any
	_ = json.Unmarshal(record, &object) // what is not there is the zero time, and fails the test
	text, _ := object[field].(string)
	t, _ := time.Parse(time.RFC3339, text)
	return t
}

// slice is the page at a place, and whether there is another.
func slice(records []json.RawMessage, at int) (page []json.RawMessage, more bool) {
	end := min(at+pageSize, len(records))
	return append([]json.RawMessage{}, records[min(at, end):end]...), end < len(records)
}
