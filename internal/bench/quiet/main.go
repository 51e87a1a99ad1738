// Command quiet measures what headwater takes when there is little to do, with the built-in source's thirteen resources on a real Kafka
// and a real schema registry: from its start to the first committed record where state is there already, the CPU of a live pass that
// finds nothing, memory and CPU of a process that idles. The sample API is a process of its own.
//
//	go run ./internal/bench/quiet
//
// It ends with 1 where a target is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/headwater-stream/headwater/internal/bench"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

const roleAPI = "serve-api"

// Targets.
const (
	startLimit  = 500 * time.Millisecond
	pollLimit   = 5 * time.Millisecond
	memoryLimit = 40 << 20 // bytes
	idleLimit   = 0.005    // of a processor
)

func main() { bench.Main("quiet", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == roleAPI {
		return serveAPI(ctx, out)
	}
	flags := flag.NewFlagSet("quiet", flag.ContinueOnError)
	binary := flags.String("binary", "", "the headwater to measure; empty: built from this module")
	starts := flags.Int("starts", 7, "how often it is started; the median counts")
	watched := flags.Duration("for", time.Minute, "how long a process that polls, and one that idles, is watched")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *binary == "" {
		folder, err := os.MkdirTemp("", "headwater-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		*binary = filepath.Join(folder, "headwater")
		if err := bench.Build(ctx, "cmd/headwater", *binary); err != nil {
			return err
		}
	}
	servers, err := bench.StartReal(ctx)
	if err != nil {
		return err
	}
	defer servers.Close()
	api, err := bench.StartChild(ctx, roleAPI)
	if err != nil {
		return err
	}
	defer api.Close()
	m := &measuring{binary: *binary, api: api.Said[0], servers: servers, out: out, watched: *watched}
	return m.all(ctx, *starts)
}

func serveAPI(ctx context.Context, out io.Writer) error {
	server, err := sandbox.StartAPI(sandbox.APIConfig{Seed: 1, RateLimit: -1}, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer server.Close()
	fmt.Fprintln(out, server.URL())
	return bench.UntilLeft(ctx)
}

func (m *measuring) all(ctx context.Context, starts int) error {
	if err := m.readAll(ctx); err != nil {
		return err
	}
	return errors.Join(m.start(ctx, starts), m.poll(ctx), m.idle(ctx))
}

// target tells a figure, and whether it is the one that is wanted.
func (m *measuring) target(met bool, format string, args ...any) error {
	word := "met   "
	var err error
	if !met {
		word, err = "MISSED", errors.New("a target is missed")
	}
	fmt.Fprintf(m.out, "%s  %s\n", word, fmt.Sprintf(format, args...))
	return err
}
