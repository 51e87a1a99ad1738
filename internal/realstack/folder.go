package realstack

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// folder is a server's folder for configuration, data and log. A lock tells other processes that it is in use.
type folder struct {
	path    string
	release func()
}

const folderPattern = "headwater-server-*"

// newFolder makes a folder under parent, or under the system's folder for temporary files, and removes what processes
// that were killed left there.
func newFolder(parent string) (*folder, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	removeAbandoned(parent, time.Now())
	path, err := os.MkdirTemp(parent, folderPattern)
	if err != nil {
		return nil, fmt.Errorf("make server folder: %w", err)
	}
	release, err := tryLock(filepath.Join(path, ".lock"), os.O_CREATE)
	if err != nil {
		_ = os.RemoveAll(path)
		return nil, err
	}
	return &folder{path: path, release: release}, nil
}

func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

func (f *folder) remove() error {
	f.release()
	return os.RemoveAll(f.path)
}

// removeAbandoned removes the folders that no process holds. It is a courtesy: what cannot be removed stays, and a
// folder of the last minute is left alone because its owner may not have locked it yet.
func removeAbandoned(parent string, now time.Time) {
	folders, _ := filepath.Glob(filepath.Join(parent, folderPattern))
	for _, path := range folders {
		name := filepath.Join(path, ".lock")
		info, err := os.Stat(name)
		if err != nil || now.Sub(info.ModTime()) < time.Minute {
			continue
		}
		if release, err := tryLock(name, 0); err == nil {
			_ = os.RemoveAll(path)
			release()
		}
	}
}
