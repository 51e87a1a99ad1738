package docs

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

const token = "token-of-a-workspace"

// isKafka tells an export of a reader's own servers from one of the demo's.
func isKafka(assignment string) bool { return strings.HasPrefix(assignment, "KAFKA_BROKERS=") }

// readersServers starts servers of the test's in the places of those that a document exports. The demo has the same topics: these
// servers are others.
func readersServers(t *testing.T, exports []string) (s *sandbox.Stack, env []string) {
	t.Helper()
	s, err := sandbox.Start(sandbox.StackConfig{
		API:     sandbox.APIConfig{Size: 20, Token: token},
		APIAddr: "127.0.0.1:0", Broker: -1, Registry: sandbox.RegistryConfig{Addr: "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	mine := map[string]string{"SOURCE_ACCESS_TOKEN": token, "KAFKA_BROKERS": s.Broker.Addr() + "," + s.Broker.Addr(), "SCHEMA_REGISTRY_URL": s.Registry.URL()}
	env = []string{"SOURCE_BASE_URL=" + s.API.URL()} // the reader's is at its vendor's
	for _, assignment := range exports {
		name, _, _ := strings.Cut(assignment, "=")
		if v, ok := mine[name]; ok {
			assignment = name + "=" + v
			delete(mine, name)
		}
		env = append(env, assignment)
	}
	if len(mine) > 0 {
		t.Fatalf("the document does not say to set %v", mine)
	}
	return s, env
}

// checksServers runs the check as the README says for a reader's own servers: all is well.
func checksServers(t *testing.T, program string, exports []string) {
	t.Helper()
	_, env := readersServers(t, exports)
	p := start(t, program+" check", env)
	if err := p.cmd.Wait(); err != nil || !strings.HasPrefix(p.stdout.String(), "ok    configuration") || strings.Contains(p.stdout.String()+p.stderr.String(), token) {
		t.Errorf("%v\n%s%s", err, p.stdout, p.stderr)
	}
}

// runsOnServers runs the program as the README says for a reader's own servers until records arrive.
func runsOnServers(t *testing.T, program string, exports []string) {
	t.Helper()
	s, env := readersServers(t, exports)
	p := start(t, program+" run", env)
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Broker.Addr()), kgo.ConsumeTopics("intercom.tags"), kgo.MetadataMinAge(100*time.Millisecond),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := deadline(t)
	for records := 0; records == 0; {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("nothing arrives:\n%s", p.stderr)
		}
		records = fetches.NumRecords()
	}
	p.interrupt(t)
	if strings.Contains(p.stderr.String(), "warning:") || strings.Contains(p.stderr.String(), token) {
		t.Error(p.stderr)
	}
}
