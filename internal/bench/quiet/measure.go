package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/internal/bench"
)

const (
	settling    = 20 * time.Second // from a start until the listings that are due are over
	stopTimeout = 30 * time.Second
	prefix      = "intercom."
)

type measuring struct {
	binary, api string
	servers     *bench.Kafka
	out         io.Writer
	watched     time.Duration
}

func (m *measuring) command(ctx context.Context, args []string, env ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd, said := exec.CommandContext(ctx, m.binary, args...), &bytes.Buffer{}
	cmd.Env = bench.Env(m.api, m.servers, append(env, "HEADWATER_LOG_LEVEL=warn")...)
	cmd.Stdout, cmd.Stderr = said, said
	return cmd, said
}

// readAll reads everything once, so that there is state.
func (m *measuring) readAll(ctx context.Context) error {
	cmd, said := m.command(ctx, []string{"run", "--once"})
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w\n%s", err, said)
	}
	return nil
}

// while runs headwater while f looks at it.
func (m *measuring) while(ctx context.Context, f func(pid int) error, env ...string) error {
	cmd, said := m.command(ctx, []string{"run"}, env...)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err := f(cmd.Process.Pid)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(stopTimeout, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if err := errors.Join(err, <-ended); err != nil {
		return fmt.Errorf("%w\n%s", err, said)
	}
	return nil
}

// start changes a contact and measures the time from a start until a consumer of committed records has the change.
func (m *measuring) start(ctx context.Context, times int) error {
	var took []time.Duration
	for range times {
		d, err := m.startOnce(ctx)
		if err != nil {
			return err
		}
		took = append(took, d)
	}
	slices.Sort(took)
	median := took[len(took)/2]
	return m.target(median < startLimit, "start to first committed record: %v (from %v to %v), wanted less than %v",
		median.Round(time.Millisecond), took[0].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), startLimit)
}

func (m *measuring) startOnce(ctx context.Context) (took time.Duration, err error) {
	client, err := m.consumer(ctx)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	if err := m.post(ctx, "/_sandbox/change/contacts?n=1"); err != nil {
		return 0, err
	}
	began := time.Now()
	err = m.while(ctx, func(int) error {
		bounded, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		fetches := client.PollFetches(bounded)
		took = time.Since(began)
		return fetches.Err()
	})
	return took, err
}

// consumer reads the contacts' topic from its end on.
func (m *measuring) consumer(ctx context.Context) (*kgo.Client, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(m.servers.Brokers))
	if err != nil {
		return nil, err
	}
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, prefix+"contacts")
	client.Close()
	if err := errors.Join(err, ends.Error()); err != nil {
		return nil, err
	}
	from := map[string]map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) {
		if from[o.Topic] == nil {
			from[o.Topic] = map[int32]kgo.Offset{}
		}
		from[o.Topic][o.Partition] = kgo.NewOffset().At(o.Offset)
	})
	return kgo.NewClient(kgo.SeedBrokers(m.servers.Brokers), kgo.ConsumePartitions(from), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
}

// poll lets headwater look for changes far more often than it does by itself.
func (m *measuring) poll(ctx context.Context) error {
	const interval = 500 * time.Millisecond
	var cpu time.Duration
	var polls int
	err := m.while(ctx, func(pid int) error {
		return m.watch(ctx, pid, &cpu, &polls)
	}, "HEADWATER_POLL_INTERVAL="+interval.String(), "HEADWATER_SNAPSHOT_INTERVAL=24h")
	if err != nil {
		return err
	}
	each := cpu / time.Duration(max(polls, 1))
	return m.target(polls > 0 && each < pollLimit, "a live pass of each incremental resource that finds nothing: %.1f ms of CPU (%d of them), wanted less than %v",
		each.Seconds()*1e3, polls, pollLimit)
}

func (m *measuring) idle(ctx context.Context) error {
	var cpu time.Duration
	var polls int
	var now, peak int64
	err := m.while(ctx, func(pid int) (err error) {
		if err = m.watch(ctx, pid, &cpu, &polls); err == nil {
			now, peak, err = bench.Memory(pid)
		}
		return err
	})
	if err != nil {
		return err
	}
	share := cpu.Seconds() / m.watched.Seconds()
	return errors.Join(
		m.target(now < memoryLimit, "memory of an idle process: %.1f MiB (%.1f at most, at its start), wanted less than %d", float64(now)/(1<<20), float64(peak)/(1<<20), memoryLimit>>20),
		m.target(share < idleLimit, "CPU of an idle process: %.2f %% of a processor, wanted less than %.1f", share*100, idleLimit*100))
}

// watch measures the CPU that a process takes, and how often it asks for changed contacts meanwhile.
func (m *measuring) watch(ctx context.Context, pid int, cpu *time.Duration, polls *int) error {
	if err := wait(ctx, settling); err != nil {
		return err
	}
	before, err := bench.CPUNow(pid)
	first, err2 := m.searches(ctx)
	err3 := wait(ctx, m.watched)
	after, err4 := bench.CPUNow(pid)
	last, err5 := m.searches(ctx)
	*cpu, *polls = after-before, last-first
	return errors.Join(err, err2, err3, err4, err5)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// searches is how often contacts were asked for.
func (m *measuring) searches(ctx context.Context) (int, error) {
	var stats struct {
		Requests map[string]int `json:"requests"`
	}
	err := m.request(ctx, http.MethodGet, "/_sandbox/stats", &stats)
	return stats.Requests["contacts"], err
}

func (m *measuring) post(ctx context.Context, path string) error {
	return m.request(ctx, http.MethodPost, path, nil)
}

func (m *measuring) request(ctx context.Context, method, path string, into any) error {
	var text bytes.Buffer
	err := bench.Request(ctx, method, m.api+path, &text)
	if err == nil && into != nil {
		err = json.Unmarshal(text.Bytes(), into)
	}
	return err
}
