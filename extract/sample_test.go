package extract

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// shapes lists a sample's records page by page.
func shapes(s Sample) string {
	var all []string
	for _, page := range s.Pages {
		var one []string
		for _, r := range page {
			one = append(one, r.Key)
		}
		all = append(all, strings.Join(one, " "))
	}
	return strings.Join(all, " | ")
}

func TestSampleOfASearch(t *testing.T) {
	t.Parallel()
	s := &search{list: "conversations", perPage: 2, rows: rowsAt(-900, -800, -700, -600, -500)}
	b := newBench(t, s.ServeHTTP)
	for _, c := range []struct {
		limit SampleLimit
		want  string
		more  bool
		asked int
	}{
		{SampleLimit{1, 1}, "a b", true, 1},
		{SampleLimit{3, 20}, "a b | c d", true, 2},
		{SampleLimit{100, 2}, "a b | c d", true, 2},
		{SampleLimit{100, 20}, "a b | c d | e", false, 3},
	} {
		before := len(s.made())
		got, err := b.c.Sample(t.Context(), b.src.Resource("conversations"), c.limit)
		if err != nil || shapes(got) != c.want || got.More != c.more || got.Total != 5 || got.Records != got.Read || got.Read != len(strings.Fields(strings.ReplaceAll(c.want, "|", ""))) {
			t.Errorf("%+v: %s, %+v, %v", c.limit, shapes(got), got, err)
		}
		if n := len(s.made()) - before; n != c.asked {
			t.Errorf("%+v: %d requests, want %d", c.limit, n, c.asked)
		}
	}
}

// A listing on one page tells its size without a word of the API; a short count is told as the failure that it will be.
func TestSampleOfAListing(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `{"data":[{"id":"1"},{"id":"2"}]}`) })
	got, err := b.c.Sample(t.Context(), b.src.Resource("tags"), SampleLimit{1, 1})
	if err != nil || got.Total != -1 || got.More || got.Records != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	s := &search{list: "tickets", perPage: 2, rows: rowsAt(-900), count: func(int) int { return 4 }}
	b = newBench(t, s.ServeHTTP)
	_, err = b.c.Sample(t.Context(), b.src.Resource("tickets"), SampleLimit{100, 20})
	wantKind(t, err, KindIncomplete, "counts 4 records but lists 1")
}

func TestSampleOfASubstream(t *testing.T) {
	t.Parallel()
	s := &search{list: "conversations", perPage: 2, rows: rowsAt(-900, -800, -700)}
	var parts atomic.Int32
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		id, isPart := strings.CutPrefix(r.URL.Path, "/conversations/")
		if !isPart || id == "search" {
			s.ServeHTTP(w, r)
			return
		}
		parts.Add(1)
		if id == "a" {
			reply(w, 404, `{"errors":[{"code":"not_found"}]}`)
			return
		}
		reply(w, 200, `{"conversation_parts":{"conversation_parts":[{"id":"p","updated_at":1}],"total_count":1}}`)
	})
	for _, c := range []struct {
		limit   SampleLimit
		want    string
		parents int
		more    bool
	}{
		{SampleLimit{1, 20}, " | b/p", 1, true},
		{SampleLimit{100, 2}, " | b/p", 1, true},
		{SampleLimit{2, 20}, " | b/p | c/p", 2, false},
		{SampleLimit{100, 20}, " | b/p | c/p", 2, false},
	} {
		got, err := b.c.Sample(t.Context(), b.src.Resource("conversation_parts"), c.limit)
		if err != nil || shapes(got) != c.want || got.Parents != c.parents || got.More != c.more || got.Total != -1 {
			t.Errorf("%+v: %q, %+v, %v", c.limit, shapes(got), got, err)
		}
	}
	if n := parts.Load(); n != 2+2+3+3 {
		t.Errorf("%d lists of children were asked for", n)
	}
}

// Of several parents only the first is asked, which is not all there is.
func TestSampleOfSeveralParents(t *testing.T) {
	t.Parallel()
	src := loadText(t, twoParents)
	b := newBenchOf(t, src, "", func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `{"data":[{"id":"x"}]}`) })
	got, err := b.c.Sample(t.Context(), src.Resource("comments"), SampleLimit{100, 20})
	if err != nil || shapes(got) != "issues/x/x" || !got.More {
		t.Errorf("%q, %+v, %v", shapes(got), got, err)
	}
}

// A scroll is read to its end, which gives its place back, however few records are wanted.
func TestSampleLetsGoOfAScroll(t *testing.T) {
	t.Parallel()
	page := 0
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/segments") {
			reply(w, 200, `{"data":[{"id":"s"}]}`)
			return
		}
		if r.URL.Query().Get("scroll_param") == "" {
			page = 0
		}
		page++
		data := ""
		if page <= 3 {
			data = fmt.Sprintf(`{"id":"c%d"}`, page)
		}
		reply(w, 200, `{"data":[%s],"scroll_param":"x"}`, data)
	})
	got, err := b.c.Sample(t.Context(), b.src.Resource("companies"), SampleLimit{1, 20})
	if err != nil || page != 4 || got.Records != 3 || got.More {
		t.Errorf("%d pages: %+v, %v", page, got, err)
	}
	got, err = b.c.Sample(t.Context(), b.src.Resource("company_segments"), SampleLimit{1, 20})
	if err != nil || page != 4 || shapes(got) != "c1/s" || !got.More {
		t.Errorf("%d pages: %q, %+v, %v", page, shapes(got), got, err)
	}
	if got, err = b.c.Sample(t.Context(), b.src.Resource("companies"), SampleLimit{1, 2}); err != nil || page != 2 || !got.More {
		t.Errorf("%d pages: %+v, %v", page, got, err)
	}
	for _, name := range []string{"companies", "company_segments", "contacts"} {
		if r := b.src.Resource(name); r.HoldsPlace() != (name != "contacts") {
			t.Errorf("%s holds a place: %v", name, r.HoldsPlace())
		}
	}
}

// A listing that shifts is read until two readings agree: a sample holds the last one.
func TestSampleOfAListingThatIsReadAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "2" {
			reply(w, 200, `{"segments":[{"id":"2","updated_at":1}]}`)
			return
		}
		reply(w, 200, `{"segments":[{"id":"1","updated_at":1}],"pages":{"next":"/segments?page=2"}}`)
	})
	got, err := b.c.Sample(t.Context(), b.src.Resource("segments"), SampleLimit{100, 20})
	if err != nil || shapes(got) != "1 | 2" || got.Read != 2 || got.More {
		t.Errorf("%s, %+v, %v", shapes(got), got, err)
	}
}

// Whoever waits for an answer wants fewer attempts than the work makes.
func TestAttempts(t *testing.T) {
	t.Parallel()
	asked := 0
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		reply(w, 503, ``)
	})
	c, err := NewClient(b.src, map[string]string{"base_url": b.server.URL, "access_token": testToken}, Options{Attempts: 2, Now: b.clock.Now, Sleep: b.clock.Sleep})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	_, err = c.Sample(t.Context(), b.src.Resource("tags"), SampleLimit{1, 1})
	if wantKind(t, err, KindUnavailable, "2 attempts"); asked != 2 {
		t.Errorf("%d requests", asked)
	}
}

// A start in the future leaves nothing to ask for; it is asked all the same, because an answer tells about credentials.
func TestSampleAsksWhateverTheStart(t *testing.T) {
	t.Parallel()
	s := &search{list: "tickets", perPage: 2}
	b := newBench(t, s.ServeHTTP)
	c, err := NewClient(b.src, map[string]string{"base_url": b.server.URL, "access_token": testToken, "start_date": epoch.Add(time.Hour).Format(time.RFC3339)},
		Options{Now: b.clock.Now, Sleep: b.clock.Sleep})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if _, err := c.Sample(t.Context(), b.src.Resource("tickets"), SampleLimit{1, 1}); err != nil || len(s.made()) != 1 {
		t.Errorf("%d requests, %v", len(s.made()), err)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	warnings := func(text string) string {
		_, found, err := Lint("small.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, w := range found {
			if w.Excerpt == "" {
				t.Errorf("%+v has no excerpt", w)
			}
			all = append(all, fmt.Sprintf("%d:%d: %s", w.Line, w.Column, w.Message))
		}
		return strings.Join(all, "\n")
	}
	spare := strings.Replace(small, "  since: {", "  spare: {}\n  since: {", 1)
	secretPath := strings.Replace(small, "path: /orders,", `path: "/{{ config.token }}/orders",`, 1)
	for _, c := range []struct{ name, text, want string }{
		{"nothing", small, ""},
		{"unused setting", spare, `8:3: setting "spare" is used nowhere: to set it changes nothing`},
		{"setting that may be used", strings.Replace(spare, "b: 3", `b: "{{ config[stream_interval.row_order] }}"`, 1), ""},
		{"secret in a path", secretPath, "19:23: path holds a secret setting, and servers and proxies write paths into their logs: send it in a header or under auth"},
	} {
		if got := warnings(c.text); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
	text, err := os.ReadFile("../sources/intercom.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := warnings(string(text)); got != "" {
		t.Errorf("the built-in source has warnings: %s", got)
	}
}
