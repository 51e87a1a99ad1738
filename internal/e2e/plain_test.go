package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// HEADWATER_VALUE_FORMAT=json: the same records under the same keys, headers and state, as the API's own text and without a registry; what
// changes follows, a second run publishes nothing, and a run in the other format is refused.
func TestJSONValues(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 61, Size: 80})
		w.plain = true
		for name, value := range map[string]string{
			"odd": `{"big":18446744073709551617,"exact":9007199254740993,"far":1e400,"":"no name","half":"\ud83d","face":"😀","none":null,"deep":[[],{}]}`,
		} {
			for _, resource := range []string{"contacts", "tags", "companies"} {
				w.set(resource, w.edit("change", resource, "n=1")[0], name, value)
			}
		}
		w.once()
		w.equalsTruth(all()...)
		w.noDeadLetters()
		m := w.marks(w.topics(all())...)
		w.once()
		w.nothingSince(m)

		p := w.startWith(quick(), "run")
		w.edit("change", "contacts", "n=3")
		w.edit("delete", "tags", "n=1")
		w.follow(p, settle)
		p.terminate()

		tags := w.prints("cat", "tags", "-n", "1")
		var line struct{ Value struct{ ID string } }
		if err := json.Unmarshal([]byte(strings.Join(tags, "\n")), &line); err != nil || line.Value.ID == "" {
			t.Errorf("cat prints %q (%v)", tags, err)
		}

		w.plain = false
		refused := w.start("run", "--once")
		refused.ends(3, time.Minute)
		if last := refused.lastLine(); !strings.Contains(last, "its values are json, and avro is asked for") || !strings.Contains(last, "set HEADWATER_VALUE_FORMAT=json") {
			t.Errorf("another format is refused with %q", last)
		}
	})
}
