package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Memory is a process's resident memory in bytes: now, and the most that it ever was.
func Memory(pid int) (now, peak int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range bytes.Lines(text) {
		words := bytes.Fields(line)
		if len(words) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(string(words[1]), 10, 64)
		switch string(words[0]) {
		case "VmRSS:":
			now = n << 10
		case "VmHWM:":
			peak = n << 10
		}
	}
	return now, peak, nil
}

// maxrss of a process that has ended is in KiB here.
const maxrssUnit = 1 << 10
