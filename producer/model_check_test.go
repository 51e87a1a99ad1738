package producer

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// copyRead is what a reader knows of a key.
type copyRead struct {
	v, ts  int64
	digest string
	gone   bool
}

// reads follows a topic from its first record as any reader does, checks every step, and returns what it holds in the end.
func (c *modelCase) reads(res *extract.Resource) (holds map[string]copyRead, records int) {
	c.Helper()
	all := c.records(c.names.Data(res.Name))
	decoder := avro.NewDecoder(c.registry)
	holds = map[string]copyRead{}
	for _, r := range all {
		key := string(r.Key)
		had, known := holds[key]
		now := c.copyOf(decoder, r)
		live := known && !had.gone
		switch {
		case now.gone && !live:
			c.fail("%s: a tombstone for %s, which is not there", res.Name, key)
		case now.gone && !c.api.gone[key]:
			c.fail("%s: a tombstone for %s, which was never deleted", res.Name, key)
		case now.gone:
			now.v, now.ts = had.v, had.ts
		case live && now.digest == had.digest:
			c.fail("%s: %s is published twice unchanged", res.Name, key)
		case known && (now.v < had.v || now.ts < had.ts):
			c.fail("%s: %s goes back from v %d ts %d to v %d ts %d", res.Name, key, had.v, had.ts, now.v, now.ts)
		case live && header(r, headerOp) == opFirst:
			c.fail("%s: %s is published for the first time twice", res.Name, key)
		}
		holds[key] = now
	}
	for key, h := range holds {
		if h.gone {
			delete(holds, key)
		}
	}
	return holds, len(all)
}

// records are a topic's that are decided; none where it is not there yet.
func (c *modelCase) records(topic string) []*kgo.Record {
	c.Helper()
	all, err := readCommitted(c.ctx, c.kafka, topic)
	if err != nil && !errors.Is(err, kerr.UnknownTopicOrPartition) {
		c.fail("%v", err)
	}
	return all
}

// units are the states that the state topic holds.
func (c *modelCase) units() map[string]UnitState {
	c.Helper()
	units := map[string]UnitState{}
	for _, r := range c.records(c.names.State()) {
		if key := string(r.Key); key != claimKey && !strings.HasSuffix(key, planSuffix) {
			var u UnitState
			if err := decodeState(key, r.Value, &u); err != nil {
				c.fail("%v", err)
			}
			units[key] = u
		}
	}
	return units
}

func (c *modelCase) copyOf(decoder *avro.Decoder, r *kgo.Record) copyRead {
	c.Helper()
	if r.Value == nil {
		return copyRead{gone: true}
	}
	text, err := decoder.JSON(c.ctx, r.Value)
	if err != nil {
		c.fail("%v", err)
	}
	var value struct {
		V         int64 `json:"v"`
		UpdatedAt int64 `json:"updated_at"`
	}
	if err := json.Unmarshal(text, &value); err != nil {
		c.fail("%s: %v", text, err)
	}
	if ts := header(r, headerTS); ts != "" && ts != strconv.FormatInt(value.UpdatedAt*1000, 10) {
		c.fail("%s: header ts %s of %s", r.Key, ts, text)
	}
	return copyRead{v: value.V, ts: value.UpdatedAt, digest: header(r, headerDigest)}
}

// checkTruth compares the topics with the API. Without a sweep what only a sweep finds is left out.
func (c *modelCase) checkTruth(swept bool) {
	c.Helper()
	holds, _ := c.reads(c.root)
	exact := swept || !sweepable(c.root)
	for id, rec := range c.api.truth {
		if got := holds[id]; got.ts != rec.ts || got.v != rec.v && (exact || !rec.silent) {
			c.fail("%s: the topic holds %+v of %s, the API %+v", c.root.Name, got, id, *rec)
		}
	}
	if len(holds) != len(c.api.truth) && exact {
		c.fail("%s: the topic holds %v", c.root.Name, holds)
	}
	if c.child == nil {
		return
	}
	children, _ := c.reads(c.child)
	for id, rec := range c.api.truth {
		if rec.childish && !exact {
			continue
		}
		for child, v := range rec.children {
			if got := children[id+"/"+child]; got.v != v {
				c.fail("%s: the topic holds %+v of %s/%s, the API v %d", c.child.Name, got, id, child, v)
			}
		}
	}
	for key := range children {
		parent, child, _ := strings.Cut(key, "/")
		rec := c.api.truth[parent]
		if rec == nil && !exact || rec != nil && rec.childish && !exact {
			continue
		}
		if rec == nil || rec.children[child] == 0 {
			c.fail("%s: the topic holds %s, the API does not", c.child.Name, key)
		}
	}
}

// checkWatermarks: everything up to a watermark is in the topic. Deleted records are not asked for.
func (c *modelCase) checkWatermarks() {
	c.Helper()
	if c.root.Incremental == nil {
		return
	}
	holds, _ := c.reads(c.root)
	for name, unit := range c.units() {
		pos, err := unit.Position()
		if err != nil {
			c.fail("%v", err)
		}
		if resourceOf(name) != c.root.Name || name == sweepUnit(c.root.Name) {
			continue
		}
		for id, rec := range c.api.index {
			own := name == c.root.Name || rec.ts >= pos.Window.Start.Unix()
			if own && rec.ts < pos.Watermark.Unix() && holds[id].ts < rec.ts {
				c.fail("%s: the watermark is %v, but the topic holds %+v of %s, the API %+v", name, pos.Watermark, holds[id], id, rec)
			}
		}
	}
}

// checkSilence: what was read before is not published again, and nothing is owed.
func (c *modelCase) checkSilence(published int) {
	c.Helper()
	if n := c.published(); n != published {
		c.fail("%d records after another run over the same, %d before", n, published)
	}
	for name, unit := range c.units() {
		// Marks of windows stay: a traversal that is done is newer.
		if len(unit.Owed) > 0 && unit.Phase != extract.PhaseBackfill.String() {
			c.fail("%s still owes %v", name, unit.Owed)
		}
	}
	if c.api.misused != "" {
		c.fail("%s", c.api.misused)
	}
}

func (c *modelCase) published() int {
	c.Helper()
	_, n := c.reads(c.root)
	if c.child != nil {
		_, m := c.reads(c.child)
		n += m
	}
	return n
}
