package stacktest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// What a test on real servers does on a machine without Java and Maven, by mode.
func TestMissingServersByMode(t *testing.T) {
	for mode, want := range map[string]string{
		"":         "skip: this machine has no java",
		"auto":     "skip: this machine has no java",
		"required": "fatal: E2E=required, but this machine has no java",
		"off":      "skip: E2E=off",
		"on":       `fatal: E2E is "on"`,
	} {
		t.Setenv("E2E", mode)
		t.Setenv("PATH", t.TempDir())
		t.Setenv("KAFKA_BROKERS", "")
		t.Setenv("SCHEMA_REGISTRY_URL", "")
		var s Stack
		if got := outcome(t, func(t testing.TB) { s.Servers(t) }); !strings.HasPrefix(got, want) {
			t.Errorf("E2E=%q: %s, want %s", mode, got, want)
		}
		if code := s.Close(); code != 0 {
			t.Errorf("E2E=%q: Close answers %d", mode, code)
		}
	}
}

// The user's servers need neither Java nor Maven here.
func TestServersOfTheUser(t *testing.T) {
	t.Setenv("E2E", "required")
	t.Setenv("PATH", t.TempDir())
	t.Setenv("KAFKA_BROKERS", "a:9092,b:9092")
	t.Setenv("SCHEMA_REGISTRY_URL", "http://registry/apis/ccompat/v7")
	var s Stack
	servers := s.Servers(t)
	if servers.Own || !slices.Equal(servers.Brokers, []string{"a:9092", "b:9092"}) || servers.RegistryURL != "http://registry/apis/ccompat/v7" {
		t.Errorf("servers: %+v", servers)
	}

	t.Setenv("E2E", "off")
	if got := outcome(t, func(t testing.TB) { s.Servers(t) }); got != "skip: E2E=off" {
		t.Errorf("E2E=off: %s", got)
	}
	t.Setenv("E2E", "auto")
	t.Setenv("SCHEMA_REGISTRY_URL", "")
	if got := outcome(t, func(t testing.TB) { s.Servers(t) }); !strings.HasPrefix(got, "fatal: KAFKA_BROKERS is set and SCHEMA_REGISTRY_URL is not") {
		t.Errorf("one of two variables: %s", got)
	}
	t.Setenv("KAFKA_BROKERS", "")
	t.Setenv("SCHEMA_REGISTRY_URL", "http://registry")
	if got := outcome(t, func(t testing.TB) { s.Servers(t) }); !strings.HasPrefix(got, "fatal: SCHEMA_REGISTRY_URL is set and KAFKA_BROKERS is not") {
		t.Errorf("the other of two variables: %s", got)
	}
}

// outcome says how a test that calls f ends.
func outcome(t *testing.T, f func(testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t, outcome: "went on"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.outcome
}

// recorder notes a test's end instead of ending the test that it wraps.
type recorder struct {
	testing.TB
	outcome string
}

func (r *recorder) end(format string, args ...any) {
	r.outcome = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skip(args ...any)                  { r.end("skip: %s", fmt.Sprint(args...)) }
func (r *recorder) Skipf(format string, args ...any)  { r.end("skip: "+format, args...) }
func (r *recorder) Fatal(args ...any)                 { r.end("fatal: %s", fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, args ...any) { r.end("fatal: "+format, args...) }
