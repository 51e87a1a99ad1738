package realstack_test

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/headwater-stream/headwater/internal/realstack"
)

// A registered schema outlives kill -9, and an incompatible one is refused: this is no stand-in.
func TestRegistryKeepsSchemasOverKill(t *testing.T) {
	t.Parallel()
	r := stack.Registry(t, realstack.RegistryOptions{})
	ctx := deadline(t, 3*time.Minute)
	client, err := sr.NewClient(sr.URLs(r.URL()))
	if err != nil {
		t.Fatal(err)
	}
	const subject = "records-value"
	schema := func(field string) sr.Schema {
		return sr.Schema{Schema: `{"type":"record","name":"R","fields":[` + field + `]}`}
	}
	created, err := client.CreateSchema(ctx, subject, schema(`{"name":"id","type":"string"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFullTransitive}, subject) {
		if result.Err != nil {
			t.Fatal(result.Err)
		}
	}

	r.Kill()
	if err := r.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	found, err := client.SchemaByID(ctx, created.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(found.Schema, `"id"`) {
		t.Errorf("schema %d is now %s", created.ID, found.Schema)
	}
	if _, err := client.CreateSchema(ctx, subject, schema(`{"name":"id","type":"long"}`)); err == nil {
		t.Error("an incompatible schema was registered")
	}
}

func TestRegistryRestartsAfterStop(t *testing.T) {
	t.Parallel()
	r := stack.Registry(t, realstack.RegistryOptions{})
	ctx := deadline(t, 3*time.Minute)
	url := r.URL()
	if err := r.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if r.URL() != url {
		t.Errorf("the registry moved from %s to %s", url, r.URL())
	}
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
