package sandbox

import (
	"encoding/base64"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// RegistryConfig says where the embedded schema registry listens and who may use it.
type RegistryConfig struct {
	Addr     string // host:port; port 0: any
	Username string // empty: everybody
	Password string
}

// RegistryServer is an embedded schema registry on a listener. It keeps schemas in memory and checks nothing: neither
// that a schema is valid nor that it is compatible.
type RegistryServer struct {
	*Server
	fake *srfake.Registry
}

// StartRegistry starts a schema registry. A port that is taken is replaced by a free one.
func StartRegistry(cfg RegistryConfig) (*RegistryServer, error) {
	var options []srfake.Option
	if cfg.Username != "" {
		login := base64.StdEncoding.EncodeToString([]byte(cfg.Username + ":" + cfg.Password))
		options = append(options, srfake.WithAuth("Basic "+login))
	}
	fake := srfake.NewRegistry(options...)
	s, err := Serve(cfg.Addr, fake.Handler())
	if err != nil {
		return nil, fmt.Errorf("start embedded schema registry: %w", err)
	}
	return &RegistryServer{s, fake}, nil
}

// Fake returns the registry itself, for tests that intercept requests.
func (r *RegistryServer) Fake() *srfake.Registry { return r.fake }
