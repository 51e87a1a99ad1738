package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/headwater-stream/headwater/avro"
)

// kafkaOptions are what every Kafka client of the program shares. Errors are mistakes of configuration.
func (c *Config) kafkaOptions() ([]kgo.Opt, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.KafkaBrokers...),
		kgo.ClientID("headwater"),
		kgo.DialTimeout(5 * time.Second),
	}
	compression, err := c.compression()
	if err != nil {
		return nil, err
	}
	opts = append(opts, compression)
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

// compressions are the values of HEADWATER_COMPRESSION; docs/decisions/0009 says why none is the default.
var compressions = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(), "gzip": kgo.GzipCompression(),
}

// compression is an option that clients may share which are made at the same time: each of them writes to the list of codecs that it gets.
// So there is none in it, which means no compression, or a compressor for all.
func (c *Config) compression() (kgo.Opt, error) {
	codec := compressions[c.Compression]
	if codec == kgo.NoCompression() {
		return kgo.ProducerBatchCompression(), nil
	}
	compressor, err := kgo.DefaultCompressor(codec)
	return kgo.WithCompressor(compressor), err
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
	conf := avro.RegistryConfig{URL: c.RegistryURL, Username: c.RegistryUsername, Password: c.RegistryPassword, BearerToken: c.RegistryToken}
	if c.RegistryTLSCA != "" || c.RegistryTLSCert != "" {
		var err error
		if conf.TLS, err = tlsConfig("SCHEMA_REGISTRY_TLS", c.RegistryTLSCA, c.RegistryTLSCert, c.RegistryTLSKey); err != nil {
			return nil, err
		}
	}
	reg, err := avro.NewRegistry(conf)
	if err != nil {
		return nil, fmt.Errorf("SCHEMA_REGISTRY_URL=%q: %w", withoutUser(c.RegistryURL), err)
	}
	return reg, nil
}

// withoutUser is a URL that can be shown: without the user and password that it may carry, also where it is malformed.
func withoutUser(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		u.User = nil
		return u.String()
	}
	if at := strings.LastIndex(address, "@"); at >= 0 {
		return "…" + address[at:]
	}
	return address
}

func logLevel(name string) (slog.Level, error) {
	var level slog.Level
	err := level.UnmarshalText([]byte(name))
	return level, err
}
