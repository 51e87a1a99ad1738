package producer

import (
	"fmt"
	"maps"
	"sort"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// modelOp is something that happens to the API, Gap events after the one before. Which record it happens to, A and B say, whatever
// there is then: an operation means something in every state, so that a shorter script still is one.
type modelOp struct {
	Gap  int
	Do   string
	A, B int
}

// modelOps are the operations; what is there twice happens more often.
var modelOps = []string{
	"update", "update", "update late", "create", "create", "create late", "ties", "bulk", "delete", "delete", "restore", "silent",
	"child added", "child edited", "child removed", "silent child", "time", "time", "long time", "busy hour", "busy hour", "skew", "skew back",
	"failure", "outage", "family fails", "forbidden", "tokens expire", "replica", "replica", "replica", "rename", "rename", "rename",
}

var drawOp = rapid.Custom(func(t *rapid.T) modelOp {
	return modelOp{
		Gap: rapid.SampledFrom([]int{0, 0, 1, 2, 3, 5}).Draw(t, "gap"), Do: rapid.SampledFrom(modelOps).Draw(t, "do"),
		A: rapid.IntRange(0, 50).Draw(t, "a"), B: rapid.IntRange(0, 50).Draw(t, "b"),
	}
})

// fill makes the records that are there before the first run: in the past, some of them at the same time.
func (a *modelAPI) fill(hours []int) {
	for i, h := range hours {
		for n := range 1 + i%2*(h%5) {
			id := a.create(a.time()-int64(h)*3600, i+n)
			for c := range (h + n) % 3 {
				a.truth[id].children[fmt.Sprintf("c%d", c)] = a.next()
			}
			a.show(id)
		}
	}
}

func (a *modelAPI) next() int64 { a.version++; return a.version }

// create makes a record that no listing shows yet; letter decides where it sorts.
func (a *modelAPI) create(ts int64, letter int) string {
	a.made++
	id := fmt.Sprintf("%c%02d", 'a'+letter%26, a.made)
	a.truth[id] = &modelRecord{v: a.next(), ts: ts, children: map[string]int64{}}
	return id
}

// show has listings show the record as it is, showLate after some seconds: until then they show what they did.
func (a *modelAPI) show(id string) {
	delete(a.late, id)
	a.index[id] = *a.truth[id]
}

func (a *modelAPI) showLate(id string, seconds int) {
	if _, waits := a.late[id]; !waits {
		a.late[id] = a.time() + int64(seconds%modelLate)
	}
}

// bump gives a record a change that its cursor shows.
func (a *modelAPI) bump(id string) {
	rec := a.truth[id]
	rec.v, rec.ts, rec.silent, rec.childish = a.next(), a.after(rec.ts), false, false
}

// after is the time that a change gets: never before the last one's, even if the clock was set back.
func (a *modelAPI) after(last int64) int64 {
	if now := a.time(); now >= last {
		return now
	}
	return last + 1
}

func (a *modelAPI) remove(id string) {
	for child := range a.truth[id].children {
		a.gone[id+"/"+child] = true
	}
	a.gone[id] = true
	delete(a.truth, id)
	delete(a.index, id)
	delete(a.late, id)
	a.removed = append(a.removed, id)
}

// pick returns a record that there is, or "".
func (a *modelAPI) pick(n int) string {
	if len(a.truth) == 0 {
		return ""
	}
	ids := make([]string, 0, len(a.truth))
	for id := range a.truth {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids[n%len(ids)]
}

func (a *modelAPI) apply(o modelOp) {
	a.note("%s %d %d", o.Do, o.A, o.B)
	switch o.Do {
	case "time":
		a.clock.move(time.Duration(o.A%10+1) * time.Second)
	case "long time":
		a.clock.move(time.Duration(o.A+1) * 20 * time.Second)
	case "busy hour": // more than a page, over more than the lookback
		for n := range 2 * modelPage {
			a.change(modelOp{Do: []string{"update", "create"}[n%2], A: o.A + n, B: o.B + n})
			a.clock.move(time.Duration(2+o.A%9) * time.Minute)
		}
	case "skew":
		a.skew = min(a.skew+int64(o.A%10), modelSkew)
	case "skew back":
		a.skew = max(a.skew-int64(o.A%10), -modelSkew)
	case "failure":
		a.trouble.listings += 1 + o.A%2
	case "outage":
		a.trouble.listings += modelRetried + o.A%4
	case "family fails":
		a.trouble.families, a.trouble.parent = 2+o.B%4, a.pick(o.A)
	case "forbidden":
		a.trouble.forbid = true
	case "replica":
		a.trouble.replica = 12
		for n := range 2 { // what it shows meanwhile is older, and recent
			a.clock.move(time.Duration(n) * time.Second)
			a.change(modelOp{Do: "update", A: o.A, B: o.B})
		}
	case "tokens expire":
		a.epoch++
		a.scrollID = 0
	default:
		a.change(o)
	}
}

// remember keeps what listings show now, for a replica that will show it a while longer.
func (a *modelAPI) remember() {
	a.appear()
	now := a.time()
	a.past = append(a.past, replica{at: now, index: maps.Clone(a.index)})
	for len(a.past) > 0 && a.past[0].at < now-modelLate {
		a.past = a.past[1:]
	}
}

// behind is what a replica shows that has not heard of the last change yet. Of two copies of one time nothing tells which is newer, and
// the later answer wins: it has no older one of those.
func (a *modelAPI) behind() map[string]modelRecord {
	last := a.past[len(a.past)-1]
	if last.at < a.time()-modelLate {
		return a.index
	}
	a.note("a replica answers")
	index := maps.Clone(last.index)
	for id, rec := range a.index {
		if old, there := index[id]; there && old.ts == rec.ts {
			index[id] = rec
		}
	}
	return index
}

// change alters records. A log's do not change and are not deleted: it gets new ones.
func (a *modelAPI) change(o modelOp) {
	a.remember()
	id := a.pick(o.A)
	switch made := strings.HasPrefix(o.Do, "create") || o.Do == "ties"; {
	case id == "" || a.kind == "log" && !made:
		a.show(a.create(a.time(), o.B))
		return
	case made:
		for n := range map[bool]int{false: 1, true: modelPage + 2}[o.Do == "ties"] {
			id := a.create(a.time(), o.B+n)
			for c := range o.A % 3 {
				a.truth[id].children[fmt.Sprintf("c%d", c)] = a.next()
			}
			if o.Do == "create late" {
				a.showLate(id, o.A+o.B)
			} else {
				a.show(id)
			}
		}
		return
	case o.Do == "restore" && len(a.removed) > 0:
		id = a.removed[o.A%len(a.removed)]
		if a.truth[id] == nil {
			a.truth[id] = &modelRecord{v: a.next(), ts: a.time(), children: map[string]int64{}}
			a.show(id)
		}
		return
	}
	switch o.Do {
	case "delete":
		a.remove(id)
		return
	case "bulk":
		for n := range modelPage + 2 {
			if other := a.pick(o.A + n); other != id {
				a.bump(other)
				a.show(other)
			}
		}
		a.bump(id)
	case "rename":
		a.bump(id)
		if !a.trouble.renamed {
			a.truth[id].rank, a.trouble.renamed = o.B-25, true
		}
	case "update late":
		a.bump(id)
		a.showLate(id, o.A+o.B)
		return
	case "silent":
		a.truth[id].v, a.truth[id].silent = a.next(), true
		if _, waits := a.late[id]; waits {
			return
		}
	case "child added", "child edited", "child removed", "silent child":
		a.changeChild(id, o)
	default:
		a.bump(id)
	}
	a.show(id)
}

// changeChild alters a child, which shows in its parent, if it is to show there.
func (a *modelAPI) changeChild(id string, o modelOp) {
	rec := a.truth[id]
	child := fmt.Sprintf("c%d", o.B%4)
	if _, has := rec.children[child]; has && o.Do == "child removed" {
		delete(rec.children, child)
		a.gone[id+"/"+child] = true
	} else {
		rec.children[child] = a.next()
	}
	if a.kind != "search" {
		return
	}
	if o.Do == "silent child" {
		rec.childish = true
		return
	}
	// Nothing of the parent but its time: within one second nothing at all.
	before := rec.ts
	rec.ts = a.after(before)
	rec.silent, rec.childish = rec.silent && rec.ts == before, rec.childish && rec.ts == before
}
