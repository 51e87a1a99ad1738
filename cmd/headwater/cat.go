package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/producer"
)

func (a *app) catCommand() *cobra.Command {
	var count int
	var follow bool
	c := &cobra.Command{
		Use:   "cat RESOURCE",
		Short: "Prints a resource's records, decoded, one JSON object a line",
		Long: `Prints what a resource's topic holds, decoded with the schema registry: key, op, ts and value, one JSON object a line.
Fields that are null are left out; a deleted key has a null value. Only committed records are shown.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("name one resource: headwater cat contacts")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if count < 0 {
				return &usageError{fmt.Errorf("--count %d: must not be negative", count)}
			}
			cfg, err := a.load()
			if err != nil {
				return err
			}
			return a.cat(c.Context(), cfg, args[0], count, follow)
		},
	}
	c.Flags().IntVarP(&count, "count", "n", 0, "end after so many records; 0: all")
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what arrives")
	return c
}

func (a *app) cat(ctx context.Context, cfg *Config, resource string, count int, follow bool) error {
	src, err := loadSource(cfg.Source)
	if err != nil {
		return err
	}
	if src.Resource(resource) == nil {
		return &usageError{unknownResource(src, resource)}
	}
	opts, err := cfg.kafkaOptions()
	if err != nil {
		return &usageError{err}
	}
	reg, err := cfg.registry()
	if err != nil {
		return &usageError{err}
	}
	if err := pingKafka(ctx, opts, cfg.KafkaBrokers); err != nil {
		return err
	}
	decoder := avro.NewDecoder(reg)
	printed := 0
	err = producer.Read(ctx, opts, cfg.namesOf(src).Data(resource), follow, func(r *kgo.Record) error {
		line, err := catLine(ctx, decoder, r)
		if err != nil {
			return err
		}
		if _, err := a.stdout.Write(line); err != nil {
			return err
		}
		if printed++; printed == count {
			return io.EOF
		}
		return nil
	})
	if errors.Is(err, io.EOF) { // as many as asked for
		return nil
	}
	return err
}

func catLine(ctx context.Context, decoder *avro.Decoder, r *kgo.Record) ([]byte, error) {
	line := struct {
		Key   string          `json:"key"`
		Op    string          `json:"op,omitempty"`
		TS    string          `json:"ts,omitempty"`
		Value json.RawMessage `json:"value"`
	}{Key: string(r.Key), Value: json.RawMessage("null")}
	for _, h := range r.Headers {
		switch h.Key {
		case "op":
			line.Op = string(h.Value)
		case "ts":
			line.TS = readable(string(h.Value))
		}
	}
	if r.Value != nil {
		value, err := decoder.JSON(ctx, r.Value)
		if err != nil {
			return nil, fmt.Errorf("decode %s partition %d offset %d: %w", r.Topic, r.Partition, r.Offset, err)
		}
		line.Value = value
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(line)
	return b.Bytes(), err
}

// readable writes a header's milliseconds as a time; what is none stays as it is.
func readable(ts string) string {
	ms, err := strconv.ParseInt(ts, 10, 64)
	if err != nil {
		return ts
	}
	return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano)
}
