package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
)

// catPrinter writes records as people read them, and counts those that it cannot decode.
type catPrinter struct {
	out     io.Writer
	decoder *avro.Decoder
	flags   catFlags
	printed int
	failed  int
}

// shownRecord is a line; the names and what they mean are promised.
type shownRecord struct {
	Partition *int32          `json:"partition,omitempty"`
	Offset    *int64          `json:"offset,omitempty"`
	Time      string          `json:"time,omitempty"` // when it was written
	Key       string          `json:"key"`
	Op        string          `json:"op,omitempty"`
	TS        string          `json:"ts,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"` // null: a tombstone
	Error     string          `json:"error,omitempty"` // in place of a value: why there is none
}

// newShown is a record as it is shown, but for its value.
func newShown(r *kgo.Record) shownRecord {
	line := shownRecord{Key: string(r.Key)}
	for _, h := range r.Headers {
		switch h.Key {
		case "op":
			line.Op = string(h.Value)
		case "ts":
			line.TS = readable(string(h.Value))
		}
	}
	return line
}

// print writes a record; io.EOF ends the printing: as many as asked for.
func (p *catPrinter) print(ctx context.Context, r *kgo.Record) error {
	line := newShown(r)
	if p.flags.verbose {
		line.Partition, line.Offset, line.Time = &r.Partition, &r.Offset, r.Timestamp.UTC().Format(time.RFC3339Nano)
	}
	var err error
	if line.Value, err = valueJSON(ctx, p.decoder, r.Value); err != nil {
		var registry *avro.RegistryError
		if ctx.Err() != nil || errors.As(err, &registry) && registry.Status != http.StatusNotFound {
			return err // not this value's fault
		}
		p.failed++
		line.Error = fmt.Sprintf("%s partition %d offset %d: %s", r.Topic, r.Partition, r.Offset, oneLine(err.Error()))
	}
	text, err := jsonLine(line)
	if err != nil {
		return err
	}
	if _, err := p.out.Write(text); err != nil {
		return err
	}
	if p.printed++; p.printed == p.flags.count {
		return io.EOF
	}
	return nil
}

// valueJSON is a record's value as JSON.
func valueJSON(ctx context.Context, decoder *avro.Decoder, value []byte) (json.RawMessage, error) {
	switch {
	case value == nil:
		return json.RawMessage("null"), nil
	case len(value) > 0 && value[0] == 0: // a frame; no JSON begins so
		return decoder.JSON(ctx, value)
	case json.Valid(value):
		return json.RawMessage(string([]rune(string(value)))), nil // bytes that are not UTF-8 as U+FFFD: the line is to be JSON
	}
	return nil, errors.New("the value is neither framed Avro nor JSON")
}

// outcome says at the end that not everything could be shown.
func (p *catPrinter) outcome() error {
	if p.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of %s cannot be decoded: see their \"error\"", p.failed, counted(int64(p.printed), "record"))
}

// readable writes a header's milliseconds as a time; what is none stays as it is.
func readable(ts string) string {
	ms, err := strconv.ParseInt(ts, 10, 64)
	if err != nil {
		return ts
	}
	return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano)
}

// newestRecords holds the last record of each key. Records of one key are in one partition, so they come in their order.
type newestRecords map[string]*kgo.Record

func (n *newestRecords) keep(_ context.Context, r *kgo.Record) error {
	if *n == nil {
		*n = newestRecords{}
	}
	(*n)[string(r.Key)] = r
	return nil
}

// each hands them on in the topic's order.
func (n newestRecords) each(one func(*kgo.Record) error) error {
	order := slices.SortedFunc(maps.Values(n), func(a, b *kgo.Record) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	for _, r := range order {
		if err := one(r); err != nil {
			return err
		}
	}
	return nil
}
