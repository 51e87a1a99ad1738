package web

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/extract"
)

// scrape returns the samples of ours, one a line, sorted.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	s := listen(t, "127.0.0.1:0", false)
	m.Routes(s)
	status, body := ask(t, http.MethodGet, s.URL()+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	lines := regexp.MustCompile(`(?m)^headwater_.*$`).FindAllString(body, -1)
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func wantSamples(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains("\n"+got+"\n", "\n"+line+"\n") {
			t.Errorf("there is no %s in\n%s", line, got)
		}
	}
}

// What the worker counts is read from it at each scrape.
func TestMetricsOfTheWorker(t *testing.T) {
	t.Parallel()
	m, w := NewMetrics(Version{"v1", "abc", "go1"}), busyWorker()
	m.Watch(w, shownAPI{extract.Budget{Limit: 100, Remaining: 7}})
	got := scrape(t, m)
	wantSamples(t, got,
		`headwater_build_info{go="go1",revision="abc",version="v1"} 1`,
		`headwater_records_produced_total{op="r",resource="contacts"} 9`,
		`headwater_records_produced_total{op="u",resource="contacts"} 3`,
		`headwater_records_produced_total{op="d",resource="contacts"} 3`,
		`headwater_records_rejected_total{reason="no_key",resource="contacts"} 1`,
		`headwater_records_rejected_total{reason="contract_value",resource="contacts"} 4`,
		`headwater_records_rejected_total{reason="too_large",resource="contacts"} 0`,
		`headwater_schema_changes_total{resource="contacts"} 1`,
		fmt.Sprintf(`headwater_watermark_timestamp_seconds{resource="contacts"} %v`, float64(noon.Add(time.Minute).Unix())),
		fmt.Sprintf(`headwater_last_success_timestamp_seconds{resource="contacts"} %v`, float64(noon.Add(time.Hour).Unix())),
		fmt.Sprintf(`headwater_last_success_timestamp_seconds{resource="tags"} %v`, float64(noon.Unix())),
		`headwater_backfill_progress_ratio{resource="contacts"} 0.75`,
		`headwater_reading_interval_seconds{resource="contacts"} 30`,
		`headwater_resource_failing{resource="contacts"} 0`, `headwater_resource_failing{resource="tags"} 1`,
		`headwater_lanes_held 16`, `headwater_sessions_failed_total 2`, `headwater_rate_limit_remaining 7`,
		// An alert must see the first refusal as an increase.
		`headwater_http_requests_total{code="401",resource="contacts"} 0`, `headwater_http_requests_total{code="429",resource="tags"} 0`,
		`headwater_http_retries_total{reason="rate_limit"} 0`,
	)
	// What another worker reads, or what there is none of, has no samples that would look like trouble.
	for _, none := range []string{`last_success_timestamp_seconds{resource="teams"}`, `watermark_timestamp_seconds{resource="tags"}`, `backfill_progress_ratio{resource="tags"}`} {
		if strings.Contains(got, none) {
			t.Errorf("there is a %s", none)
		}
	}
	w.change(func() { // another worker has left it to this one, and no reading has succeeded yet
		w.shown.Resources[2].State, w.shown.Resources[2].Came = "restoring", noon.Add(time.Hour)
	})
	came := fmt.Sprintf(`last_success_timestamp_seconds{resource="teams"} %v`, float64(noon.Add(time.Hour).Unix()))
	if again := scrape(t, m); !strings.Contains(again, came) {
		t.Errorf("there is no %s", came)
	}
	w.change(func() { w.shown.Resources[0].Published++ })
	if again := scrape(t, m); !strings.Contains(again, `records_produced_total{op="u",resource="contacts"} 4`) {
		t.Errorf("a scrape later:\n%s", again)
	}
}

// What the clients do is counted as they tell it, with labels of which there are few.
func TestMetricsOfTheClients(t *testing.T) {
	t.Parallel()
	m := NewMetrics(Version{})
	for _, status := range []int{200, 200, 0, 999, 503} {
		m.Answered(extract.Answer{Resource: "contacts", Status: status, Took: 200 * time.Millisecond})
	}
	m.Retried("contacts", extract.RetryServerError)
	m.HeldBack(1500 * time.Millisecond)
	for range 2 { // clients come and go, and count together
		client, err := kgo.NewClient(kgo.SeedBrokers("127.0.0.1:1"), m.Kafka())
		if err != nil {
			t.Fatal(err)
		}
		m.kafka.OnProduceBatchWritten(kgo.BrokerMetadata{NodeID: 1}, "contacts", 0, kgo.ProduceBatchMetrics{UncompressedBytes: 10})
		client.Close()
	}
	wantSamples(t, scrape(t, m),
		`headwater_http_requests_total{code="200",resource="contacts"} 2`,
		`headwater_http_requests_total{code="none",resource="contacts"} 1`,
		`headwater_http_requests_total{code="other",resource="contacts"} 1`,
		`headwater_http_requests_total{code="503",resource="contacts"} 1`,
		`headwater_http_request_duration_seconds_count 4`,
		`headwater_http_request_duration_seconds_bucket{le="0.1"} 0`,
		`headwater_http_request_duration_seconds_bucket{le="0.25"} 4`,
		`headwater_http_retries_total{reason="server_error"} 1`,
		`headwater_rate_limit_wait_seconds_total 1.5`,
		`headwater_kafka_produce_bytes_total{node_id="1",topic="contacts"} 20`,
	)
}

// Nothing is counted once a record: the clients call hooks for requests and batches only.
func TestKafkaHooksAreOfBatches(t *testing.T) {
	t.Parallel()
	var h any = NewMetrics(Version{}).kafka
	for name, is := range map[string]bool{
		"a buffered record": implements[kgo.HookProduceRecordBuffered](h), "a partitioned record": implements[kgo.HookProduceRecordPartitioned](h),
		"an unbuffered record": implements[kgo.HookProduceRecordUnbuffered](h), "a fetched record": implements[kgo.HookFetchRecordBuffered](h),
		"a polled record": implements[kgo.HookFetchRecordUnbuffered](h), "a client": implements[kgo.HookNewClient](h),
	} {
		if is {
			t.Errorf("it is called for %s", name)
		}
	}
}

func implements[T any](v any) bool {
	_, ok := v.(T)
	return ok
}
