package web

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/extract"
)

// namespace begins the name of every metric of ours.
const namespace = "headwater"

// Metrics is what a process counts about itself. It observes the API's client (extract.Options.Observer) and the Kafka clients
// ([Metrics.Kafka]): once a request or batch, never once a record. What the worker counts already is read from it when somebody asks.
// Labels are resources, topics, brokers, status codes and words that are listed here; nothing that an API chooses.
type Metrics struct {
	registry *prometheus.Registry
	kafka    *kafkaHooks
	api      apiHealth

	requests *prometheus.CounterVec
	duration prometheus.Histogram
	retries  *prometheus.CounterVec
	waited   prometheus.Counter
}

// retryReasons are there from the beginning, so that the first retry is seen as an increase.
var retryReasons = []extract.Retry{extract.RetryRateLimit, extract.RetryServerError, extract.RetryNoAnswer, extract.RetryUnreadable, extract.RetryUnauthorized, extract.RetryOther}

// NewMetrics makes metrics that are registered nowhere else.
func NewMetrics(v Version) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "http_requests_total",
			Help: "Requests to the API by what they were answered with; code none: they were not."}, []string{"resource", "code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: "http_request_duration_seconds",
			Help: "Time from sending a request to the API to the end of its answer.", Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "http_retries_total",
			Help: "Requests to the API that were sent again, by why."}, []string{"reason"}),
		waited: prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "rate_limit_wait_seconds_total",
			Help: "Time that requests to the API were held back for its rate limit, that of all requests added up."}),
	}
	for _, why := range retryReasons {
		m.retries.WithLabelValues(string(why))
	}
	m.registry.MustRegister(m.requests, m.duration, m.retries, m.waited, buildInfo(v),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.kafka = newKafkaHooks(m.registry)
	return m
}

func buildInfo(v Version) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "1, with the build that runs as labels.",
		ConstLabels: prometheus.Labels{"version": v.Version, "revision": v.Revision, "go": v.Go}}, func() float64 { return 1 })
}

// Kafka is for every Kafka client of the process.
func (m *Metrics) Kafka() kgo.Opt { return kgo.WithHooks(m.kafka) }

// Answered is called by the API's client.
func (m *Metrics) Answered(a extract.Answer) {
	m.requests.WithLabelValues(a.Resource, codeLabel(a.Status)).Inc()
	if a.Status != 0 {
		m.duration.Observe(a.Took.Seconds())
	}
	m.api.note(a)
}

// Retried is called by the API's client.
func (m *Metrics) Retried(_ string, why extract.Retry) { m.retries.WithLabelValues(string(why)).Inc() }

// HeldBack is called by the API's client.
func (m *Metrics) HeldBack(d time.Duration) { m.waited.Add(d.Seconds()) }

// codeLabel is none where there was no answer, and other for numbers that are no status.
func codeLabel(status int) string {
	switch {
	case status == 0:
		return "none"
	case status < 100 || status > 599:
		return "other"
	}
	return strconv.Itoa(status)
}

// scrapesAtOnce is how many may be answered side by side: each works out all of them.
const scrapesAtOnce = 4

// Routes adds /metrics to a server.
func (m *Metrics) Routes(s *Server) {
	s.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapesAtOnce, Timeout: writeTimeout / 2}))
}
