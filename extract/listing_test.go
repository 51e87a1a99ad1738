package extract

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestShiftingPagesAreReadUntilTwoAreEqual(t *testing.T) {
	t.Parallel()
	// Each entry of readings is what the listing holds while it is read for the nth time, two a page.
	for name, test := range map[string]struct {
		readings [][]string
		want     string
		requests int
		fails    bool
	}{
		"one page needs no second": {readings: [][]string{{"a", "b"}}, want: "a b", requests: 1},
		"still":                    {readings: [][]string{{"a", "b", "c"}}, want: "a b c", requests: 4},
		"moves once":               {readings: [][]string{{"a", "b", "c"}, {"z", "a", "b", "c"}}, want: "z a b c", requests: 6},
		"never still": {readings: [][]string{{"1", "a", "c"}, {"2", "a", "c"}, {"3", "a", "c"}, {"4", "a", "c"}, {"5", "a", "c"}, {"6", "a", "c"}},
			want: "5 a c", requests: 10, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests, reading := 0, -1
			var b *bench
			b = newBench(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				page, _ := strconv.Atoi(r.URL.Query().Get("page"))
				if page == 0 {
					page = 1
					reading++
				}
				ids := test.readings[min(reading, len(test.readings)-1)]
				from, to := 2*(page-1), min(2*page, len(ids))
				next := "null"
				if to < len(ids) {
					next = fmt.Sprintf(`"%s/admins/activity_logs?created_at_after=1&page=%d"`, b.server.URL, page+1)
				}
				var objs []string
				for _, id := range ids[from:to] {
					objs = append(objs, fmt.Sprintf(`{"id":%q,"created_at":%d}`, id, epoch.Unix()-60))
				}
				reply(w, 200, `{"activity_logs":[%s],"pages":{"next":%s}}`, strings.Join(objs, ","), next)
			})
			from := Position{Phase: PhaseBackfill, Window: window(-3600, 0)}
			pages, err := b.read("activity_logs", from)
			if got := keys(pages); got != test.want || requests != test.requests {
				t.Errorf("got %s in %d requests, want %s in %d", got, requests, test.want, test.requests)
			}
			for i, p := range pages {
				if last := i == len(pages)-1; !test.fails && last {
					if !p.After.Done || p.After.Watermark != from.Window.End {
						t.Errorf("at the end: %v", p.After)
					}
				} else if p.After != from {
					t.Errorf("the position moved: %v", p.After)
				}
			}
			if test.fails {
				wantKind(t, err, KindIncomplete, "5 readings")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// scroll serves GET /companies/scroll as the vendor does: one at a time, expiring a minute after its last use.
type scroll struct {
	b       *bench
	pages   [][]string
	opened  int
	at      int
	used    time.Time
	open    bool
	asked   []string
	trouble func(w http.ResponseWriter, n int, param string) bool
}

func (s *scroll) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	param := r.URL.Query().Get("scroll_param")
	s.asked = append(s.asked, param)
	now := s.b.clock.Now()
	alive := s.open && now.Sub(s.used) < time.Minute
	if param == "" {
		if alive {
			reply(w, 400, `{"type":"error.list","errors":[{"code":"scroll_exists","message":"scroll already exists for this workspace"}]}`)
			return
		}
		s.opened++
		s.open, s.at = true, 0
	} else if !alive || param != s.name() {
		reply(w, 404, `{"type":"error.list","errors":[{"code":"not_found","message":"scroll parameter not found"}]}`)
		return
	}
	s.used = now
	var ids []string
	if s.at < len(s.pages) {
		ids = s.pages[s.at]
	}
	s.at++ // moves on even if the answer is lost
	if s.trouble != nil && s.trouble(w, len(s.asked), param) {
		return
	}
	var objs []string
	for _, id := range ids {
		objs = append(objs, fmt.Sprintf(`{"id":%q}`, id))
	}
	reply(w, 200, `{"type":"list","data":[%s],"pages":null,"total_count":null,"scroll_param":%q}`, strings.Join(objs, ","), s.name())
}

func (s *scroll) name() string { return fmt.Sprintf("scroll-%d", s.opened) }

func newScroll(t *testing.T, pages ...[]string) (*bench, *scroll) {
	s := &scroll{pages: pages}
	s.b = newBench(t, s.ServeHTTP)
	return s.b, s
}

func TestScrollEndsWithAnEmptyPage(t *testing.T) {
	t.Parallel()
	b, s := newScroll(t, []string{"a", "b"}, []string{"c"}, []string{"d", "e"})
	pages := b.mustRead("companies", Position{Phase: PhaseSnapshot, Token: "scroll-of-yesterday"})
	if got := keys(pages); got != "a b c d e" {
		t.Errorf("got %s", got)
	}
	if s.asked[0] != "" {
		t.Error("a stored scroll was gone on with")
	}
	for _, p := range pages {
		if p.After.Token != "" {
			t.Errorf("a scroll is no position: %v", p.After)
		}
	}
}

func TestScrollIsNeverRepeatedAfterTrouble(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(w http.ResponseWriter){
		"500": func(w http.ResponseWriter) {
			reply(w, 500, `{"errors":[{"code":"server_error","message":"Please restart the scroll operation."}]}`)
		},
		"404": func(w http.ResponseWriter) {
			reply(w, 404, `{"errors":[{"code":"not_found","message":"scroll parameter not found"}]}`)
		},
		"503":      func(w http.ResponseWriter) { reply(w, 503, `<html></html>`) },
		"429":      func(w http.ResponseWriter) { reply(w, 429, `{}`) },
		"bad json": func(w http.ResponseWriter) { reply(w, 200, `{"data":[{"id":"c"}`) },
		"cut": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			reply(w, 200, `{"data":[`)
		},
		"dropped": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, s := newScroll(t, []string{"a", "b"}, []string{"c"}, []string{"d"})
			s.trouble = func(w http.ResponseWriter, n int, _ string) bool {
				if n == 2 {
					trouble(w)
				}
				return n == 2
			}
			pages := b.mustRead("companies", Position{})
			if got := keys(pages); got != "a b c d" {
				t.Errorf("got %s", got)
			}
			used := 0
			for _, p := range s.asked {
				if p == "scroll-1" {
					used++
				}
			}
			if used != 1 || s.opened != 2 {
				t.Errorf("scroll 1 was asked %d times after its opening, %d scrolls opened: %v", used, s.opened, s.asked)
			}
			if !strings.Contains(b.reasons(), "another scroll is open") {
				t.Errorf("does not say why it waits: %s", b.reasons())
			}
		})
	}
}

func TestBusyScrollIsGivenUpAfterThreeMinutes(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 400, `{"type":"error.list","errors":[{"code":"scroll_exists","message":"scroll already exists for this workspace"}]}`)
	})
	_, err := b.read("companies", Position{})
	wantKind(t, err, KindUnavailable, "scroll_exists", "another client")
	if got := b.clock.Now().Sub(epoch); got != 3*time.Minute {
		t.Errorf("waited %v", got)
	}
}

func TestScrollThatNeverHoldsFails(t *testing.T) {
	t.Parallel()
	b, s := newScroll(t, []string{"a"}, []string{"b"})
	s.trouble = func(w http.ResponseWriter, _ int, param string) bool {
		if param != "" {
			reply(w, 500, ``)
		}
		return param != ""
	}
	_, err := b.read("companies", Position{})
	wantKind(t, err, KindUnavailable, "500")
	if s.opened != maxRestarts+1 {
		t.Errorf("%d scrolls opened", s.opened)
	}
}

func TestNoCompaniesIsAnEmptyListing(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 404, `{"errors":[{"code":"not_found"}]}`) })
	if pages := b.mustRead("companies", Position{}); keys(pages) != "" {
		t.Errorf("got %v", pages)
	}
	_, err := b.read("admins", Position{})
	wantKind(t, err, KindNotFound, "404 not_found")
}

func TestSingletonIsReadOnceAtATime(t *testing.T) {
	t.Parallel()
	b, _ := newScroll(t, []string{"a"}, []string{"b"})
	done := make(chan []Page)
	for p, err := range b.c.Pages(t.Context(), b.src.Resource("companies"), Position{}) {
		if err != nil {
			t.Fatal(err)
		}
		if p.First {
			go func() { done <- b.mustRead("companies", Position{}) }()
			for !strings.Contains(b.reasons(), "another traversal") {
				// The second one says that it waits before it does.
			}
		}
	}
	if got := keys(<-done); got != "a b" {
		t.Errorf("second traversal: %s", got)
	}
}

func TestSegmentsFollowPagesNext(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]string{
		"url":          `"%s/segments?page=2"`,
		"path":         `"/segments?page=2"`,
		"other prefix": `"%s/v2/segments?page=2"`,
		"object":       `{"page":2,"starting_after":"x=/+"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b *bench
			b = newBench(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("page") != "2" {
					n := next
					if strings.Contains(n, "%s") {
						n = fmt.Sprintf(n, b.server.URL)
					}
					reply(w, 200, `{"segments":[{"id":"a"}],"pages":{"next":%s}}`, n)
					return
				}
				if name == "object" && r.URL.Query().Get("starting_after") != "x=/+" {
					t.Errorf("query %s", r.URL.RawQuery)
				}
				if r.Header.Get("Authorization") != "Bearer "+testToken {
					t.Error("the second page is asked for without token")
				}
				reply(w, 200, `{"segments":[{"id":"b"}],"pages":{"next":null}}`)
			})
			// A stored token counts for nothing where pages shift.
			pages := b.mustRead("segments", Position{Token: "/segments?page=2"})
			if got := keys(pages); got != "a b" {
				t.Errorf("got %s", got)
			}
			for _, p := range pages {
				if p.After.Token != "" {
					t.Errorf("pages that shift are no position: %v", p.After)
				}
			}
		})
	}
}

func TestLinksThatMustNotBeFollowed(t *testing.T) {
	t.Parallel()
	for next, words := range map[string]string{
		`"https://evil.example/segments?page=2"`: "another host",
		`"//evil.example/segments"`:              "another host",
		`"https://127.0.0.1:1/segments"`:         "another host",
		`{"token":"x"}`:                          "next_params",
		`true`:                                   "neither text nor an object",
		`"http://[::1"`:                          "next link",
	} {
		b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, 200, `{"segments":[{"id":"a"}],"pages":{"next":%s}}`, next)
		})
		_, err := b.read("segments", Position{})
		wantKind(t, err, KindProtocol, words)
	}
}

func TestGuards(t *testing.T) {
	t.Parallel()
	const page = `{"type":"list","conversations":[{"id":"%d","updated_at":1773144001}],"pages":{"next":{"starting_after":"%s"}}}`
	for name, test := range map[string]struct {
		answer func(n int) string
		words  string
	}{
		"same token":    {func(n int) string { return fmt.Sprintf(page, n, "A") }, "read already"},
		"loop of two":   {func(n int) string { return fmt.Sprintf(page, n, []string{"A", "B"}[n%2]) }, "read already"},
		"same records":  {func(n int) string { return fmt.Sprintf(page, 1, strconv.Itoa(n)) }, "same records"},
		"three in turn": {func(n int) string { return fmt.Sprintf(page, n%3, strconv.Itoa(n)) }, "the last 1000 pages held no record that was not shown before"},
		"empty for ever": {func(n int) string {
			return fmt.Sprintf(`{"conversations":[],"pages":{"next":{"starting_after":"%d"}}}`, n)
		}, "and lead on"},
		"error in a 200":  {func(int) string { return `{"type":"error.list","errors":[{"code":"oops","message":"no"}]}` }, "oops: no"},
		"no list":         {func(int) string { return `{"data":[]}` }, "no list of records at conversations"},
		"null list":       {func(int) string { return `{"conversations":null}` }, "but null"},
		"list of texts":   {func(int) string { return `{"conversations":["x"]}` }, "holds text"},
		"next is text":    {func(int) string { return `{"conversations":[],"pages":{"next":"https://x"}}` }, "not an object"},
		"token is object": {func(int) string { return `{"conversations":[],"pages":{"next":{"starting_after":{}}}}` }, "page token"},
		"total is text":   {func(int) string { return `{"conversations":[],"total_count":"3"}` }, "total_count"},
		"too deep": {func(int) string {
			return `{"conversations":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`
		}, "nested deeper than 128"},
		"not json":  {func(int) string { return "\n<html>" }, "not readable as JSON: it is HTML or XML: "},
		"two texts": {func(int) string { return `{"conversations":[]} {}` }, "not readable as JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
				n++
				reply(w, 200, "%s", test.answer(n))
			})
			_, err := b.read("conversations", Position{Phase: PhaseBackfill, Window: window(0, 100)})
			wantKind(t, err, KindProtocol, test.words)
		})
	}
}

// An empty page with a token is a page like any other: what follows it is read.
func TestEmptyPagesLeadOn(t *testing.T) {
	t.Parallel()
	n := 0
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		switch {
		case n == 1 || n == maxIdle+1:
			reply(w, 200, `{"conversations":[{"id":"%d","updated_at":%d}],"pages":{"next":{"starting_after":"%d"}}}`, n, epoch.Unix()+1, n)
		case n < 2*maxIdle+1:
			reply(w, 200, `{"conversations":[],"pages":{"next":{"starting_after":"%d"}}}`, n)
		default:
			reply(w, 200, `{"conversations":[{"id":"last","updated_at":%d}],"pages":{"next":null}}`, epoch.Unix()+1)
		}
	})
	pages := b.mustRead("conversations", Position{Phase: PhaseBackfill, Window: window(0, 100)})
	if got, want := keys(pages), fmt.Sprintf("1 %d last", maxIdle+1); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Not even the newest first explains that records are counted and none of them is in the only answer, or behind the last token.
func TestLiveListingThatEndsEarly(t *testing.T) {
	t.Parallel()
	const some = `{"data":[{"id":"a","updated_at":%d}],"total_count":%d,"pages":{"next":%s}}`
	const none = `{"data":[],"total_count":3,"pages":{}}`
	for name, test := range map[string]struct {
		answers []string
		want    string // "": it is an error
	}{
		"none of those counted":      {[]string{none}, ""},
		"none at once":               {[]string{none, fmt.Sprintf(some, epoch.Unix()-5, 1, "null")}, "a"},
		"an empty page is the last":  {[]string{fmt.Sprintf(some, epoch.Unix()-5, 3, `{"starting_after":"x"}`), none}, ""},
		"some have moved to the top": {[]string{fmt.Sprintf(some, epoch.Unix()-5, 3, `{"starting_after":"x"}`), strings.Replace(fmt.Sprintf(some, epoch.Unix()-6, 3, "null"), `"a"`, `"b"`, 1)}, "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
				reply(w, 200, "%s", test.answers[n%len(test.answers)])
				n++
			})
			pages, err := b.read("contacts", Position{Phase: PhaseLive, Window: window(-100, 0)})
			if test.want == "" {
				wantKind(t, err, KindIncomplete, "contacts", "counts 3 records", "twice")
			} else if err != nil || keys(pages) != test.want {
				t.Errorf("got %s, %v, want %s", keys(pages), err, test.want)
			}
		})
	}
}

func TestListingCapIsTold(t *testing.T) {
	t.Parallel()
	src := readSource(t)
	src.Resource("admins").ListingCap = 2 // the file is loaded for this test alone
	b := newBenchOf(t, src, "", func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `{"admins":[{"id":"1"},{"id":"2"}]}`) })
	if pages := b.mustRead("admins", Position{}); !pages[0].Capped {
		t.Error("the cap is not told")
	}
}

func TestPagesRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
	for resource, pos := range map[string]Position{
		"conversation_parts": {},
		"admins":             {Phase: PhaseLive},
		"tickets":            {},
		"contacts":           {Phase: PhaseSnapshot},
	} {
		_, err := b.read(resource, pos)
		wantKind(t, err, KindProtocol, resource)
	}
	if pages, err := b.read("admins", Position{Phase: PhaseSnapshot, Done: true}); len(pages) != 0 || err != nil {
		t.Errorf("a pass that is done: %v, %v", pages, err)
	}
}

// A scroll that goes round shows the same records again under a token that never changes: only they can tell.
func TestScrollThatGoesRoundFails(t *testing.T) {
	t.Parallel()
	b, _ := newScroll(t, []string{"a", "b"}, []string{"c"}, []string{"a", "b"}, []string{"c"})
	_, err := b.read("companies", Position{})
	wantKind(t, err, KindProtocol, "has shown before")
}

// Two readings that are equal, and both lack what the API counts, are no listing.
func TestStillListingThatLacks(t *testing.T) {
	t.Parallel()
	src, err := Load("club.yaml", []byte(`
name: club
settings:
  base_url: { type: url, required: true }
client: { base_url: "{{ config.base_url }}" }
resources:
  - name: members
    primary_key: id
    endpoint:
      path: /members
      data_selector: data
      total_path: total
      paginator: { type: json_link, next_url_path: next, shifting: true }
`))
	if err != nil {
		t.Fatal(err)
	}
	for total, want := range map[int]string{2: "a b", 3: ""} {
		b := newBenchOf(t, src, "", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("page") == "" {
				reply(w, 200, `{"data":[{"id":"a"}],"total":%d,"next":"/members?page=2"}`, total)
				return
			}
			reply(w, 200, `{"data":[{"id":"b"}],"total":%d}`, total)
		})
		pages, err := b.read("members", Position{})
		if want == "" {
			wantKind(t, err, KindIncomplete, "members", "counts 3 records but lists 2, twice")
		} else if err != nil || keys(pages) != want {
			t.Errorf("got %s, %v, want %s", keys(pages), err, want)
		}
	}
}
