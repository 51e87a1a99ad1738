package producer

import (
	"bytes"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// contract has every resource of shop kept to one.
func (w *world) contract(word string) {
	w.Helper()
	w.use(strings.Replace(shop, "resource_defaults:", "resource_defaults:\n  schema_contract: "+word, 1))
}

// newLetters tells the dead letters since it was last asked, as "key path text".
func (w *world) newLetters() string {
	w.Helper()
	all := w.records(w.names.DeadLetters())
	var lines []string
	for _, r := range all[w.told["letters"]:] {
		l := Letter(r)
		if digest, err := avro.Digest(l.Text); err != nil || l.Digest != string(formatDigest(digest)) || l.Size != len(l.Text) || l.At.IsZero() {
			w.Errorf("%+v", l)
		}
		lines = append(lines, strings.Join([]string{l.Resource, l.Key, l.Path, string(l.Text)}, " "))
	}
	w.told["letters"] = len(all)
	return strings.Join(lines, "\n")
}

func (w *world) wantNewLetters(want ...string) {
	w.Helper()
	if got := w.newLetters(); got != strings.Join(want, "\n") {
		w.Errorf("dead letters:\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func (w *world) wantHolds(resource, want string) {
	w.Helper()
	if got := w.holds(resource); got != want {
		w.Errorf("%s holds\n%s\nwant\n%s", resource, got, want)
	}
}

// Each declared contract is the encoder's of the same word.
func TestContractsHaveTheSameWords(t *testing.T) {
	t.Parallel()
	for c := extract.ContractEvolve; c <= extract.ContractDiscardRecord; c++ {
		d := Declare(&extract.Source{Name: "s"}, &extract.Resource{Name: "r", Contract: c, MaxInferredFields: 7})
		if d.Contract.String() != c.String() || d.MaxFields != 7 {
			t.Errorf("%v: %v, %d fields", c, d.Contract, d.MaxFields)
		}
	}
}

func TestValuesAreDiscarded(t *testing.T) {
	w := newWorld(t)
	var logged bytes.Buffer
	logging := func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&logged, nil)) }
	w.contract("discard_value")
	w.api.put("things", "a", "1")
	w.once(only("things"), logging)
	w.wantNews("things", "r 1")
	w.api.set("things", "1", `{"id":"1","v":"a","more":{"x":1}}`)
	w.api.set("things", "2", `{"id":"2","v":5,"more":{"x":1},"w":5}`)
	w.once(only("things"), logging)
	w.wantNews("things", "r 2") // 1 is what it was, without more
	w.wantNewLetters(`things 1 more {"x":1}`, `things 2 v 5`, `things 2 more {"x":1}`, `things 2 w 5`)
	w.wantHolds("things", `1 {"id":"1","v":"a"}`+"\n"+`2 {"id":"2"}`)
	if s := w.worker.Progress()[0]; s.Dead != 4 || s.Discarded != 4 || s.Rejected[RejectedValue] != 4 || s.Published != 1 {
		t.Errorf("%+v", s)
	}
	if n := strings.Count(logged.String(), "values are discarded"); n != 3 {
		t.Errorf("logged %d times, want once for each path: %s", n, &logged)
	}
	letter := w.records(w.names.DeadLetters())[1]
	if got := header(letter, "reason"); got != "schema_contract discard_value: was string, now long" {
		t.Error(got)
	}
	for range 2 { // nothing changes: nothing is said again, by the same process or another
		w.once(only("things"))
	}
	s := w.stream(only("things"))
	s.pause()
	w.api.set("things", "1", `{"id":"1","v":"a","more":{"x":2}}`) // only what is discarded changes
	s.pass()
	s.pass()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	w.wantNews("things", "")
	w.wantNewLetters(`things 1 more {"x":2}`)

	w.contract("evolve")
	w.reset("things", time.Time{})
	w.once(only("things"), logging)
	w.wantNews("things", "u 1, u 2")
	w.wantHolds("things", `1 {"id":"1","more":{"x":2},"v":"a"}`+"\n"+`2 {"id":"2","more":{"x":1},"v__long":5,"w":5}`)
	w.wantNewLetters()
	if changes := w.worker.Progress()[0].Changes; len(changes) != 3 || strings.Count(logged.String(), "schema changed") != 3 || !strings.Contains(logged.String(), `path=more what="new field" version=2`) {
		t.Errorf("%+v, logged %s", changes, &logged)
	}
}

func TestRecordsAreDiscarded(t *testing.T) {
	w := newWorld(t)
	w.contract("discard_record")
	w.api.put("things", "a", "1", "2")
	w.once(only("things"))
	w.news("things")
	w.api.set("things", "1", `{"id":"1","v":"b","more":{"x":1}}`)
	w.api.set("things", "3", `{"id":"3","list":[{"y":true}]}`)
	w.api.remove("things", "2")
	for range 2 {
		w.once(only("things"))
	}
	w.wantNews("things", "d 2") // 1 is listed still
	w.wantNewLetters(`things 1 more {"id":"1","v":"b","more":{"x":1}}`, `things 3 list {"id":"3","list":[{"y":true}]}`)
	if got := header(w.records(w.names.DeadLetters())[0], "reason"); got != "schema_contract discard_record: more: new field record" {
		t.Error(got)
	}
	w.contract("evolve")
	w.reset("things", time.Time{})
	w.once(only("things"))
	w.wantNews("things", "u 1, r 3")
	w.wantHolds("things", `1 {"id":"1","more":{"x":1},"v":"b"}`+"\n"+`3 {"id":"3","list":[{"y":true}]}`)
}

func TestChildrenUnderAContract(t *testing.T) {
	w := newWorld(t)
	w.api.put("crates", "a", "1")
	w.api.put("labels/1", "a", "x", "y")
	w.contract("discard_value")
	w.once(only("crates", "labels"))
	w.news("labels")
	w.api.set("labels/1", "x", `{"id":"x","v":"b","more":[1]}`)
	for range 2 {
		w.once(only("crates", "labels"))
	}
	w.wantNews("labels", "u 1/x")
	w.wantNewLetters("labels 1/x more [1]")
	w.contract("discard_record")
	w.api.set("labels/1", "y", `{"id":"y","v":"b","more":[1]}`)
	for range 2 {
		w.once(only("crates", "labels"))
	}
	w.wantNews("labels", "")
	w.wantNewLetters(`labels 1/x more {"id":"x","v":"b","more":[1],"crate_id":"1"}`, `labels 1/y more {"id":"y","v":"b","more":[1],"crate_id":"1"}`)
	w.contract("evolve")
	w.reset("labels", time.Time{})
	w.once(only("crates", "labels"))
	w.wantNews("labels", "u 1/x, u 1/y")
	w.wantHolds("labels", `1/x {"crate_id":"1","id":"x","more":[1],"v":"b"}`+"\n"+`1/y {"crate_id":"1","id":"y","more":[1],"v":"b"}`)
}

func TestFrozenResourceStops(t *testing.T) {
	w := newWorld(t)
	w.contract("freeze")
	w.api.put("books", "a", ids(1, 4)...)
	w.api.put("things", "a", "1")
	w.once(only("books", "things"))
	w.news("books")
	w.news("things")
	w.api.put("books", "b", "01", "03")
	w.api.set("books", "04", `{"id":"04","v":7,"more":1}`) // on the second page
	w.api.put("things", "b", "1")
	failed := w.failures(w.try(only("books", "things")))
	var frozen *avro.FrozenError
	if len(failed) != 1 || !errors.As(failed["books"], &frozen) {
		t.Fatalf("%v", failed)
	}
	if text := Reason("books", frozen); !strings.HasPrefix(text, "schema of shop.books-value is frozen: more: new field long; v: was string, now long → set schema_contract") {
		t.Error(text)
	}
	w.wantNews("books", "u 01") // the first page; nothing of the second
	w.wantNews("things", "u 1")
	w.wantNewLetters()
	s := w.stream(only("books", "things")) // it is not tried again, the other resource goes on
	s.pause()
	w.api.put("things", "c", "1")
	s.pass()
	for _, status := range s.worker.Progress() {
		if status.Stopped != (status.Resource == "books") {
			t.Errorf("%+v", status)
		}
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	w.wantNews("things", "u 1")
	w.contract("evolve")
	w.once(only("books", "things"))
	w.wantNews("books", "u 03, u 04")
}

// A substream that is frozen stops alone: its parents go on, and owe it.
func TestFrozenSubstreamStopsAlone(t *testing.T) {
	w := newWorld(t)
	w.contract("freeze")
	withChildren(w, "events", "notes", -3600)
	w.once(only("events", "notes"))
	w.news("events")
	w.news("notes")
	w.api.event("events", "1", "b", 0)
	w.api.set("notes/1", "a", `{"id":"a","v":"x","more":1}`)
	w.clock.move(time.Minute)
	failed := w.failures(w.try(only("events", "notes")))
	var frozen *avro.FrozenError
	if len(failed) != 1 || !errors.As(failed["notes"], &frozen) {
		t.Fatalf("%v", failed)
	}
	w.wantNews("events", "u 1")
	w.wantNews("notes", "")
	w.contract("evolve")
	w.clock.move(time.Minute)
	w.once(only("events", "notes"))
	w.wantNews("notes", "r 1/a")
}

// An API that makes a name of every record fills neither the log nor the memory of what was logged.
func TestWhatIsLoggedIsBounded(t *testing.T) {
	t.Parallel()
	d := newDeadLetters("dead", strings.Clone)
	logged := 0
	for i := range 3 * maxTold {
		if d.news("things", "k"+strconv.Itoa(i)) {
			logged++
		}
	}
	if logged != maxTold || d.news("things", "another") {
		t.Errorf("logged %d paths", logged)
	}
	d = newDeadLetters("dead", strings.Clone)
	if !d.news("things", "a[1].b[0]") || d.news("things", "a[22].b[3]") || !d.news("others", "a[1].b[0]") || !d.news("things", `a["1"]`) {
		t.Error("a path is logged once, whichever item it is in")
	}
}
