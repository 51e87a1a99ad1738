package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/pprof"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/cmd/headwater/web"
	"github.com/headwater-stream/headwater/producer"
)

// pprofFlag adds the flag of the commands that run the main job.
func pprofFlag(c *cobra.Command, o *options) {
	c.Flags().Var(&o.pprof, "pprof", "serve profiles for go tool pprof: host:port, or a port of this machine alone, e.g. 6060")
}

// profilesAddress is where profiles are served, host:port; empty: nowhere. Without a host it is the loopback one: profiles tell much of
// a process, and nobody is asked for a password.
type profilesAddress string

func (a *profilesAddress) String() string { return string(*a) }
func (a *profilesAddress) Type() string   { return "ADDRESS" }

func (a *profilesAddress) Set(text string) error {
	addr, err := web.ParseAddress(text)
	if err != nil {
		return errors.New("give host:port, or a port alone, e.g. 6060")
	}
	*a = profilesAddress(addr)
	return nil
}

// profilesGrace is how long the end of the program waits for the profiles that are being taken.
const profilesGrace = 5 * time.Second

// profiles serves the profiles of this process on a listener of its own.
type profiles struct {
	listener net.Listener
	server   *http.Server
	stop     context.CancelFunc // ends the profiles that are being taken
	done     chan struct{}      // closed when nothing is served any more
}

// serveProfiles listens on address. A port that is taken is an error: whoever asked for it would look at another process.
func serveProfiles(ctx context.Context, address profilesAddress) (*profiles, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", string(address))
	if err != nil {
		remedy := "give --pprof an address of this machine"
		if errors.Is(err, syscall.EADDRINUSE) {
			remedy = "give --pprof another port; 0 takes a free one"
		}
		return nil, &producer.EnvironmentError{Op: "serve profiles", Err: err, Remedy: remedy, Lasting: true}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &profiles{listener: ln, stop: stop, done: make(chan struct{}), server: &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return base },
	}}
	go func() {
		defer close(p.done)
		_ = p.server.Serve(ln) // returns when the listener is closed
	}()
	return p, nil
}

func (p *profiles) String() string {
	return "profiles at http://" + p.listener.Addr().String() + "/debug/pprof/"
}

// close ends the server. A CPU profile or a trace that is being taken ends now, and reaches whoever takes it.
func (p *profiles) close() {
	p.stop()
	ctx, cancel := context.WithTimeout(context.Background(), profilesGrace)
	defer cancel()
	if p.server.Shutdown(ctx) != nil {
		_ = p.server.Close()
	}
	<-p.done
}
