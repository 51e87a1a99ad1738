package realstack

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// DefaultCache is the folder that fetched servers are kept in: $E2E_CACHE, or the folder "headwater" in the user's
// cache folder.
func DefaultCache() (string, error) {
	if dir := os.Getenv("E2E_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache folder (set E2E_CACHE to choose one): %w", err)
	}
	return filepath.Join(dir, "headwater"), nil
}

// Keep returns the folder of a name in the cache. If it is not there, fill fills it, after an announcement of what it is on
// log. Several processes may do so at once: one fills, the others wait. What was interrupted is begun anew.
func Keep(ctx context.Context, cache, name, what string, log io.Writer, fill func(ctx context.Context, dir string) error) (string, error) {
	dir := filepath.Join(cache, name)
	if exists(dir) {
		return dir, nil
	}
	err := alone(ctx, cache, log, func() error {
		if exists(dir) {
			return nil // another process did it
		}
		fmt.Fprintf(log, "downloading %s into %s\n", what, cache)
		if err := publish(dir, func(tmp string) error { return fill(ctx, tmp) }); err != nil {
			return fmt.Errorf("fetch %s: %w", what, err)
		}
		return nil
	})
	return dir, err
}

// alone runs f while no other process fills the cache, and says on log that it waits if it has to.
func alone(ctx context.Context, cache string, log io.Writer, f func() error) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return fmt.Errorf("make cache folder: %w", err)
	}
	release, err := lock(ctx, filepath.Join(cache, ".lock"), func() {
		fmt.Fprintf(log, "waiting for another process that downloads into %s\n", cache)
	})
	if err != nil {
		return err
	}
	defer release()
	if err := removePartial(cache); err != nil {
		return err
	}
	return f()
}

// publish fills a folder and makes it appear under its name at once, so that a folder that is there is complete.
// The caller holds the cache's lock.
func publish(dir string, fill func(tmp string) error) error {
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".partial-*")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := fill(tmp); err != nil {
		return err
	}
	// MkdirTemp makes folders that only their owner can enter; a shared cache is read by others, too.
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	return os.Rename(tmp, dir)
}

// removePartial removes what an interrupted fetch left behind. The caller holds the cache's lock, so nobody is
// filling one of these folders now.
func removePartial(cache string) error {
	left, err := filepath.Glob(filepath.Join(cache, ".partial-*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove partial download: %w", err)
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
