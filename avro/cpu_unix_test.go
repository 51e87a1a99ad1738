//go:build unix

package avro

import (
	"syscall"
	"time"
)

// cpuTime is what this process has used of processors: on a machine that others use, too, it says more than the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
