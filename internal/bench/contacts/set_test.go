package contacts

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

var until = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// The records are what docs/performance.md says of them.
func TestRecords(t *testing.T) {
	t.Parallel()
	s := New(templates+1, until)
	size, values, escaped, plain := 0, 0, 0, 0
	for i := range s.Len() {
		text := s.Append(nil, i)
		var record map[string]any
		if err := json.Unmarshal(text, &record); err != nil {
			t.Fatalf("record %d: %v\n%s", i, err, text)
		}
		id, _ := record["id"].(string)
		if n, err := s.Index([]byte(id)); n != i || err != nil {
			t.Fatalf("record %d has the id %s: %d, %v", i, id, n, err)
		}
		if at, _ := record["updated_at"].(float64); int64(at) != s.time(i) {
			t.Fatalf("record %d changed at %v, want %d", i, record["updated_at"], s.time(i))
		}
		if n := len(record["custom_attributes"].(map[string]any)); n != 12 {
			t.Fatalf("record %d has %d custom attributes", i, n)
		}
		size, values = size+len(text), values+leaves(record)
		escaped += strings.Count(string(text), `\u`)
		for _, r := range string(text) {
			if r > 0x7f {
				plain++
			}
		}
	}
	if mean := size / s.Len(); mean < 1255 || mean > 1285 {
		t.Errorf("%d bytes a record", mean)
	}
	if values != 59*s.Len() {
		t.Errorf("%d values in %d records", values, s.Len())
	}
	if share := float64(escaped) / float64(escaped+plain); share < 0.3 || share > 0.36 {
		t.Errorf("%.2f of what is not ASCII is escaped", share)
	}
	first, last := s.Append(nil, 0), s.Append(nil, templates)
	if bytes.Equal(first, last) {
		t.Error("two records are equal")
	}
}

func leaves(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			n += leaves(member)
		}
	case []any:
		for _, item := range v {
			n += leaves(item)
		}
	default:
		n = 1
	}
	return n
}

// Windows that touch each other hold every record once, in pages of at most 150.
func TestSearch(t *testing.T) {
	t.Parallel()
	const n, windows = 3001, 7
	s := New(n, until)
	api := httptest.NewServer(NewAPI(s))
	defer api.Close()
	seen := 0
	for w := range int64(windows) {
		start, end := s.first+w*span/windows, s.first+(w+1)*span/windows
		token, total, read := "", -1, 0
		for {
			var page struct {
				Data  []struct{ ID string }
				Total int `json:"total_count"`
				Pages struct {
					Next *struct {
						StartingAfter string `json:"starting_after"`
					}
				}
			}
			post(t, api.URL+"/contacts/search", `{"query":{"value":[{"operator":">","value":`+strconv.FormatInt(start-1, 10)+`},{"operator":"<","value":`+
				strconv.FormatInt(end, 10)+`}]},"pagination":{"per_page":150,"starting_after":"`+token+`"}}`, &page)
			for _, record := range page.Data {
				if i, err := s.Index([]byte(record.ID)); i != seen || err != nil {
					t.Fatalf("record %s (%d, %v) where %d was to come", record.ID, i, err, seen)
				}
				seen, read = seen+1, read+1
			}
			total = page.Total
			if page.Pages.Next == nil {
				break
			}
			if len(page.Data) != PerPage {
				t.Fatalf("a page of %d in the middle", len(page.Data))
			}
			token = page.Pages.Next.StartingAfter
		}
		if total != read {
			t.Errorf("window %d: %d records, %d are counted", w, read, total)
		}
	}
	if seen != n {
		t.Errorf("%d records of %d", seen, n)
	}
}

// A search that finds nothing waits at the end, and not before.
func TestEndIsWaitedAt(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(NewAPI(New(10, until)))
	defer api.Close()
	var page struct{ Data []any }
	const nothing, everything = `{"query":{"value":[{"operator":">","value":9000000000}]},"pagination":{"per_page":150}}`, `{"pagination":{"per_page":150}}`
	post(t, api.URL+"/contacts/search", nothing, &page)
	post(t, api.URL+"/contacts/search", everything, &page)
	if len(page.Data) != 10 {
		t.Errorf("%d records", len(page.Data))
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		post(t, api.URL+"/contacts/search", nothing, &page)
	}()
	post(t, api.URL+EndPath, "", nil)
	select {
	case <-answered:
		t.Error("the end was not waited at")
	default:
	}
	post(t, api.URL+OpenPath, "", nil)
	<-answered
}

func post(t *testing.T, url, body string, into any) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && into != nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s: %v\n%.500s", url, resp.Status, err, text)
	}
}
