package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/internal/bench"
)

const topic = "intercom.contacts"

// measurement is one run of headwater.
type measurement struct {
	contacts, concurrency int
	requests              int64
	refused               int64
	bound, wall, cpu      time.Duration
	busy                  time.Duration // of the API, all requests added up
	peak                  int64         // bytes
}

// header names the columns. "in flight" is how many requests the API had at a time on average: where it is near the concurrency,
// nothing but the API was waited for, however slow this machine let it be.
const header = "| contacts | concurrency | requests | 429 | bound | wall | ratio | in flight | records/s | CPU | CPU a record | peak memory |\n" +
	"| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"

func (m measurement) String() string {
	return fmt.Sprintf("| %d | %d | %d | %d | %.1f s | %.1f s | %.2f | %.1f | %.0f | %.1f s | %.1f µs | %.0f MiB |",
		m.contacts, m.concurrency, m.requests, m.refused, m.bound.Seconds(), m.wall.Seconds(), m.wall.Seconds()/m.bound.Seconds(), m.busy.Seconds()/m.wall.Seconds(),
		float64(m.contacts)/m.wall.Seconds(), m.cpu.Seconds(), m.cpu.Seconds()*1e6/float64(m.contacts), float64(m.peak)/(1<<20))
}

// measure starts an API and a broker of their own, runs headwater on them once, and looks at what it has published.
func measure(ctx context.Context, s settings, contacts, concurrency int) (measurement, error) {
	m := measurement{contacts: contacts, concurrency: concurrency}
	servers, err := startKafka(ctx, s.real)
	if err != nil {
		return m, err
	}
	defer servers.Close()
	api, err := bench.StartChild(ctx, roleAPI, "-contacts", fmt.Sprint(contacts), "-latency", s.latency.String(), "-rate", fmt.Sprint(s.rate))
	if err != nil {
		return m, err
	}
	defer api.Close()
	if err := m.run(ctx, s.binary, api.Said[0], servers); err != nil {
		return m, err
	}
	c, err := countsOf(ctx, api.Said[0])
	if err != nil {
		return m, err
	}
	m.requests, m.refused, m.busy = c.Requests, c.Refused, c.Busy
	m.bound = time.Duration(m.requests) * s.latency / time.Duration(concurrency)
	if budget := time.Duration(m.requests) * 10 * time.Second / time.Duration(max(s.rate, 1)); s.rate > 0 {
		m.bound = max(m.bound, budget)
	}
	published, _, err := keys(ctx, servers.Brokers)
	if err == nil && published != contacts {
		err = fmt.Errorf("the topic holds %d keys", published)
	}
	return m, err
}

// run runs headwater to its end.
func (m *measurement) run(ctx context.Context, binary, api string, servers *bench.Kafka) error {
	cmd := exec.CommandContext(ctx, binary, "run", "contacts", "--once")
	cmd.Env = bench.Env(api, servers, fmt.Sprint("HEADWATER_CONCURRENCY=", m.concurrency))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	err := cmd.Run()
	m.wall = time.Since(began)
	if err != nil {
		return fmt.Errorf("headwater: %w\n%s", err, said.Bytes())
	}
	m.cpu = bench.CPU(cmd)
	m.peak, err = bench.PeakMemory(cmd)
	return err
}

func countsOf(ctx context.Context, api string) (counts, error) {
	var c counts
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, api+countsPath, http.NoBody)
	if err != nil {
		return c, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return c, err
	}
	defer resp.Body.Close()
	return c, json.NewDecoder(resp.Body).Decode(&c)
}

// keys counts the different keys in the topic, as a reader of what is committed sees them, and tells when the last of them came.
func keys(ctx context.Context, brokers string) (n int, last time.Time, err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	if err != nil {
		return 0, last, err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		return 0, last, err
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	seen := map[string]struct{}{}
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return 0, last, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if _, known := seen[string(r.Key)]; !known && !r.Attrs.IsControl() {
				seen[string(r.Key)] = struct{}{}
				if r.Timestamp.After(last) {
					last = r.Timestamp
				}
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return len(seen), last, nil
}
