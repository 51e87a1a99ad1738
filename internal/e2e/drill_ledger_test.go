package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// ledger is what a read_committed reader saw of a world's data topics and of its state topic, each from the start. It keeps the
// newest copy of every key, and of every other record what the verdict needs.
type ledger struct {
	w       *world
	reach   mark // how far it has read
	last    map[string]map[string]record
	newest  map[string]map[string]int64 // the greatest ts that a key ever had
	data    map[string]map[int32][]int64
	covered []covered
	counted map[string]int64 // by the key of a state record: what its last one counted
	records int

	duplicated, disordered, odd []string
}

// covered is what one state record accounts for: how many data records it says were decided with it.
type covered struct {
	partition int32
	offset    int64
	family    string
	records   int64
}

func newLedger(w *world) *ledger {
	return &ledger{w: w, reach: mark{}, last: map[string]map[string]record{}, newest: map[string]map[string]int64{},
		data: map[string]map[int32][]int64{}, counted: map[string]int64{}}
}

// read goes on to where the topics reach now.
func (l *ledger) read() {
	l.w.t.Helper()
	starts, ends := l.w.extents(append(l.w.topics(all()), l.w.topic("_state")))
	l.w.between(later(starts, l.reach), ends, func(topic string, r record) {
		if name := strings.TrimPrefix(topic, l.w.prefix); name == "_state" {
			l.state(r)
		} else {
			l.add(name, r)
		}
	})
	l.reach = ends
}

// add takes a data record. Those of a partition come in order.
func (l *ledger) add(resource string, r record) {
	if l.last[resource] == nil {
		l.last[resource], l.newest[resource], l.data[resource] = map[string]record{}, map[string]int64{}, map[int32][]int64{}
	}
	last, newest := l.last[resource], l.newest[resource]
	before, again := last[r.key]
	where := fmt.Sprintf("%s: %s, partition %d, offset %d after %d", resource, r.key, r.partition, r.offset, before.offset)
	switch {
	case again && before.value == nil && r.value == nil:
		l.duplicated = append(l.duplicated, where+": deleted twice")
	case again && before.value != nil && r.value != nil && before.headers["digest"] == r.headers["digest"]:
		l.duplicated = append(l.duplicated, where+": published twice")
	case r.value != nil && number(r.headers["ts"]) < newest[r.key]:
		l.disordered = append(l.disordered, fmt.Sprintf("%s: goes back from ts %d to %s", where, newest[r.key], r.headers["ts"]))
	default:
		if odd := l.w.inOrder(r, last); odd != "" {
			l.odd = append(l.odd, where+": "+odd)
		}
	}
	if r.value != nil {
		newest[r.key] = max(newest[r.key], number(r.headers["ts"]))
	}
	last[r.key] = r
	l.data[resource][r.partition] = append(l.data[resource][r.partition], r.offset)
	l.records++
}

// state takes a record of the state topic. A unit counts what it published: what its count grew by is what was decided with this
// record. A count that is smaller than the one before began anew.
func (l *ledger) state(r record) {
	if r.key == "__claim" || strings.HasSuffix(r.key, "/plan") {
		return
	}
	var unit struct{ Records int64 }
	if err := json.Unmarshal(r.value, &unit); err != nil {
		l.odd = append(l.odd, fmt.Sprintf("state record %q: %v in %q", r.key, err, r.value))
		return
	}
	grown := unit.Records - l.counted[r.key]
	if grown < 0 {
		grown = unit.Records
	}
	l.counted[r.key] = unit.Records
	resource, _, _ := strings.Cut(r.key, "/")
	l.covered = append(l.covered, covered{r.partition, r.offset, family(resource), grown})
}

// family is the resource in whose units a resource's records are counted: a parent and its children are decided together.
func family(resource string) string {
	switch resource {
	case "conversation_parts":
		return "conversations"
	case "company_segments":
		return "companies"
	}
	return resource
}

// beyond compares, at a cut, the records in the data topics with what the state covers, and says where they differ.
//
// A cut is consistent although it is taken partition by partition, because nobody writes while it is: it is where the topics reached
// when every worker was dead. What a worker had committed, or was about to commit, lies before it, acknowledged; a transaction that it
// left open is undecided then, but nothing of it is ever read. What the next worker writes lies behind it.
func (l *ledger) beyond(cut mark) (n int, where []string) {
	difference := map[string]int64{}
	for resource, byPartition := range l.data {
		for p, offsets := range byPartition {
			end := cut[l.w.topic(resource)][p]
			difference[family(resource)] += int64(sort.Search(len(offsets), func(i int) bool { return offsets[i] >= end }))
		}
	}
	for _, c := range l.covered {
		if c.offset < cut[l.w.topic("_state")][c.partition] {
			difference[c.family] -= c.records
		}
	}
	for name, d := range difference {
		switch {
		case d > 0:
			where = append(where, fmt.Sprintf("%s: %d records beyond what the state covers", name, d))
		case d < 0:
			where = append(where, fmt.Sprintf("%s: the state covers %d records that are not there", name, -d))
		}
		n += int(max(d, -d))
	}
	slices.Sort(where)
	return n, where
}

// lost are the keys of resources of which the topic's newest copy is not what the API holds.
func (l *ledger) lost(resources []string) (n int, wrong []string) {
	l.w.t.Helper()
	for _, resource := range resources {
		truth := l.w.truth(resource)
		for _, key := range eitherKeys(l.last[resource], truth) {
			if differs := l.w.differs(resource, key, l.last[resource], truth); len(differs) > 0 {
				n++
				wrong = append(wrong, differs...)
			}
		}
	}
	return n, wrong
}

// verdict is what a drill is judged by. All but records have to be zero.
type verdict struct {
	records, lost, duplicated, disordered, beyond int

	samples []string
	odd     []string // what else is wrong with records as a sequence
}

// assess reads every topic from its start and judges it. Nobody may be writing.
func (w *world) assess(cuts []mark) verdict {
	w.t.Helper()
	l := newLedger(w)
	l.read()
	v := verdict{records: l.records, duplicated: len(l.duplicated), disordered: len(l.disordered)}
	show := func(list []string) { v.samples = append(v.samples, list[:min(len(list), 5)]...) }
	var wrong []string
	v.lost, wrong = l.lost(all())
	show(wrong)
	show(l.duplicated)
	show(l.disordered)
	var worst []string
	for i, cut := range append(slices.Clone(cuts), l.reach) {
		if n, where := l.beyond(cut); n > v.beyond {
			v.beyond, worst = n, []string{fmt.Sprintf("cut %d of %d: %s", i+1, len(cuts)+1, strings.Join(where, ", "))}
		}
	}
	show(worst)
	v.odd = l.odd
	return v
}

func (v verdict) clean() bool { return v.lost+v.duplicated+v.disordered+v.beyond == 0 }
