package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

const noAdmins = `{"type":"admin.list","admins":[]}`

func TestRequestHeaders(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		for name, want := range map[string]string{
			"Authorization": "Bearer " + testToken, "Intercom-Version": "2.11", "Accept": "application/json",
			"Accept-Encoding": "gzip", "User-Agent": "headwater",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if ct := r.Header.Get("Content-Type"); (ct == "application/json") != (r.Method == "POST") {
			t.Errorf("%s with Content-Type %q", r.Method, ct)
		}
		if r.Method == "POST" {
			body, _ := io.ReadAll(r.Body)
			want := fmt.Sprintf(`{"query":{"operator":"AND","value":[{"field":"updated_at","operator":">","value":%d},`+
				`{"field":"updated_at","operator":"<","value":%d}]},"sort":{"field":"updated_at","order":"ascending"},"pagination":{"per_page":150}}`,
				epoch.Unix()-1, epoch.Unix()+11)
			if string(body) != want {
				t.Errorf("body %s\nwant %s", body, want)
			}
			reply(w, 200, `{"tickets":[]}`)
			return
		}
		reply(w, 200, noAdmins)
	})
	b.mustRead("admins", Position{})
	b.mustRead("tickets", Position{Phase: PhaseBackfill, Window: window(0, 10)})
}

func TestBaseURLs(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{"": "/data_attributes", "/": "/data_attributes", "/v1": "/v1/data_attributes", "/v1/": "/v1/data_attributes"} {
		b := newBenchOf(t, readSource(t), prefix, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != want || r.URL.RawQuery != "model=company" {
				t.Errorf("%q: asked for %s", prefix, r.URL)
			}
			reply(w, 200, `{"data":[{"id":1,"name":"name","full_name":"plan.name"}]}`)
		})
		if got := keys(b.mustRead("company_attributes", Position{})); got != "plan.name" {
			t.Errorf("key %s", got)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	src := readSource(t)
	for name, test := range map[string]struct {
		settings map[string]string
		words    []string
	}{
		"missing":       {map[string]string{}, []string{"access_token", "required"}},
		"empty":         {map[string]string{"access_token": " "}, []string{"access_token", "required"}},
		"line feed":     {map[string]string{"access_token": "sec\nret"}, []string{"access_token", "control character"}},
		"all at once":   {map[string]string{"start_date": "yesterday", "base_url": "x"}, []string{"access_token", "start_date", `"yesterday"`, "base_url"}},
		"unknown":       {map[string]string{"access_token": "secret", "acces": "secret"}, []string{"no setting acces"}},
		"url with user": {map[string]string{"access_token": "secret", "base_url": "https://u:secret@h"}, []string{"base_url"}},
	} {
		_, err := NewClient(src, test.settings, Options{})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, w := range test.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not mention %q", name, err, w)
			}
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: tells the secret: %v", name, err)
		}
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	src := readSource(t)
	for given, want := range map[string]time.Time{
		"": {}, "2026-01-31": time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), "2026-01-31T10:00:00+02:00": time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC),
	} {
		c, err := NewClient(src, map[string]string{"access_token": "x", "start_date": given}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Start(src.Resource("contacts")); !got.Equal(want) {
			t.Errorf("%q: %v", given, got)
		}
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(w http.ResponseWriter){
		"500": func(w http.ResponseWriter) { reply(w, 500, ``) },
		"502": func(w http.ResponseWriter) { reply(w, 502, `<html>bad gateway</html>`) },
		"408": func(w http.ResponseWriter) { reply(w, 408, ``) },
		"429": func(w http.ResponseWriter) { reply(w, 429, ``) },
		"cut short": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "500")
			reply(w, 200, `{"admins":[`)
		},
		"broken gzip": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			reply(w, 200, `{}`)
		},
		"not json": func(w http.ResponseWriter) { reply(w, 200, `{"admins":[`) },
		"dropped":  func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
				if n++; n <= 3 {
					fail(w)
					return
				}
				reply(w, 200, noAdmins)
			})
			b.mustRead("admins", Position{})
			slept := b.clock.Slept()
			if len(slept) == 0 || len(slept) > 3 {
				t.Errorf("slept %v", slept)
			}
			for i, d := range slept {
				if limit := time.Second << i; d > limit {
					t.Errorf("wait %d was %v, more than %v", i+1, d, limit)
				}
			}
		})
	}
}

func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	n := 0
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		reply(w, 503, `<html><body>down</body></html>`)
	})
	_, err := b.read("admins", Position{})
	e := wantKind(t, err, KindUnavailable, "admins: GET "+b.server.URL+"/admins: 503 service unavailable", "8 attempts")
	if n != maxAttempts || e.Status != 503 {
		t.Errorf("%d requests, %+v", n, e)
	}
	if !strings.Contains(b.reasons(), "503 service unavailable; attempt 2 of 8 follows") {
		t.Errorf("reasons %q", b.reasons())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if last := b.waits[len(b.waits)-1]; last.Reason != "" {
		t.Errorf("the end of the last wait is not told: %+v", last)
	}
}

// An error of which only a part arrives is asked for again: its code may mean something, here that somebody's scroll is open.
func TestErrorsThatAreCutShort(t *testing.T) {
	t.Parallel()
	n := 0
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		switch n {
		case 1:
			w.Header().Set("Content-Length", "100")
			reply(w, 400, `{"type":"error.list","errors":[{"code":"scro`)
		case 2:
			reply(w, 400, `{"type":"error.list","errors":[{"code":"scroll_exists"}]}`)
		default:
			reply(w, 200, `{"data":[],"scroll_param":"x"}`)
		}
	})
	b.mustRead("companies", Position{})
	if got := b.reasons(); n != 3 || !strings.Contains(got, "another scroll is open") {
		t.Errorf("%d requests, waited for %q", n, got)
	}
	b = newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		reply(w, 400, `{"type":"error.list"`)
	})
	_, err := b.read("companies", Position{})
	wantKind(t, err, KindRejected, "companies", "400", "cut short", "8 attempts")
}

// The source file's timeout bounds a request with its body, and is named.
func TestTimeoutIsNamed(t *testing.T) {
	t.Parallel()
	src := readSource(t)
	src.client.timeout = 50 * time.Millisecond // the least that a file may give is more than a test should take
	for want, begin := range map[string]bool{"no answer within 50ms": false, "cut short: it was not whole within 50ms": true} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			b := newBenchOf(t, src, "", func(w http.ResponseWriter, r *http.Request) {
				if begin {
					_, _ = w.Write([]byte(`{"admins":[`))
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			})
			_, err := b.read("admins", Position{})
			wantKind(t, err, KindUnavailable, "admins", want, "8 attempts")
		})
	}
}

func TestBackoffIntervals(t *testing.T) {
	t.Parallel()
	b := newBackoff()
	for i, limit := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		if d := b.NextBackOff(); d < 0 || d > limit*time.Second+time.Nanosecond {
			t.Errorf("interval %d is %v", i+1, d)
		}
	}
}

func TestNoConnection(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.server.Close()
	e := wantKind(t, b.c.Check(t.Context(), b.src.Resource("admins")), KindUnavailable, "refused", "3 attempts", "check base_url")
	if strings.Count(e.Error(), "/admins") != 1 {
		t.Errorf("URL told twice: %v", e)
	}
}

func TestWaitsThatTheAnswerAsksFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		header map[string]string
		want   time.Duration
	}{
		"seconds":           {429, map[string]string{"Retry-After": "7"}, 7 * time.Second},
		"seconds with 503":  {503, map[string]string{"Retry-After": "7"}, 7 * time.Second},
		"date":              {429, map[string]string{"Retry-After": epoch.Add(9 * time.Second).Format(http.TimeFormat)}, 9 * time.Second},
		"huge":              {429, map[string]string{"Retry-After": "99999999999"}, 0},
		"long":              {429, map[string]string{"Retry-After": "86400"}, maxRetryAfter},
		"reset":             {429, map[string]string{"X-RateLimit-Reset": itoa(epoch.Unix() + 4)}, 4 * time.Second},
		"reset far away":    {429, map[string]string{"X-RateLimit-Reset": itoa(epoch.Unix() + 4000)}, time.Minute},
		"retry-after first": {429, map[string]string{"Retry-After": "2", "X-RateLimit-Reset": itoa(epoch.Unix() + 9)}, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
				if n++; n > 1 {
					reply(w, 200, noAdmins)
					return
				}
				for k, v := range test.header {
					w.Header().Set(k, v)
				}
				reply(w, test.status, ``)
			})
			b.mustRead("admins", Position{})
			if slept := b.clock.Slept(); test.want != 0 && (len(slept) != 1 || slept[0] != test.want) {
				t.Errorf("slept %v, want %v", slept, test.want)
			}
		})
	}
}

func itoa(n int64) string { return fmt.Sprint(n) }

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		kind   Kind
		words  []string
	}{
		"401": {401, `{"type":"error.list","request_id":"r","errors":[{"code":"unauthorized","message":"Access Token Invalid"}]}`,
			KindUnauthorized, []string{"tickets: POST ", "/tickets/search: 401 unauthorized: Access Token Invalid", `permission "Read tickets"`}},
		"403": {403, `{"type":"error.list","errors":[{"code":"api_plan_restricted","message":"Active subscription needed."}]}`,
			KindUnauthorized, []string{"403 api_plan_restricted: Active subscription needed."}},
		"several": {400, `{"type":"error.list","errors":[{"code":"a","message":"one"},{"code":"b","message":null,"field":"f"}]}`,
			KindRejected, []string{"400 a, b: one; (field f)", "the request's body was {"}},
		"no words":        {400, ``, KindRejected, []string{"400 bad request", "path and the parameters of tickets in the source file", "headwater run --dry-run tickets"}},
		"null message":    {422, `{"errors":[{"code":"c","message":null}]}`, KindRejected, []string{": 422 c"}},
		"html":            {400, `<html><body>no</body></html>`, KindRejected, []string{"400 bad request"}},
		"empty":           {404, ``, KindNotFound, []string{"404 not found"}},
		"text":            {405, `GET only`, KindRejected, []string{"405 method not allowed: GET only"}},
		"other shape":     {409, `{"error":{"code":7,"message":"taken"}}`, KindRejected, []string{"409 7: taken"}},
		"message alone":   {415, `{"message":"type"}`, KindRejected, []string{"415 unsupported media type: type"}},
		"echoes a secret": {401, `{"error":"bad token ` + testToken + `"}`, KindUnauthorized, []string{"bad token ***"}},
		"line feeds":      {400, `{"error":"one\ntwo"}`, KindRejected, []string{"one two"}},
		"304":             {304, ``, KindProtocol, []string{"304"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
				n++
				if test.status == 304 {
					w.WriteHeader(304)
					return
				}
				reply(w, test.status, "%s", test.body)
			})
			_, err := b.read("tickets", Position{Phase: PhaseLive, Window: window(-10, 0)})
			wantKind(t, err, test.kind, test.words...)
			if n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestGzipAndBodyLimit(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprintf(z, `{"admins":[{"id":"1","x":"%s"}]}`, strings.Repeat("a", 1000))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	if got := keys(b.mustRead("admins", Position{})); got != "1" {
		t.Errorf("got %s", got)
	}
	b.c.maxBody = 1000 // the packed answer is a tenth of it
	_, err := b.read("admins", Position{})
	wantKind(t, err, KindProtocol, "larger than 1000 bytes")
}

func TestRedirectsKeepTheTokenHome(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host was asked, with token %q", r.Header.Get("Authorization"))
	}))
	defer stranger.Close()
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/admins":
			http.Redirect(w, r, stranger.URL+"/admins", http.StatusFound)
		case "/teams":
			http.Redirect(w, r, "/teams2", http.StatusMovedPermanently)
		case "/teams2":
			if r.Header.Get("Authorization") == "" {
				t.Error("no token on the same host")
			}
			reply(w, 200, `{"teams":[]}`)
		default:
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}
	})
	_, err := b.read("admins", Position{})
	wantKind(t, err, KindProtocol, "redirect refused: to another host")
	b.mustRead("teams", Position{})
	_, err = b.read("tickets", Position{Phase: PhaseLive, Window: window(-10, 0)})
	wantKind(t, err, KindProtocol, "turn POST into GET")
	if got := len(b.clock.Slept()); got != 0 {
		t.Errorf("a refused redirect was retried %d times", got)
	}
}

func TestCancelledReading(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		reply(w, 503, ``)
	})
	for _, err := range b.c.Pages(ctx, b.src.Resource("admins"), Position{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}
