package web

import (
	"errors"
	"net"
	"strconv"
)

// loopback is where servers listen that are not told another host: nobody is asked for a password.
const loopback = "127.0.0.1"

// ParseAddress reads where to listen: host:port, or a port alone, which is one of the loopback interface, as is a port without a host
// (":9464"). Every interface is written 0.0.0.0 or [::].
func ParseAddress(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = "", text
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", errors.New("want host:port, or a port alone")
	}
	if host == "" {
		host = loopback
	}
	return net.JoinHostPort(host, port), nil
}
