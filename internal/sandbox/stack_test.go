package sandbox

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func start(t *testing.T) *Stack {
	t.Helper()
	s, err := Start(StackConfig{API: APIConfig{Size: 20}, APIAddr: "127.0.0.1:0", Broker: -1, Registry: RegistryConfig{Addr: "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestStackServesAllThree(t *testing.T) {
	t.Parallel()
	s, ctx := start(t), deadline(t)
	c := &client{t, s.API.URL(), "any", &http.Client{}}
	defer c.http.CloseIdleConnections()
	if len(c.crawl(contacts)) != 20 || s.API.Moved() || s.Broker.Moved() || s.Registry.Moved() {
		t.Error("the API does not serve its contacts")
	}
	registry, err := sr.NewClient(sr.URLs(s.Registry.URL()))
	if err != nil {
		t.Fatal(err)
	}
	made, err := registry.CreateSchema(ctx, "x-value", sr.Schema{Schema: `"string"`})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := registry.SchemaByID(ctx, made.ID); err != nil || got.Schema != `"string"` {
		t.Errorf("%v %v", got, err)
	}
	s.Close()
	s.Close()
	if _, err := c.try(c.request(http.MethodGet, "/me", nil)); err == nil {
		t.Error("the API answers after Close")
	}
}

func TestBrokerHasTransactionsAndCompactedTopics(t *testing.T) {
	t.Parallel()
	s, ctx := start(t), deadline(t)
	producer, err := kgo.NewClient(kgo.SeedBrokers(s.Broker.Addr()), kgo.TransactionalID("t"), kgo.DefaultProduceTopic("c"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	compact := "compact"
	made, err := kadm.NewClient(producer).CreateTopic(ctx, -1, -1, map[string]*string{"cleanup.policy": &compact}, "c")
	if err != nil || made.NumPartitions != brokerPartitions {
		t.Fatalf("%+v %v", made, err)
	}
	for i, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
		if err := producer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"a", "b"} {
			record := &kgo.Record{Key: []byte(key), Value: []byte{byte('0' + i)}}
			if err := producer.ProduceSync(ctx, record).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := producer.EndTransaction(ctx, end); err != nil {
			t.Fatal(err)
		}
	}
	if got := readTopic(ctx, t, s.Broker.Addr()); got != "a0 b0 a2 b2" {
		t.Errorf("before compaction: %s", got)
	}
	s.Broker.Compact()
	if got := readTopic(ctx, t, s.Broker.Addr()); !strings.HasSuffix(got, "a2 b2") {
		t.Errorf("after compaction: %s", got)
	}
}

// readTopic returns what is committed in partition 0 of topic c.
func readTopic(ctx context.Context, t *testing.T, addr string) string {
	t.Helper()
	consumer, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"c": {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	ends, err := kadm.NewClient(consumer).ListEndOffsets(ctx, "c")
	if err != nil {
		t.Fatal(err)
	}
	end, _ := ends.Lookup("c", 0)
	var got []string
	for at := int64(0); at < end.Offset; {
		fetches := consumer.PollFetches(ctx)
		if err := errors.Join(fetches.Err(), ctx.Err()); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			at = r.Offset + 1
			if !r.Attrs.IsControl() {
				got = append(got, string(r.Key)+string(r.Value))
			}
		})
	}
	return strings.Join(got, " ")
}

func TestTakenPortsAreReplaced(t *testing.T) {
	t.Parallel()
	first := start(t)
	_, port, _ := strings.Cut(first.Broker.Addr(), ":")
	n := 0
	for _, digit := range port {
		n = n*10 + int(digit-'0')
	}
	second, err := Start(StackConfig{API: APIConfig{Size: 5}, APIAddr: first.API.Addr(), Broker: n, Registry: RegistryConfig{Addr: first.Registry.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if !second.API.Moved() || !second.Broker.Moved() || !second.Registry.Moved() {
		t.Errorf("%s %s %s", second.API.Addr(), second.Broker.Addr(), second.Registry.Addr())
	}
	admin, err := kgo.NewClient(kgo.SeedBrokers(second.Broker.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	brokers, err := kadm.NewClient(admin).ListBrokers(deadline(t)) // what it advertises is where it is
	if err != nil || len(brokers) != 1 || int(brokers[0].Port) == n {
		t.Errorf("%+v %v", brokers, err)
	}
}

func TestStartLeavesNothingBehindWhenOnePartFails(t *testing.T) {
	t.Parallel()
	for _, cfg := range []StackConfig{
		{APIAddr: "nowhere", Broker: -1, Registry: RegistryConfig{Addr: "127.0.0.1:0"}},
		{APIAddr: "127.0.0.1:0", Broker: -1, Registry: RegistryConfig{Addr: "nowhere"}},
		{APIAddr: "127.0.0.1:0", Broker: 70000, Registry: RegistryConfig{Addr: "127.0.0.1:0"}},
	} {
		cfg.API.Size = 5
		if s, err := Start(cfg); err == nil {
			s.Close()
			t.Errorf("%+v was started", cfg)
		}
	}
}

func TestRegistryWithALogin(t *testing.T) {
	t.Parallel()
	r, err := StartRegistry(RegistryConfig{Addr: "127.0.0.1:0", Username: "user", Password: "pass:word"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx := deadline(t)
	for password, ok := range map[string]bool{"pass:word": true, "wrong": false} {
		c, err := sr.NewClient(sr.URLs(r.URL()), sr.BasicAuth("user", password))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Subjects(ctx); (err == nil) != ok {
			t.Errorf("password %q: %v", password, err)
		}
	}
	if r.Fake().SubjectExists("x") {
		t.Error("a subject out of nothing")
	}
}

func TestCloseBreaksOffSlowAnswers(t *testing.T) {
	t.Parallel()
	slow := make(chan struct{})
	s, err := StartAPI(APIConfig{Size: 5, Sleep: func(ctx context.Context, _ time.Duration) error {
		close(slow)
		<-ctx.Done()
		return ctx.Err()
	}}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t, s.URL(), "any", &http.Client{}}
	defer c.http.CloseIdleConnections()
	c.control("/_sandbox/fail?resource=me&slow=1h")
	done := make(chan struct{})
	req := c.request(http.MethodGet, "/me", nil)
	go func() {
		defer close(done)
		_, _ = c.try(req)
	}()
	<-slow
	began := time.Now()
	s.Close()
	<-done
	if took := time.Since(began); took >= closeGrace {
		t.Errorf("closing waited %v for an answer that takes an hour", took)
	}
}
