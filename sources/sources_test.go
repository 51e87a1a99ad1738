package sources

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/extract"
)

func TestBuiltInSourcesLoad(t *testing.T) {
	t.Parallel()
	names := Names()
	if !slices.Contains(names, "intercom") {
		t.Fatalf("built in: %v", names)
	}
	for _, name := range names {
		text, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		src, err := extract.Load("sources/"+name+".yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		if src.Name != name {
			t.Errorf("%s.yaml describes %q", name, src.Name)
		}
	}
}

func TestOpenAPath(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte("name: mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := Open(path); err != nil || string(text) != "name: mine\n" {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := Open(path + ".yaml"); err == nil {
		t.Error("a missing file is opened")
	}
	if _, err := Open("mine"); err == nil || !strings.Contains(err.Error(), "built in: intercom") {
		t.Errorf("got %v", err)
	}
}
