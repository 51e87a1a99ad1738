package sandbox

import (
	"fmt"
	"net"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
)

// brokerPartitions is the broker's default for topics that name no number of partitions.
const brokerPartitions = 3

// Broker is an embedded Kafka broker that keeps everything in memory. It is for demos and tests: it has transactions,
// groups and compaction, but it is not crash-safe.
type Broker struct {
	cluster *kfake.Cluster
	asked   string
	addr    string
	once    sync.Once
}

// StartBroker starts a broker on 127.0.0.1:port; 0: any port. A port that is taken is replaced by a free one.
func StartBroker(port int) (*Broker, error) {
	cluster, err := kfake.NewCluster(
		kfake.Ports(port),
		kfake.ClusterID("headwater-sandbox"),
		kfake.DefaultNumPartitions(brokerPartitions),
		kfake.ListenFn(func(_, addr string) (net.Listener, error) {
			return listen(addr)
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("start embedded broker: %w", err)
	}
	return &Broker{
		cluster: cluster, asked: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), addr: cluster.ListenAddrs()[0],
	}, nil
}

// Addr returns host:port of the broker.
func (b *Broker) Addr() string { return b.addr }

// Moved says whether the port that was asked for was taken and another one is used.
func (b *Broker) Moved() bool { return moved(b.asked, b.addr) }

// Compact compacts the compacted topics now, instead of within the hour.
func (b *Broker) Compact() { b.cluster.Compact() }

// Cluster returns the cluster itself, for tests that intercept requests.
func (b *Broker) Cluster() *kfake.Cluster { return b.cluster }

// Close stops the broker and closes its connections; its last goroutines end a moment later.
// Everything it held is gone. Closing twice is harmless.
func (b *Broker) Close() {
	b.once.Do(b.cluster.Close)
}
