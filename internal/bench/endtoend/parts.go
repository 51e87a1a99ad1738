package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/internal/bench"
)

// The parts of the way, in its order.
const (
	partFetch    = "fetch"
	partExtract  = "extract"
	partEncode   = "encode"
	partProducer = "producer"
	partKafka    = "Kafka client"
	partGC       = "garbage collection"
	partRest     = "rest"
)

var parts = []string{partFetch, partExtract, partEncode, partProducer, partKafka, partGC, partRest}

// owners are the functions that make a sample one of a part. Of a stack the innermost that is here decides: an allocation, a copy, a
// system call belongs to who asked for it.
var owners = []struct{ prefix, part string }{
	{"runtime.gcBgMarkWorker", partGC},
	{"runtime.bgsweep", partGC},
	{"runtime.bgscavenge", partGC},
	{"net/http.", partFetch},
	{bench.Module + "/extract", partExtract},
	{bench.Module + "/avro", partEncode},
	{bench.Module + "/producer", partProducer},
	{"github.com/twmb/franz-go/pkg/kgo.", partKafka},
	{"encoding/json.(*Decoder)", partExtract},
	{"github.com/linkedin/goavro", partEncode},
	{"main.(*typ).", partEncode},
}

func partOf(stack []string) string {
	for _, function := range stack {
		for _, o := range owners {
			if strings.HasPrefix(function, o.prefix) {
				return o.part
			}
		}
	}
	return partRest
}

// partsOf divides cpu as the samples of a CPU profile say.
func partsOf(ctx context.Context, binary, profile string, cpu time.Duration) (map[string]time.Duration, error) {
	cmd := exec.CommandContext(ctx, "go", "tool", "pprof", "-unit=ms", "-traces", binary, profile)
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go tool pprof: %w", err)
	}
	samples, total := map[string]float64{}, 0.0
	traces := strings.Split(string(text), "-----------+-------------------------------------------------------\n")
	for _, trace := range traces[min(1, len(traces)):] {
		var took float64
		var stack []string
		for line := range strings.Lines(trace) {
			words := strings.Fields(line)
			if len(stack) == 0 && len(words) > 1 {
				if _, err := fmt.Sscanf(words[0], "%fms", &took); err != nil {
					continue // a label
				}
				words = words[1:]
			}
			if len(words) > 0 {
				stack = append(stack, words[0])
			}
		}
		samples[partOf(stack)] += took
		total += took
	}
	if total == 0 {
		return nil, fmt.Errorf("the profile %s has no samples", profile)
	}
	divided := map[string]time.Duration{}
	for _, part := range slices.Sorted(slices.Values(parts)) {
		divided[part] = time.Duration(float64(cpu) * samples[part] / total)
	}
	return divided, nil
}
