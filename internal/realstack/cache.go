package realstack

import (
	"fmt"
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
