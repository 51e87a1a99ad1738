package realstack_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/headwater-stream/headwater/internal/realstack"
)

// A transaction that was committed outlives kill -9, one that was open does not become visible, and the broker comes
// back on the same address.
func TestKafkaKeepsTransactionsOverKill(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]realstack.KafkaOptions{"its own controller": {}, "a controller apart": {Controller: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keepsTransactionsOverKill(t, options)
		})
	}
}

func keepsTransactionsOverKill(t *testing.T, options realstack.KafkaOptions) {
	t.Helper()
	k := stack.Kafka(t, options)
	ctx := deadline(t, 2*time.Minute)
	createTopic(t, ctx, k.Addr(), "records")
	committed := produceTransaction(t, ctx, k.Addr(), "records", 50)
	leaveTransactionOpen(t, ctx, k.Addr(), "records")
	if got := consume(t, ctx, k.Addr(), "records", len(committed)); !cmp.Equal(got, committed) {
		t.Fatalf("before kill: %s", cmp.Diff(committed, got))
	}

	addr, pid := k.Addr(), k.PID()
	k.Kill()
	if conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr); err == nil {
		_ = conn.Close()
		t.Fatal("the port answers after Kill")
	}
	if err := k.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if k.Addr() != addr || k.PID() == pid {
		t.Fatalf("restarted as %s, pid %d; was %s, pid %d", k.Addr(), k.PID(), addr, pid)
	}
	more := append(slices.Clone(committed), produceTransaction(t, ctx, addr, "records", 1)...)
	if got := consume(t, ctx, addr, "records", len(more)); !cmp.Equal(got, more) {
		t.Fatalf("after restart: %s", cmp.Diff(more, got))
	}
}

func TestKafkaRestartsAfterStop(t *testing.T) {
	t.Parallel()
	k := stack.Kafka(t, realstack.KafkaOptions{Properties: map[string]string{"num.partitions": "7"}})
	ctx := deadline(t, 2*time.Minute)
	createTopic(t, ctx, k.Addr(), "kept")
	if err := k.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if err := k.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	topics, err := admin(t, k.Addr()).ListTopics(ctx, "kept")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(topics["kept"].Partitions); n != 7 {
		t.Errorf("topic has %d partitions, want the 7 of Properties (%v)", n, topics["kept"].Err)
	}
}

// A broker never makes a topic by itself.
func TestKafkaRefusesUnknownTopics(t *testing.T) {
	t.Parallel()
	servers := stack.Servers(t)
	if !servers.Own {
		t.Skip("the user's servers may allow it")
	}
	ctx := deadline(t, time.Minute)
	client := newClient(t, servers.Brokers[0], kgo.UnknownTopicRetries(3), kgo.AllowAutoTopicCreation())
	err := client.ProduceSync(ctx, &kgo.Record{Topic: "nobody-made-this", Value: []byte("x")}).FirstErr()
	if err == nil {
		t.Fatal("the record was accepted")
	}
}

func TestKafkaSecureListeners(t *testing.T) {
	t.Parallel()
	k := stack.Kafka(t, realstack.KafkaOptions{Secure: true})
	trust, identity := clientTLS(t, k)
	password := plain.Auth{User: realstack.Username, Pass: realstack.Password}.AsMechanism()
	scram256 := scram.Auth{User: realstack.Username, Pass: realstack.Password}.AsSha256Mechanism()
	scram512 := scram.Auth{User: realstack.Username, Pass: realstack.Password}.AsSha512Mechanism()
	token := oauth.Auth{Token: realstack.OAuthToken(time.Now().Add(time.Hour))}.AsMechanism()
	expired := oauth.Auth{Token: realstack.OAuthToken(time.Now().Add(-time.Minute))}.AsMechanism()
	wrong := scram.Auth{User: realstack.Username, Pass: "wrong"}.AsSha512Mechanism()

	for _, c := range []struct {
		name     string
		listener realstack.Listener
		tls      *tls.Config
		sasl     sasl.Mechanism
		refused  bool
	}{
		{name: "tls", listener: realstack.TLS, tls: trust},
		{name: "tls without the authority", listener: realstack.TLS, tls: &tls.Config{MinVersion: tls.VersionTLS12}, refused: true},
		{name: "mutual tls", listener: realstack.MutualTLS, tls: identity},
		{name: "mutual tls without certificate", listener: realstack.MutualTLS, tls: trust, refused: true},
		{name: "plain", listener: realstack.SASL, sasl: password},
		{name: "scram 256", listener: realstack.SASL, sasl: scram256},
		{name: "scram 512", listener: realstack.SASL, sasl: scram512},
		{name: "oauth", listener: realstack.SASL, sasl: token},
		{name: "oauth, expired", listener: realstack.SASL, sasl: expired, refused: true},
		{name: "wrong password", listener: realstack.SASL, sasl: wrong, refused: true},
		{name: "no password", listener: realstack.SASL, refused: true},
		{name: "plain over tls", listener: realstack.SASLTLS, tls: trust, sasl: password},
		{name: "scram 512 over tls", listener: realstack.SASLTLS, tls: trust, sasl: scram512},
		{name: "oauth over tls", listener: realstack.SASLTLS, tls: trust, sasl: token},
		{name: "sasl over tls, without tls", listener: realstack.SASLTLS, sasl: password, refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var opts []kgo.Opt
			if c.tls != nil {
				opts = append(opts, kgo.DialTLSConfig(c.tls))
			}
			if c.sasl != nil {
				opts = append(opts, kgo.SASL(c.sasl))
			}
			ctx := deadline(t, 30*time.Second)
			err := ping(ctx, newClient(t, k.ListenerAddr(c.listener), opts...), c.refused)
			if c.refused != (err != nil) {
				t.Errorf("refused: %v, want %v (error: %v)", err != nil, c.refused, err)
			}
		})
	}
}

// ping asks for the cluster's metadata. Where a refusal is expected it waits a short time only: a broker that is
// spoken to in the wrong protocol may not answer at all.
func ping(ctx context.Context, client *kgo.Client, refused bool) error {
	if refused {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
	}
	return client.Ping(ctx)
}

func TestKafkaWithoutSecurityHasOneListener(t *testing.T) {
	t.Parallel()
	k := stack.Kafka(t, realstack.KafkaOptions{})
	for _, l := range []realstack.Listener{realstack.TLS, realstack.MutualTLS, realstack.SASL, realstack.SASLTLS} {
		if addr := k.ListenerAddr(l); addr != "" {
			t.Errorf("listener %s has the address %s", l, addr)
		}
	}
}

// A broker that cannot start says why in the error, and leaves nothing behind: neither when its storage cannot be
// formatted, nor when it ends on its own.
func TestKafkaStartErrorCarriesLog(t *testing.T) {
	t.Parallel()
	software := stack.Software(t)
	for name, options := range map[string]realstack.KafkaOptions{
		"wrong-codec": {Properties: map[string]string{"offsets.topic.compression.codec": "wrong-codec"}},
		"absent.pem":  {Secure: true, Properties: map[string]string{"ssl.keystore.location": "/absent.pem"}},
	} {
		options.Dir = t.TempDir()
		_, err := realstack.StartKafka(t.Context(), software, options)
		if err == nil {
			t.Fatalf("%s: the broker started", name)
		}
		if !containsAll(err.Error(), "Kafka: ", name) {
			t.Errorf("the error does not name %s:\n%v", name, err)
		}
		left, readErr := os.ReadDir(options.Dir)
		if readErr != nil || len(left) > 0 {
			t.Errorf("%s left behind: %v (%v)", name, left, readErr)
		}
	}
}

func clientTLS(t *testing.T, k *realstack.Kafka) (trust, identity *tls.Config) {
	t.Helper()
	text, err := os.ReadFile(k.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("no certificate in the CA file")
	}
	cert, err := tls.LoadX509KeyPair(k.ClientCertFile(), k.ClientKeyFile())
	if err != nil {
		t.Fatal(err)
	}
	trust = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	identity = trust.Clone()
	identity.Certificates = []tls.Certificate{cert}
	return trust, identity
}

func deadline(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func newClient(t *testing.T, addr string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addr)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func admin(t *testing.T, addr string) *kadm.Client {
	t.Helper()
	return kadm.NewClient(newClient(t, addr))
}

func createTopic(t *testing.T, ctx context.Context, addr, topic string) {
	t.Helper()
	resp, err := admin(t, addr).CreateTopic(ctx, -1, -1, nil, topic)
	if err := errors.Join(err, resp.Err); err != nil {
		t.Fatal(err)
	}
}

func produceTransaction(t *testing.T, ctx context.Context, addr, topic string, n int) []string {
	t.Helper()
	client := newClient(t, addr, kgo.TransactionalID("writer"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	var values []string
	var records []*kgo.Record
	for i := range n {
		values = append(values, fmt.Sprintf("value %d of %d", i, n))
		records = append(records, &kgo.Record{Topic: topic, Value: []byte(values[i])})
	}
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	return values
}

// leaveTransactionOpen writes a record and never decides about it; the next writer ends that transaction.
func leaveTransactionOpen(t *testing.T, ctx context.Context, addr, topic string) {
	t.Helper()
	client := newClient(t, addr, kgo.TransactionalID("writer"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("never committed")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// consume reads n committed records of partition 0 from its start.
func consume(t *testing.T, ctx context.Context, addr, topic string, n int) []string {
	t.Helper()
	client := newClient(t, addr,
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	var values []string
	for len(values) < n {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %d of %d records: %v", len(values), n, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	return values
}
