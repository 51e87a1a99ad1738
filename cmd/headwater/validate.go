package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/cmd/headwater/web"
	"github.com/headwater-stream/headwater/producer"
)

// validate says what is wrong beyond a single value's form.
func (c *Config) validate() []error {
	var mistakes []error
	wrong := func(name, value, want string) {
		mistakes = append(mistakes, fmt.Errorf("%s=%q: %s", name, value, want))
	}
	if _, err := producer.ParseFormat(c.ValueFormat); err != nil {
		wrong("HEADWATER_VALUE_FORMAT", c.ValueFormat, "must be avro or json")
	}
	if _, err := avro.ParseEncoder(c.Encoder); err != nil {
		wrong("HEADWATER_ENCODER", c.Encoder, "must be compiled or library")
	}
	if _, err := web.ParseAddress(c.MetricsAddr); err != nil && c.MetricsAddr != "off" {
		wrong("HEADWATER_METRICS_ADDR", c.MetricsAddr, err.Error()+", such as 127.0.0.1:9464, or off")
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
	if _, ok := compressions[c.Compression]; !ok {
		wrong("HEADWATER_COMPRESSION", c.Compression, "must be none, snappy, lz4, zstd or gzip")
	}
	if f := c.LogFormat; f != "" && f != "text" && f != "json" {
		wrong("HEADWATER_LOG_FORMAT", f, "must be text or json")
	}
	if _, err := logLevel(c.LogLevel); err != nil {
		wrong("HEADWATER_LOG_LEVEL", c.LogLevel, "must be debug, info, warn or error")
	}
	for _, broker := range c.KafkaBrokers {
		if !isHostPort(broker) {
			wrong("KAFKA_BROKERS", withoutUser(strings.Join(c.KafkaBrokers, ",")), "want host:port, and commas between several, such as 127.0.0.1:9092")
			break
		}
	}
	return append(mistakes, c.validateSecurity()...)
}

// isHostPort takes a host alone, too: brokers listen on 9092 unless told otherwise.
func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return s != "" && !strings.ContainsAny(s, ":/ ")
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil && host != "" && !strings.ContainsAny(host, "/ ")
}

func (c *Config) validateSecurity() []error {
	var mistakes []error
	for _, f := range []struct{ name, path string }{
		{"KAFKA_TLS_CA_FILE", c.KafkaTLSCA}, {"KAFKA_TLS_CERT_FILE", c.KafkaTLSCert}, {"KAFKA_TLS_KEY_FILE", c.KafkaTLSKey},
	} {
		if f.path != "" && !c.KafkaTLS {
			mistakes = append(mistakes, fmt.Errorf("%s=%q: is read only with TLS; set KAFKA_TLS_ENABLED to true, or unset it", f.name, f.path))
		}
	}
	for _, pair := range []struct{ prefix, cert, key string }{
		{"KAFKA_TLS", c.KafkaTLSCert, c.KafkaTLSKey}, {"SCHEMA_REGISTRY_TLS", c.RegistryTLSCert, c.RegistryTLSKey},
	} {
		if pair.cert != "" && pair.key == "" {
			mistakes = append(mistakes, fmt.Errorf("%[1]s_CERT_FILE=%[2]q: needs %[1]s_KEY_FILE: set both", pair.prefix, pair.cert))
		}
		if pair.cert == "" && pair.key != "" {
			mistakes = append(mistakes, fmt.Errorf("%[1]s_KEY_FILE=%[2]q: needs %[1]s_CERT_FILE: set both", pair.prefix, pair.key))
		}
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
	if c.RegistryToken != "" && (c.RegistryUsername != "" || c.RegistryPassword != "") {
		mistakes = append(mistakes, errors.New("SCHEMA_REGISTRY_BEARER_TOKEN and SCHEMA_REGISTRY_USERNAME are two ways to log in: set one"))
	}
	if strings.ContainsFunc(c.RegistryToken, func(r rune) bool { return r < '!' || r > '~' }) {
		mistakes = append(mistakes, errors.New("SCHEMA_REGISTRY_BEARER_TOKEN holds a space, a line break or another character that no token has: set it to the token alone"))
	}
	if u, err := url.Parse(c.RegistryURL); err == nil && u.User != nil && c.RegistryToken != "" {
		mistakes = append(mistakes, errors.New("SCHEMA_REGISTRY_BEARER_TOKEN is set and SCHEMA_REGISTRY_URL holds a user: set one"))
	}
	return mistakes
}
