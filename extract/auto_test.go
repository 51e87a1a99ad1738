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

		// Forms that are not followed.
		"a token at next":     {"", `{"data":[{"id":"a"}],"next":"abc"}`, KindProtocol, "more pages (next)"},
		"a number at next":    {"", `{"data":[{"id":"a"}],"next":2}`, KindProtocol, "more pages (next)"},
		"a path at next":      {"", `{"data":[{"id":"a"}],"links":{"next":"things?page=2"}}`, KindProtocol, "more pages (links.next)"},
		"a token in next":     {"", `{"data":[{"id":"a"}],"paging":{"next":{"after":"100"}}}`, KindProtocol, "more pages (paging.next)"},
		"another name":        {"", `{"data":[{"id":"a"}],"meta":{"next_token":"abc"}}`, KindProtocol, "more pages (meta.next_token)"},
		"records' URL":        {"", `{"done":false,"nextRecordsUrl":"/x","data":[{"id":"a"}]}`, KindProtocol, "more pages (done)"},
		"camel case":          {"", `{"data":[{"id":"a"}],"pageInfo":{"hasNextPage":true,"endCursor":"x"}}`, KindProtocol, "more pages (pageInfo.hasNextPage)"},
		"not the last":        {"", `{"data":[{"id":"a"}],"isLastPage":false,"nextPageStart":25}`, KindProtocol, "more pages (isLastPage)"},
		"not the last, Java":  {"", `{"data":[{"id":"a"}],"last":false,"number":0,"totalPages":2}`, KindProtocol, "more pages (last)"},
		"more":                {"", `{"data":[{"id":"a"}],"more":true,"offset":0,"total":null}`, KindProtocol, "more pages (more)"},
		"deeper":              {"", `{"additional_data":{"pagination":{"more_items_in_collection":true}},"data":[{"id":"a"}]}`, KindProtocol, "more_items_in_collection"},
		"text at offset":      {"", `{"data":[{"id":"a"}],"offset":"itr/x"}`, KindProtocol, "more pages (offset)"},
		"cursor":              {"", `{"data":[{"id":"a"}],"cursor":"x"}`, KindProtocol, "more pages (cursor)"},
		"a list of links":     {"", `{"data":[{"id":"a"}],"links":[{"rel":"self","href":"/x"},{"rel":"next","href":"/y"}]}`, KindProtocol, "more pages (links)"},
		"counts as Java does": {"", `{"data":[{"id":"a"}],"totalElements":2}`, KindIncomplete, "counts 2 records but lists 1"},
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

// What a last page holds is not taken for the promise of another one.
func TestAutoEndsAtTheLastPage(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`{"data":[{"id":"a","next":"x","has_more":true,"cursor":"y"}]}`, // of a record
		`{"data":[{"id":"a"}],"next":null,"next_token":"","nextOffset":0,"nextPageStart":-1,"has_more":false,"links":{"next":{"href":null}}}`,
		`{"data":[{"id":"a"}],"nextSyncToken":"x","isLastPage":true,"done":true,"last":true,"offset":0,"total":1}`,
		`{"data":[{"id":"a"}],"offset":"0","links":[{"rel":"self","href":"/x"},{"rel":"next","href":null}],"next":{},"last":"/things?page=1"}`,
	} {
		l := &listed{answer: func(w http.ResponseWriter, _ *http.Request, _ *listed) { reply(w, 200, "%s", answer) }}
		if got := keys(paged(t, "params: { a: 1 }", l).mustRead("things", Position{})); got != "a" {
			t.Errorf("%s: got %q", answer, got)
		}
	}
}

// Some APIs tell in headers what lies behind a page.
func TestAutoReadsHeaders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		value, words string
		kind         Kind
	}{
		"X-Next-Page":   {"2", "more pages (the header X-Next-Page)", KindProtocol},
		"X-Has-More":    {"true", "more pages (the header X-Has-More)", KindProtocol},
		"X-Total-Count": {"2", "counts 2 records but lists 1", KindIncomplete},
		"Content-Range": {"items 0-0/2", "counts 2 records but lists 1", KindIncomplete},
	} {
		l := &listed{answer: func(w http.ResponseWriter, _ *http.Request, _ *listed) {
			w.Header().Set(name, test.value)
			reply(w, 200, `{"data":[{"id":"a"}]}`)
		}}
		_, err := paged(t, "params: { a: 1 }", l).read("things", Position{})
		wantKind(t, err, test.kind, test.words)
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
