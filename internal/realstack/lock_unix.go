//go:build unix

package realstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

const supported = true

// errLocked says that another process (or another part of this one) holds a lock.
var errLocked = errors.New("locked")

// tryLock takes the lock of a file, which the kernel gives back when the process ends, however it ends.
func tryLock(path string, flags int) (release func(), err error) {
	f, err := os.OpenFile(path, flags|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return func() {
			// Closing is not enough: a child that is being started at this moment holds the descriptor, too, until it runs its program.
			_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
			_ = f.Close()
		}, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errLocked
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// lock takes the lock of a file that is made if need be. It waits for whoever holds it and calls busy once if it has to.
func lock(ctx context.Context, path string, busy func()) (release func(), err error) {
	poll := time.NewTicker(200 * time.Millisecond) // a blocking lock could not be interrupted
	defer poll.Stop()
	for {
		release, err := tryLock(path, os.O_CREATE)
		if !errors.Is(err, errLocked) {
			return release, err
		}
		if busy != nil {
			busy()
			busy = nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for lock %s: %w", path, ctx.Err())
		}
	}
}
