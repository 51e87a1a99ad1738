package web

import (
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kprom"
)

// kafkaHooks counts for all Kafka clients of a process together. A kprom.Metrics is made for one: it registers its metrics when that
// opens and takes them back when it closes, and a worker has a client for each lane, which come and go. So what opens and closes is kept
// from it.
type kafkaHooks struct{ to *kprom.Metrics }

var (
	_ kgo.HookBrokerConnect       = (*kafkaHooks)(nil)
	_ kgo.HookBrokerDisconnect    = (*kafkaHooks)(nil)
	_ kgo.HookBrokerE2E           = (*kafkaHooks)(nil)
	_ kgo.HookProduceBatchWritten = (*kafkaHooks)(nil)
	_ kgo.HookFetchBatchRead      = (*kafkaHooks)(nil)
)

func newKafkaHooks(r prometheus.Registerer) *kafkaHooks {
	m := kprom.NewMetrics(namespace+"_kafka", kprom.Registerer(vectors{r}))
	m.OnNewClient(nil)
	return &kafkaHooks{m}
}

// vectors registers what has labels. The others are gauges that look into the one client.
type vectors struct{ prometheus.Registerer }

func (v vectors) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		if _, single := c.(prometheus.Metric); !single {
			v.Registerer.MustRegister(c)
		}
	}
}

func (h *kafkaHooks) OnBrokerConnect(b kgo.BrokerMetadata, took time.Duration, conn net.Conn, err error) {
	h.to.OnBrokerConnect(b, took, conn, err)
}

func (h *kafkaHooks) OnBrokerDisconnect(b kgo.BrokerMetadata, conn net.Conn) {
	h.to.OnBrokerDisconnect(b, conn)
}

func (h *kafkaHooks) OnBrokerE2E(b kgo.BrokerMetadata, key int16, e kgo.BrokerE2E) {
	h.to.OnBrokerE2E(b, key, e)
}

func (h *kafkaHooks) OnProduceBatchWritten(b kgo.BrokerMetadata, topic string, partition int32, m kgo.ProduceBatchMetrics) {
	h.to.OnProduceBatchWritten(b, topic, partition, m)
}

func (h *kafkaHooks) OnFetchBatchRead(b kgo.BrokerMetadata, topic string, partition int32, m kgo.FetchBatchMetrics) {
	h.to.OnFetchBatchRead(b, topic, partition, m)
}
