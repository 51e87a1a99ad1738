// Command peers measures dlt and airbyte-cdk beside headwater: the same pages, from an API that serves them from memory, into the same
// real Kafka. Both run small pipelines as their users write them, which are in this folder; they write JSON, commit no state with the
// records, and see no change. It needs Python 3; the packages are fetched once and kept in the cache.
//
//	go run ./internal/bench/peers -records 50000
//
// CPU is that of all processes of a pipeline. What a start costs (Python's imports, above all) is measured by a run of one page, and
// what a record costs is the difference. It ends with 1 where a topic does not hold every record, or a target is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/headwater-stream/headwater/internal/bench"
	"github.com/headwater-stream/headwater/internal/bench/contacts"
)

const partitions = 3

func main() { bench.Main("peers", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == contacts.Role {
		return contacts.Serve(ctx, args[1:], out)
	}
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	records := flags.Int("records", 50_000, "how many records each reads")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *records < 2*contacts.PerPage {
		return fmt.Errorf("-records %d: give at least %d", *records, 2*contacts.PerPage)
	}
	folder, err := os.MkdirTemp("", "headwater-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	all, err := programs(ctx, folder)
	if err != nil {
		return err
	}
	servers, err := bench.StartReal(ctx)
	if err != nil {
		return err
	}
	defer servers.Close()
	return compare(ctx, servers, folder, all, *records, out)
}

// compare measures the programs, the first of which is headwater.
func compare(ctx context.Context, servers *bench.Kafka, folder string, all []program, n int, out io.Writer) error {
	fmt.Fprintln(out, "| program | start | CPU a record | of headwater's | target |\n| --- | ---: | ---: | ---: | ---: |")
	var own time.Duration
	missed := 0
	for _, p := range all {
		start, _, err := p.measure(ctx, servers, folder, contacts.PerPage)
		if err == nil && p.times == 0 { // a broker's first transactions wait for topics of its own
			start, _, err = p.measure(ctx, servers, folder, contacts.PerPage)
		}
		whole, wall, err2 := p.measure(ctx, servers, folder, n)
		if err := errors.Join(err, err2); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		each := (whole - start) / time.Duration(n-contacts.PerPage)
		if p.times == 0 {
			own = each
		}
		times := float64(each) / float64(own)
		target := ""
		if p.times > 0 {
			target = fmt.Sprintf("%g ×", p.times)
		}
		if times < p.times {
			missed, target = missed+1, target+", MISSED"
		}
		fmt.Fprintf(out, "| %s | %.2f s | %.1f µs | %.1f × | %s |\n", p.name, start.Seconds(), each.Seconds()*1e6, times, target)
		fmt.Fprintf(os.Stderr, "%s: %d records in %.1f s\n", p.name, n, wall.Seconds())
	}
	if missed > 0 {
		return errors.New("a target is missed")
	}
	return nil
}

// measure runs a program on n records, and looks whether all of them arrived.
func (p program) measure(ctx context.Context, servers *bench.Kafka, folder string, n int) (cpu, wall time.Duration, err error) {
	until := time.Now().Add(-time.Hour)
	api, err := contacts.Start(ctx, n, until, true)
	if err != nil {
		return 0, 0, err
	}
	defer api.Close()
	work, err := os.MkdirTemp(folder, "run-")
	if err != nil {
		return 0, 0, err
	}
	prefix := fmt.Sprintf("peers-%d.", time.Now().UnixNano())
	topic := prefix + "contacts"
	if err := bench.CreateTopic(ctx, servers.Brokers, topic, partitions); err != nil {
		return 0, 0, err
	}
	cmd := p.command(ctx, work, api.Said[0], servers, prefix)
	began := time.Now()
	said, err := cmd.CombinedOutput()
	if err != nil {
		return 0, 0, fmt.Errorf("%w\n%s", err, said[max(0, len(said)-4000):])
	}
	wall = time.Since(began)
	return bench.CPU(cmd), wall, contacts.New(n, until).Check(ctx, servers.Brokers, servers.Registry, topic, p.decoded)
}

// program is what is measured.
type program struct {
	name    string
	times   float64 // so many times headwater's CPU it is expected to take; 0: it is headwater
	decoded int     // so many of its values are decoded, as Avro
	command func(ctx context.Context, work, api string, servers *bench.Kafka, prefix string) *exec.Cmd
}

// programs builds headwater and fetches the others.
func programs(ctx context.Context, folder string) ([]program, error) {
	binary, source := filepath.Join(folder, "headwater"), filepath.Join(folder, "contacts.yaml")
	if err := errors.Join(bench.Build(ctx, "cmd/headwater", binary), os.WriteFile(source, contacts.Source, 0o600)); err != nil {
		return nil, err
	}
	own := program{name: "headwater", decoded: 2_000, command: func(ctx context.Context, _, api string, servers *bench.Kafka, prefix string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary, "run", "contacts", "--once")
		cmd.Env = bench.Env(api, servers, "HEADWATER_SOURCE="+source, "HEADWATER_TOPIC_PREFIX="+prefix, "HEADWATER_PARTITIONS="+strconv.Itoa(partitions), "HEADWATER_LOG_LEVEL=warn")
		return cmd
	}}
	dlt, err := fetch(ctx, "dlt", dltPins)
	if err != nil {
		return nil, err
	}
	airbyte, err := fetch(ctx, "airbyte-cdk", airbytePins)
	if err != nil {
		return nil, err
	}
	return []program{own, dlt, airbyte}, nil
}
