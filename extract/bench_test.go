package extract

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/bench/contacts"
)

// contactPages are answers of a search of contacts, 150 records of some 1.3 KB in each: the benchmark's (internal/bench).
func contactPages(pages int) [][]byte {
	set := contacts.New(pages*contacts.PerPage, time.Unix(1_700_000_000, 0))
	all := make([][]byte, pages)
	for p := range all {
		all[p] = contactsPage(set, p*contacts.PerPage, contacts.PerPage)
	}
	return all
}

func contactsPage(set *contacts.Set, from, records int) []byte {
	b := []byte(`{"type":"list","data":[`)
	for i := range records {
		if i > 0 {
			b = append(b, ',')
		}
		b = set.Append(b, from+i)
	}
	return append(b, `],"total_count":1000000,"pages":{"type":"pages","next":{"page":2,"starting_after":"WzE3MDAwMDAwMDAsImFiYyIsMl0="},"page":1,"per_page":150,"total_pages":6667}}`...)
}

// benchPages are so many (12 MB) that neither a cache nor a branch predictor learns them.
const benchPages = 64

func perRecord(b *testing.B, page []byte) {
	b.SetBytes(int64(len(page)))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*contacts.PerPage), "ns/record")
}

func benchClient(b *testing.B, base string) (*Client, *Resource) {
	src := readSource(b)
	c, err := NewClient(src, map[string]string{"access_token": "x", "base_url": base}, Options{Concurrency: 1})
	if err != nil {
		b.Fatal(err)
	}
	return c, src.Resource("contacts")
}

// BenchmarkWalk is the one walk over an answer: the check, the records, their keys and cursors.
func BenchmarkWalk(b *testing.B) {
	_, r := benchClient(b, "https://example.com")
	s, pages := &sheet{}, contactPages(benchPages)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.body = pages[i%len(pages)]
		if err := r.walk(s); err != nil || len(s.rows) != contacts.PerPage {
			b.Fatal(err, len(s.rows))
		}
	}
	perRecord(b, s.body)
}

// BenchmarkParse makes the records of an answer that was walked.
func BenchmarkParse(b *testing.B) {
	c, r := benchClient(b, "https://example.com")
	var pages []fetched
	for _, text := range contactPages(benchPages) {
		page, err := walked(r, text)
		if err != nil {
			b.Fatal(err)
		}
		pages = append(pages, page)
	}
	q := &request{resource: r, method: "POST", url: c.base}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := c.parse(q, pages[i%len(pages)], nil); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, pages[0].sheet.body)
}

// BenchmarkPage is a page from the request on: sent on the loopback interface, walked, taken apart, released.
func BenchmarkPage(b *testing.B) {
	pages, served := contactPages(benchPages), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text := pages[served%len(pages)]
		served++
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text)
	}))
	defer server.Close()
	c, r := benchClient(b, server.URL)
	b.ReportAllocs()
	for b.Loop() {
		_, a, err := c.page(b.Context(), r, r.rule(Position{Phase: PhaseBackfill, Window: Window{End: time.Unix(1<<31, 0)}}).variables(r), "", nil)
		if err != nil || len(a.records) != contacts.PerPage {
			b.Fatal(err)
		}
		c.sheets.put(a.sheet)
	}
	perRecord(b, pages[0])
}
