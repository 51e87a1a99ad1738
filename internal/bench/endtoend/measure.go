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
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/headwater-stream/headwater/internal/bench"
	"github.com/headwater-stream/headwater/internal/bench/contacts"
)

const partitions = 3

// result is one program's run.
type result struct {
	records       int
	cpu, wall     time.Duration
	peak          int64 // resident memory, in bytes
	allocs, bytes uint64
	parts         map[string]time.Duration // of cpu
}

// perRecord is a share of the CPU time in µs per record.
func (r result) perRecord(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(r.records) }

// pair is what both programs took for as many records as either read. beside may have read fewer.
type pair struct{ headwater, beside result }

func measure(ctx context.Context, s settings, servers *bench.Kafka, out io.Writer) ([]pair, error) {
	var all []pair
	// A broker's first transactions wait for topics of its own.
	if _, err := measurePair(ctx, s, servers, contacts.PerPage); err != nil {
		return nil, fmt.Errorf("before the first measurement: %w", err)
	}
	for _, n := range s.records {
		p, err := measurePair(ctx, s, servers, n)
		if err != nil {
			return nil, fmt.Errorf("%d records: %w", n, err)
		}
		all = append(all, p)
		fmt.Fprintln(out, p)
	}
	return all, nil
}

func measurePair(ctx context.Context, s settings, servers *bench.Kafka, n int) (p pair, err error) {
	until := time.Now().Add(-time.Hour)
	prefix := fmt.Sprintf("bench-%d-%d.", n, until.UnixMilli()) // Kafka may be a user's, and have seen this before
	run := func(n int, topic string, measured func(api string) (result, error)) (result, error) {
		api, err := contacts.Start(ctx, n, until, false)
		if err != nil {
			return result{}, err
		}
		r, err := measured(api.Said[0])
		api.Close()
		if err != nil {
			return r, err
		}
		r.records = n
		return r, contacts.New(n, until).Check(ctx, servers.Brokers, servers.Registry, topic, s.decode)
	}
	if p.headwater, err = run(n, prefix+"contacts", func(api string) (result, error) { return s.runHeadwater(ctx, servers, api, prefix) }); err != nil {
		return p, fmt.Errorf("headwater: %w", err)
	}
	topic := prefix + "straightforward"
	if p.beside, err = run(min(n, s.beside), topic, func(api string) (result, error) {
		return s.runStraightforward(ctx, servers, api, topic, prefix+"contacts-value")
	}); err != nil {
		return p, fmt.Errorf("straightforward: %w", err)
	}
	return p, deleteTopics(ctx, servers.Brokers, prefix)
}

// runHeadwater looks at the process when it has committed everything and asks the API for what is new: its CPU profile is of all that
// it did, and its memory can still be read.
func (s settings) runHeadwater(ctx context.Context, servers *bench.Kafka, api, prefix string) (r result, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	said := &output{found: make(chan string, 1)}
	cmd := exec.CommandContext(ctx, s.headwater, "run", "contacts", "--once", "--pprof", "0")
	cmd.Env = bench.Env(api, servers, "HEADWATER_SOURCE="+s.source(), "HEADWATER_TOPIC_PREFIX="+prefix, "HEADWATER_PARTITIONS="+strconv.Itoa(partitions), "HEADWATER_LOG_LEVEL=warn")
	cmd.Stdout, cmd.Stderr = said, said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return r, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	failed := func(err error) (result, error) {
		cancel()
		return r, fmt.Errorf("%w: %w\n%s", err, <-ended, said)
	}
	var profiles string
	select {
	case profiles = <-said.found:
	case err := <-ended:
		return r, fmt.Errorf("%w\n%s", err, said)
	}
	file := s.profileFile()
	profiled := make(chan error, 1)
	go func() { profiled <- download(ctx, profiles+"profile?seconds=86400", file) }()
	atEnd := make(chan error, 1)
	go func() { _, err := get(ctx, api+contacts.EndPath); atEnd <- err }()
	select {
	case err = <-atEnd:
	case err = <-ended:
		return r, fmt.Errorf("it ended before it had asked for everything: %w\n%s", err, said)
	}
	r.wall = time.Since(began)
	if err == nil {
		err = r.look(ctx, cmd.Process.Pid, profiles)
	}
	if err == nil {
		_, err = get(ctx, api+contacts.OpenPath)
	}
	if err == nil {
		err = <-profiled
	}
	if err != nil {
		return failed(err)
	}
	if err := <-ended; err != nil {
		return r, fmt.Errorf("%w\n%s", err, said)
	}
	r.cpu = bench.CPU(cmd)
	r.parts, err = partsOf(ctx, s.headwater, file, r.cpu)
	return r, err
}

func (s settings) profileFile() string {
	if s.profile != "" {
		return s.profile
	}
	return filepath.Join(s.folder, "cpu.pprof")
}

// look reads memory and allocations of a process that serves profiles.
func (r *result) look(ctx context.Context, pid int, profiles string) error {
	heap, err := get(ctx, profiles+"heap?debug=1")
	if err != nil {
		return err
	}
	if r.allocs, err = heapFigure(heap, "Mallocs"); err != nil {
		return err
	}
	if r.bytes, err = heapFigure(heap, "TotalAlloc"); err != nil {
		return err
	}
	_, r.peak, err = bench.Memory(pid)
	return err
}

func heapFigure(heap []byte, name string) (uint64, error) {
	_, rest, found := bytes.Cut(heap, []byte("\n# "+name+" = "))
	figure, _, _ := bytes.Cut(rest, []byte("\n"))
	if !found {
		return 0, fmt.Errorf("the heap profile does not tell %s", name)
	}
	return strconv.ParseUint(string(figure), 10, 64)
}

// runStraightforward writes with the schema that Headwater has registered, into a topic like Headwater's.
func (s settings) runStraightforward(ctx context.Context, servers *bench.Kafka, api, topic, subject string) (r result, err error) {
	registry, err := sr.NewClient(sr.URLs(servers.Registry))
	if err != nil {
		return r, err
	}
	schema, err := registry.SchemaByVersion(ctx, subject, -1)
	if err != nil {
		return r, err
	}
	if err := bench.CreateTopic(ctx, servers.Brokers, topic, partitions); err != nil {
		return r, err
	}
	profile := filepath.Join(s.folder, "straightforward.pprof")
	cmd := exec.CommandContext(ctx, s.straightforward, "-api", api, "-brokers", servers.Brokers, "-registry", servers.Registry,
		"-topic", topic, "-schema", strconv.Itoa(schema.ID), "-cpuprofile", profile)
	var said, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &wrong
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("%w\n%s", err, wrong.Bytes())
	}
	r.wall, r.cpu = time.Since(began), bench.CPU(cmd)
	var used struct {
		Mallocs, Bytes uint64
		Peak           int64
	}
	if err := json.Unmarshal(said.Bytes(), &used); err != nil {
		return r, err
	}
	r.allocs, r.bytes, r.peak = used.Mallocs, used.Bytes, used.Peak
	r.parts, err = partsOf(ctx, s.straightforward, profile, r.cpu)
	return r, err
}

// deleteTopics gives the disk back.
func deleteTopics(ctx context.Context, brokers, prefix string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers))
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	topics, err := admin.ListTopics(ctx)
	if err != nil {
		return err
	}
	var own []string
	for _, name := range topics.Names() {
		if strings.HasPrefix(name, prefix) {
			own = append(own, name)
		}
	}
	deleted, err := admin.DeleteTopics(ctx, own...)
	return errors.Join(err, deleted.Error())
}

// output keeps what a program says, and finds in it where profiles are served.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	once  sync.Once
	found chan string
}

var profilesAt = regexp.MustCompile(`(?m)^profiles at (\S+)$`)

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if m := profilesAt.FindSubmatch(o.text.Bytes()); m != nil {
		o.once.Do(func() { o.found <- string(m[1]) })
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func get(ctx context.Context, url string) ([]byte, error) {
	var text bytes.Buffer
	err := bench.Request(ctx, http.MethodGet, url, &text)
	return text.Bytes(), err
}

func download(ctx context.Context, url, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(bench.Request(ctx, http.MethodGet, url, file), file.Close())
}
