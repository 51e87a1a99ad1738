// Command fetch downloads the servers that the end-to-end suite runs on, and the libraries that its consumers in other
// languages use, or says what this machine lacks for them. `make test` runs it first, because what tests say is not seen
// until they fail.
//
// E2E=auto (default): a machine without Java or Maven, Python or Node is no error. E2E=required: it is. E2E=off: nothing
// is done. E2E_CACHE names the folder that all of it is kept in.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/headwater-stream/headwater/internal/consumers"
	"github.com/headwater-stream/headwater/internal/realstack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "end-to-end tests:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	mode, err := realstack.ModeFromEnv()
	if err != nil {
		return err
	}
	if mode == realstack.Off {
		fmt.Fprintln(out, "end-to-end tests on real servers: off (E2E=off)")
		return nil
	}
	err = realstack.Available(ctx)
	if err != nil && mode == realstack.Auto {
		fmt.Fprintf(out, "end-to-end tests on real servers: skipped, because this machine has\n%v\n(E2E=required makes this an error)\n", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("E2E=required, but this machine has\n%w", err)
	}
	cache, err := realstack.DefaultCache()
	if err != nil {
		return err
	}
	if _, err := realstack.Fetch(ctx, cache, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "end-to-end tests on real servers: Apache Kafka %s and Apicurio Registry %s from %s\n",
		realstack.KafkaVersion, realstack.RegistryVersion, cache)
	return fetchKits(ctx, mode, cache, out)
}

// fetchKits fetches the libraries of the languages that this machine has.
func fetchKits(ctx context.Context, mode realstack.Mode, cache string, out io.Writer) error {
	for _, kit := range consumers.Kits() {
		err := kit.Available(ctx)
		if err != nil && mode == realstack.Auto {
			fmt.Fprintf(out, "consumers in %s: skipped, because this machine has %v (E2E=required makes this an error)\n", kit.Name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("E2E=required, but this machine has %w", err)
		}
		if _, err := kit.Fetch(ctx, cache, out); err != nil {
			return err
		}
		fmt.Fprintf(out, "consumers in %s: libraries from %s\n", kit.Name, cache)
	}
	return nil
}
