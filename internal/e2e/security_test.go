package e2e

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/realstack"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// The listeners that brokers have in production: TLS, client certificates, passwords.
func TestKafkaSecurity(t *testing.T) {
	t.Parallel()
	s := realServers(t)
	broker := stack.Kafka(t, realstack.KafkaOptions{Secure: true})
	s.brokers = []string{broker.Addr()}
	tls := map[string]string{"KAFKA_TLS_ENABLED": "true", "KAFKA_TLS_CA_FILE": broker.CAFile()}
	login := func(mechanism string) map[string]string {
		return map[string]string{"KAFKA_SASL_MECHANISM": mechanism, "KAFKA_SASL_USERNAME": realstack.Username, "KAFKA_SASL_PASSWORD": realstack.Password}
	}
	file := t.TempDir() + "/password"
	write(t, file, realstack.Password+"\n")
	for _, c := range []struct {
		name     string
		listener realstack.Listener
		env      []map[string]string
		code     int
		says     string // in the line that begins with "headwater: "
	}{
		{"TLS", realstack.TLS, []map[string]string{tls}, 0, ""},
		{"client certificate", realstack.MutualTLS, []map[string]string{tls,
			{"KAFKA_TLS_CERT_FILE": broker.ClientCertFile(), "KAFKA_TLS_KEY_FILE": broker.ClientKeyFile()}}, 0, ""},
		{"PLAIN over TLS", realstack.SASLTLS, []map[string]string{tls, login("PLAIN")}, 0, ""},
		{"SCRAM-SHA-256", realstack.SASL, []map[string]string{login("SCRAM-SHA-256")}, 0, ""},
		{"SCRAM-SHA-512 over TLS, password in a file", realstack.SASLTLS, []map[string]string{tls, login("SCRAM-SHA-512"),
			{"KAFKA_SASL_PASSWORD": "", "KAFKA_SASL_PASSWORD_FILE": file}}, 0, ""},
		{"OAUTHBEARER over TLS", realstack.SASLTLS, []map[string]string{tls,
			{"KAFKA_SASL_MECHANISM": "OAUTHBEARER", "KAFKA_SASL_PASSWORD": realstack.OAuthToken(time.Now().Add(time.Hour))}}, 0, ""},
		{"wrong password, PLAIN", realstack.SASLTLS, []map[string]string{tls, login("PLAIN"), {"KAFKA_SASL_PASSWORD": "secret-but-wrong"}}, 3, "KAFKA_SASL"},
		{"wrong password, SCRAM", realstack.SASL, []map[string]string{login("SCRAM-SHA-512"), {"KAFKA_SASL_PASSWORD": "secret-but-wrong"}}, 3, "KAFKA_SASL"},
		{"unknown authority", realstack.TLS, []map[string]string{{"KAFKA_TLS_ENABLED": "true"}}, 3, "KAFKA_TLS"},
		{"no certificate", realstack.MutualTLS, []map[string]string{tls}, 3, "KAFKA_TLS"},
		{"no such file", realstack.TLS, []map[string]string{{"KAFKA_TLS_ENABLED": "true", "KAFKA_TLS_CA_FILE": file + ".pem"}}, 2, "KAFKA_TLS_CA_FILE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, s, sandbox.APIConfig{Seed: 111, Size: 20})
			env := map[string]string{"KAFKA_BROKERS": broker.ListenerAddr(c.listener)}
			for _, more := range c.env {
				maps.Copy(env, more)
			}
			if c.code != 0 {
				w.refused(mistake{name: c.name, args: run, env: env, code: c.code, says: []string{c.says}})
				return
			}
			p := w.startWith(env, "run", "--once", "tags", "conversations")
			p.secrets = append(p.secrets, realstack.Password)
			p.ends(0, once)
			w.equalsTruth("tags", "conversations")
		})
	}
}

// A registry that asks for a password.
func TestRegistryPassword(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	registry, err := sandbox.StartRegistry(sandbox.RegistryConfig{Addr: "127.0.0.1:0", Username: "reader", Password: "secret-word"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	w := newWorld(t, s, sandbox.APIConfig{Seed: 112, Size: 20})
	w.registry = registry.URL()
	w.refused(mistake{name: "no password", args: run, code: 3, says: []string{"401", "SCHEMA_REGISTRY_USERNAME"}})
	login := map[string]string{"SCHEMA_REGISTRY_USERNAME": "reader", "SCHEMA_REGISTRY_PASSWORD": "secret-word"}
	p := start(t, w.env(login), []string{w.token, "secret-word"}, "run", "--once")
	p.ends(0, once)
	w.registry = strings.Replace(registry.URL(), "http://", "http://reader:secret-word@", 1) // for the checker
	w.equalsTruth(all()...)
}
