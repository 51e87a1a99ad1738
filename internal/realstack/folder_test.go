package realstack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Folders of processes that were killed go away; those in use and those just made stay.
func TestNewFolderRemovesAbandoned(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	used, abandoned := testFolder(t, parent), testFolder(t, parent)
	abandoned.release()
	now := time.Now()

	removeAbandoned(parent, now)
	if !exists(abandoned.path) {
		t.Fatal("a folder that may just have been made was removed")
	}
	removeAbandoned(parent, now.Add(time.Hour))
	if !exists(used.path) {
		t.Error("a folder in use was removed")
	}
	if exists(abandoned.path) {
		t.Error("an abandoned folder is still there")
	}
	if err := used.remove(); err != nil || exists(used.path) {
		t.Errorf("remove: %v", err)
	}
}

func testFolder(t *testing.T, parent string) *folder {
	t.Helper()
	f, err := newFolder(parent)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.file("data"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLockWaitsAndCanBeInterrupted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	release, err := lock(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := lock(ctx, path, cancel); !errors.Is(err, context.Canceled) {
		t.Fatalf("second lock: %v", err)
	}
	release()
	again, err := lock(t.Context(), path, func() { t.Error("busy after release") })
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestFreePortsDiffer(t *testing.T) {
	t.Parallel()
	ports, err := freePorts(50)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, port := range ports {
		if seen[port] || port < 20000 || port > 29999 {
			t.Errorf("port %d: seen %v", port, seen[port])
		}
		seen[port] = true
	}
	if len(ports) != 50 {
		t.Errorf("%d ports", len(ports))
	}
}
