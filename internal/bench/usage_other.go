//go:build !linux

package bench

import (
	"errors"
	"time"
)

var errProc = errors.New("this benchmark reads what processes use from /proc, which Linux alone has")

// Memory is a process's resident memory in bytes: now, and the most that it ever was.
func Memory(int) (now, peak int64, err error) {
	return 0, 0, errProc
}

// maxrss of a process that has ended is in bytes on macOS.
const maxrssUnit = 1

// CPUNow is the time, user and system, that a living process has taken from its start, to the hundredth of a second.
func CPUNow(int) (time.Duration, error) { return 0, errProc }
