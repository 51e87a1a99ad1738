//go:build !linux

package bench

import "errors"

// Memory is a process's resident memory in bytes: now, and the most that it ever was.
func Memory(int) (now, peak int64, err error) {
	return 0, 0, errors.New("this benchmark reads the memory of processes from /proc, which Linux alone has")
}

// maxrss of a process that has ended is in bytes on macOS.
const maxrssUnit = 1
