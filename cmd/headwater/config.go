package main

import (
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"
)

// Config is what the environment says. Every secret may also be given as NAME_FILE, a file that holds it. An empty variable
// counts as one that is not set, as compose files write them (${NAME:-}).
type Config struct {
	Source      string `env:"HEADWATER_SOURCE, default=intercom" usage:"built-in source or path of a source file"`
	TopicPrefix string `env:"HEADWATER_TOPIC_PREFIX" usage:"begins every topic's name; <source>. if not set"`
	ValueFormat string `env:"HEADWATER_VALUE_FORMAT, default=avro" usage:"avro, or json: the records' JSON text, without a schema registry"`
	Encoder     string `env:"HEADWATER_ENCODER, default=compiled" usage:"compiled, or library: the same bytes by another way, many times slower; for when in doubt"`

	Partitions       int32         `env:"HEADWATER_PARTITIONS, default=-1" usage:"of topics that are created; -1: the broker's default"`
	Replication      int16         `env:"HEADWATER_REPLICATION, default=-1" usage:"of topics that are created; -1: the broker's default"`
	Compression      string        `env:"HEADWATER_COMPRESSION, default=none" usage:"of what is written to Kafka: none, snappy, lz4, zstd or gzip"`
	PollInterval     time.Duration `env:"HEADWATER_POLL_INTERVAL, default=30s" usage:"pause between live passes"`
	SnapshotInterval time.Duration `env:"HEADWATER_SNAPSHOT_INTERVAL, default=15m" usage:"pause between complete listings; at least ten times the last one's duration"`
	Concurrency      int           `env:"HEADWATER_CONCURRENCY, default=8" usage:"requests in flight"`

	LogFormat string `env:"HEADWATER_LOG_FORMAT" usage:"text or json; text on a terminal, else json"`
	LogLevel  string `env:"HEADWATER_LOG_LEVEL, default=info" usage:"debug, info, warn or error"`

	Group       string `env:"HEADWATER_GROUP" usage:"consumer group with whose other workers the work is shared"`
	MetricsAddr string `env:"HEADWATER_METRICS_ADDR, default=127.0.0.1:9464" usage:"where the status page, health and metrics are served, host:port; off: nowhere"`

	KafkaBrokers  []string `env:"KAFKA_BROKERS, default=127.0.0.1:9092" usage:"comma-separated"`
	KafkaTLS      bool     `env:"KAFKA_TLS_ENABLED" usage:"talk TLS to the brokers"`
	KafkaTLSCA    string   `env:"KAFKA_TLS_CA_FILE" usage:"PEM; the system's certificates if not set"`
	KafkaTLSCert  string   `env:"KAFKA_TLS_CERT_FILE" usage:"PEM, for mutual TLS"`
	KafkaTLSKey   string   `env:"KAFKA_TLS_KEY_FILE" usage:"PEM, for mutual TLS"`
	SASLMechanism string   `env:"KAFKA_SASL_MECHANISM" usage:"PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"`
	SASLUsername  string   `env:"KAFKA_SASL_USERNAME" usage:"not for OAUTHBEARER"`
	SASLPassword  string   `env:"KAFKA_SASL_PASSWORD" secret:"true" usage:"for OAUTHBEARER: the token"`

	RegistryURL      string `env:"SCHEMA_REGISTRY_URL, default=http://127.0.0.1:8081" usage:"may carry a path"`
	RegistryUsername string `env:"SCHEMA_REGISTRY_USERNAME" usage:"basic authentication"`
	RegistryPassword string `env:"SCHEMA_REGISTRY_PASSWORD" secret:"true" usage:"basic authentication"`
	RegistryToken    string `env:"SCHEMA_REGISTRY_BEARER_TOKEN" secret:"true" usage:"instead of a username"`
	RegistryTLSCA    string `env:"SCHEMA_REGISTRY_TLS_CA_FILE" usage:"PEM; the system's certificates if not set"`
	RegistryTLSCert  string `env:"SCHEMA_REGISTRY_TLS_CERT_FILE" usage:"PEM, for mutual TLS"`
	RegistryTLSKey   string `env:"SCHEMA_REGISTRY_TLS_KEY_FILE" usage:"PEM, for mutual TLS"`
}

// loadConfig reads the environment. All mistakes are reported at once, each by its variable, whose field then holds the default;
// warnings are for variables that nothing reads.
func loadConfig(env envconfig.Lookuper, environ []string) (*Config, []string, error) {
	cfg := &Config{}
	var mistakes []error
	var known []string
	value := reflect.ValueOf(cfg).Elem()
	for i := range value.NumField() {
		field := value.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		known = append(known, name)
		lookup := envconfig.Lookuper(filled{env})
		if field.Tag.Get("secret") != "" {
			known = append(known, name+"_FILE")
			lookup = fileLookuper{env}
			if err := (fileLookuper{env}).check(name); err != nil {
				mistakes = append(mistakes, err)
			}
		}
		if loadField(value.Field(i), field, lookup) != nil {
			mistakes = append(mistakes, malformed(name, field, lookup))
			_ = loadField(value.Field(i), field, envconfig.MapLookuper(nil)) // a default is well-formed
		}
	}
	mistakes = append(mistakes, cfg.validate()...)
	return cfg, unknownVariables(environ, known), errors.Join(mistakes...)
}
