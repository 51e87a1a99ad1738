package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Module is the path of the module that is measured.
const Module = "github.com/headwater-stream/headwater"

// Build builds a package of the module as it is delivered: with the package's profile, where it has one, without the race detector, and
// without the paths of this machine, because a profile that is taken of it can become the next one.
func Build(ctx context.Context, pkg, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-pgo=auto", "-trimpath", "-o", binary, Module+"/"+pkg)
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

// Request sends a request without a body and writes the answer's into into, which may be io.Discard. An answer that is no success is an
// error that tells it.
func Request(ctx context.Context, method, url string, into io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s: %s: %s", url, resp.Status, text)
	}
	_, err = io.Copy(into, resp.Body)
	return err
}
