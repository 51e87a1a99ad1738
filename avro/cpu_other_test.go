//go:build !unix

package avro

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
