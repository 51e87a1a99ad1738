package realstack

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
)

// Versions of the servers that Fetch fetches.
const (
	KafkaVersion    = "4.3.1"
	RegistryVersion = "3.0.9"
)

// Software is the servers' programs on this machine, as Fetch returns them. They run with the java that is on PATH.
type Software struct {
	KafkaLib    string // folder of Kafka's jars
	RegistryJar string // Apicurio Registry's runner jar
}

// Fetch returns the servers' programs. What is not in the cache folder is downloaded from Maven Central with the
// user's Maven (its settings and mirrors hold), after an announcement on log.
//
// Several processes may fetch into one cache at once: one downloads, the others wait. A download that was interrupted
// is begun anew. Fetch changes nothing else than the cache and the user's local Maven repository.
func Fetch(ctx context.Context, cache string, log io.Writer) (Software, error) {
	if err := Available(ctx); err != nil {
		return Software{}, err
	}
	m, err := newMaven()
	if err != nil {
		return Software{}, err
	}
	return fetch(ctx, cache, log, m)
}

// downloader is Maven, or its stand-in in tests. Both methods fill the folder dir.
type downloader interface {
	kafka(ctx context.Context, dir string) error
	registry(ctx context.Context, dir string) error
}

func fetch(ctx context.Context, cache string, log io.Writer, from downloader) (Software, error) {
	kafka := filepath.Join(cache, "kafka-"+KafkaVersion)
	registry := filepath.Join(cache, "apicurio-registry-"+RegistryVersion)
	if !exists(kafka) || !exists(registry) {
		if err := download(ctx, cache, kafka, registry, log, from); err != nil {
			return Software{}, err
		}
	}
	return Software{
		KafkaLib:    kafka,
		RegistryJar: filepath.Join(registry, "apicurio-registry-app-"+RegistryVersion+"-runner.jar"),
	}, nil
}

func download(ctx context.Context, cache, kafka, registry string, log io.Writer, from downloader) error {
	return alone(ctx, cache, log, func() error {
		if exists(kafka) && exists(registry) {
			return nil // another process did it
		}
		fmt.Fprintf(log, "downloading Apache Kafka %s and Apicurio Registry %s from Maven Central (~170 MB) into %s\n", KafkaVersion, RegistryVersion, cache)
		if !exists(kafka) {
			if err := publish(kafka, func(dir string) error { return from.kafka(ctx, dir) }); err != nil {
				return fmt.Errorf("fetch Apache Kafka: %w", err)
			}
		}
		if !exists(registry) {
			if err := publish(registry, func(dir string) error { return from.registry(ctx, dir) }); err != nil {
				return fmt.Errorf("fetch Apicurio Registry: %w", err)
			}
		}
		return nil
	})
}
