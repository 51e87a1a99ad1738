package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/internal/bench"
	"github.com/headwater-stream/headwater/sources"
)

const (
	stateTopic = "intercom._state"
	claimKey   = "__claim"
	lanes      = 16

	settled     = 8 * time.Second // without a claim: the lanes are assigned; above the broker's heartbeat interval of a group
	assignment  = 3 * time.Minute // the longest that it may take
	lookEvery   = 500 * time.Millisecond
	stopTimeout = 30 * time.Second
)

// scaled is the backfill of one number of workers, which share the lanes of one group.
type scaled struct {
	workers  int
	contacts int
	requests int64
	lanes    []int         // of each worker
	wall     time.Duration // from the completed assignment until the last contact was published
	bound    time.Duration
	busy     time.Duration
	cpu      time.Duration // of all workers
}

const scaleHeader = "| workers | lanes | contacts | requests | bound | wall | wall / bound | in flight | records/s | CPU | of one worker's speed |\n" +
	"| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"

// row renders s; first is the one that it is compared with.
func (s scaled) row(first scaled) string {
	speed := func(s scaled) float64 { return float64(s.contacts) / s.wall.Seconds() }
	return fmt.Sprintf("| %d | %s | %d | %d | %.1f s | %.1f s | %.2f | %.1f | %.0f | %.1f s | %.2f × |", s.workers, strings.Trim(fmt.Sprint(s.lanes), "[]"),
		s.contacts, s.requests, s.bound.Seconds(), s.wall.Seconds(), s.wall.Seconds()/s.bound.Seconds(), s.busy.Seconds()/s.wall.Seconds(), speed(s),
		s.cpu.Seconds(), speed(s)/speed(first))
}

// runScale measures the same backfill with each number of workers.
func runScale(ctx context.Context, s settings, out io.Writer) error {
	for _, contacts := range s.contacts {
		for _, concurrency := range s.concurrency {
			fmt.Fprintln(out, scaleHeader)
			var first scaled
			for _, workers := range s.workers {
				m, err := scale(ctx, s, workers, contacts, concurrency)
				if err != nil {
					return fmt.Errorf("%d workers, %d contacts, concurrency %d: %w", workers, contacts, concurrency, err)
				}
				if first.workers == 0 {
					first = m
				}
				fmt.Fprintln(out, m.row(first))
			}
		}
	}
	return nil
}

// scale starts the workers on an API that holds its contacts back until every worker has its lanes.
func scale(ctx context.Context, s settings, workers, contacts, concurrency int) (scaled, error) {
	m := scaled{workers: workers, contacts: contacts}
	servers, err := startKafka(ctx, s.real)
	if err != nil {
		return m, err
	}
	defer servers.Close()
	api, err := bench.StartChild(ctx, roleAPI, "-contacts", fmt.Sprint(contacts), "-latency", s.latency.String(), "-rate", fmt.Sprint(s.rate), "-closed")
	if err != nil {
		return m, err
	}
	defer api.Close()
	source, err := contactsAlone(s.folder)
	if err != nil {
		return m, err
	}
	t, err := startTeam(ctx, workers, s.binary, bench.Env(api.Said[0], servers, fmt.Sprint("HEADWATER_CONCURRENCY=", concurrency),
		"HEADWATER_GROUP=bench", "HEADWATER_SOURCE="+source, "HEADWATER_LOG_LEVEL=warn"))
	if err != nil {
		return m, err
	}
	defer t.kill()
	if m.lanes, err = awaitAssignment(ctx, servers.Brokers, workers, t.ended); err != nil {
		return m, fmt.Errorf("%w\n%s", err, t.said())
	}
	began := time.Now()
	if err := post(ctx, api.Said[0]+openPath); err != nil {
		return m, err
	}
	end, err := awaitContacts(ctx, servers.Brokers, contacts, t.ended)
	if err != nil {
		return m, fmt.Errorf("%w\n%s", err, t.said())
	}
	c, err := countsOf(ctx, api.Said[0])
	if err != nil {
		return m, err
	}
	m.wall, m.requests, m.busy = end.Sub(began), c.Requests, c.Busy
	m.bound = time.Duration(m.requests) * s.latency / time.Duration(concurrency*workers)
	m.cpu, err = t.stop()
	return m, err
}

// contactsAlone writes the source file without the other resources: workers of a group read every resource of theirs.
func contactsAlone(folder string) (path string, err error) {
	whole, err := sources.Open("intercom")
	if err != nil {
		return "", err
	}
	const first, begin = "\nresources:\n", "\n  - name: "
	head, list, _ := strings.Cut(string(whole), first)
	_, contacts, found := strings.Cut(list, begin+"contacts\n")
	if !found {
		return "", errors.New("the built-in source has no contacts")
	}
	contacts, _, _ = strings.Cut(contacts, begin)
	path = filepath.Join(folder, "contacts.yaml")
	return path, os.WriteFile(path, []byte(head+first+begin+"contacts\n"+contacts+"\n"), 0o600)
}

// team is the workers' processes.
type team struct {
	all   []*exec.Cmd
	out   []*bytes.Buffer // to be read when all have ended
	ended chan error      // told of each that ends
	wait  sync.WaitGroup
}

func startTeam(ctx context.Context, workers int, binary string, env []string) (*team, error) {
	t := &team{ended: make(chan error, workers)}
	for range workers {
		cmd, said := exec.CommandContext(ctx, binary, "run"), &bytes.Buffer{}
		cmd.Env, cmd.Stdout, cmd.Stderr = env, said, said
		if err := cmd.Start(); err != nil {
			t.kill()
			return nil, err
		}
		t.all, t.out = append(t.all, cmd), append(t.out, said)
		t.wait.Go(func() { t.ended <- cmd.Wait() })
	}
	return t, nil
}

// stop ends the workers in good order and returns the CPU time that they took.
func (t *team) stop() (time.Duration, error) {
	for _, cmd := range t.all {
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	var errs []error
	late := time.After(stopTimeout)
	for range t.all {
		select {
		case err := <-t.ended:
			errs = append(errs, err)
		case <-late:
			return 0, fmt.Errorf("a worker does not end\n%s", t.said())
		}
	}
	var cpu time.Duration
	for _, cmd := range t.all {
		cpu += bench.CPU(cmd)
	}
	if err := errors.Join(errs...); err != nil {
		return 0, fmt.Errorf("headwater: %w\n%s", err, t.said())
	}
	return cpu, nil
}

func (t *team) kill() {
	for _, cmd := range t.all {
		_ = cmd.Process.Kill() // one that has ended is no error here
	}
	t.wait.Wait()
}

// said kills the workers and returns what they have written.
func (t *team) said() []byte {
	t.kill()
	var all []byte
	for _, b := range t.out {
		all = append(all, b.Bytes()...)
	}
	return all
}

// awaitAssignment follows the claims until every lane is held, each worker holds some, and nothing has changed for a while. It returns
// how many lanes each of them holds.
func awaitAssignment(ctx context.Context, brokers string, workers int, ended <-chan error) ([]int, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.ConsumeTopics(stateTopic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.UnknownTopicRetries(-1), kgo.MetadataMinAge(lookEvery))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	owners, last, limit := map[int32]string{}, time.Now(), time.Now().Add(assignment)
	for {
		select {
		case err := <-ended:
			return nil, fmt.Errorf("a worker has ended: %w", err)
		default:
		}
		bounded, cancel := context.WithTimeout(ctx, lookEvery)
		fetches := client.PollFetches(bounded)
		cancel()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			var claim struct {
				Worker string `json:"worker"`
			}
			if string(r.Key) == claimKey && json.Unmarshal(r.Value, &claim) == nil {
				owners[r.Partition], last = claim.Worker, time.Now()
			}
		})
		held := map[string]int{}
		for _, worker := range owners {
			held[worker]++
		}
		if len(owners) == lanes && len(held) == workers && time.Since(last) > settled {
			var counts []int
			for _, n := range held {
				counts = append(counts, n)
			}
			return counts, nil
		}
		if time.Now().After(limit) {
			return nil, fmt.Errorf("the lanes are not assigned within %v: %v", assignment, held)
		}
	}
}

// awaitContacts waits until the topic holds every contact and returns when the last one was published. While it waits it asks for
// offsets only: reading along would take the processor from those who are measured.
func awaitContacts(ctx context.Context, brokers string, contacts int, ended <-chan error) (time.Time, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers))
	if err != nil {
		return time.Time{}, err
	}
	defer client.Close()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var before int64
	for {
		select {
		case <-look.C:
		case err := <-ended:
			return time.Time{}, fmt.Errorf("a worker has ended: %w", err)
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
		ends, err := kadm.NewClient(client).ListCommittedOffsets(ctx, topic)
		if err := errors.Join(err, ends.Error()); err != nil {
			return time.Time{}, err
		}
		var now int64 // records and their transactions' ends
		ends.Each(func(o kadm.ListedOffset) { now += o.Offset })
		if quiet := now == before; !quiet || now < int64(contacts) {
			before = now
			continue
		}
		published, last, err := keys(ctx, brokers)
		if err != nil || published == contacts {
			return last, err
		}
	}
}

func post(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
