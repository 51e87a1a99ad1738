package main

import (
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
)

// kafkaRemedy is what to do where no broker lets us in. Brokers close a connection that they do not like rather than say why: what the
// client makes of that is told by its words alone.
func kafkaRemedy(err error) string {
	var op *net.OpError
	words := err.Error()
	switch {
	case errors.As(err, &x509.UnknownAuthorityError{}):
		return "set KAFKA_TLS_CA_FILE to the certificate of the authority that signed the broker's"
	case expired(err):
		return "have the broker's certificate renewed, or set this machine's clock if it is wrong"
	case errors.As(err, &x509.HostnameError{}):
		return "name the brokers in KAFKA_BROKERS as their certificate does"
	case errors.As(err, &op) && op.Op == "remote error": // a TLS alert
		return "set KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE to a certificate that the broker trusts, and its key"
	case strings.Contains(words, "tls alert record"), strings.Contains(words, "is TLS missing"):
		return "set KAFKA_TLS_ENABLED=true, or name a listener without TLS in KAFKA_BROKERS"
	case strings.Contains(words, "is TLS misconfigured"):
		return "unset KAFKA_TLS_ENABLED, or name the listener with TLS in KAFKA_BROKERS"
	case strings.Contains(words, "is SASL missing"):
		return "set KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, or name a listener without a login in KAFKA_BROKERS"
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return "check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, and that the user is known for KAFKA_SASL_MECHANISM"
	case strings.Contains(words, "oauth response"):
		return "check KAFKA_SASL_PASSWORD: the brokers refuse the token, which may have expired"
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return "set KAFKA_SASL_MECHANISM to one that the brokers take"
	case errors.Is(err, kerr.IllegalSaslState):
		return "unset KAFKA_SASL_MECHANISM, or name the listener with a login in KAFKA_BROKERS"
	default:
		return "check KAFKA_BROKERS, KAFKA_TLS_* and KAFKA_SASL_*, and that a broker listens there"
	}
}

// expired: the time of a server's certificate is over, or has not come, by this machine's clock.
func expired(err error) bool {
	var invalid x509.CertificateInvalidError
	return errors.As(err, &invalid) && invalid.Reason == x509.Expired
}
