package bench

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/internal/realstack"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// RoleBroker is the role of a child that serves an embedded broker and a schema registry; see [ServeBroker].
const RoleBroker = "serve-broker"

// Kafka is a broker and a registry, in processes of their own.
type Kafka struct {
	Brokers, Registry string
	close             func()
}

// Close ends both. What they held is gone.
func (k *Kafka) Close() { k.close() }

// StartEmbedded starts an embedded broker and an embedded registry. The program's main function has to know RoleBroker.
func StartEmbedded(ctx context.Context) (*Kafka, error) {
	c, err := StartChild(ctx, RoleBroker)
	if err != nil {
		return nil, err
	}
	return &Kafka{c.Said[0], c.Said[1], c.Close}, nil
}

// ServeBroker is a child's part of StartEmbedded.
func ServeBroker(ctx context.Context, out io.Writer) error {
	broker, err := sandbox.StartBroker(0)
	if err != nil {
		return err
	}
	defer broker.Close()
	registry, err := sandbox.StartRegistry(sandbox.RegistryConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	defer registry.Close()
	fmt.Fprintln(out, broker.Addr(), registry.URL())
	return UntilLeft(ctx)
}

// StartReal starts a real Kafka and a real schema registry, which are fetched once where the cache lacks them.
func StartReal(ctx context.Context) (*Kafka, error) {
	if err := realstack.Available(ctx); err != nil {
		return nil, fmt.Errorf("this machine has %w", err)
	}
	cache, err := realstack.DefaultCache()
	if err != nil {
		return nil, err
	}
	software, err := realstack.Fetch(ctx, cache, os.Stderr)
	if err != nil {
		return nil, err
	}
	broker, err := realstack.StartKafka(ctx, software, realstack.KafkaOptions{})
	if err != nil {
		return nil, err
	}
	registry, err := realstack.StartRegistry(ctx, software, realstack.RegistryOptions{})
	if err != nil {
		_ = broker.Close()
		return nil, err
	}
	return &Kafka{broker.Addr(), registry.URL(), func() { _ = registry.Close(); _ = broker.Close() }}, nil
}

// CreateTopic makes a topic as Headwater makes its own.
func CreateTopic(ctx context.Context, brokers, topic string, partitions int32) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers))
	if err != nil {
		return err
	}
	defer client.Close()
	compact := "compact"
	_, err = kadm.NewClient(client).CreateTopic(ctx, partitions, 1, map[string]*string{"cleanup.policy": &compact}, topic)
	return err
}
