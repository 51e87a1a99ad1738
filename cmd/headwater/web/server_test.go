package web

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func listen(t *testing.T, addr string, free bool) *Server {
	t.Helper()
	s, err := Listen(t.Context(), Config{Addr: addr, Free: free, Version: Version{"v1", "abc", "go1"}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// ask sends a request and returns the answer's status and body.
func ask(t *testing.T, method, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"9464": "127.0.0.1:9464", ":9464": "127.0.0.1:9464", "0": "127.0.0.1:0", "0.0.0.0:9464": "0.0.0.0:9464", "[::]:9464": "[::]:9464", "host:1": "host:1",
		"": "", "localhost": "", "localhost:": "", "::1:9464": "", ":65536": "", "-1": "", "http://127.0.0.1:9464": "", "off": "",
	} {
		if got, err := ParseAddress(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestServer(t *testing.T) {
	t.Parallel()
	s := listen(t, "0.0.0.0:0", false)
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") || s.Moved() {
		t.Errorf("%s, moved: %v", s.URL(), s.Moved())
	}
	for path, want := range map[string]string{"/healthz": "ok\n", "/version": `{"version":"v1","revision":"abc","go":"go1"}` + "\n"} {
		if status, body := ask(t, http.MethodGet, s.URL()+path); status != http.StatusOK || body != want {
			t.Errorf("%s: %d %q", path, status, body)
		}
		if status, _ := ask(t, http.MethodPost, s.URL()+path); status != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", path, status)
		}
	}
	if status, _ := ask(t, http.MethodGet, s.URL()+"/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("profiles: %d", status)
	}
}

// A port that is taken is an error, or replaced by a free one where that is wanted.
func TestPortThatIsTaken(t *testing.T) {
	t.Parallel()
	taken := listen(t, "127.0.0.1:0", false).ln.Addr().String()
	if s, err := Listen(t.Context(), Config{Addr: taken, Log: slog.New(slog.DiscardHandler)}); err == nil {
		s.Close()
		t.Error("it listens where another server does")
	}
	s := listen(t, taken, true)
	if got := s.ln.Addr().String(); got == taken || !s.Moved() || !strings.HasPrefix(got, "127.0.0.1:") {
		t.Errorf("it listens at %s, moved: %v", got, s.Moved())
	}
}

// Whoever does not end a request has the connection closed.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	s := listen(t, "127.0.0.1:0", false)
	s.Handle("GET /slow", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	for name, text := range map[string]string{"headers": "GET /healthz HTTP/1.1\r\nHost: x\r\n", "body": "GET /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, text); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("the connection stays open: %v", err)
			}
		})
	}
}

// Close ends an answer that is being made.
func TestCloseEndsAnswers(t *testing.T) {
	t.Parallel()
	s := listen(t, "127.0.0.1:0", false)
	answering := make(chan struct{})
	s.Handle("GET /long", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(answering)
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = ask(t, http.MethodGet, s.URL()+"/long")
	}()
	<-answering
	s.Close()
	select {
	case <-answered:
	case <-ctx.Done():
		t.Error("the answer is still being made")
	}
}

// On the loopback interface only this machine's names for it are answered: a foreign page may have a name of its own lead here.
func TestForeignNamesAreRefused(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]int{
		"localhost": 200, "localhost:9464": 200, "127.0.0.1": 200, "127.0.0.1:80": 200, "[::1]:9464": 200, "10.0.0.7": 200,
		"evil.example": 421, "evil.example:9464": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421,
	} {
		for addr, open := range map[string]bool{"127.0.0.1:0": false, "0.0.0.0:0": true} {
			s := listen(t, addr, false)
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/version", nil)
			req.Host = host
			got := httptest.NewRecorder()
			s.http.Handler.ServeHTTP(got, req)
			if got.Code != want && !open || open && got.Code != 200 {
				t.Errorf("%s at %s: %d", host, addr, got.Code)
			}
		}
	}
}
