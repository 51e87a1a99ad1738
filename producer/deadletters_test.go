package producer

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/headwater-stream/headwater/extract"
)

// letters tells the dead letters' keys since it was last asked.
func (w *world) letters() string {
	w.Helper()
	all := w.records(w.names.DeadLetters())
	var keys []string
	for _, r := range all[w.told["letters"]:] {
		keys = append(keys, string(r.Key))
	}
	w.told["letters"] = len(all)
	return strings.Join(keys, ", ")
}

func (w *world) wantLetters(want string) {
	w.Helper()
	if got := w.letters(); got != want {
		w.Errorf("dead letters: got %q, want %q", got, want)
	}
}

func TestRecordWithoutKeyIsPutAside(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1", "2")
	const text = `{"id": null, "v": "no key"}`
	w.api.set("things", "zz", text)
	w.once(only("things"))
	w.wantNews("things", "r 1, r 2")
	w.wantLetters("things/")
	letter := w.records(w.names.DeadLetters())[0]
	if string(letter.Value) != text || !strings.Contains(header(letter, "reason"), "no usable key") ||
		header(letter, "size") != strconv.Itoa(len(text)) || len(header(letter, "digest")) != 16 {
		t.Errorf("%s %s", letter.Value, letter.Headers)
	}
	w.api.remove("things", "1") // perhaps the one that lost its key
	w.once(only("things"))      // another process
	w.wantLetters("")
	w.wantNews("things", "")
	w.api.remove("things", "zz")
	w.once(only("things"))
	w.wantNews("things", "d 1")
}

func TestDeadLetterOnceInAStream(t *testing.T) {
	w := newWorld(t)
	w.api.set("things", "zz", `{"v":"no key"}`)
	s := w.stream(only("things"))
	s.pause()
	w.wantLetters("things/")
	s.pass()
	w.wantLetters("")
	w.api.set("things", "zz", `{"v":"another"}`)
	s.pass()
	w.wantLetters("things/")
}

func TestRecordThatIsTooLargeIsPutAside(t *testing.T) {
	w := newWorld(t)
	if err := w.kafka.CreateTopic("shop.things", 1, map[string]string{"cleanup.policy": "compact", "max.message.bytes": "2000"}); err != nil {
		t.Fatal(err)
	}
	w.api.put("things", strings.Repeat("x", 100), "1")
	w.api.put("things", strings.Repeat("y", 1900), "2")
	w.api.put("things", strings.Repeat("z", 100_000), "3")
	w.once(only("things"))
	w.wantNews("things", "r 1")
	w.wantLetters("things/2, things/3")
	for i, want := range []int{len(w.api.lists["things"]["2"]), 64 << 10} {
		r := w.records(w.names.DeadLetters())[i]
		whole := w.api.lists["things"][strings.TrimPrefix(string(r.Key), "things/")]
		if len(r.Value) != want || !strings.HasPrefix(whole, string(r.Value)) || header(r, "size") != strconv.Itoa(len(whole)) ||
			!strings.Contains(header(r, "reason"), "max.message.bytes 2000") {
			t.Errorf("%s: %d bytes, %s", r.Key, len(r.Value), r.Headers)
		}
	}
	w.once(only("things"))
	w.wantLetters("")
}

// A dead letter is decided with its page: where the page is not committed there is none.
func TestDeadLetterIsInThePagesTransaction(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.api.set("things", "zz", `{"v":"no key"}`)
	w.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "shop.things", Err: kerr.InvalidRecord, Count: -1})
	w.failures(w.try(only("things")))
	w.wantLetters("")
}

func TestBadChildIsPutAside(t *testing.T) {
	w := newWorld(t)
	w.api.put("crates", "a", "1")
	w.api.put("labels/1", "a", "x", "y")
	w.once(only("crates", "labels"))
	w.news("labels")
	w.api.set("labels/1", "x", `{"id":7.5}`)
	w.once(only("crates", "labels"))
	w.wantLetters("labels/")
	w.wantNews("labels", "") // x may be the one without a key: nothing is deleted
}

func TestSameBadRecordTwiceOnAPageIsOneDeadLetter(t *testing.T) {
	t.Parallel()
	d, b := newDeadLetters("dead", strings.Clone), newBatch()
	bad := reading{Record: &extract.Record{JSON: []byte(`{"v":1}`), KeyErr: errors.New("no id")}, entry: entry{digest: 7}}
	d.add(b, "things", bad, RejectedKey, "no usable key", "")
	d.add(b, "things", bad, RejectedKey, "no usable key", "")
	other := bad
	other.entry.digest = 8
	d.add(b, "things", other, RejectedKey, "no usable key", "")
	if len(b.records) != 2 || b.count("things").dead != 2 || b.count("things").rejected[RejectedKey] != 2 {
		t.Errorf("%d dead letters, want 2", len(b.records))
	}
}
