package realstack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificates are the paths of PEM files made for one broker.
type certificates struct {
	ca                string // the authority
	broker            string // the broker's key and certificate in one file, as Kafka wants them
	client, clientKey string
}

// writeCertificates makes an authority, a certificate for the loopback addresses and one for a client, valid for a day.
func writeCertificates(dir string, now time.Time) (certificates, error) {
	c := certificates{
		ca:        filepath.Join(dir, "ca.pem"),
		broker:    filepath.Join(dir, "broker.pem"),
		client:    filepath.Join(dir, "client.pem"),
		clientKey: filepath.Join(dir, "client-key.pem"),
	}
	ca, err := newIdentity(now, "headwater test authority", nil)
	if err != nil {
		return c, err
	}
	broker, err := newIdentity(now, "broker", ca)
	if err != nil {
		return c, err
	}
	client, err := newIdentity(now, "client", ca)
	if err != nil {
		return c, err
	}
	for path, content := range map[string][]byte{
		c.ca:        ca.certPEM,
		c.broker:    append(append([]byte{}, broker.keyPEM...), broker.certPEM...),
		c.client:    client.certPEM,
		c.clientKey: client.keyPEM,
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return c, fmt.Errorf("write certificate: %w", err)
		}
	}
	return c, nil
}

type identity struct {
	key             *ecdsa.PrivateKey
	cert            *x509.Certificate
	keyPEM, certPEM []byte
}

// newIdentity makes a key and a certificate that issuer signs; without an issuer it is an authority.
func newIdentity(now time.Time, name string, issuer *identity) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make serial number: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), // clocks differ
		NotAfter:     now.Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	parent, signer := t, key
	if issuer == nil {
		t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
		t.ExtKeyUsage, t.DNSNames, t.IPAddresses = nil, nil, nil
	} else {
		parent, signer = issuer.cert, issuer.key
	}
	return sign(t, parent, key, signer)
}

func sign(t, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*identity, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return &identity{
		key:     key,
		cert:    cert,
		keyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
		certPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}, nil
}
