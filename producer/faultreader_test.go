package producer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
)

// seen is the whole world as a reader of committed records finds it.
type seen struct {
	data    map[string][]*kgo.Record // by resource, in the topic's order
	covered int                      // records that the states say are published
	dead    int
	open    error // where a transaction is not decided yet; nil: nowhere
}

// look reads the whole world and says what is wrong with it. What it finds may be a moment old, because a broker writes the ends of a
// transaction partition by partition; what stays wrong is. ended: no transaction may be open.
func (w *faultWorld) look(after string, ended bool) seen {
	w.Helper()
	limit := time.Now().Add(10 * time.Second)
	for {
		found, err := w.read()
		if err == nil {
			err = w.wrong(found)
		}
		if err == nil && ended {
			err = found.open
		}
		if err == nil {
			return found
		}
		if time.Now().After(limit) {
			w.Errorf("after a %s: %v", after, err)
			return found
		}
	}
}

func (w *faultWorld) read() (seen, error) {
	found := seen{data: map[string][]*kgo.Record{}}
	topics, resource := []string{w.names.State(), w.names.DeadLetters()}, map[string]string{}
	for _, res := range w.resources {
		topics, resource[w.names.Data(res)] = append(topics, w.names.Data(res)), res
	}
	if found.open = w.open(topics); errors.Is(found.open, kerr.UnknownTopicOrPartition) {
		return seen{}, nil // stopped before there were topics
	}
	all, err := readCommitted(w.context(), w.seeds, topics...)
	states := map[string]UnitState{}
	for _, r := range all {
		key := string(r.Key)
		switch {
		case r.Topic == w.names.DeadLetters():
			found.dead++
		case r.Topic != w.names.State():
			found.data[resource[r.Topic]] = append(found.data[resource[r.Topic]], r)
		case key != claimKey && !strings.HasSuffix(key, planSuffix):
			var u UnitState
			err = errors.Join(err, decodeState(key, r.Value, &u))
			states[key] = u
		}
	}
	for _, u := range states {
		found.covered += int(u.Records)
	}
	return found, err
}

// open says where a transaction is open.
func (w *faultWorld) open(topics []string) error {
	admin, done := w.admin()
	defer done()
	ends, err := admin.ListEndOffsets(w.context(), topics...)
	if err = errors.Join(err, ends.Error()); err != nil {
		return err
	}
	decided, err := admin.ListCommittedOffsets(w.context(), topics...)
	ends.Each(func(o kadm.ListedOffset) {
		if d, _ := decided.Lookup(o.Topic, o.Partition); d.Offset != o.Offset {
			err = fmt.Errorf("%s[%d] is decided up to %d of %d", o.Topic, o.Partition, d.Offset, o.Offset)
		}
	})
	return err
}

// wrong says what must not be: a record twice, a key that goes back, a record that no state covers, a state without its records. Where a
// transaction of a lane is open, what others have committed behind it is not shown yet.
func (w *faultWorld) wrong(found seen) error {
	there := 0
	for res, records := range found.data {
		if err := w.wrongIn(res, records); err != nil {
			return fmt.Errorf("%s: %w", res, err)
		}
		there += len(records)
	}
	if there > found.covered || there < found.covered && found.open == nil {
		return fmt.Errorf("the topics hold %d records, and the states cover %d", there, found.covered)
	}
	if found.dead > w.oversized() {
		return fmt.Errorf("%d dead letters, want %d", found.dead, w.oversized())
	}
	return nil
}

func (w *faultWorld) wrongIn(res string, records []*kgo.Record) error {
	type held struct{ v, digest string }
	holds := map[string]held{}
	for _, r := range records {
		key := string(r.Key)
		had, known := holds[key]
		if r.Value == nil {
			if !known || !w.removed[res+" "+key] {
				return fmt.Errorf("%s is deleted", key)
			}
			delete(holds, key)
			continue
		}
		now := held{w.version(r), header(r, headerDigest)}
		switch {
		case known && now.digest == had.digest:
			return fmt.Errorf("%s is there twice", key)
		case known && now.v < had.v:
			return fmt.Errorf("%s goes back from %s to %s", key, had.v, now.v)
		case known && header(r, headerOp) == opFirst:
			return fmt.Errorf("%s is published for the first time twice", key)
		}
		holds[key] = now
	}
	return nil
}

// version is the member v of a record; "": the record is a tombstone.
func (w *faultWorld) version(r *kgo.Record) string {
	if r.Value == nil {
		return ""
	}
	text, err := avro.NewDecoder(w.reader).JSON(w.context(), r.Value)
	if err != nil {
		w.Error(err)
	}
	return versionOf(text)
}

func versionOf(text []byte) string {
	var value struct {
		V string `json:"v"`
	}
	_ = json.Unmarshal(text, &value) // a text without one has none
	return value.V
}

// equalsTruth compares what the topics hold with the API.
func (w *faultWorld) equalsTruth(found seen) {
	w.Helper()
	for _, res := range w.resources {
		got, want := map[string]string{}, w.truth(res)
		for _, r := range found.data[res] {
			got[string(r.Key)] = w.version(r)
		}
		for key, v := range got {
			if v != want[key] {
				w.Errorf("%s: the topic holds %q of %s, the API %q", res, v, key, want[key])
			}
			delete(want, key)
		}
		if len(want) > 0 {
			w.Errorf("%s: the topic lacks %v", res, want)
		}
	}
	if found.dead != w.oversized() {
		w.Errorf("%d dead letters, want %d", found.dead, w.oversized())
	}
}

// truth is the member v of what the API holds of a resource, by key.
func (w *faultWorld) truth(res string) map[string]string {
	w.api.mu.Lock()
	defer w.api.mu.Unlock()
	all := map[string]string{}
	for list, records := range w.api.lists {
		name, parent, child := strings.Cut(list, "/")
		for id, text := range records {
			switch {
			case name != res || child && w.api.lists[w.resources[0]][parent] == "" || len(text) > oversize:
			case child:
				all[parent+"/"+id] = versionOf([]byte(text))
			default:
				all[id] = versionOf([]byte(text))
			}
		}
	}
	return all
}

// oversized counts the records that are dead letters.
func (w *faultWorld) oversized() int {
	w.api.mu.Lock()
	defer w.api.mu.Unlock()
	n := 0
	for _, text := range w.api.lists[w.resources[0]] {
		if len(text) > oversize {
			n++
		}
	}
	return n
}
