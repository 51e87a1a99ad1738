package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
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
		conf, err := tlsConfig("KAFKA_TLS", c.KafkaTLSCA, c.KafkaTLSCert, c.KafkaTLSKey, time.Now())
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

// tlsConfig reads the files of the variables that begin with prefix. All that is wrong with them is reported at once.
func tlsConfig(prefix, ca, cert, key string, now time.Time) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	var mistakes []error
	if ca != "" {
		pem, err := os.ReadFile(ca)
		conf.RootCAs = x509.NewCertPool()
		if err != nil {
			mistakes = append(mistakes, unreadable(prefix+"_CA_FILE", ca, err))
		} else if !conf.RootCAs.AppendCertsFromPEM(pem) {
			mistakes = append(mistakes, fmt.Errorf("%s_CA_FILE=%q: no certificate in PEM form in it → give the file of the authority that signed the server's certificate", prefix, ca))
		}
	}
	if cert != "" && key != "" {
		pair, err := keyPair(prefix, cert, key, now)
		conf.Certificates = []tls.Certificate{pair}
		mistakes = append(mistakes, err)
	}
	return conf, errors.Join(mistakes...)
}

// keyPair reads a client's certificate and its key. A certificate whose time is over, or has not come by this machine's clock, is refused
// here: what servers answer to one rarely says why.
func keyPair(prefix, cert, key string, now time.Time) (tls.Certificate, error) {
	var texts [2][]byte
	var mistakes [2]error
	for i, f := range []struct{ name, path string }{{prefix + "_CERT_FILE", cert}, {prefix + "_KEY_FILE", key}} {
		var err error
		if texts[i], err = os.ReadFile(f.path); err != nil {
			mistakes[i] = unreadable(f.name, f.path, err)
		}
	}
	if err := errors.Join(mistakes[:]...); err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(texts[0], texts[1])
	if err != nil {
		return pair, fmt.Errorf("%[1]s_CERT_FILE=%[2]q, %[1]s_KEY_FILE=%[3]q: %[4]w → give a certificate and its private key, both in PEM form", prefix, cert, key, err)
	}
	day := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case now.After(pair.Leaf.NotAfter):
		err = fmt.Errorf("%s_CERT_FILE=%q: the certificate expired at %s, and this machine's clock shows %s → renew it", prefix, cert, day(pair.Leaf.NotAfter), day(now))
	case now.Before(pair.Leaf.NotBefore):
		err = fmt.Errorf("%s_CERT_FILE=%q: the certificate is good from %s on, and this machine's clock shows %s → set the clock", prefix, cert, day(pair.Leaf.NotBefore), day(now))
	}
	return pair, err
}

// registry makes the schema registry's client. Errors are mistakes of configuration.
func (c *Config) registry() (*avro.SchemaRegistry, error) {
	conf := avro.RegistryConfig{URL: c.RegistryURL, Username: c.RegistryUsername, Password: c.RegistryPassword, BearerToken: c.RegistryToken}
	if c.RegistryTLSCA != "" || c.RegistryTLSCert != "" {
		var err error
		if conf.TLS, err = tlsConfig("SCHEMA_REGISTRY_TLS", c.RegistryTLSCA, c.RegistryTLSCert, c.RegistryTLSKey, time.Now()); err != nil {
			return nil, err
		}
	}
	reg, err := avro.NewRegistry(conf)
	if err != nil {
		return nil, fmt.Errorf("SCHEMA_REGISTRY_URL=%q: %w", withoutUser(c.RegistryURL), err)
	}
	return reg, nil
}

// withoutUser is a URL that can be shown: without the user, the password and the query that it may carry, also where it is malformed.
func withoutUser(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		u.User = nil
		if u.RawQuery != "" {
			u.RawQuery = "…"
		}
		return u.String()
	}
	address, _, _ = strings.Cut(address, "?")
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
