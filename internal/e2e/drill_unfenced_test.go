//go:build unix

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

// unfenced is what is taken out of the program for the drill that has to find duplicates: text that is replaced in a source file. The
// program itself has no switch for it.
var unfenced = []struct{ file, text, with string }{
	// Every process has transactional ids of its own: none fences another.
	{"producer/names.go", `"%s-%d", n.TransactionalIDs(), lane)`, `"%s-%d-%d", n.TransactionalIDs(), lane, os.Getpid())`},
	{"producer/names.go", "import (\n", "import (\n\t\"os\"\n"},
	// Every process takes the others' claims for its own.
	{"producer/state.go", "Nonce: hex.EncodeToString(nonce)", "Nonce: hex.EncodeToString(nonce[:0])"},
}

// buildUnfenced builds the program without the fence and returns its path.
func buildUnfenced(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	texts := map[string]string{}
	for _, change := range unfenced {
		path, err := filepath.Abs(filepath.Join("../..", change.file))
		if err != nil {
			t.Fatal(err)
		}
		if texts[path] == "" {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts[path] = string(text)
		}
		if n := strings.Count(texts[path], change.text); n != 1 {
			t.Fatalf("%s holds %d times %q, want once: the fence has moved, and the control has to follow it", change.file, n, change.text)
		}
		texts[path] = strings.Replace(texts[path], change.text, change.with, 1)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for path, text := range texts {
		overlay.Replace[path] = filepath.Join(dir, filepath.Base(path))
		write(t, overlay.Replace[path], text)
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "overlay.json"), string(list))
	path := filepath.Join(dir, "headwater")
	out, err := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", path, "../../cmd/headwater").CombinedOutput()
	if err != nil {
		t.Fatalf("build the program without the fence: %v\n%s", err, out)
	}
	return path
}

// zombieUnfenced is the zombie's drill with the fence taken out: it has to find duplicates, or the drills prove nothing.
func zombieUnfenced(d *drill) {
	d.rounds, d.note = 1, "the fence taken out: this has to be seen"
	d.program = buildUnfenced(d.t)
	d.churn("100ms")
	first := d.worker()
	d.working(first)
	// Without a fence nobody aborts what a stopped worker leaves open: the second one would wait for the broker to do so.
	eventually(d.t, settle, "a moment without an open transaction", func() (bool, string) {
		first.signal(syscall.SIGSTOP)
		if d.decided() {
			return true, ""
		}
		first.signal(syscall.SIGCONT)
		return false, ""
	})
	second := d.takeOver(first)
	first.signal(syscall.SIGCONT)
	l := newLedger(d.world)
	eventually(d.t, settle, "duplicates without a fence", func() (bool, string) {
		l.read()
		return len(l.duplicated) > 0, second.lastLine()
	})
	d.churn("0")
	for _, p := range []*process{first, second} { // however they end, they leave no transactions open that had to be waited for
		p.signal(syscall.SIGTERM)
		<-p.done
	}
	d.cut()
	d.verdict = d.assess(d.cuts)
	d.results.add(d.row)
	if d.duplicated == 0 {
		d.t.Error("no duplicates without the fence: the verdict is blind")
	}
}

// decided says whether every transaction has ended.
func (d *drill) decided() bool {
	d.t.Helper()
	client := d.kafka(d.t)
	defer client.Close()
	topics := append(d.topics(all()), d.topic("_state"))
	listed, err := kadm.NewClient(client).ListCommittedOffsets(d.t.Context(), topics...)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		d.t.Fatal(err)
	}
	decided := true
	for topic, byPartition := range d.marks(topics...) {
		for p, end := range byPartition {
			o, _ := listed.Lookup(topic, p)
			decided = decided && o.Offset == end
		}
	}
	return decided
}
