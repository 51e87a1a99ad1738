package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// listen opens a TCP listener. A port that is taken is replaced by a free one on the same host; the listener's address
// tells which.
func listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w; give host:port", addr, err)
	}
	var config net.ListenConfig
	ln, err := config.Listen(context.Background(), "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		ln, err = config.Listen(context.Background(), "tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return ln, nil
}

// closeGrace is how long a server waits for the answers that are being written when it is closed.
const closeGrace = 2 * time.Second

// Server is an HTTP server on a listener of its own.
type Server struct {
	asked string
	ln    net.Listener
	http  *http.Server
	stop  context.CancelFunc // ends the contexts of the requests that are being served
	done  chan struct{}      // closed when Serve has returned
	once  sync.Once
}

// Serve serves handler on addr (host:port; port 0: any). A port that is taken is replaced by a free one.
func Serve(addr string, handler http.Handler) (*Server, error) {
	ln, err := listen(addr)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{asked: addr, ln: ln, stop: stop, done: make(chan struct{}), http: &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx },
	}}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(ln) // returns when the listener is closed
	}()
	return s, nil
}

// Addr returns host:port of the listener.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// URL returns http:// and the address, without a slash at the end. A server on all interfaces names the loopback one.
func (s *Server) URL() string {
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		return "http://" + s.Addr()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Moved says whether the port that was asked for was taken and another one is used.
func (s *Server) Moved() bool { return moved(s.asked, s.Addr()) }

func moved(asked, got string) bool {
	_, want, err := net.SplitHostPort(asked)
	_, have, err2 := net.SplitHostPort(got)
	return err == nil && err2 == nil && want != "0" && want != have
}

// Close stops the server: slow answers are broken off, the others have two seconds to finish. No goroutine is left.
// Closing twice is harmless.
func (s *Server) Close() {
	s.once.Do(func() {
		s.stop()
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		if s.http.Shutdown(ctx) != nil {
			_ = s.http.Close()
		}
		<-s.done
	})
}

// APIServer is the sample API on a listener.
type APIServer struct {
	*API
	*Server
}

// StartAPI serves the sample API on addr (host:port; port 0: any). A port that is taken is replaced by a free one.
func StartAPI(cfg APIConfig, addr string) (*APIServer, error) {
	api := NewAPI(cfg)
	s, err := Serve(addr, api)
	if err != nil {
		return nil, fmt.Errorf("start sample API: %w", err)
	}
	return &APIServer{api, s}, nil
}
