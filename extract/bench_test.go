package extract

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// contactsPage is an answer of a search of contacts: 150 records of some 1.3 KB, a third of whose names have escapes.
func contactsPage(records int) []byte {
	var b strings.Builder
	b.WriteString(`{"type":"list","data":[`)
	for i := range records {
		if i > 0 {
			b.WriteByte(',')
		}
		name := fmt.Sprintf("Ada Lovelace %d", i)
		if i%3 == 0 {
			name = fmt.Sprintf(`Jos\u00e9 Nu\u00f1ez %d`, i)
		}
		at := 1_700_000_000 + i*97
		fmt.Fprintf(&b, `{"type":"contact","id":"%024x","workspace_id":"ws_12345678","external_id":"%08d-aaaa-bbbb-cccc-123456789abc","role":"user","email":"user%d@example.com",`+
			`"phone":"+49 30 %07d","name":"%s","avatar":"https://example.com/avatars/%d.png","owner_id":%d,"social_profiles":{"type":"list","data":[{"type":"social_profile","name":"Twitter","url":"https://twitter.com/u%d"}]},`+
			`"has_hard_bounced":false,"marked_email_as_spam":false,"unsubscribed_from_emails":%t,"created_at":%d,"updated_at":%d,"signed_up_at":%d,"last_seen_at":%d,"last_replied_at":null,`+
			`"last_contacted_at":null,"last_email_opened_at":null,"last_email_clicked_at":null,"language_override":null,"browser":"chrome","browser_version":"126.0.0","browser_language":"en",`+
			`"os":"OS X 10.15.7","location":{"type":"location","country":"Germany","region":"Berlin","city":"Berlin","country_code":"DEU","continent_code":"EU"},"android_app_name":null,`+
			`"android_last_seen_at":null,"ios_app_name":null,"ios_last_seen_at":null,"custom_attributes":{"plan":"pro","seats":%d,"mrr":%d.5,"trial":false,"score":0.87,"segment":"mid-market"},`+
			`"tags":{"type":"list","data":[{"type":"tag","id":"%d","url":"/tags/%d"}],"url":"/contacts/%d/tags","total_count":1,"has_more":false},`+
			`"notes":{"type":"list","data":[],"url":"/contacts/%d/notes","total_count":0,"has_more":false},"companies":{"type":"list","data":[],"url":"/contacts/%d/companies","total_count":0,"has_more":false}}`,
			i, i, i, i, name, i, i%100, i, i%7 == 0, at-5000, at, at-5000, at-10, i%50, i*3, i, i, i, i, i)
	}
	b.WriteString(`],"total_count":1000000,"pages":{"type":"pages","next":{"page":2,"starting_after":"WzE3MDAwMDAwMDAsImFiYyIsMl0="},"page":1,"per_page":150,"total_pages":6667}}`)
	return []byte(b.String())
}

func perRecord(b *testing.B, page []byte, records int) {
	b.SetBytes(int64(len(page)))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*records), "ns/record")
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
	s := &sheet{body: contactsPage(150)}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.walk(s); err != nil || len(s.rows) != 150 {
			b.Fatal(err, len(s.rows))
		}
	}
	perRecord(b, s.body, 150)
}

// BenchmarkParse makes the records of an answer that was walked.
func BenchmarkParse(b *testing.B) {
	c, r := benchClient(b, "https://example.com")
	page, err := walked(r, contactsPage(150))
	if err != nil {
		b.Fatal(err)
	}
	q := &request{resource: r, method: "POST", url: c.base}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.parse(q, page, nil); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, page.sheet.body, 150)
}

// BenchmarkPage is a page from the request on: sent on the loopback interface, walked, taken apart, released.
func BenchmarkPage(b *testing.B) {
	text := contactsPage(150)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text)
	}))
	defer server.Close()
	c, r := benchClient(b, server.URL)
	b.ReportAllocs()
	for b.Loop() {
		_, a, err := c.page(b.Context(), r, r.rule(Position{Phase: PhaseBackfill, Window: Window{End: time.Unix(1<<31, 0)}}).variables(r), "", nil)
		if err != nil || len(a.records) != 150 {
			b.Fatal(err)
		}
		c.sheets.put(a.sheet)
	}
	perRecord(b, text, 150)
}
