// Package stacktest gives tests real Kafka brokers and schema registries.
//
// A test package has one Stack, closed by its TestMain:
//
//	var stack stacktest.Stack
//
//	func TestMain(m *testing.M) {
//		code := m.Run()
//		code = max(code, stack.Close())
//		os.Exit(code)
//	}
//
// Tests that get along with others (topics under a prefix of their own) call [Stack.Servers], which starts one broker
// and one registry for the whole test process. Tests that kill or reconfigure a server start their own with
// [Stack.Kafka] and [Stack.Registry].
//
// Environment variables:
//
//   - E2E: auto (skip, saying what is missing, where Java or Maven are not there), required (fail), off (skip).
//   - KAFKA_BROKERS and SCHEMA_REGISTRY_URL, both: Servers answers with these servers of the user's and starts none.
//   - E2E_CACHE: where the servers' programs are kept.
package stacktest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/headwater-stream/headwater/internal/realstack"
)

// Servers is where a test finds Kafka and a schema registry.
type Servers struct {
	Brokers     []string // host:port
	RegistryURL string   // may carry a path
	Own         bool     // started by the stack; false: the user's, which hold other data, too
}

// Stack starts servers for the tests of one package. The zero value is ready; its methods are safe for concurrent use.
type Stack struct {
	fetch    sync.Once
	software realstack.Software
	fetchErr error

	start    sync.Once
	kafka    *realstack.Kafka
	registry *realstack.Registry
	startErr error
}

// Servers returns the servers that all tests of this process share and starts them for the first test that asks.
func (s *Stack) Servers(t testing.TB) Servers {
	t.Helper()
	servers, given, err := fromEnv(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	if given {
		if mode(t) == realstack.Off {
			t.Skip("E2E=off")
		}
		return servers
	}
	software := s.Software(t)
	s.start.Do(func() { s.startErr = s.startShared(software) })
	if s.startErr != nil {
		t.Fatal(s.startErr)
	}
	return Servers{Brokers: []string{s.kafka.Addr()}, RegistryURL: s.registry.URL(), Own: true}
}

// startShared does not use a test's context: the servers outlive the test that happens to be first.
func (s *Stack) startShared(software realstack.Software) error {
	var g errgroup.Group
	g.Go(func() (err error) {
		s.kafka, err = realstack.StartKafka(context.Background(), software, realstack.KafkaOptions{})
		return err
	})
	g.Go(func() (err error) {
		s.registry, err = realstack.StartRegistry(context.Background(), software, realstack.RegistryOptions{})
		return err
	})
	return g.Wait()
}

// fromEnv reads the user's servers from the environment.
func fromEnv(getenv func(string) string) (servers Servers, given bool, err error) {
	brokers, url := getenv("KAFKA_BROKERS"), getenv("SCHEMA_REGISTRY_URL")
	switch {
	case brokers == "" && url == "":
		return Servers{}, false, nil
	case brokers == "":
		return Servers{}, false, errors.New("SCHEMA_REGISTRY_URL is set and KAFKA_BROKERS is not: set both to test on your servers, or neither")
	case url == "":
		return Servers{}, false, errors.New("KAFKA_BROKERS is set and SCHEMA_REGISTRY_URL is not: set both to test on your servers, or neither")
	}
	return Servers{Brokers: strings.Split(brokers, ","), RegistryURL: url}, true, nil
}

// Software returns the servers' programs, fetched if need be. Where they cannot run on this machine, it skips or fails
// the test as E2E says.
func (s *Stack) Software(t testing.TB) realstack.Software {
	t.Helper()
	m := mode(t)
	if m == realstack.Off {
		t.Skip("E2E=off")
	}
	if err := realstack.Available(t.Context()); err != nil {
		if m == realstack.Required {
			t.Fatalf("E2E=required, but this machine has %v", err)
		}
		t.Skipf("this machine has %v", err)
	}
	s.fetch.Do(func() { s.software, s.fetchErr = fetch() })
	if s.fetchErr != nil {
		t.Fatal(s.fetchErr)
	}
	return s.software
}

func fetch() (realstack.Software, error) {
	cache, err := realstack.DefaultCache()
	if err != nil {
		return realstack.Software{}, err
	}
	return realstack.Fetch(context.Background(), cache, os.Stderr)
}

// Kafka starts a broker for this test alone and closes it when the test ends. A failed test logs what it wrote.
func (s *Stack) Kafka(t testing.TB, options realstack.KafkaOptions) *realstack.Kafka {
	t.Helper()
	k, err := realstack.StartKafka(t.Context(), s.Software(t), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAfter(t, "Kafka", k) })
	return k
}

// Registry starts a registry for this test alone and closes it when the test ends. A failed test logs what it wrote.
func (s *Stack) Registry(t testing.TB, options realstack.RegistryOptions) *realstack.Registry {
	t.Helper()
	r, err := realstack.StartRegistry(t.Context(), s.Software(t), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAfter(t, "registry", r) })
	return r
}

type server interface {
	LogTail() string
	Close() error
}

func closeAfter(t testing.TB, name string, s server) {
	if t.Failed() {
		t.Logf("%s wrote:\n%s", name, s.LogTail())
	}
	if err := s.Close(); err != nil {
		t.Errorf("close %s: %v", name, err)
	}
}

// Close ends the shared servers; no test uses the stack any more. It returns an exit code: 1, having said why, when
// something could not be cleaned up.
func (s *Stack) Close() int {
	var errs []error
	if s.kafka != nil {
		errs = append(errs, s.kafka.Close())
	}
	if s.registry != nil {
		errs = append(errs, s.registry.Close())
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, "close servers:", err)
		return 1
	}
	return 0
}

func mode(t testing.TB) realstack.Mode {
	t.Helper()
	m, err := realstack.ModeFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	return m
}
