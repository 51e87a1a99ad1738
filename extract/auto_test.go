package extract

import (
	"net/http"
	"strings"
	"testing"
)

// Without a paginator each answer shows how it goes on.
func TestAuto(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		format string // of an answer in the middle; $ is the API's address, % the next page
		last   string
		twice  bool // what is counted shifts: it is read twice
	}{
		"link":           {`{"data":[<R>],"links":{"next":"$/things?page=%"}}`, `{"data":[<R>],"links":{"next":null}}`, true},
		"nested link":    {`{"data":[<R>],"_links":{"next":{"href":"/things?page=%"}}}`, `{"data":[<R>],"_links":{}}`, true},
		"dotted name":    {`{"data":[<R>],"@odata.nextLink":"?skiptoken=x&page=%"}`, `{"data":[<R>]}`, false},
		"token":          {`{"data":[<R>],"response_metadata":{"next_cursor":"a=/%"}}`, `{"data":[<R>],"response_metadata":{"next_cursor":""}}`, false},
		"google's token": {`{"data":[<R>],"nextPageToken":"%"}`, `{"data":[<R>]}`, false},
		"next page":      {`{"data":[<R>],"pagination":{"next_page":%}}`, `{"data":[<R>],"pagination":{"next_page":null}}`, true},
		"page numbers":   {`{"data":[<R>],"meta":{"current_page":<P>,"total_pages":3}}`, `{"data":[<R>],"meta":{"current_page":<P>,"total_pages":3}}`, true},
		"offsets":        {`{"data":[<R>],"offset":<O>,"limit":1,"total":3}`, `{"data":[<R>],"offset":<O>,"limit":1,"total":3}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := func(r *http.Request) int {
				q := r.URL.Query()
				for _, name := range []string{"page", "pageToken"} {
					if q.Has(name) {
						return asked(r, name, 0)
					}
				}
				if q.Has("offset") {
					return asked(r, "offset", 0) + 1
				}
				if token := q.Get("cursor"); token != "" {
					return int(token[len(token)-1] - '0')
				}
				return 1
			}
			l := &listed{answer: func(w http.ResponseWriter, r *http.Request, l *listed) {
				n := page(r)
				format := test.format
				if n == 3 {
					format = test.last
				}
				reply(w, 200, "%s", strings.NewReplacer("<R>", `{"id":"`+string(rune('a'+n-1))+`"}`, "$", l.url, "%", string(rune('0'+n+1)),
					"<P>", string(rune('0'+n)), "<O>", string(rune('0'+n-1))).Replace(format))
			}}
			b := paged(t, "paginator: auto", l)
			pages := b.mustRead("things", Position{})
			if got := keys(pages); got != "a b c" || len(l.asked) != map[bool]int{false: 3, true: 6}[test.twice] {
				t.Errorf("got %s from %v", got, l.asked)
			}
			for _, p := range pages {
				if p.After.Token != "" {
					t.Errorf("auto has a position: %v", p.After)
				}
			}
		})
	}
}

// Where auto does not see how a listing goes on it must not take a page for the whole.
func TestAutoNeverEndsWhatGoesOn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		endpoint, answer string
		kind             Kind
		words            string
	}{
		"says so":    {"", `{"data":[{"id":"a"}],"pagination":{"has_next_page":true,"token":"x"}}`, KindProtocol, "name the paginator"},
		"counts":     {"", `{"data":[{"id":"a"}],"meta":{"total_count":2}}`, KindIncomplete, "counts 2 records but lists 1"},
		"in a POST":  {"method: POST\nbody: {}", `{"data":[{"id":"a"}],"next_cursor":"x"}`, KindProtocol, "does not know where a POST carries cursor"},
		"other host": {"", `{"data":[{"id":"a"}],"next":"https://evil.example/x"}`, KindProtocol, "another host"},
		"same page":  {"", `{"data":[{"id":"a"}],"page":1,"total_pages":2}`, KindProtocol, "same records"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &listed{answer: func(w http.ResponseWriter, _ *http.Request, _ *listed) { reply(w, 200, "%s", test.answer) }}
			b := paged(t, test.endpoint+"\nparams: { a: 1 }", l)
			_, err := b.read("things", Position{})
			wantKind(t, err, test.kind, test.words)
		})
	}
}

func TestAnswerWithoutTheListSaysWhereListsAre(t *testing.T) {
	t.Parallel()
	l := &listed{answer: func(w http.ResponseWriter, _ *http.Request, _ *listed) {
		reply(w, 200, `{"items":[],"n":1,"tags":["x"]}`)
	}}
	b := paged(t, "paginator: auto", l)
	_, err := b.read("things", Position{})
	wantKind(t, err, KindProtocol, "no list of records at data", "lists at items, tags")
}
