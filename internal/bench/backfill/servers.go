package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headwater-stream/headwater/internal/realstack"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// The program starts itself in these roles. Each prints where it listens, on one line, and serves until its standard input ends: then
// it ends with the process that started it, however that ends.
const (
	roleAPI    = "serve-api"
	roleBroker = "serve-broker"
)

// countsPath tells how many requests were answered, openPath lets an API answer that was started closed; neither is counted.
const (
	countsPath = "/_bench/counts"
	openPath   = "/_bench/open"
)

// counts is what the API's process says of itself.
type counts struct {
	Requests int64         `json:"requests"`
	Refused  int64         `json:"refused"` // 429
	Busy     time.Duration `json:"busy"`    // all requests' time from arrival to the answer's last byte, added up
}

// slowAPI answers like the sample API, but not before the latency is over. Until it is open it shows first pages only: workers find
// it in order, plan their backfill, and come to a halt.
type slowAPI struct {
	api     http.Handler
	latency time.Duration
	open    context.Context // done: it is open
	openNow func()

	requests, refused, busy atomic.Int64
}

func (a *slowAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == countsPath {
		_ = json.NewEncoder(w).Encode(counts{a.requests.Load(), a.refused.Load(), time.Duration(a.busy.Load())})
		return
	}
	if r.URL.Path == openPath {
		a.openNow()
		return
	}
	if a.open.Err() == nil && pastFirstPage(r) {
		select {
		case <-a.open.Done():
		case <-r.Context().Done():
			return
		}
	}
	began := time.Now()
	late := &lateWriter{ResponseWriter: w, at: began.Add(a.latency), left: r.Context().Done()}
	a.api.ServeHTTP(late, r)
	a.requests.Add(1)
	a.busy.Add(int64(time.Since(began)))
	if late.status == http.StatusTooManyRequests {
		a.refused.Add(1)
	}
}

// pastFirstPage says whether a search asks for more than its first page. The body can be read again afterwards.
func pastFirstPage(r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return bytes.Contains(body, []byte(`"starting_after"`))
}

// lateWriter holds the answer back until its time has come.
type lateWriter struct {
	http.ResponseWriter
	at     time.Time
	left   <-chan struct{} // the client has gone
	status int
}

func (w *lateWriter) WriteHeader(status int) {
	w.status = status
	wait := time.NewTimer(time.Until(w.at))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-w.left:
	}
	w.ResponseWriter.WriteHeader(status)
}

func serveAPI(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet(roleAPI, flag.ContinueOnError)
	contacts := flags.Int("contacts", 0, "")
	latency := flags.Duration("latency", 0, "")
	rate := flags.Int("rate", 0, "")
	closed := flags.Bool("closed", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	open, openNow := context.WithCancel(ctx)
	defer openNow()
	if !*closed {
		openNow()
	}
	api := sandbox.NewAPI(sandbox.APIConfig{Seed: 1, Size: *contacts, RateLimit: *rate})
	api.Prepare("contacts")
	server, err := sandbox.Serve("127.0.0.1:0", &slowAPI{api: api, latency: *latency, open: open, openNow: openNow})
	if err != nil {
		return err
	}
	defer server.Close()
	fmt.Fprintln(out, server.URL())
	return untilLeft(ctx)
}

func serveBroker(ctx context.Context, out io.Writer) error {
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
	return untilLeft(ctx)
}

// untilLeft returns when whoever started this process is gone.
func untilLeft(ctx context.Context) error {
	left := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		left <- err
	}()
	select {
	case err := <-left:
		return err
	case <-ctx.Done():
		return nil
	}
}

// child is this program in one of its roles.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	said  []string // where it listens
	once  sync.Once
}

func start(ctx context.Context, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.CommandContext(ctx, self, args...)}
	c.cmd.Stderr = os.Stderr
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.stdin = stdin
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		c.close()
		return nil, fmt.Errorf("%s does not say where it listens: %w", args[0], err)
	}
	c.said = strings.Fields(line)
	return c, nil
}

func (c *child) close() {
	c.once.Do(func() {
		_ = c.stdin.Close()
		_ = c.cmd.Wait()
	})
}

// kafka is a broker and a registry, embedded or real, in processes of their own.
type kafka struct {
	brokers, registry string
	close             func()
}

func startKafka(ctx context.Context, real bool) (*kafka, error) {
	if !real {
		c, err := start(ctx, roleBroker)
		if err != nil {
			return nil, err
		}
		return &kafka{c.said[0], c.said[1], c.close}, nil
	}
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
	return &kafka{broker.Addr(), registry.URL(), func() { _ = registry.Close(); _ = broker.Close() }}, nil
}
