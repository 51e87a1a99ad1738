package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/headwater-stream/headwater/internal/realstack"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// wrongWords are mistakes on the command line.
func wrongWords() []mistake {
	return []mistake{
		{name: "unknown resource", args: []string{"run", "tag", "--once"}, code: 2, says: []string{`"tag"`, "did you mean tags?"}},
		{name: "unknown flag", args: []string{"run", "--onec"}, code: 2, says: []string{"--onec"}},
		{name: "unknown command", args: []string{"rnu"}, code: 2, says: []string{"rnu", "Did you mean this? run"}},
		{name: "cat without a resource", args: []string{"cat"}, code: 2, says: []string{"name one resource: headwater cat contacts"}},
		{name: "reset of an unknown resource", args: []string{"state", "reset", "tgas"}, code: 2, says: []string{`"tgas"`, "did you mean tags?"}},
		{name: "topic that is not there", args: []string{"cat", "tags"}, code: 3, says: []string{"tags", "run headwater first, or set HEADWATER_TOPIC_PREFIX"}},
	}
}

// wrongVariables are values that cannot be.
func wrongVariables(t *testing.T) []mistake {
	occupied, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { occupied.Close() })
	profiles := []string{"run", "--once", "--pprof", occupied.Addr().String()}
	return []mistake{
		{name: "no token", args: run, env: map[string]string{"SOURCE_ACCESS_TOKEN": ""}, code: 2, says: []string{"SOURCE_ACCESS_TOKEN is not set → set it, or SOURCE_ACCESS_TOKEN_FILE"}},
		{name: "unknown value format", args: run, env: map[string]string{"HEADWATER_VALUE_FORMAT": "xml"}, code: 2, says: []string{`HEADWATER_VALUE_FORMAT="xml"`, "must be avro or json"}},
		{name: "once in a group", args: run, env: map[string]string{"HEADWATER_GROUP": "g"}, code: 2, says: []string{`HEADWATER_GROUP="g"`, "leave --once"}},
		{name: "one resource in a group", args: []string{"run", "tags"}, env: map[string]string{"HEADWATER_GROUP": "g"}, code: 2, says: []string{`HEADWATER_GROUP="g"`, "names of resources out"}},
		{name: "no place for metrics", args: run, env: map[string]string{"HEADWATER_METRICS_ADDR": "localhost"}, code: 2, says: []string{`HEADWATER_METRICS_ADDR="localhost"`, "want host:port"}},
		{name: "bad interval", args: run, env: map[string]string{"HEADWATER_POLL_INTERVAL": "soon"}, code: 2, says: []string{`HEADWATER_POLL_INTERVAL="soon"`, "such as 30s or 15m"}},
		{name: "bad start date", args: run, env: map[string]string{"SOURCE_START_DATE": "yesterday"}, code: 2, says: []string{"SOURCE_START_DATE", "a date such as 2026-01-31", `"yesterday"`}},
		{name: "password in the brokers", args: run, env: map[string]string{"KAFKA_BROKERS": "me:secret-word@kafka:9092"}, code: 2, says: []string{`KAFKA_BROKERS="…@kafka:9092"`, "such as 127.0.0.1:9092"}},
		{name: "password without mechanism", args: run, env: map[string]string{"KAFKA_SASL_PASSWORD": "secret-word"}, code: 2, says: []string{"KAFKA_SASL_MECHANISM is not set: set it to PLAIN"}},
		{name: "mechanism without password", args: run, env: map[string]string{"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "u"}, code: 2, says: []string{"KAFKA_SASL_MECHANISM", "needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"}},
		{name: "password in the API's address", args: run, env: map[string]string{"SOURCE_BASE_URL": "http://me:secret-word@api"}, code: 2, says: []string{"SOURCE_BASE_URL", "without user"}},
		{name: "bad prefix", args: run, env: map[string]string{"HEADWATER_TOPIC_PREFIX": "a b/"}, code: 2, says: []string{`"a b/`, "set HEADWATER_TOPIC_PREFIX"}},
		{name: "port taken", args: profiles, code: 3, says: []string{occupied.Addr().String(), "address already in use", "give --pprof another port"}},
	}
}

// wrongFiles are files that are not what they are given for.
func wrongFiles(t *testing.T) []mistake {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		write(t, path, text)
		return path
	}
	misspelt := file("mine.yaml", "name: mine\nclient:\n  base_url: http://127.0.0.1\nresources:\n  - name: things\n    primary_key: id\n    endpoint: { path: /things, data_selctor: data }\n")
	broken := file("broken.yaml", "name: mine\nresources: [\n")
	empty, junk := file("empty", "\n"), file("junk.pem", "secret-word")
	old := makeCertificate(t, folder, "old", time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour))
	early := makeCertificate(t, folder, "early", time.Now().Add(24*time.Hour), time.Now().Add(48*time.Hour))
	tls := func(more ...string) map[string]string {
		env := map[string]string{"KAFKA_TLS_ENABLED": "true"}
		for i := 0; i < len(more); i += 2 {
			env[more[i]] = more[i+1]
		}
		return env
	}
	return []mistake{
		{name: "misspelt word in the source file", args: run, env: map[string]string{"HEADWATER_SOURCE": misspelt}, code: 2, says: []string{misspelt + ":7:32", "did you mean \"data_selector\"?"}},
		{name: "broken YAML", args: run, env: map[string]string{"HEADWATER_SOURCE": broken}, code: 2, says: []string{broken + ":2:"}},
		{name: "no such source", args: run, env: map[string]string{"HEADWATER_SOURCE": "intercon"}, code: 2, says: []string{`HEADWATER_SOURCE="intercon"`, "built in: intercom"}},
		{name: "no such source file", args: run, env: map[string]string{"HEADWATER_SOURCE": "./no.yaml"}, code: 2, says: []string{`HEADWATER_SOURCE="./no.yaml": no such file`, "give the path of a file"}},
		{name: "token file is empty", args: run, env: map[string]string{"SOURCE_ACCESS_TOKEN": "", "SOURCE_ACCESS_TOKEN_FILE": empty}, code: 2, says: []string{`SOURCE_ACCESS_TOKEN_FILE="` + empty, "the file is empty → write the secret into it"}},
		{name: "token file cannot be read", args: run, env: map[string]string{"SOURCE_ACCESS_TOKEN": "", "SOURCE_ACCESS_TOKEN_FILE": folder}, code: 2, says: []string{`SOURCE_ACCESS_TOKEN_FILE="` + folder, "is a directory → give the path of a file"}},
		{name: "no authority in its file", args: run, env: tls("KAFKA_TLS_CA_FILE", junk), code: 2, says: []string{`KAFKA_TLS_CA_FILE="` + junk, "no certificate in PEM form in it → give the file of the authority"}},
		{name: "certificate expired", args: run, env: tls("KAFKA_TLS_CERT_FILE", old.certFile, "KAFKA_TLS_KEY_FILE", old.keyFile), code: 2, says: []string{`KAFKA_TLS_CERT_FILE="` + old.certFile, "expired at", "→ renew it"}},
		{name: "clock is before the certificate", args: run, env: tls("KAFKA_TLS_CERT_FILE", early.certFile, "KAFKA_TLS_KEY_FILE", early.keyFile), code: 2, says: []string{`KAFKA_TLS_CERT_FILE="` + early.certFile, "→ set the clock"}},
		{name: "key of another certificate", args: run, env: tls("KAFKA_TLS_CERT_FILE", old.certFile, "KAFKA_TLS_KEY_FILE", early.keyFile), code: 2, says: []string{`KAFKA_TLS_KEY_FILE="` + early.keyFile, "private key"}},
	}
}

// wrongServers are servers that are away, others than they are taken for, or whose certificates are not good.
func wrongServers(t *testing.T) []mistake {
	away := "127.0.0.1:" + closedPort(t)
	folder := t.TempDir()
	old := makeCertificate(t, folder, "server", time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour))
	expired := serveTLS(t, old)
	good := makeCertificate(t, folder, "good", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	untrusted := serveTLS(t, good)
	silent := serveNothing(t)
	url := func(address string) string { return "http://" + address }
	return []mistake{
		{name: "wrong token", args: run, env: map[string]string{"SOURCE_ACCESS_TOKEN": "secret-but-wrong"}, code: 3, says: []string{"401", "Access Token Invalid", "→ check the token"}},
		{name: "broker away", args: run, env: map[string]string{"KAFKA_BROKERS": away}, code: 3, says: []string{away, "connection refused → check KAFKA_BROKERS"}},
		{name: "broker has no address", args: run, env: map[string]string{"KAFKA_BROKERS": "kafka.invalid:9092"}, code: 3, says: []string{"kafka.invalid", "→ check KAFKA_BROKERS"}},
		{name: "broker is silent", args: run, env: map[string]string{"KAFKA_BROKERS": silent}, code: 3, says: []string{silent, "no answer in time → check KAFKA_BROKERS"}},
		{name: "broker's certificate expired", args: run, env: map[string]string{"KAFKA_BROKERS": expired, "KAFKA_TLS_ENABLED": "true", "KAFKA_TLS_CA_FILE": old.certFile}, code: 3, says: []string{expired, "certificate has expired", "→ have the broker's certificate renewed"}},
		{name: "broker's authority unknown", args: run, env: map[string]string{"KAFKA_BROKERS": untrusted, "KAFKA_TLS_ENABLED": "true"}, code: 3, says: []string{untrusted, "unknown authority", "→ set KAFKA_TLS_CA_FILE"}},
		{name: "registry away", args: run, env: map[string]string{"SCHEMA_REGISTRY_URL": url(away)}, code: 3, says: []string{away, "check SCHEMA_REGISTRY_URL"}},
		{name: "registry is silent", args: run, env: map[string]string{"SCHEMA_REGISTRY_URL": url(silent)}, code: 3, says: []string{silent, "no answer in time", "check SCHEMA_REGISTRY_URL"}},
		{name: "registry's certificate expired", args: run, env: map[string]string{"SCHEMA_REGISTRY_URL": "https://" + expired, "SCHEMA_REGISTRY_TLS_CA_FILE": old.certFile}, code: 3, says: []string{expired, "certificate has expired", "renewed"}},
		{name: "registry's authority unknown", args: run, env: map[string]string{"SCHEMA_REGISTRY_URL": "https://" + untrusted}, code: 3, says: []string{untrusted, "unknown authority", "SCHEMA_REGISTRY_TLS_CA_FILE"}},
		{name: "registry without a password", args: run, code: 3, says: []string{"401", "check SCHEMA_REGISTRY_USERNAME"}, wrap: lockRegistry},
		{name: "registry is the API", args: run, code: 3, says: []string{"404", "has the registry's path"}, wrap: func(_ *testing.T, w *world) { w.registry = w.api }},
		{name: "API away", args: run, env: map[string]string{"SOURCE_BASE_URL": url(away)}, code: 3, says: []string{away, "connection refused", "→ check SOURCE_BASE_URL"}},
		{name: "API is silent", args: run, env: map[string]string{"SOURCE_BASE_URL": url(silent)}, code: 3, says: []string{"no answer within 8s → check SOURCE_BASE_URL"}},
		{name: "API's certificate is not good", args: run, env: map[string]string{"SOURCE_BASE_URL": "https://" + untrusted}, code: 3, says: []string{untrusted, "unknown authority", "SOURCE_BASE_URL"}},
	}
}

func login(mechanism string) map[string]string {
	return map[string]string{"KAFKA_SASL_MECHANISM": mechanism, "KAFKA_SASL_USERNAME": realstack.Username, "KAFKA_SASL_PASSWORD": realstack.Password}
}

func with(envs ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, env := range envs {
		maps.Copy(all, env)
	}
	return all
}

// wrongLogins are what a broker does not let in.
func wrongLogins(broker *realstack.Kafka) []mistake {
	at := func(l realstack.Listener) map[string]string {
		return map[string]string{"KAFKA_BROKERS": broker.ListenerAddr(l)}
	}
	tls := map[string]string{"KAFKA_TLS_ENABLED": "true", "KAFKA_TLS_CA_FILE": broker.CAFile()}
	wrong := map[string]string{"KAFKA_SASL_PASSWORD": "secret-but-wrong"}
	expired := map[string]string{"KAFKA_SASL_MECHANISM": "OAUTHBEARER", "KAFKA_SASL_PASSWORD": realstack.OAuthToken(time.Now().Add(-time.Hour))}
	return []mistake{
		{name: "wrong password, PLAIN", args: run, env: with(at(realstack.SASLTLS), tls, login("PLAIN"), wrong), code: 3, says: []string{broker.ListenerAddr(realstack.SASLTLS), "→ check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"}},
		{name: "wrong password, SCRAM", args: run, env: with(at(realstack.SASL), login("SCRAM-SHA-512"), wrong), code: 3, says: []string{"→ check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"}},
		{name: "expired token", args: run, env: with(at(realstack.SASLTLS), tls, expired), code: 3, says: []string{"→ check KAFKA_SASL"}},
		{name: "no login", args: run, env: at(realstack.SASL), code: 3, says: []string{"KAFKA_SASL_MECHANISM"}},
		{name: "login where none is asked for", args: run, env: with(at(realstack.Plaintext), login("PLAIN")), code: 3, says: []string{"KAFKA_SASL_MECHANISM"}},
		{name: "no TLS", args: run, env: at(realstack.TLS), code: 3, says: []string{"KAFKA_TLS_ENABLED"}},
		{name: "TLS where none is spoken", args: run, env: with(at(realstack.Plaintext), tls), code: 3, says: []string{"unset KAFKA_TLS_ENABLED"}},
		{name: "no client certificate", args: run, env: with(at(realstack.MutualTLS), tls), code: 3, says: []string{"KAFKA_TLS_CERT_FILE"}},
	}
}

// wrongRights are users who may not do what is needed.
func wrongRights(broker *realstack.Kafka) []mistake {
	user := with(map[string]string{"KAFKA_BROKERS": broker.ListenerAddr(realstack.SASL)}, login("SCRAM-SHA-512"))
	return []mistake{
		{name: "no rights", args: run, env: user, code: 3, says: []string{"AUTHORIZATION_FAILED", "→ allow this user Describe on topics"}},
		{name: "may not create topics", args: run, env: user, code: 3, says: []string{"AUTHORIZATION_FAILED", "→ allow this user Create on topics"}, wrap: func(_ *testing.T, w *world) {
			w.allow(kmsg.ACLResourceTypeTopic, w.prefix, kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationRead, kmsg.ACLOperationWrite)
			w.allow(kmsg.ACLResourceTypeTransactionalId, "headwater-"+w.prefix, kmsg.ACLOperationWrite)
		}},
		{name: "may not use transactional ids", args: run, env: user, code: 3, says: []string{"TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "→", "transactional ids that begin with headwater-"}, wrap: func(_ *testing.T, w *world) {
			w.allow(kmsg.ACLResourceTypeTopic, w.prefix, kmsg.ACLOperationAll)
		}},
		{name: "may not write", args: run, env: user, code: 3, says: []string{"AUTHORIZATION_FAILED", "→", "Write on topics"}, wrap: func(_ *testing.T, w *world) {
			w.allow(kmsg.ACLResourceTypeTopic, w.prefix, kmsg.ACLOperationCreate, kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationRead)
			w.allow(kmsg.ACLResourceTypeTransactionalId, "headwater-"+w.prefix, kmsg.ACLOperationWrite)
		}},
	}
}

// wrongTopics are topics that are not what they have to be.
func wrongTopics() []mistake {
	return []mistake{
		{name: "wrong token on these servers", args: run, env: map[string]string{"SOURCE_ACCESS_TOKEN": "secret-but-wrong"}, code: 3, says: []string{"Access Token Invalid"}},
		{name: "wrong policy", args: run, code: 3, says: []string{"cleanup.policy", "kafka-configs", "--alter", "cleanup.policy=compact"}, wrap: func(_ *testing.T, w *world) {
			w.createTopic("tags", map[string]string{"cleanup.policy": "delete"})
		}},
		{name: "state topic of another size", args: run, code: 3, says: []string{"_state", "3 partitions", "→"}, wrap: func(_ *testing.T, w *world) {
			w.createTopic("_state", map[string]string{"cleanup.policy": "compact"})
		}},
		{name: "too few brokers", args: run, env: map[string]string{"HEADWATER_REPLICATION": "3"}, code: 3, says: []string{"INVALID_REPLICATION_FACTOR", "→", "HEADWATER_REPLICATION"}},
		// A broker whose clock is far behind ours refuses records of the future; one that takes none of the past does the same to ours.
		{name: "broker's clock", args: run, code: 3, says: []string{"INVALID_TIMESTAMP", "→", "clock"}, wrap: func(_ *testing.T, w *world) {
			w.createTopicOf(16, "_state", map[string]string{"cleanup.policy": "compact", "message.timestamp.before.max.ms": "0"})
		}},
	}
}

type certificate struct {
	certFile, keyFile string
	pair              tls.Certificate
}

// makeCertificate makes a certificate of 127.0.0.1 that is its own authority, and writes it and its key.
func makeCertificate(t *testing.T, folder, name string, from, until time.Time) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	c := certificate{certFile: filepath.Join(folder, name+".pem"), keyFile: filepath.Join(folder, name+"-key.pem")}
	write(t, c.certFile, string(certPEM))
	write(t, c.keyFile, string(keyPEM))
	if c.pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	return c
}

// serveTLS shakes hands as a server with that certificate, and says no more.
func serveTLS(t *testing.T, c certificate) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{c.pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	return accept(t, l)
}

// serveNothing takes connections and never answers.
func serveNothing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return accept(t, l)
}

// accept reads what arrives, to no purpose, until the test ends.
func accept(t *testing.T, l net.Listener) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			go func() {
				defer stop()
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func lockRegistry(t *testing.T, w *world) {
	t.Helper()
	registry, err := sandbox.StartRegistry(sandbox.RegistryConfig{Addr: "127.0.0.1:0", Username: "reader", Password: "secret-word"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	w.registry = registry.URL()
}
