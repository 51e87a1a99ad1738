// Command endtoend measures what a record costs on the whole way: from an API that serves pages from memory, over plain HTTP, into a real
// Kafka with a real schema registry, in Avro, with transactions and change detection. Beside it runs the straightforward program, on the
// same pages, Kafka and schema. API, Kafka and both programs are processes of their own.
//
//	go run ./internal/bench/endtoend -records 100000,1000000
//
// What arrived is read back as consumers read it and compared with what the API served. It ends with 1 where that is not the same, or
// where a target is missed.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/headwater-stream/headwater/internal/bench"
	"github.com/headwater-stream/headwater/internal/bench/contacts"
)

// settings are what is measured, and what is wanted of it.
type settings struct {
	records []int
	beside  int     // the straightforward program reads no more records
	ratio   float64 // so many times less CPU than it is wanted
	limits  bool    // the other targets are judged, too
	decode  int
	profile string
	folder  string // for files of a moment

	headwater, straightforward string // the programs
}

func main() { bench.Main("endtoend", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == contacts.Role {
		return contacts.Serve(ctx, args[1:], out)
	}
	s, err := parse(args)
	if err != nil {
		return err
	}
	if s.folder, err = os.MkdirTemp("", "headwater-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.folder)
	if err := s.prepare(ctx); err != nil {
		return err
	}
	servers, err := bench.StartReal(ctx)
	if err != nil {
		return err
	}
	defer servers.Close()
	results, err := measure(ctx, s, servers, out)
	if err != nil {
		return err
	}
	return judge(s, results, out)
}

// prepare fills the folder: the programs and the source file.
func (s *settings) prepare(ctx context.Context) error {
	if s.headwater == "" {
		s.headwater = filepath.Join(s.folder, "headwater")
		if err := bench.Build(ctx, "cmd/headwater", s.headwater); err != nil {
			return err
		}
	}
	s.straightforward = filepath.Join(s.folder, "straightforward")
	if err := bench.Build(ctx, "internal/bench/straightforward", s.straightforward); err != nil {
		return err
	}
	return os.WriteFile(s.source(), contacts.Source, 0o600)
}

func (s settings) source() string { return filepath.Join(s.folder, "contacts.yaml") }

func parse(args []string) (settings, error) {
	var s settings
	var records string
	flags := flag.NewFlagSet("endtoend", flag.ContinueOnError)
	flags.StringVar(&records, "records", "100000,1000000", "how many records are read, one run each")
	flags.IntVar(&s.beside, "beside", 1_000_000, "the straightforward program reads no more records than this; its cost does not depend on their number")
	flags.Float64Var(&s.ratio, "ratio", 10, "how many times less CPU a record than the straightforward program is the target")
	flags.BoolVar(&s.limits, "limits", true, "judge memory and growth, too")
	flags.IntVar(&s.decode, "decode", 20_000, "how many records of each run are decoded and compared; all are counted, and their keys looked at")
	flags.StringVar(&s.profile, "profile", "", "file that keeps headwater's CPU profile of the last run")
	flags.StringVar(&s.headwater, "binary", "", "the headwater to measure; empty: built from this module")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	for _, text := range strings.Split(records, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return s, fmt.Errorf("-records: %q is no number above zero", text)
		}
		s.records = append(s.records, n)
	}
	if s.profile != "" {
		var err error
		s.profile, err = filepath.Abs(s.profile)
		return s, err
	}
	return s, nil
}
