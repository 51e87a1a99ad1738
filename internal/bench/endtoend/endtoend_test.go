package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headwater-stream/headwater/internal/bench"
	"github.com/headwater-stream/headwater/internal/bench/contacts"
	"github.com/headwater-stream/headwater/internal/realstack/stacktest"
)

var stack stacktest.Stack

// The test binary is also the child that serves the API.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == contacts.Role {
		main()
		return
	}
	code := m.Run()
	code = max(code, stack.Close())
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// What both programs bring into a real Kafka is what the API served, and headwater takes far less CPU for it. The ratio that is wanted
// here is less than a measurement shows: what else this machine does must not break the test.
func TestEndToEnd(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what a process uses is read from /proc")
	}
	servers := stack.Servers(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	s := settings{records: []int{40_000}, beside: 20_000, ratio: 2.5, decode: 2_000, folder: t.TempDir()}
	if err := s.prepare(ctx); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	results, err := measure(ctx, s, &bench.Kafka{Brokers: strings.Join(servers.Brokers, ","), Registry: servers.RegistryURL}, &said)
	if err == nil {
		err = judge(s, results, &said)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, &said)
	}
	for _, part := range []string{partFetch, partExtract, partEncode, partKafka} {
		if results != nil && results[0].headwater.parts[part] == 0 {
			t.Errorf("the profile does not show %s:\n%s", part, &said)
		}
	}
}

// A sample belongs to the innermost function that has an owner.
func TestPartOf(t *testing.T) {
	t.Parallel()
	for stack, want := range map[string]string{
		"runtime.mallocgc|" + bench.Module + "/avro.(*Subject).Encode|" + bench.Module + "/producer.(*pass).read": partEncode,
		"runtime.memmove|net/http.(*body).Read|" + bench.Module + "/extract.(*Client).receive":                    partFetch,
		"runtime.memmove|" + bench.Module + "/extract.check|" + bench.Module + "/producer.(*runner).fetchPages":   partExtract,
		"net.(*conn).Write|github.com/twmb/franz-go/pkg/kgo.(*brokerCxn).writeConn":                               partKafka,
		bench.Module + "/producer.(*published).judge":                                                             partProducer,
		"runtime.scanobject|runtime.gcDrain|runtime.gcBgMarkWorker":                                               partGC,
		"encoding/json.(*decodeState).object|encoding/json.(*Decoder).Decode|main.(*program).fetch":               partExtract,
		"encoding/json.mapEncoder.encode|encoding/json.Marshal|main.(*typ).bare":                                  partEncode,
		"runtime.futex|runtime.schedule|runtime.mcall":                                                            partRest,
	} {
		if got := partOf(strings.Split(stack, "|")); got != want {
			t.Errorf("%s: %s, want %s", stack, got, want)
		}
	}
}

// Every target that is missed is told.
func TestJudge(t *testing.T) {
	t.Parallel()
	run := func(records int, micros float64, peak int64) pair {
		cpu := time.Duration(micros * float64(records) * float64(time.Microsecond))
		return pair{result{records: records, cpu: cpu, peak: peak << 20}, result{records: 100, cpu: 100 * 44 * time.Microsecond}}
	}
	for _, c := range []struct {
		all  []pair
		want []string
	}{
		{[]pair{run(100_000, 4, 60), run(1_000_000, 4.3, 65)}, nil},
		{[]pair{run(100_000, 4, 60), run(1_000_000, 4.41, 65)}, []string{"CPU a record: 10.0 times", "CPU a record at 1000000"}},
		{[]pair{run(100_000, 4, 60), run(1_000_000, 4, 67)}, []string{"peak memory at 1000000 records: +12 %"}},
		{[]pair{run(1_000_000, 4, 80)}, []string{"peak memory at 1000000 records: 80.0 MiB"}},
		{[]pair{run(10_000, 2, 10), run(1_000_000, 4, 60)}, nil}, // what a start costs is most of the first
	} {
		var out strings.Builder
		err := judge(settings{ratio: 10, limits: true}, c.all, &out)
		var missed []string
		for line := range strings.Lines(out.String()) {
			if text, ok := strings.CutPrefix(line, "MISSED  "); ok {
				missed = append(missed, text)
			}
		}
		same := len(missed) == len(c.want) && !slices.ContainsFunc(c.want, func(w string) bool {
			return !slices.ContainsFunc(missed, func(m string) bool { return strings.HasPrefix(m, w) })
		})
		if !same || (err != nil) != (len(c.want) > 0) {
			t.Errorf("want %q missed: %v\n%s", c.want, err, &out)
		}
	}
}
