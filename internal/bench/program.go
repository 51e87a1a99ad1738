package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Module is the path of the module that is measured.
const Module = "github.com/headwater-stream/headwater"

// Build builds a package of the module, without the race detector, whatever this process was built with.
func Build(ctx context.Context, pkg, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, Module+"/"+pkg)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// Env is the environment of a headwater that reads api and runs on these servers.
func Env(api string, servers *Kafka, more ...string) []string {
	return append(append(os.Environ(), "SOURCE_BASE_URL="+api, "SOURCE_ACCESS_TOKEN=any", "KAFKA_BROKERS="+servers.Brokers,
		"SCHEMA_REGISTRY_URL="+servers.Registry, "HEADWATER_LOG_FORMAT=text"), more...)
}

// CPU is the time, user and system, that a process which has ended took from its start.
func CPU(cmd *exec.Cmd) time.Duration {
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// PeakMemory is the most memory, in bytes, that a process which has ended had; at least what this process had when it started that
// one, because the system counts so. [Memory] of a living process is exact.
func PeakMemory(cmd *exec.Cmd) (int64, error) {
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, errors.New("this system does not tell how much memory a process took")
	}
	return usage.Maxrss * maxrssUnit, nil
}
