// Command straightforward does what `headwater run --once contacts` does, as one writes it on a good day: one page after the other,
// encoding/json to maps, goavro, a producer without transactions. It remembers nothing, sees no change, and after a crash it begins again.
// internal/bench/endtoend measures it beside Headwater, with the same pages, schema and topic settings.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/headwater-stream/headwater/internal/bench"
)

// Used is what a run tells of itself, as JSON, when it has ended.
type used struct {
	Records int    `json:"records"`
	Mallocs uint64 `json:"mallocs"`
	Bytes   uint64 `json:"bytes"` // allocated, all in all
	Peak    int64  `json:"peak"`  // resident memory, in bytes
}

type program struct {
	api, brokers, registry, topic, profile string
	schemaID                               int

	codec    *goavro.Codec
	schema   *typ
	producer *kgo.Client

	mu     sync.Mutex
	failed error // the first record that was refused
}

func main() {
	var p program
	flag.StringVar(&p.api, "api", "", "the API's address")
	flag.StringVar(&p.brokers, "brokers", "", "Kafka's address")
	flag.StringVar(&p.registry, "registry", "", "the schema registry's address")
	flag.StringVar(&p.topic, "topic", "", "where the records go")
	flag.IntVar(&p.schemaID, "schema", 0, "id of the schema to write with")
	flag.StringVar(&p.profile, "cpuprofile", "", "file for the CPU profile")
	flag.Parse()
	if err := p.run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "straightforward:", err)
		os.Exit(1)
	}
}

func (p *program) run(ctx context.Context, out io.Writer) error {
	if p.profile != "" {
		file, err := os.Create(p.profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if err := p.prepare(ctx); err != nil {
		return err
	}
	defer p.producer.Close()
	records, err := p.copy(ctx)
	if err != nil {
		return err
	}
	if err := p.producer.Flush(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil {
		return p.failed
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	_, peak, err := bench.Memory(os.Getpid())
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(used{Records: records, Mallocs: memory.Mallocs, Bytes: memory.TotalAlloc, Peak: peak})
}

// prepare gets the schema and connects to Kafka. Nothing is compressed, as that costs least.
func (p *program) prepare(ctx context.Context) error {
	registry, err := sr.NewClient(sr.URLs(p.registry))
	if err != nil {
		return err
	}
	schema, err := registry.SchemaByID(ctx, p.schemaID)
	if err != nil {
		return err
	}
	if p.codec, err = goavro.NewCodec(schema.Schema); err != nil {
		return err
	}
	if p.schema, err = parse([]byte(schema.Schema), ""); err != nil {
		return err
	}
	p.producer, err = kgo.NewClient(kgo.SeedBrokers(strings.Split(p.brokers, ",")...), kgo.DefaultProduceTopic(p.topic), kgo.ProducerBatchCompression(kgo.NoCompression()))
	return err
}

// page is an answer of the API.
type page struct {
	Data  []map[string]any `json:"data"`
	Pages struct {
		Next *struct {
			StartingAfter string `json:"starting_after"`
		} `json:"next"`
	} `json:"pages"`
}

// copy brings every record into the topic and returns how many there were.
func (p *program) copy(ctx context.Context) (records int, err error) {
	for token := ""; ; {
		answer, err := p.fetch(ctx, token)
		if err != nil {
			return records, err
		}
		for _, record := range answer.Data {
			if err := p.produce(ctx, record); err != nil {
				return records, err
			}
			records++
		}
		if answer.Pages.Next == nil {
			return records, nil
		}
		token = answer.Pages.Next.StartingAfter
	}
}

func (p *program) fetch(ctx context.Context, token string) (*page, error) {
	asked, err := json.Marshal(map[string]any{"query": map[string]any{}, "pagination": map[string]any{"per_page": 150, "starting_after": token}})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.api+"/contacts/search", bytes.NewReader(asked))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", resp.Status, body)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var answer page
	return &answer, d.Decode(&answer)
}

func (p *program) produce(ctx context.Context, record map[string]any) error {
	key, ok := record["id"].(string)
	if !ok {
		return errors.New("a record without an id")
	}
	native, err := p.schema.native(record)
	if err != nil {
		return fmt.Errorf("record %s: %w", key, err)
	}
	value, err := p.codec.BinaryFromNative(binary.BigEndian.AppendUint32([]byte{0}, uint32(p.schemaID)), native)
	if err != nil {
		return fmt.Errorf("record %s: %w", key, err)
	}
	p.producer.Produce(ctx, &kgo.Record{Key: []byte(key), Value: value}, func(_ *kgo.Record, err error) {
		if err == nil {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.failed == nil {
			p.failed = fmt.Errorf("record %s: %w", key, err)
		}
	})
	return nil
}
