package web

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// Worker is the main job, as it is looked at.
type Worker interface {
	Snapshot() producer.Snapshot
	// Ping asks a broker, over a connection of the worker's own. It returns within ctx.
	Ping(ctx context.Context) error
}

// API is the client of the API.
type API interface{ Budget() extract.Budget }

// collector tells what the worker has counted, when somebody asks.
type collector struct {
	worker Worker
	api    API
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
}

var (
	descProduced  = describe("records_produced_total", "Records in committed transactions, by the header op: r first publication of a key, u update, d deletion.", "resource", "op")
	descRejected  = describe("records_rejected_total", "Dead letters, by why they were put aside.", "resource", "reason")
	descSchema    = describe("schema_changes_total", "Fields that were added to registered schemas, first versions not counted.", "resource")
	descSuccess   = describe("last_success_timestamp_seconds", "When a reading last did what it is to do: one was completed, or, before the first and in a backfill, a page was committed. Before any: when the worker began, or when another worker left the resource to it.", "resource")
	descWatermark = describe("watermark_timestamp_seconds", "Everything that changed up to here is in the topic.", "resource")
	descBackfill  = describe("backfill_progress_ratio", "Windows of the backfill that are done, from 0 to 1.", "resource")
	descInterval  = describe("reading_interval_seconds", "Pause between two complete readings.", "resource")
	descFailing   = describe("resource_failing", "1 if the last reading failed, or the resource will not go on in this run.", "resource")
	descLanes     = describe("lanes_held", "Lanes that this worker holds, of sixteen.")
	descSessions  = describe("sessions_failed_total", "Sessions that ended because a commit failed or a lane was lost; the lanes are taken again then.")
	descRemaining = describe("rate_limit_remaining", "Requests that the API still allows in this period, by its newest answer.")
)

func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descProduced, descRejected, descSchema, descSuccess, descWatermark, descBackfill, descInterval, descFailing, descLanes, descSessions, descRemaining} {
		to <- d
	}
}

func (c collector) Collect(to chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	now := c.worker.Snapshot()
	for i := range now.Resources {
		s := &now.Resources[i]
		count(descProduced, s.First, s.Resource, "r")
		count(descProduced, s.Published-s.First, s.Resource, "u")
		count(descProduced, s.Deleted, s.Resource, "d")
		for why, n := range s.Rejected {
			count(descRejected, n, s.Resource, producer.Rejection(why).String())
		}
		count(descSchema, changes(s), s.Resource)
		gauge(descInterval, s.Interval.Seconds(), s.Resource)
		gauge(descFailing, map[bool]float64{true: 1}[s.Err != nil], s.Resource)
		if !s.Watermark.IsZero() {
			gauge(descWatermark, seconds(s.Watermark), s.Resource)
		}
		if s.Windows[1] > 0 {
			gauge(descBackfill, float64(s.Windows[0])/float64(s.Windows[1]), s.Resource)
		}
		switch {
		case !s.Success.IsZero():
			gauge(descSuccess, seconds(s.Success), s.Resource)
		case s.State == "elsewhere": // another worker of the group tells it
		case s.Came.After(now.Began):
			gauge(descSuccess, seconds(s.Came), s.Resource)
		default:
			gauge(descSuccess, seconds(now.Began), s.Resource)
		}
	}
	gauge(descLanes, float64(held(now.Lanes)))
	count(descSessions, now.Failed)
	if b := c.api.Budget(); b.Limit > 0 {
		gauge(descRemaining, float64(b.Remaining))
	}
}

// changes leaves first registrations out.
func changes(s *producer.Status) (n int64) {
	for _, c := range s.Changes {
		if c.Field != "" {
			n++
		}
	}
	return n
}

func held(lanes []producer.Lane) (n int) {
	for _, l := range lanes {
		if l.Held {
			n++
		}
	}
	return n
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// Watch adds what the worker and the API's client know. It is called once. The codes that alerts are about are there from the beginning
// for each resource: one refusal that stops it must be seen as an increase.
func (m *Metrics) Watch(w Worker, api API) {
	for _, s := range w.Snapshot().Resources {
		for _, code := range []string{"200", "401", "403", "429"} {
			m.requests.WithLabelValues(s.Resource, code)
		}
	}
	m.registry.MustRegister(collector{w, api})
}
