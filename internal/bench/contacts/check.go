package contacts

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

// Check reads a topic as any consumer of committed records does: it holds every record of the set once, and nothing else. As many values
// as decode says, spread over the set, are decoded from Avro and compared with the JSON that the API served.
func (s *Set) Check(ctx context.Context, brokers, registry, topic string, decode int) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	if err != nil {
		return err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	c := checker{set: s, seen: make([]bool, s.n), schemas: map[uint32]*avro.Schema{}}
	if decode > 0 {
		c.every = max(1, s.n/decode)
	}
	if c.registry, err = sr.NewClient(sr.URLs(registry)); err != nil {
		return err
	}
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		for iter := fetches.RecordIter(); !iter.Done(); {
			r := iter.Next()
			if !r.Attrs.IsControl() {
				if err := c.record(ctx, r); err != nil {
					return fmt.Errorf("%s, partition %d, offset %d: %w", topic, r.Partition, r.Offset, err)
				}
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		}
	}
	if lost := slices.Index(c.seen, false); lost >= 0 {
		return fmt.Errorf("%s lacks record %d", topic, lost)
	}
	return nil
}

type checker struct {
	set      *Set
	seen     []bool // by the record's number
	every    int    // so many records have one whose value is decoded; 0: none is
	registry *sr.Client
	schemas  map[uint32]*avro.Schema
}

func (c *checker) record(ctx context.Context, r *kgo.Record) error {
	i, err := c.set.Index(r.Key)
	if err != nil {
		return err
	}
	if c.seen[i] {
		return fmt.Errorf("record %d is there twice", i)
	}
	c.seen[i] = true
	if c.every == 0 || i%c.every != 0 {
		return nil
	}
	if len(r.Value) < 5 || r.Value[0] != 0 {
		return fmt.Errorf("record %d is not framed", i)
	}
	schema, err := c.schema(ctx, binary.BigEndian.Uint32(r.Value[1:5]))
	if err != nil {
		return err
	}
	var got any
	rest, err := schema.Decode(r.Value[5:], &got)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes too many", len(rest))
	}
	if err != nil {
		return fmt.Errorf("record %d: decode: %w", i, err)
	}
	if path := differs("", got, parse(c.set.Append(nil, i))); path != "" {
		return fmt.Errorf("record %d is another at %s\ngot  %v\nwant %s", i, path, got, c.set.Append(nil, i))
	}
	return nil
}

func (c *checker) schema(ctx context.Context, id uint32) (*avro.Schema, error) {
	if s := c.schemas[id]; s != nil {
		return s, nil
	}
	registered, err := c.registry.SchemaByID(ctx, int(id))
	if err != nil {
		return nil, err
	}
	s, err := avro.Parse(registered.Schema)
	c.schemas[id] = s
	return s, err
}

// parse keeps numbers as they are spelled.
func parse(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	return v
}

// differs returns the path at which a decoded value is not the JSON value, "" if it is. What is null or empty equals what is not there.
func differs(path string, got, want any) string {
	if text, ok := got.(string); ok && strings.HasSuffix(path, ".custom_attributes") {
		got = parse([]byte(text)) // which contacts.yaml declares as JSON text
	}
	switch want := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for name := range object {
			if _, ok := want[name]; !ok {
				return path + "." + name
			}
		}
		for name, member := range want {
			if at := differs(path+"."+name, object[name], member); at != "" {
				return at
			}
		}
		return ""
	case []any:
		items, _ := got.([]any)
		if len(items) != len(want) {
			return path
		}
		for i, item := range want {
			if at := differs(fmt.Sprintf("%s[%d]", path, i), items[i], item); at != "" {
				return at
			}
		}
		return ""
	case json.Number:
		if number(got) != number(want) {
			return path
		}
		return ""
	}
	if got != want {
		return path
	}
	return ""
}

// number is a decoded number, or one as JSON spells it, as text.
func number(v any) string {
	switch v := v.(type) {
	case time.Time:
		return fmt.Sprint(v.Unix())
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return fmt.Sprint(n)
		}
		f, err := v.Float64()
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(f)
	}
	return fmt.Sprint(v)
}
