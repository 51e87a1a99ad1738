package realstack

import (
	"encoding/base64"
	"fmt"
	"time"
)

// Listener names one of a broker's addresses by the protection that it asks for.
type Listener string

// The listeners of a broker. All but Plaintext need [KafkaOptions.Secure].
const (
	Plaintext Listener = "PLAINTEXT"
	TLS       Listener = "TLS"       // TLS, clients are not asked who they are
	MutualTLS Listener = "MUTUALTLS" // TLS, clients need a certificate of the broker's CA
	SASL      Listener = "SASL"      // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER without TLS
	SASLTLS   Listener = "SASLTLS"   // the same over TLS

	controller Listener = "CONTROLLER"
)

// The user that the listeners SASL and SASLTLS accept with PLAIN and SCRAM.
const (
	Username = "headwater"
	Password = "loopback-only"
)

func secureListeners(secure bool) []Listener {
	if !secure {
		return nil
	}
	return []Listener{TLS, MutualTLS, SASL, SASLTLS}
}

// protocol is Kafka's name for what a listener speaks.
func (l Listener) protocol() string {
	switch l {
	case TLS, MutualTLS:
		return "SSL"
	case SASL:
		return "SASL_PLAINTEXT"
	case SASLTLS:
		return "SASL_SSL"
	default:
		return "PLAINTEXT"
	}
}

// CAFile is the PEM file of the authority that signed the certificates of the broker's TLS listeners.
func (k *Kafka) CAFile() string { return k.certs.ca }

// ClientCertFile is the PEM file of a certificate that the listener MutualTLS accepts.
func (k *Kafka) ClientCertFile() string { return k.certs.client }

// ClientKeyFile is the PEM file of that certificate's private key.
func (k *Kafka) ClientKeyFile() string { return k.certs.clientKey }

// OAuthToken is a token that the listeners SASL and SASLTLS accept with OAUTHBEARER until it expires. It is not signed:
// the broker checks its form and its times, not who made it.
func OAuthToken(expires time.Time) string {
	part := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"sub":"%s","iat":%d,"exp":%d}`, Username, time.Now().Add(-time.Hour).Unix(), expires.Unix())
	return part([]byte(`{"alg":"none"}`)) + "." + part([]byte(claims)) + "."
}
