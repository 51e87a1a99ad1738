package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// What a client may take, so that one that is slow, or says nothing, does not hold a connection for ever.
const (
	headerTimeout = 5 * time.Second  // until the request's headers are there
	readTimeout   = 10 * time.Second // until all of the request is
	writeTimeout  = 30 * time.Second // from then until the answer is taken; a handler may set its own (http.ResponseController)
	idleTimeout   = 2 * time.Minute  // between two requests: longer than the usual interval of a scrape
	maxHeader     = 16 << 10         // bytes of a request's headers
	closeGrace    = 2 * time.Second  // that Close leaves to the answers that are being written
)

// Config is what a server shows.
type Config struct {
	Addr    string // host:port, as [ParseAddress] returns it; port 0 takes a free one
	Free    bool   // a port that is taken is replaced by a free one
	Version Version
	Log     *slog.Logger // told what goes wrong while it serves
}

// Server answers on a listener of its own.
type Server struct {
	asked string
	ln    net.Listener
	mux   *http.ServeMux
	http  *http.Server
	stop  context.CancelFunc // ends the contexts of the requests that are being answered
	done  chan struct{}      // closed when nothing is served any more
}

// Listen begins to serve. Its errors are about the address.
func Listen(ctx context.Context, cfg Config) (*Server, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Addr)
	if cfg.Free && errors.Is(err, syscall.EADDRINUSE) {
		host, _, _ := net.SplitHostPort(cfg.Addr)
		ln, err = (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, err
	}
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{asked: cfg.Addr, ln: ln, mux: http.NewServeMux(), stop: stop, done: make(chan struct{})}
	s.http = &http.Server{
		Handler: s.ours(s.mux), BaseContext: func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
	}
	s.Handle("GET /healthz", http.HandlerFunc(healthz))
	s.Handle("GET /version", cfg.Version)
	go func() {
		defer close(s.done)
		_ = s.http.Serve(ln) // returns when the listener is closed
	}()
	return s, nil
}

// ours refuses requests for another host where the server listens on the loopback interface. A page from elsewhere could have its own
// name lead here (DNS rebinding), and read with its visitor's browser what only this machine may see.
func (s *Server) ours(h http.Handler) http.Handler {
	addr, ok := s.ln.Addr().(*net.TCPAddr)
	if !ok || !addr.IP.IsLoopback() {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if host = strings.Trim(host, "[]"); host != "localhost" && net.ParseIP(host) == nil {
			http.Error(w, "this server is for this machine alone, by the name localhost or an address → set HEADWATER_METRICS_ADDR to an interface that others reach", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Handle adds a handler, for a pattern as [http.ServeMux] knows them. It may be called while the server answers.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// URL is http:// and the address, with no slash at its end. A server on every interface names the loopback one.
func (s *Server) URL() string {
	addr := s.ln.Addr().String()
	if host, port, err := net.SplitHostPort(addr); err == nil {
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			addr = net.JoinHostPort(loopback, port)
		}
	}
	return "http://" + addr
}

// Moved says whether the port that was asked for was taken, and another one is used.
func (s *Server) Moved() bool {
	_, asked, _ := net.SplitHostPort(s.asked)
	_, got, _ := net.SplitHostPort(s.ln.Addr().String())
	return asked != "0" && asked != got
}

// Close ends the server: answers that are being written have two seconds to be taken. No goroutine of it is left.
func (s *Server) Close() {
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	<-s.done
}
