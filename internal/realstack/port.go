package realstack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// freePorts finds n different loopback ports that nobody listens on.
//
// They come from below the ranges that systems take outgoing connections' ports from (Linux: from 32768, macOS: from
// 49152). A server that is killed and restarted needs its port again, and a port within those ranges may meanwhile
// belong to anybody's connection, even to a client that tries to reach the server.
func freePorts(n int) ([]int, error) {
	const first, last, tries = 20000, 29999, 1000
	var ports []int
	taken := map[int]bool{}
	for range tries {
		if len(ports) == n {
			return ports, nil
		}
		port := first + rand.IntN(last-first+1)
		if !taken[port] && portFree(port) {
			ports = append(ports, port)
		}
		taken[port] = true
	}
	return nil, errors.New("find free ports between 20000 and 29999: none left")
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", loopback(port)) //nolint:noctx // listening on loopback waits for nothing
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
