package producer

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// filtering is shop with filters that drop what is off.
func filtering(resources ...string) string {
	text := shop
	for _, name := range resources {
		line := "  - name: " + name
		at := strings.Index(text, line)
		end := at + strings.Index(text[at:], "\n") + 1
		text = text[:end] + "    processing_steps: [{ filter: { field: v, not_equals: off } }]\n" + text[end:]
	}
	return text
}

func TestFilteredListing(t *testing.T) {
	w := newWorld(t)
	w.use(filtering("crates", "labels"))
	w.api.put("crates", "a", "1", "2", "3")
	w.api.put("crates", "off", "4")
	w.api.put("labels/1", "a", "x", "y")
	w.api.put("labels/2", "a", "x")
	w.api.put("labels/4", "a", "x")
	w.once(only("crates", "labels"))
	w.wantNews("crates", "r 1, r 2, r 3")
	w.wantNews("labels", "r 1/x, r 1/y, r 2/x")
	w.api.put("crates", "off", "2")
	w.api.put("labels/1", "off", "y")
	w.once(only("crates", "labels"))
	w.wantNews("crates", "d 2")
	w.wantNews("labels", "d 1/y, d 2/x")
	w.api.put("crates", "a", "2")
	w.once(only("crates", "labels"))
	w.wantNews("crates", "r 2")
	w.wantNews("labels", "r 2/x")
}

// What a live pass has deleted, or never published, it does not delete again after a restart.
func TestFilteredOnceForAllStarts(t *testing.T) {
	w := newWorld(t)
	w.use(filtering("events"))
	w.api.event("events", "1", "a", -7200)
	w.once(only("events"))
	w.wantNews("events", "r 1")
	w.api.event("events", "1", "off", -1)
	w.api.event("events", "2", "off", -1)
	w.once(only("events"))
	w.wantNews("events", "d 1, d 2")
	w.once(only("events"))
	w.wantNews("events", "")
	s := w.stream(only("events"))
	s.pause()
	s.pass()
	s.pass() // what was learnt from the topic is not forgotten with the first pass
	w.wantNews("events", "")
	w.clock.move(time.Second)
	w.api.event("events", "2", "a", 0)
	s.pass()
	w.wantNews("events", "u 2")
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// A live pass deletes what the filters want no more, also what was published long before its tail, and says it once.
func TestFilteredByALivePass(t *testing.T) {
	w := newWorld(t)
	w.use(filtering("events"))
	w.api.event("events", "1", "a", -90*86400)
	w.api.event("events", "2", "off", -80*86400)
	w.api.put("notes/1", "a", "x")
	s := w.stream(only("events", "notes"))
	s.pause()
	w.wantNews("events", "r 1")
	w.wantNews("notes", "r 1/x")
	w.api.event("events", "1", "off", -1)
	s.pass()
	w.wantNews("events", "d 1")
	w.wantNews("notes", "d 1/x")
	s.pass() // the overlap shows it again
	s.pass()
	w.wantNews("events", "")
	w.clock.move(time.Second)
	w.api.event("events", "1", "b", 0)
	s.pass()
	w.wantNews("events", "u 1")
	w.wantNews("notes", "r 1/x")
	w.clock.move(time.Second)
	w.api.event("events", "1", "off", 0)
	s.pass()
	w.wantNews("events", "d 1")
	if got := w.holds("events"); got != "" {
		t.Errorf("the topic holds %s", got)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// Where only the substream is read, a parent that is filtered away takes its children with it.
func TestFilteredParentOfASubstream(t *testing.T) {
	w := newWorld(t)
	w.use(filtering("events"))
	w.api.event("events", "1", "a", -100)
	w.api.put("notes/1", "a", "x")
	w.once(only("notes"))
	w.wantNews("notes", "r 1/x")
	w.api.event("events", "1", "off", -50)
	w.once(only("notes"))
	w.wantNews("notes", "d 1/x")
}

// A sweep deletes what the filters do not want, though no live pass showed it: it changed in silence, or the filter is new.
func TestFilteredBySweep(t *testing.T) {
	w := newWorld(t)
	w.use(filtering("events"))
	swept(w, true)
	w.api.event("events", "05", "off", 4*3*86400-90*86400)
	w.once(only("events", "notes"))
	w.wantNews("events", "")
	w.once(only("events", "notes"), sweeping)
	w.wantNews("events", "d 05")
	w.wantNews("notes", "d 05/x, d 05/y")
	w.once(only("events", "notes"), sweeping)
	w.wantNews("events", "")
}

// A log keeps what was published.
func TestFilteredLog(t *testing.T) {
	w := newWorld(t)
	w.use(filtering("logs"))
	w.api.event("logs", "1", "a", -100)
	w.api.event("logs", "2", "off", -100)
	w.once(only("logs"))
	w.wantNews("logs", "u 1")
	w.api.event("logs", "1", "off", -50)
	w.once(only("logs"))
	w.wantNews("logs", "")
}

// Of a key that a page holds twice the newer copy counts, on either side of the filter.
func TestFilteredTwiceOnAPage(t *testing.T) {
	w := newWorld(t)
	w.use(filtering("events"))
	at := w.clock.Now().Unix()
	w.api.intercept(func(*http.Request) (int, string) {
		one := func(id, v string, ts int64) string {
			return fmt.Sprintf(`{"id":%q,"v":%q,"updated_at":%d}`, id, v, at+ts)
		}
		return 200, `{"data":[` + strings.Join([]string{one("1", "a", -60), one("1", "off", -50), one("2", "off", -60), one("2", "a", -50),
			one("3", "off", -40), one("3", "a", -60), one("4", "a", -40), one("4", "off", -60)}, ",") + `]}`
	})
	w.once(only("events"))
	w.wantNews("events", "d 1, d 3, u 2, u 4")
}

// A filter that is new and drops much is as doubtful as an API that shows little.
func TestNewFilterIsDoubted(t *testing.T) {
	for _, resource := range []string{"events", "crates"} {
		t.Run(resource, func(t *testing.T) {
			w := newWorld(t)
			for i, id := range ids(1, 20) {
				w.api.event(resource, id, map[bool]string{true: "a", false: "off"}[i < 8], int64(i)*3*86400-90*86400)
			}
			w.once(only(resource))
			w.news(resource)
			w.use(filtering(resource))
			err := w.try(only(resource), func(c *Config) { c.Sweep = resource == "events" })
			var refused *DeletesRefusedError
			if !errors.As(w.failures(err)[resource], &refused) || refused.Deletes != 12 {
				t.Errorf("got %v", err)
			}
			w.wantNews(resource, "")
			w.once(only(resource), func(c *Config) { c.Sweep, c.AllowDeletes = resource == "events", true })
			if got := strings.Count(w.news(resource), "d "); got != 12 {
				t.Errorf("%d deleted", got)
			}
		})
	}
}
