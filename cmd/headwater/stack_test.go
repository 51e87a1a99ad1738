package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// token is the sample API's, and must not be seen in any output.
const token = "t0ken-that-nobody-may-see"

// stack is the embedded servers on free ports.
type stack struct{ *sandbox.Stack }

func startStack(t *testing.T) stack {
	t.Helper()
	return startStackOf(t, 20)
}

// startStackOf is startStack with so many contacts, and the others in proportion.
func startStackOf(t *testing.T, size int) stack {
	t.Helper()
	s, err := sandbox.Start(sandbox.StackConfig{
		API:     sandbox.APIConfig{Size: size, Token: token, RateLimit: -1},
		APIAddr: "127.0.0.1:0", Broker: -1, Registry: sandbox.RegistryConfig{Addr: "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return stack{s}
}

// env is a program's environment that leads to the servers.
func (s stack) env() map[string]string {
	return map[string]string{
		"KAFKA_BROKERS": s.Broker.Addr(), "SCHEMA_REGISTRY_URL": s.Registry.URL(),
		"SOURCE_BASE_URL": s.API.URL(), "SOURCE_ACCESS_TOKEN": token, "HEADWATER_METRICS_ADDR": "off",
	}
}

// topics that the broker holds.
func (s stack) topics(t *testing.T) []string {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Broker.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	details, err := kadm.NewClient(client).ListTopics(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(details))
}

// once reads everything once.
func (s stack) once(t *testing.T, resources ...string) *command {
	t.Helper()
	got := newCommand(s.env()).run(deadline(t), append([]string{"run", "--once"}, resources...)...).want(t, exitOK)
	if strings.Contains(got.stderr.String(), token) {
		t.Errorf("the token is printed:\n%s", got.stderr)
	}
	return got
}
