package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/producer"
)

// kafkaOptions are what every Kafka client of the program shares. Errors are mistakes of configuration.
func (c *Config) kafkaOptions() ([]kgo.Opt, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.KafkaBrokers...),
		kgo.ClientID("headwater"),
		kgo.DialTimeout(5 * time.Second),
	}
	if c.KafkaTLS {
		conf, err := tlsConfig("KAFKA_TLS", c.KafkaTLSCA, c.KafkaTLSCert, c.KafkaTLSKey)
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(conf))
	}
	if m := c.saslMechanism(); m != nil {
		opts = append(opts, kgo.SASL(m))
	}
	return opts, nil
}

func (c *Config) saslMechanism() sasl.Mechanism {
	switch c.SASLMechanism {
	case "PLAIN":
		return plain.Auth{User: c.SASLUsername, Pass: c.SASLPassword}.AsMechanism()
	case "SCRAM-SHA-256":
		return scram.Auth{User: c.SASLUsername, Pass: c.SASLPassword}.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return scram.Auth{User: c.SASLUsername, Pass: c.SASLPassword}.AsSha512Mechanism()
	case "OAUTHBEARER":
		return oauth.Auth{Token: c.SASLPassword}.AsMechanism()
	}
	return nil
}

// tlsConfig reads the files of the variables that begin with prefix.
func tlsConfig(prefix, ca, cert, key string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("%s_CA_FILE: %w", prefix, err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s_CA_FILE=%q: no certificate in PEM form in it", prefix, ca)
		}
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("%s_CERT_FILE, %s_KEY_FILE: %w", prefix, prefix, err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}

// registry makes the schema registry's client. Errors are mistakes of configuration.
func (c *Config) registry() (*avro.SchemaRegistry, error) {
	conf := avro.RegistryConfig{URL: c.RegistryURL, Username: c.RegistryUsername, Password: c.RegistryPassword}
	if c.RegistryTLSCA != "" || c.RegistryTLSCert != "" {
		var err error
		if conf.TLS, err = tlsConfig("SCHEMA_REGISTRY_TLS", c.RegistryTLSCA, c.RegistryTLSCert, c.RegistryTLSKey); err != nil {
			return nil, err
		}
	}
	reg, err := avro.NewRegistry(conf)
	if err != nil {
		return nil, fmt.Errorf("SCHEMA_REGISTRY_URL: %w", err)
	}
	return reg, nil
}

// preflightDeadline is how long a server may take to answer at the start.
const preflightDeadline = 8 * time.Second

// pingKafka says in one line that no broker answers, before anything else is tried.
func pingKafka(ctx context.Context, opts []kgo.Opt, brokers []string) error {
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return &usageError{fmt.Errorf("KAFKA_BROKERS: %w", err)}
	}
	defer client.Close()
	bounded, cancel := context.WithTimeout(ctx, preflightDeadline)
	defer cancel()
	if err := client.Ping(bounded); err != nil {
		return &producer.EnvironmentError{Op: fmt.Sprintf("reach Kafka at %v", brokers), Err: err,
			Remedy: "check KAFKA_BROKERS, KAFKA_TLS_* and KAFKA_SASL_*, and that a broker listens there"}
	}
	return nil
}

func logLevel(name string) (slog.Level, error) {
	var level slog.Level
	err := level.UnmarshalText([]byte(name))
	return level, err
}
