package producer

import (
	"context"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// deadLetterBytes is how much of a record that is too large is kept.
const deadLetterBytes = 64 << 10

// deadLetters remembers what was put aside, so that a listing that shows the same bad record again adds nothing. Safe for
// concurrent use.
type deadLetters struct {
	topic string
	mu    sync.Mutex
	known map[string]bool

	reading sync.Mutex      // held while the topic is read
	read    map[int32]int64 // up to where its partitions were
}

func newDeadLetters(topic string) *deadLetters {
	return &deadLetters{topic: topic, known: map[string]bool{}, read: map[int32]int64{}}
}

// undeliverable says why a record cannot be published, and where in it; "" if it can.
func undeliverable(rec extract.Record, enc avro.Encoded, maxBytes int) (reason, path string) {
	switch {
	case rec.KeyErr != nil:
		return "no usable key: " + rec.KeyErr.Error(), ""
	case enc.Err != nil:
		return "cannot be encoded: " + enc.Err.Error(), enc.Path
	// Headers, batch header and length fields take less than the 200 bytes.
	case len(rec.Key)+len(enc.Value)+200 > maxBytes:
		return "larger than the topic takes (max.message.bytes " + strconv.Itoa(maxBytes) + ")", ""
	}
	return "", ""
}

// add puts a record aside, in the transaction of its page.
func (d *deadLetters) add(b *batch, resource string, rd reading, reason, path string) {
	key := resource + "/" + rd.Key
	digest := string(formatDigest(rd.entry.digest))
	d.mu.Lock()
	known := d.known[key+" "+digest]
	d.mu.Unlock()
	if known || b.dead[key+" "+digest] {
		return
	}
	b.dead[key+" "+digest] = true
	text := rd.JSON
	if len(text) > deadLetterBytes {
		text = text[:deadLetterBytes]
	}
	b.add(&kgo.Record{Topic: d.topic, Key: []byte(key), Value: text, Headers: []kgo.RecordHeader{
		{Key: "reason", Value: []byte(reason)},
		{Key: "path", Value: []byte(path)},
		{Key: "size", Value: strconv.AppendInt(nil, int64(len(rd.JSON)), 10)},
		{Key: headerDigest, Value: []byte(digest)},
	}})
	b.count(resource).dead++
}

// learn remembers a committed batch's dead letters.
func (d *deadLetters) learn(b *batch) {
	for _, r := range b.records {
		if r.Topic == d.topic {
			d.remember(r)
		}
	}
}

func (d *deadLetters) remember(r *kgo.Record) {
	for _, h := range r.Headers {
		if h.Key == headerDigest {
			d.mu.Lock()
			d.known[string(r.Key)+" "+string(h.Value)] = true
			d.mu.Unlock()
		}
	}
}

// restore learns from the topic what was put aside since it was last read, by whomever.
func (d *deadLetters) restore(ctx context.Context, s *session) error {
	d.reading.Lock()
	defer d.reading.Unlock()
	parts, err := s.extentsOf(ctx, d.topic, -1)
	if err != nil {
		return err
	}
	for id, e := range parts {
		parts[id] = extent{from: max(e.from, d.read[id]), to: e.to}
	}
	err = s.scanTopic(ctx, d.topic, parts, func(r *kgo.Record) error {
		d.remember(r)
		return nil
	})
	if err != nil {
		return err
	}
	for id, e := range parts {
		d.read[id] = e.to
	}
	return nil
}
