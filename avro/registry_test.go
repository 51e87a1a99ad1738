package avro

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

const sample = `{"type":"record","name":"R","fields":[{"name":"id","type":"string"}]}`

// newRegistry returns a registry that does not wait between attempts.
func newRegistry(t *testing.T, cfg RegistryConfig) *SchemaRegistry {
	t.Helper()
	if cfg.Sleep == nil {
		cfg.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	r, err := NewRegistry(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	fake := srfake.NewRegistry(srfake.WithAuth("Basic dXNlcjpwYXNz")) // user:pass
	server := httptest.NewServer(http.StripPrefix("/apis/ccompat/v7", fake.Handler()))
	defer server.Close()
	ctx := context.Background()
	url := strings.Replace(server.URL, "http://", "http://user:pass@", 1) + "/apis/ccompat/v7"
	for _, cfg := range []RegistryConfig{{URL: url}, {URL: server.URL + "/apis/ccompat/v7/", Username: "user", Password: "pass"}} {
		reg := newRegistry(t, cfg)
		if err := reg.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		for _, subject := range []string{"intercom.contacts-value", "a/b c%20ü?-value"} {
			before, err := reg.Versions(ctx, subject+cfg.Username)
			if err != nil || len(before) != 0 {
				t.Fatalf("%v, %v", before, err)
			}
			got, err := reg.Register(ctx, subject+cfg.Username, sample)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := reg.Register(ctx, subject+cfg.Username, sample); err != nil || again.ID != got.ID {
				t.Errorf("%v, %v", again, err)
			}
			all, err := reg.Versions(ctx, subject+cfg.Username)
			if want := (Registered{ID: got.ID, Version: 1, Schema: sample}); err != nil || !slices.Equal(all, []Registered{want}) {
				t.Errorf("%v, %v", all, err)
			}
			if text, err := reg.ByID(ctx, got.ID); err != nil || text != sample {
				t.Errorf("%s, %v", text, err)
			}
		}
	}
	var failed *RegistryError
	_, err := newRegistry(t, RegistryConfig{URL: url, Username: "user", Password: "geheim"}).Versions(ctx, "s")
	if !errors.As(err, &failed) || failed.Status != http.StatusForbidden || strings.Contains(err.Error(), "geheim") || !strings.Contains(err.Error(), "SCHEMA_REGISTRY_PASSWORD") {
		t.Errorf("%v", err)
	}
	if _, err := newRegistry(t, RegistryConfig{URL: url}).ByID(ctx, 999); !errors.As(err, &failed) || failed.Status != http.StatusNotFound {
		t.Errorf("%v", err)
	}
	// The path is wrong: that is no empty subject.
	if _, err := newRegistry(t, RegistryConfig{URL: server.URL}).Versions(ctx, "s"); !errors.As(err, &failed) || !strings.Contains(err.Error(), "/apis/ccompat/v7") {
		t.Errorf("%v", err)
	}
}

func TestRegistryURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "localhost:8081", "ftp://x", "http://", "http://x?token=secret", "http://user:secret@x#y", "http://user:secret@%zz"} {
		if _, err := NewRegistry(RegistryConfig{URL: url}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestLevel: FULL_TRANSITIVE comes with, and ahead of, a subject's first version, whatever the registry makes of a level
// for a subject it does not know; a subject that exists keeps what it has.
func TestLevel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		exists  bool // with a level of its own
		unknown bool // the registry refuses a level for a subject without versions
		want    []string
	}{
		{"new", false, false, []string{"PUT /config/s", "POST /subjects/s/versions"}},
		{"new, level only afterwards", false, true, []string{"PUT /config/s", "POST /subjects/s/versions", "PUT /config/s"}},
		{"exists", true, false, []string{"POST /subjects/s/versions"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			fake := srfake.New()
			defer fake.Close()
			if test.exists {
				fake.SeedSchema("s", 1, 1, sr.Schema{Schema: `"string"`})
				if err := fake.SetCompat("s", sr.CompatBackward); err != nil {
					t.Fatal(err)
				}
			}
			var mu sync.Mutex
			var calls []string
			fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodGet {
					return false
				}
				mu.Lock()
				calls = append(calls, r.Method+" "+r.URL.Path)
				mu.Unlock()
				if test.unknown && r.Method == http.MethodPut && !fake.SubjectExists("s") {
					w.WriteHeader(http.StatusNotFound)
					fmt.Fprint(w, `{"error_code":40401,"message":"no such subject"}`)
					return true
				}
				return false
			})
			reg := newRegistry(t, RegistryConfig{URL: fake.URL()})
			if _, err := reg.Register(context.Background(), "s", sample); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(calls, test.want) {
				t.Errorf("%v", calls)
			}
			level := reg.client.Compatibility(context.Background(), "s")[0].Level
			if want := map[bool]sr.CompatibilityLevel{false: sr.CompatFullTransitive, true: sr.CompatBackward}[test.exists]; level != want {
				t.Errorf("level %v, want %v", level, want)
			}
		})
	}
}

// TestLevelMended: killed between the first version and its level; the next registration sets it.
func TestLevelMended(t *testing.T) {
	t.Parallel()
	fake := srfake.New()
	defer fake.Close()
	fake.SeedSchema("s", 1, 1, sr.Schema{Schema: `"string"`})
	fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || r.URL.Path != "/config/s" {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error_code":40408,"message":"no level of its own"}`)
		return true
	})
	reg := newRegistry(t, RegistryConfig{URL: fake.URL()})
	if _, err := reg.Register(context.Background(), "s", sample); err != nil {
		t.Fatal(err)
	}
	fake.ClearInterceptors()
	if level := reg.client.Compatibility(context.Background(), "s")[0].Level; level != sr.CompatFullTransitive {
		t.Error(level)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	fake := srfake.New()
	defer fake.Close()
	var statuses []int
	fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if len(statuses) == 0 {
			return false
		}
		status := statuses[0]
		statuses = statuses[1:]
		if status == 0 { // the connection breaks
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				conn.Close()
			}
			return true
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html>\n%d</html>", status)
		return true
	})
	var waits []time.Duration
	reg := newRegistry(t, RegistryConfig{URL: fake.URL(), Sleep: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }})
	statuses = []int{0, 503, 429, 408, 500}
	if err := reg.Ping(context.Background()); err != nil || len(waits) != 5 {
		t.Errorf("%v after %v", err, waits)
	}
	if waits[0] > 150*time.Millisecond || waits[4] < 800*time.Millisecond {
		t.Errorf("waits %v", waits)
	}
	var failed *RegistryError
	statuses = slices.Repeat([]int{503}, 100)
	if err := reg.Ping(context.Background()); !errors.As(err, &failed) || failed.Status != 503 || strings.Contains(err.Error(), "\n") || len(statuses) != 94 {
		t.Errorf("%v, %d left", err, len(statuses))
	}
	statuses = []int{400}
	if err := reg.Ping(context.Background()); !errors.As(err, &failed) || failed.Status != 400 {
		t.Errorf("%v", err)
	}
	statuses = []int{200}
	if err := reg.Ping(context.Background()); err == nil || !strings.Contains(err.Error(), "is not a schema registry") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := reg.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	total := time.Duration(0)
	reg := newRegistry(t, RegistryConfig{URL: "http://user:secret@" + address, Sleep: func(_ context.Context, d time.Duration) error { total += d; return nil }})
	_, err = reg.Versions(context.Background(), "intercom.contacts-value")
	var failed *RegistryError
	if !errors.As(err, &failed) || failed.URL != "http://"+address || failed.Subject != "intercom.contacts-value" || failed.Hint == "" || strings.Contains(err.Error(), "secret") || strings.Count(err.Error(), address) > 2 {
		t.Errorf("%v", err)
	}
	if total == 0 || total > maxElapsed {
		t.Errorf("waits for %v", total)
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-stop
	}))
	defer server.Close()
	defer close(stop)
	reg := newRegistry(t, RegistryConfig{URL: server.URL, Timeout: 10 * time.Millisecond})
	if err := reg.Ping(context.Background()); err == nil || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("%v", err)
	}
}

func TestTLSAndBearer(t *testing.T) {
	t.Parallel()
	fake := srfake.NewRegistry(srfake.WithAuth("Bearer token"))
	server := httptest.NewUnstartedServer(fake.Handler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) //nolint:forbidigo // net/http asks for one
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	reg := newRegistry(t, RegistryConfig{URL: server.URL, BearerToken: "token", TLS: &tls.Config{RootCAs: roots}})
	if err := reg.Ping(context.Background()); err != nil {
		t.Error(err)
	}
	slept := false
	reg = newRegistry(t, RegistryConfig{URL: server.URL, BearerToken: "token", Sleep: func(context.Context, time.Duration) error { slept = true; return nil }})
	if err := reg.Ping(context.Background()); err == nil || !strings.Contains(err.Error(), "set SCHEMA_REGISTRY_TLS_CA_FILE") || slept {
		t.Errorf("%v, tried again: %v", err, slept)
	}
}

// Where there are no credentials nothing of them is taken out of a registry's answers: ":" alone is none.
func TestNoCredentialsHideNothing(t *testing.T) {
	t.Parallel()
	r, err := NewRegistry(RegistryConfig{URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.hide.Replace("header Og== was refused"); got != "header Og== was refused" {
		t.Error(got)
	}
}
