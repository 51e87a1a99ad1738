package sandbox

import "fmt"

// Where the parts of a stack listen unless told otherwise. A port that is taken is replaced by a free one.
const (
	DefaultAPIAddr      = "127.0.0.1:8080"
	DefaultBrokerPort   = 9092
	DefaultRegistryAddr = "127.0.0.1:8081"
)

// StackConfig says what Start starts.
type StackConfig struct {
	API      APIConfig
	APIAddr  string // empty: DefaultAPIAddr
	Broker   int    // port on 127.0.0.1; 0: DefaultBrokerPort, negative: any
	Registry RegistryConfig
}

// Stack is everything the demo needs: the sample API, a broker and a schema registry.
type Stack struct {
	API      *APIServer
	Broker   *Broker
	Registry *RegistryServer
}

// Start starts all three, or none of them.
func Start(cfg StackConfig) (*Stack, error) {
	if cfg.APIAddr == "" {
		cfg.APIAddr = DefaultAPIAddr
	}
	if cfg.Registry.Addr == "" {
		cfg.Registry.Addr = DefaultRegistryAddr
	}
	if cfg.Broker == 0 {
		cfg.Broker = DefaultBrokerPort
	}
	var s Stack
	var err error
	if s.Broker, err = StartBroker(max(0, cfg.Broker)); err == nil {
		if s.Registry, err = StartRegistry(cfg.Registry); err == nil {
			s.API, err = StartAPI(cfg.API, cfg.APIAddr)
		}
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	return &s, nil
}

// Close stops what reads before what is written to: the API, the registry, the broker. Closing twice is harmless.
func (s *Stack) Close() {
	if s.API != nil {
		s.API.Close()
	}
	if s.Registry != nil {
		s.Registry.Close()
	}
	if s.Broker != nil {
		s.Broker.Close()
	}
}
