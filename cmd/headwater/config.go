package main

import (
	"errors"
	"reflect"
	"time"

	"github.com/sethvargo/go-envconfig"
)

// Config is what the environment says; docs/configuration.md is made from it. Every secret may also be given as NAME_FILE, a file that holds it. An empty variable
// counts as one that is not set, as compose files write them (${NAME:-}).
type Config struct {
	Source      string `env:"HEADWATER_SOURCE, default=intercom" usage:"built-in source, or the path of a source file" example:"./mine.yaml"`
	TopicPrefix string `env:"HEADWATER_TOPIC_PREFIX" usage:"begins the name of every topic; the source's name and a dot if not set" example:"crm."`
	ValueFormat string `env:"HEADWATER_VALUE_FORMAT, default=avro" usage:"avro; or json: the records' JSON text as the API gave it, without a schema registry. A topic keeps its format" example:"json"`
	Encoder     string `env:"HEADWATER_ENCODER, default=compiled" usage:"compiled, or library: the same bytes by another way, many times slower; for when in doubt" example:"library"`

	Partitions       int32         `env:"HEADWATER_PARTITIONS, default=-1" usage:"of topics that are created; -1: the broker's default" example:"12"`
	Replication      int16         `env:"HEADWATER_REPLICATION, default=-1" usage:"of topics that are created; -1: the broker's default" example:"3"`
	Compression      string        `env:"HEADWATER_COMPRESSION, default=none" usage:"of what is written to Kafka: none, snappy, lz4, zstd or gzip" example:"zstd"`
	PollInterval     time.Duration `env:"HEADWATER_POLL_INTERVAL, default=30s" usage:"pause between live passes" example:"1m"`
	SnapshotInterval time.Duration `env:"HEADWATER_SNAPSHOT_INTERVAL, default=15m" usage:"pause between complete listings; at least ten times the last one's duration" example:"1h"`
	Concurrency      int           `env:"HEADWATER_CONCURRENCY, default=8" usage:"requests to the API in flight, from 1 to 1000" example:"16"`

	LogFormat string `env:"HEADWATER_LOG_FORMAT" usage:"text or json; text on a terminal, else json" example:"json"`
	LogLevel  string `env:"HEADWATER_LOG_LEVEL, default=info" usage:"debug, info, warn or error" example:"debug"`

	Group       string `env:"HEADWATER_GROUP" usage:"consumer group with whose other workers the work is shared" example:"headwater"`
	MetricsAddr string `env:"HEADWATER_METRICS_ADDR, default=127.0.0.1:9464" usage:"where the status page, health and metrics are served, host:port; off: nowhere" example:"0.0.0.0:9464"`

	KafkaBrokers  []string `env:"KAFKA_BROKERS, default=127.0.0.1:9092" usage:"host:port of a broker, and commas between several" example:"kafka-1:9092,kafka-2:9092"`
	KafkaTLS      bool     `env:"KAFKA_TLS_ENABLED" usage:"talk TLS to the brokers" example:"true"`
	KafkaTLSCA    string   `env:"KAFKA_TLS_CA_FILE" usage:"certificates of the authorities that are trusted, PEM; the system's if not set" example:"/etc/headwater/ca.pem"`
	KafkaTLSCert  string   `env:"KAFKA_TLS_CERT_FILE" usage:"certificate of this client, PEM, for mutual TLS" example:"/etc/headwater/client.pem"`
	KafkaTLSKey   string   `env:"KAFKA_TLS_KEY_FILE" usage:"private key of that certificate, PEM" example:"/etc/headwater/client-key.pem"`
	SASLMechanism string   `env:"KAFKA_SASL_MECHANISM" usage:"how to log in: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER; no login if not set" example:"SCRAM-SHA-512"`
	SASLUsername  string   `env:"KAFKA_SASL_USERNAME" usage:"user to log in as; not for OAUTHBEARER" example:"headwater"`
	SASLPassword  string   `env:"KAFKA_SASL_PASSWORD" secret:"true" usage:"password of that user; for OAUTHBEARER the token" example:"…"`

	RegistryURL      string `env:"SCHEMA_REGISTRY_URL, default=http://127.0.0.1:8081" usage:"address of the schema registry; may carry a path" example:"https://registry:8081/apis/ccompat/v7"`
	RegistryUsername string `env:"SCHEMA_REGISTRY_USERNAME" usage:"user, for basic authentication" example:"headwater"`
	RegistryPassword string `env:"SCHEMA_REGISTRY_PASSWORD" secret:"true" usage:"password of that user" example:"…"`
	RegistryToken    string `env:"SCHEMA_REGISTRY_BEARER_TOKEN" secret:"true" usage:"instead of a username" example:"…"`
	RegistryTLSCA    string `env:"SCHEMA_REGISTRY_TLS_CA_FILE" usage:"certificates of the authorities that are trusted, PEM; the system's if not set" example:"/etc/headwater/ca.pem"`
	RegistryTLSCert  string `env:"SCHEMA_REGISTRY_TLS_CERT_FILE" usage:"certificate of this client, PEM, for mutual TLS" example:"/etc/headwater/client.pem"`
	RegistryTLSKey   string `env:"SCHEMA_REGISTRY_TLS_KEY_FILE" usage:"private key of that certificate, PEM" example:"/etc/headwater/client-key.pem"`
}

// loadConfig reads the environment. All mistakes are reported at once, each by its variable, whose field then holds the default;
// warnings are for variables that nothing reads.
func loadConfig(env envconfig.Lookuper, environ []string) (*Config, []string, error) {
	cfg := &Config{}
	var mistakes []error
	var plain, secret []string
	value := reflect.ValueOf(cfg).Elem()
	for _, v := range variables() {
		lookup := envconfig.Lookuper(filled{env})
		if v.secret {
			secret = append(secret, v.name)
			lookup = fileLookuper{env}
			if err := (fileLookuper{env}).check(v.name); err != nil {
				mistakes = append(mistakes, err)
			}
		} else {
			plain = append(plain, v.name)
		}
		target := value.FieldByIndex(v.field.Index)
		if loadField(target, v.field, lookup) != nil {
			mistakes = append(mistakes, malformed(v.name, v.field, lookup))
			_ = loadField(target, v.field, envconfig.MapLookuper(nil)) // a default is well-formed
		}
	}
	mistakes = append(mistakes, cfg.validate()...)
	return cfg, unknown(environ, plain, secret, unknownOfOurs), errors.Join(mistakes...)
}
