package producer

import (
	"slices"

	"github.com/headwater-stream/headwater/extract"
)

// filteredDigest is what memory holds as the digest of a record that the source file's filters dropped: it is told once, and a copy
// that the filters want again differs from it.
const filteredDigest uint64 = 0x66696c7465726564

// withdraw returns a haul with the records that the source file's filters want. Of those they do not (only incremental resources hand
// them over) the copy in the topic is deleted, with its children.
//
// Memory of a live pass cannot tell what was published before its tail: there the deletion is written in any case, once. A window of
// the backfill does not know what was published with another time; that is left to the sweep.
func (p *pass) withdraw(b *batch, h haul) haul {
	if !slices.ContainsFunc(h.Records, func(rec extract.Record) bool { return rec.Filtered }) {
		return h
	}
	last := map[string]int{}
	for i, rec := range h.Records {
		if j, twice := last[rec.Key]; !twice || !older(rec, h.Records[j]) {
			last[rec.Key] = i
		}
	}
	kept := h
	kept.Records, kept.encoded = nil, nil
	for i, rec := range h.Records {
		switch newest := last[rec.Key]; {
		case rec.KeyErr != nil && !rec.Filtered, rec.KeyErr == nil && !h.Records[newest].Filtered && !rec.Filtered:
			if kept.Records = append(kept.Records, rec); h.encoded != nil {
				kept.encoded = append(kept.encoded, h.encoded[i])
			}
		case rec.KeyErr == nil && rec.Filtered && newest == i:
			p.withdrawOne(b, rec)
		}
	}
	return kept
}

func older(a, b extract.Record) bool {
	return !a.Cursor.IsZero() && !b.Cursor.IsZero() && a.Cursor.Before(b.Cursor)
}

func (p *pass) withdrawOne(b *batch, rec extract.Record) {
	if !p.publish {
		p.buryChildren(b, rec.Key)
		return
	}
	if p.root.Deletes == extract.DeletesNever {
		return
	}
	if _, held := p.memory.get(rec.Key); !p.span.End.IsZero() && !held {
		return // a window deletes what memory holds
	}
	e := entry{digest: filteredDigest, ts: rec.Cursor.UnixMilli()}
	switch p.memory.judge(rec.Key, e, p.guard) {
	case verdictUnchanged: // told already, perhaps by an earlier process, which left no time with it
		b.learned = append(b.learned, lesson{memory: p.memory, key: rec.Key, entry: e})
		return
	case verdictFirst, verdictStale: // the topic does not hold it, or holds a newer copy
		return
	case verdictChanged:
	}
	p.buryChildren(b, rec.Key)
	b.tombstone(p.names.Data(p.root.Name), p.root.Name, "", rec.Key, p.memory)
	b.learned = append(b.learned, lesson{memory: p.memory, key: rec.Key, entry: e})
}
