package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/headwater-stream/headwater/internal/bench"
	"github.com/headwater-stream/headwater/internal/realstack"
)

// The pins, and the pipelines.
var (
	//go:embed dlt_requirements.txt
	dltPins string
	//go:embed airbyte_requirements.txt
	airbytePins string
	//go:embed *.py airbyte_manifest.yaml
	pipelines embed.FS
)

// fetch makes the virtual environment of a peer, unless the cache has it.
func fetch(ctx context.Context, name, pins string) (program, error) {
	version, err := exec.CommandContext(ctx, "python3", "-c", "import ensurepip, venv, sys; print(sys.version, sys.base_prefix)").Output()
	if err != nil {
		return program{}, fmt.Errorf("no python3 that makes virtual environments: install Python 3.10 to 3.12 with its module venv (Debian: python3, python3-venv): %w", err)
	}
	cache, err := realstack.DefaultCache()
	if err != nil {
		return program{}, err
	}
	sum := fnv.New64a()
	_, _ = io.WriteString(sum, string(version)+pins)
	dir, err := realstack.Keep(ctx, cache, fmt.Sprintf("peers-%s-%016x", name, sum.Sum64()), name, os.Stderr, func(ctx context.Context, dir string) error {
		return install(ctx, dir, pins)
	})
	if err != nil {
		return program{}, fmt.Errorf("%w\nto install it by hand and see why: python3 -m venv DIR && DIR/bin/pip install %s", err, name)
	}
	python := filepath.Join(dir, "bin", "python")
	if name == "dlt" {
		return program{name: name, times: 40, command: func(ctx context.Context, work, api string, servers *bench.Kafka, prefix string) *exec.Cmd {
			return shell(ctx, work, `"$PYTHON" dlt_pipeline.py "$API" "$BROKERS" "$TOPIC"`, python, api, servers, prefix)
		}}, nil
	}
	return program{name: name, times: 30, command: func(ctx context.Context, work, api string, servers *bench.Kafka, prefix string) *exec.Cmd {
		return shell(ctx, work, `"$PYTHON" airbyte_source.py read --config config.json --catalog catalog.json | "$PYTHON" airbyte_kafka.py "$BROKERS" "$TOPIC"`, python, api, servers, prefix)
	}}, nil
}

func install(ctx context.Context, dir, pins string) error {
	requirements := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(requirements, []byte(pins), 0o644); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"python3", "-m", "venv", dir},
		{filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", filepath.Base(args[0]), err, out)
		}
	}
	return nil
}

// shell runs a pipeline in work. The shell waits for all of its processes: the CPU that it took is theirs.
func shell(ctx context.Context, work, line, python, api string, servers *bench.Kafka, prefix string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PYTHON="+python, "API="+api, "BROKERS="+servers.Brokers, "TOPIC="+prefix+"contacts",
		"RUNTIME__DLTHUB_TELEMETRY=false", "DO_NOT_TRACK=1", "HOME="+work)
	cmd.Err = errors.Join(os.CopyFS(work, pipelines),
		os.WriteFile(filepath.Join(work, "config.json"), []byte(`{"base_url":`+strconv.Quote(api)+`}`), 0o600),
		os.WriteFile(filepath.Join(work, "catalog.json"), []byte(catalog), 0o600))
	return cmd
}

// catalog selects the stream, as Airbyte's platform does.
const catalog = `{"streams":[{"stream":{"name":"contacts","json_schema":{},"supported_sync_modes":["full_refresh"]},"sync_mode":"full_refresh","destination_sync_mode":"append"}]}`
