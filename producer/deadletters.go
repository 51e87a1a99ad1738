package producer

import (
	"context"
	"errors"
	"regexp"
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
	hide  func(string) string // takes the API's secrets out of a text
	mu    sync.Mutex
	known map[string]bool // by letterID
	told  map[string]bool // what was logged, by resource and path: bounded by maxTold

	reading sync.Mutex      // held while the topic is read
	read    map[int32]int64 // up to where its partitions were
}

func newDeadLetters(topic string, hide func(string) string) *deadLetters {
	return &deadLetters{topic: topic, hide: hide, known: map[string]bool{}, told: map[string]bool{}, read: map[int32]int64{}}
}

// undeliverable says why a record cannot be published, and where in it; "" if it can.
func undeliverable(rec *extract.Record, enc *avro.Encoded, maxBytes int) (why Rejection, reason, path string) {
	switch {
	case rec.KeyErr != nil:
		return RejectedKey, "no usable key: " + rec.KeyErr.Error(), ""
	case enc.Err != nil:
		var discarded *avro.DiscardedError
		if errors.As(enc.Err, &discarded) {
			return RejectedRecord, contractReason(avro.DiscardRecord, discarded.Error()), enc.Path
		}
		return RejectedEncoding, "cannot be encoded: " + enc.Err.Error(), enc.Path
	// Headers, batch header and length fields take less than the 200 bytes.
	case len(rec.Key)+len(enc.Value)+200 > maxBytes:
		return RejectedSize, "larger than the topic takes (max.message.bytes " + strconv.Itoa(maxBytes) + ")", ""
	}
	return 0, "", ""
}

// contractReason begins with what a person can change.
func contractReason(c avro.Contract, lacks string) string {
	return "schema_contract " + c.String() + ": " + lacks
}

// add puts a record aside, in the transaction of its page.
func (d *deadLetters) add(b *batch, resource string, rd reading, why Rejection, reason, path string) {
	if d.put(b, resource+"/"+rd.Key, rd.JSON, rd.entry.digest, reason, path) {
		b.count(resource).reject(why)
	}
}

// discard puts aside values that a record is published without. Each is a dead letter of its own, under the record's key.
func (d *deadLetters) discard(b *batch, resource, key string, values []avro.Discarded) {
	for _, v := range values {
		if d.put(b, resource+"/"+key, v.JSON, v.Digest, contractReason(avro.DiscardValue, v.What), v.Path) {
			b.count(resource).reject(RejectedValue)
		}
	}
}

// put adds a dead letter unless it was written before. Whoever looks into what went wrong need not be one who may know the API's token, so
// where the record repeats it, it is taken out.
func (d *deadLetters) put(b *batch, key string, text []byte, digest uint64, reason, path string) bool {
	id := letterID(key, path, string(formatDigest(digest)))
	d.mu.Lock()
	known := d.known[id]
	d.mu.Unlock()
	if known || b.dead[id] {
		return false
	}
	b.dead[id] = true
	shown := d.hide(string(text)) // before it is cut: half a secret would not be found
	b.add(&kgo.Record{Topic: d.topic, Key: []byte(key), Value: []byte(shown[:min(len(shown), deadLetterBytes)]), Headers: []kgo.RecordHeader{
		{Key: headerReason, Value: []byte(d.hide(reason))},
		{Key: headerPath, Value: []byte(d.hide(path))},
		{Key: headerSize, Value: strconv.AppendInt(nil, int64(len(text)), 10)},
		{Key: headerDigest, Value: formatDigest(digest)},
	}})
	return true
}

// letterID is what makes a dead letter the same one: a record may have several values that are put aside, and each may change.
func letterID(key, path, digest string) string { return digest + path + "\x00" + key }

// maxTold bounds the paths that are logged: an API that makes a name of every record would fill the log.
const maxTold = 1000

var itemIndex = regexp.MustCompile(`\[\d+\]`)

// news reports whether the resource's path is to be logged: once, whichever item of an array it is in.
func (d *deadLetters) news(resource, path string) bool {
	id := resource + " " + itemIndex.ReplaceAllString(path, "[]")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.told[id] || len(d.told) >= maxTold {
		return false
	}
	d.told[id] = true
	return true
}

// discarded puts aside what the contract kept out of a record that is published, and logs it once for each path.
func (p *pass) discarded(b *batch, resource, key string, enc *avro.Encoded) {
	if enc.Err == nil && len(enc.Discarded) == 0 {
		return
	}
	p.dead.discard(b, resource, key, enc.Discarded)
	for _, v := range enc.Discarded {
		if p.dead.news(resource, v.Path) {
			p.cfg.Log.Warn("values are discarded", "resource", resource, "path", v.Path, "what", v.What)
		}
	}
	var whole *avro.DiscardedError
	if errors.As(enc.Err, &whole) && p.dead.news(resource, enc.Path) {
		p.cfg.Log.Warn("records are discarded", "resource", resource, "path", enc.Path, "what", whole.Lacks[0].What)
	}
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
	l := Letter(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known[letterID(string(r.Key), l.Path, l.Digest)] = true
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
