package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

var update = flag.Bool("update", false, "write the golden schemas anew; look at what changed before it is committed")

// The schemas of the thirteen resources, as they are registered: testdata/schemas is what readers get. Nothing that the sample API holds
// asks for a second version, so what was looked at ahead was enough.
func TestSchemasOfTheThirteenResources(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 5, Size: 320})
		w.once()
		for _, resource := range all() {
			var registered struct {
				Version int
				Schema  string
			}
			w.get(fmt.Sprintf("%s/subjects/%s-value/versions/latest", w.registry, w.topic(resource)), &registered)
			if registered.Version != 1 {
				t.Errorf("%s: version %d after the first run, want 1", resource, registered.Version)
			}
			var text bytes.Buffer
			if err := json.Indent(&text, []byte(registered.Schema), "", "  "); err != nil {
				t.Fatal(err)
			}
			text.WriteByte('\n')
			path := filepath.Join("testdata", "schemas", resource+".avsc")
			if *update {
				write(t, path, text.String())
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), text.String()); diff != "" {
				t.Errorf("%s (-golden +registered); if that is wanted: go test ./internal/e2e -run %s -update\n%s", resource, t.Name(), diff)
			}
		}
	})
}
