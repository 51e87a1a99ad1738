package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"
)

// Config is what the environment says. Every secret may also be given as NAME_FILE, a file that holds it; an empty secret is a
// missing one.
type Config struct {
	Source      string `env:"HEADWATER_SOURCE, default=intercom" usage:"built-in source or path of a source file"`
	TopicPrefix string `env:"HEADWATER_TOPIC_PREFIX" usage:"begins every topic's name; <source>. if not set"`
	ValueFormat string `env:"HEADWATER_VALUE_FORMAT, default=avro" usage:"avro"`

	Partitions       int32         `env:"HEADWATER_PARTITIONS, default=-1" usage:"of topics that are created; -1: the broker's default"`
	Replication      int16         `env:"HEADWATER_REPLICATION, default=-1" usage:"of topics that are created; -1: the broker's default"`
	PollInterval     time.Duration `env:"HEADWATER_POLL_INTERVAL, default=30s" usage:"pause between live passes"`
	SnapshotInterval time.Duration `env:"HEADWATER_SNAPSHOT_INTERVAL, default=15m" usage:"pause between complete listings; at least ten times the last one's duration"`
	Concurrency      int           `env:"HEADWATER_CONCURRENCY, default=8" usage:"requests in flight"`

	LogFormat string `env:"HEADWATER_LOG_FORMAT" usage:"text or json; text on a terminal, else json"`
	LogLevel  string `env:"HEADWATER_LOG_LEVEL, default=info" usage:"debug, info, warn or error"`

	Group       string `env:"HEADWATER_GROUP" usage:"not supported yet"`
	MetricsAddr string `env:"HEADWATER_METRICS_ADDR, default=off" usage:"off; anything else is not supported yet"`

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
	RegistryTLSCA    string `env:"SCHEMA_REGISTRY_TLS_CA_FILE" usage:"PEM; the system's certificates if not set"`
	RegistryTLSCert  string `env:"SCHEMA_REGISTRY_TLS_CERT_FILE" usage:"PEM, for mutual TLS"`
	RegistryTLSKey   string `env:"SCHEMA_REGISTRY_TLS_KEY_FILE" usage:"PEM, for mutual TLS"`
}

// loadConfig reads the environment. All mistakes are reported at once, each by its variable; warnings are for variables that
// nothing reads.
func loadConfig(env envconfig.Lookuper, environ []string) (*Config, []string, error) {
	cfg := &Config{}
	var mistakes []error
	known := map[string]bool{}
	value := reflect.ValueOf(cfg).Elem()
	for i := range value.NumField() {
		field := value.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		known[name] = true
		secret := field.Tag.Get("secret") != ""
		lookup := env
		if secret {
			known[name+"_FILE"] = true
			lookup = fileLookuper{env}
			if err := (fileLookuper{env}).check(name); err != nil {
				mistakes = append(mistakes, err)
			}
		}
		if err := loadField(value.Field(i), field, lookup); err != nil {
			mistakes = append(mistakes, describe(name, secret, lookup, err))
		}
	}
	mistakes = append(mistakes, cfg.validate()...)
	return cfg, unknownVariables(environ, known), errors.Join(mistakes...)
}

// loadField has go-envconfig read one field on its own, because it stops at the first mistake of a struct.
func loadField(target reflect.Value, field reflect.StructField, env envconfig.Lookuper) error {
	one := reflect.New(reflect.StructOf([]reflect.StructField{field}))
	if err := envconfig.ProcessWith(context.Background(), &envconfig.Config{Target: one.Interface(), Lookuper: env}); err != nil {
		return err
	}
	target.Set(one.Elem().Field(0))
	return nil
}

// describe names the variable and, unless it is secret, its value.
func describe(name string, secret bool, env envconfig.Lookuper, err error) error {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	if secret {
		return fmt.Errorf("%s: not usable", name)
	}
	text, _ := env.Lookup(name)
	var num *strconv.NumError
	if errors.As(err, &num) {
		err = num.Err
	}
	return fmt.Errorf("%s=%q: %w", name, text, err)
}

// fileLookuper finds NAME, or what the file NAME_FILE holds. An empty value counts as none.
type fileLookuper struct{ env envconfig.Lookuper }

func (l fileLookuper) Lookup(name string) (string, bool) {
	if v, ok := l.env.Lookup(name); ok && v != "" {
		return v, true
	}
	path, ok := l.env.Lookup(name + "_FILE")
	if !ok || path == "" {
		return "", false
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	v := strings.TrimSpace(string(text))
	return v, v != ""
}

// check reports a NAME_FILE that is set but cannot be read or is empty.
func (l fileLookuper) check(name string) error {
	path, ok := l.env.Lookup(name + "_FILE")
	if direct, set := l.env.Lookup(name); (set && direct != "") || !ok || path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s_FILE: %w", name, err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return fmt.Errorf("%s_FILE=%q: the file is empty", name, path)
	}
	return nil
}

// unknownVariables are HEADWATER_* that nothing reads: most likely misspelt.
func unknownVariables(environ []string, known map[string]bool) []string {
	var warnings []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "HEADWATER_") && !known[name] {
			warnings = append(warnings, name+" is set but nothing reads it")
		}
	}
	return warnings
}

// validate says what is wrong beyond a single value's form.
func (c *Config) validate() []error {
	var mistakes []error
	wrong := func(name, value, want string) {
		mistakes = append(mistakes, fmt.Errorf("%s=%q: %s", name, value, want))
	}
	switch c.ValueFormat {
	case "avro":
	case "json":
		wrong("HEADWATER_VALUE_FORMAT", c.ValueFormat, "json is not supported yet; use avro")
	default:
		wrong("HEADWATER_VALUE_FORMAT", c.ValueFormat, "must be avro")
	}
	if c.Group != "" {
		wrong("HEADWATER_GROUP", c.Group, "many workers are not supported yet; unset it")
	}
	if c.MetricsAddr != "off" {
		wrong("HEADWATER_METRICS_ADDR", c.MetricsAddr, "metrics are not supported yet; unset it or set it to off")
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"HEADWATER_POLL_INTERVAL", c.PollInterval}, {"HEADWATER_SNAPSHOT_INTERVAL", c.SnapshotInterval}} {
		if d.value < 0 {
			wrong(d.name, d.value.String(), "must not be negative")
		}
	}
	if c.Concurrency < 1 || c.Concurrency > 1000 {
		wrong("HEADWATER_CONCURRENCY", strconv.Itoa(c.Concurrency), "must be from 1 to 1000")
	}
	if c.Partitions < 1 && c.Partitions != -1 {
		wrong("HEADWATER_PARTITIONS", strconv.Itoa(int(c.Partitions)), "must be at least 1, or -1 for the broker's default")
	}
	if c.Replication < 1 && c.Replication != -1 {
		wrong("HEADWATER_REPLICATION", strconv.Itoa(int(c.Replication)), "must be at least 1, or -1 for the broker's default")
	}
	if f := c.LogFormat; f != "" && f != "text" && f != "json" {
		wrong("HEADWATER_LOG_FORMAT", f, "must be text or json")
	}
	if _, err := logLevel(c.LogLevel); err != nil {
		wrong("HEADWATER_LOG_LEVEL", c.LogLevel, "must be debug, info, warn or error")
	}
	return append(mistakes, c.validateSecurity()...)
}

func (c *Config) validateSecurity() []error {
	var mistakes []error
	if !c.KafkaTLS && (c.KafkaTLSCA != "" || c.KafkaTLSCert != "" || c.KafkaTLSKey != "") {
		mistakes = append(mistakes, errors.New("KAFKA_TLS_*_FILE is set but KAFKA_TLS_ENABLED is not: set it to true"))
	}
	if (c.KafkaTLSCert == "") != (c.KafkaTLSKey == "") {
		mistakes = append(mistakes, errors.New("KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE go together: set both"))
	}
	if (c.RegistryTLSCert == "") != (c.RegistryTLSKey == "") {
		mistakes = append(mistakes, errors.New("SCHEMA_REGISTRY_TLS_CERT_FILE and SCHEMA_REGISTRY_TLS_KEY_FILE go together: set both"))
	}
	switch c.SASLMechanism {
	case "":
		if c.SASLUsername != "" || c.SASLPassword != "" {
			mistakes = append(mistakes, errors.New("KAFKA_SASL_MECHANISM is not set: set it to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"))
		}
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		if c.SASLUsername == "" || c.SASLPassword == "" {
			mistakes = append(mistakes, fmt.Errorf("KAFKA_SASL_MECHANISM=%q: needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD", c.SASLMechanism))
		}
	case "OAUTHBEARER":
		if c.SASLPassword == "" {
			mistakes = append(mistakes, fmt.Errorf("KAFKA_SASL_MECHANISM=%q: needs the token in KAFKA_SASL_PASSWORD", c.SASLMechanism))
		}
	default:
		mistakes = append(mistakes, fmt.Errorf("KAFKA_SASL_MECHANISM=%q: must be PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER", c.SASLMechanism))
	}
	if c.RegistryUsername == "" && c.RegistryPassword != "" {
		mistakes = append(mistakes, errors.New("SCHEMA_REGISTRY_USERNAME is not set but SCHEMA_REGISTRY_PASSWORD is: set both"))
	}
	return mistakes
}
