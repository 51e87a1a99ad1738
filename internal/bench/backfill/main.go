// Command backfill measures the backfill of many contacts from an API that answers after a given latency: wall time against the
// bound that latency and concurrency set, CPU time and peak memory of headwater, for each count of contacts. The API, the broker and
// headwater run in processes of their own.
//
//	go run ./internal/bench/backfill -contacts 20000,200000 -concurrency 8,4
//
// With -workers it measures how the work of one group's workers grows with their number:
//
//	go run ./internal/bench/backfill -workers 1,3 -contacts 300000 -concurrency 4 -latency 200ms
//
// It ends with 1 where a run did not bring every contact into the topic. The figures are to be looked at: a machine that has
// something else to do at the same time shows worse ones.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/internal/bench"
)

// settings are what is measured.
type settings struct {
	contacts    []int
	concurrency []int
	workers     []int // of one group; none: one that runs once, without a group
	latency     time.Duration
	rate        int
	real        bool
	binary      string
	folder      string // for files of a moment
}

func main() { bench.Main("backfill", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == roleAPI {
		return serveAPI(ctx, args[1:], out)
	}
	if len(args) > 0 && args[0] == bench.RoleBroker {
		return bench.ServeBroker(ctx, out)
	}
	s, err := parse(args)
	if err != nil {
		return err
	}
	if s.folder, err = os.MkdirTemp("", "headwater-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.folder)
	if s.binary == "" {
		s.binary = filepath.Join(s.folder, "headwater")
		if err := bench.Build(ctx, "cmd/headwater", s.binary); err != nil {
			return err
		}
	}
	if len(s.workers) > 0 {
		return runScale(ctx, s, out)
	}
	fmt.Fprintln(out, header)
	for _, contacts := range s.contacts {
		for _, concurrency := range s.concurrency {
			m, err := measure(ctx, s, contacts, concurrency)
			if err != nil {
				return fmt.Errorf("%d contacts, concurrency %d: %w", contacts, concurrency, err)
			}
			fmt.Fprintln(out, m)
		}
	}
	return nil
}

func parse(args []string) (settings, error) {
	var s settings
	var contacts, concurrency, workers string
	flags := flag.NewFlagSet("backfill", flag.ContinueOnError)
	flags.StringVar(&contacts, "contacts", "20000,200000", "how many contacts the API holds, one run each")
	flags.StringVar(&concurrency, "concurrency", "8,4", "HEADWATER_CONCURRENCY, one run each")
	flags.StringVar(&workers, "workers", "", "workers of one group, one run each, compared with the first; empty: one, which runs once without a group")
	flags.DurationVar(&s.latency, "latency", 50*time.Millisecond, "from a request's arrival to its answer")
	flags.IntVar(&s.rate, "rate", -1, "requests in ten seconds; negative: no limit")
	flags.BoolVar(&s.real, "real", false, "on a real Kafka and a real schema registry instead of the embedded ones")
	flags.StringVar(&s.binary, "binary", "", "the headwater to measure; empty: built from this module")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	var err, err2 error
	s.contacts, err = numbers(contacts)
	s.concurrency, err2 = numbers(concurrency)
	if workers != "" {
		var err3 error
		s.workers, err3 = numbers(workers)
		err2 = errors.Join(err2, err3)
	}
	return s, errors.Join(err, err2)
}

func numbers(list string) ([]int, error) {
	var all []int
	for _, text := range strings.Split(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n <= 0 {
			return nil, fmt.Errorf("%q is no number above zero", text)
		}
		all = append(all, n)
	}
	return all, nil
}
