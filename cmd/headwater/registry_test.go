package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// A registry that wants a token, given directly or in a file; it is not printed.
func TestRegistryToken(t *testing.T) {
	t.Parallel()
	const secret = "b3arer-that-nobody-may-see"
	s := startStack(t)
	registry, err := sandbox.Serve("127.0.0.1:0", srfake.NewRegistry(srfake.WithAuth("Bearer "+secret)).Handler())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"SCHEMA_REGISTRY_BEARER_TOKEN": secret, "SCHEMA_REGISTRY_BEARER_TOKEN_FILE": file} {
		wantLine(t, s.check(t, map[string]string{"SCHEMA_REGISTRY_URL": registry.URL(), name: value}, exitOK, "tags"), `ok schema registry .*`)
	}
	lines := s.check(t, map[string]string{"SCHEMA_REGISTRY_URL": registry.URL(), "SCHEMA_REGISTRY_BEARER_TOKEN": secret + "x"}, exitEnvironment, "tags")
	wantLine(t, lines, `FAIL schema registry .* or SCHEMA_REGISTRY_BEARER_TOKEN; .*`)
	if strings.Contains(strings.Join(lines, ""), secret) {
		t.Errorf("the token is printed: %s", lines)
	}
}

// A registry behind TLS and a path, whose authority is in a file, and which asks for a client's certificate.
func TestRegistryBehindTLS(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(certificate)
	server := httptest.NewUnstartedServer(http.StripPrefix("/apis/ccompat/v7", srfake.NewRegistry().Handler()))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	env := map[string]string{"SCHEMA_REGISTRY_URL": server.URL + "/apis/ccompat/v7"}
	wantLine(t, s.check(t, env, exitEnvironment, "tags"), `FAIL schema registry .*set SCHEMA_REGISTRY_TLS_CA_FILE to the certificate of the authority.*`)
	env["SCHEMA_REGISTRY_TLS_CA_FILE"] = write("ca.pem", "CERTIFICATE", server.Certificate().Raw)
	wantLine(t, s.check(t, env, exitEnvironment, "tags"), `FAIL schema registry .*certificate.*`) // the client has none
	env["SCHEMA_REGISTRY_TLS_CERT_FILE"], env["SCHEMA_REGISTRY_TLS_KEY_FILE"] = write("client.pem", "CERTIFICATE", der), write("key.pem", "EC PRIVATE KEY", keyDER)
	wantLine(t, s.check(t, env, exitOK, "tags"), `ok schema registry https://.*/apis/ccompat/v7 answers: 0 of 1 subject registered`)
}
