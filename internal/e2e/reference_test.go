package e2e

import (
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// The configuration of the reference, as it stands, streams all thirteen resources: its hints and its expressions mean here what they
// mean there.
func TestReferenceConfiguration(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 11, Size: 320})
		as := map[string]string{"HEADWATER_SOURCE": "testdata/reference.yaml", "SOURCE_START_DATE": "2001-01-01"}
		p := w.startWith(as, "run", "--once")
		p.ends(0, once)
		w.equalsTruth(all()...)
		w.noDeadLetters()
		if asked := w.requests(); asked["contacts"] > 20 {
			t.Errorf("%d requests for 320 contacts: page_size was not sent", asked["contacts"])
		}
		m := w.marks(w.topics(all())...)
		p = w.startWith(as, "run", "--once")
		p.ends(0, once)
		w.nothingSince(m)
		if strings.Contains(p.stderr.String(), `"level":"WARN"`) {
			t.Errorf("the second run warns:\n%s", p.stderr.String())
		}
	})
}
