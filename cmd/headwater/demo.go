package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"time"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/internal/sandbox"
	"github.com/headwater-stream/headwater/producer"
)

// demoToken is what the demo's sample API takes. It opens nothing else.
const demoToken = "demo-token"

func (a *app) demoCommand() *cobra.Command {
	var o options
	var data apiFlags
	demo := &cobra.Command{
		Use:   "demo",
		Short: "Shows the whole job on this machine: sample API, Kafka and schema registry included",
		Long: `Starts a sample API, a Kafka broker and a schema registry inside this process, reads the thirteen resources of the API into
Kafka, and stays up so that you can look at them. Everything is in memory and gone afterwards. A port that is taken is replaced
by a free one, and said.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			api, err := data.config(demoToken)
			if err != nil {
				return err
			}
			o.freePorts = true
			return a.demo(c.Context(), api, o)
		},
	}
	demo.Flags().BoolVar(&o.once, "once", false, "end after the first pass")
	pprofFlag(demo, &o)
	data.register(demo, 3*time.Second)
	demo.AddCommand(a.demoAPICommand())
	return demo
}

func (a *app) demo(ctx context.Context, api sandbox.APIConfig, o options) error {
	stack, err := sandbox.Start(sandbox.StackConfig{API: api})
	if err != nil {
		return &producer.EnvironmentError{Op: "start the demo's servers", Err: err}
	}
	defer stack.Close()
	inner := &app{env: demoEnvironment(a.env, stack), stdout: a.stdout, stderr: a.stderr}
	announcing, stop := context.WithCancel(ctx)
	announced := make(chan struct{})
	p, err := inner.work(ctx, o, func(p *pipeline, out io.Writer) {
		a.started(stack)
		if o.once {
			close(announced)
			return
		}
		go func() {
			defer close(announced)
			(&app{stderr: out}).announce(announcing, p, stack.API.URL())
		}()
	})
	stop()
	if p != nil {
		<-announced
		a.summary(p, false)
		ended := "the demo has ended, its servers and data are gone"
		if o.once {
			ended += "; without --once it stays up to be looked at"
		}
		a.say(ended)
	}
	if errors.Is(err, producer.ErrUnfinished) {
		return nil // Ctrl-C is how a demo ends
	}
	return err
}

func (a *app) started(stack *sandbox.Stack) {
	a.say("this is the whole job on this machine: a sample API like Intercom's is read into a Kafka beside it, as run reads a real one into yours")
	a.say("started in this process (in memory, gone at the end):")
	a.listening("sample API", stack.API.URL(), stack.API.Moved(), "  token "+demoToken+"; changes: "+stack.API.URL()+"/_sandbox/")
	a.listening("Kafka", stack.Broker.Addr(), stack.Broker.Moved(), "")
	a.listening("schema registry", stack.Registry.URL(), stack.Registry.Moved(), "")
}

func (a *app) listening(what, where string, moved bool, more string) {
	if moved {
		more += "  (its usual port is taken)"
	}
	a.say(fmt.Sprintf("  %-16s %s%s", what, where, more))
}

// demoEnvironment lays the demo's servers and short pauses over the user's environment.
func demoEnvironment(env envconfig.Lookuper, stack *sandbox.Stack) envconfig.Lookuper {
	over := map[string]string{
		"HEADWATER_SOURCE": "intercom", "HEADWATER_TOPIC_PREFIX": "", "HEADWATER_GROUP": "",
		"KAFKA_BROKERS": stack.Broker.Addr(), "SCHEMA_REGISTRY_URL": stack.Registry.URL(),
		"SOURCE_BASE_URL": stack.API.URL(), "SOURCE_ACCESS_TOKEN": demoToken, "SOURCE_START_DATE": "",
		"HEADWATER_POLL_INTERVAL": "2s", "HEADWATER_SNAPSHOT_INTERVAL": "15s",
	}
	plain := map[string]string{}
	for _, name := range []string{"HEADWATER_LOG_FORMAT", "HEADWATER_LOG_LEVEL", "HEADWATER_CONCURRENCY", "HEADWATER_VALUE_FORMAT", "HEADWATER_ENCODER", "HEADWATER_METRICS_ADDR", "NO_COLOR"} {
		if v, ok := env.Lookup(name); ok {
			plain[name] = v
		}
	}
	maps.Copy(plain, over)
	for name, v := range plain {
		if v == "" {
			delete(plain, name)
		}
	}
	return envconfig.MapLookuper(plain)
}

// apiFlags are the sample API's settings.
type apiFlags struct {
	seed      uint64
	size      int
	churn     time.Duration
	expiry    time.Duration
	hold      bool
	rateLimit int
	token     string
	listen    string
	faults    []string
}

func (f *apiFlags) register(c *cobra.Command, churn time.Duration) {
	c.Flags().Uint64Var(&f.seed, "seed", 1, "chooses the data")
	c.Flags().IntVar(&f.size, "size", sandbox.DefaultSize, "number of contacts; the others are in proportion")
	c.Flags().DurationVar(&f.churn, "churn", churn, "interval of changes by itself; 0: none")
	c.Flags().DurationVar(&f.expiry, "scroll-expiry", sandbox.DefaultScrollExpiry, "life of a scroll after its last use")
	c.Flags().BoolVar(&f.hold, "scroll-hold", false, "a finished scroll keeps its place until it expires")
	c.Flags().IntVar(&f.rateLimit, "rate-limit", sandbox.DefaultRateLimit, "requests in ten seconds; negative: no limit")
	c.Flags().StringArrayVar(&f.faults, "fault", nil, "`KIND[:RESOURCE[:N]]`: the next N requests (1; always: all) fail, e.g. malformed:contacts:3; may be repeated")
	var kinds []cobra.Completion
	for _, k := range sandbox.FaultKinds() {
		kinds = append(kinds, cobra.CompletionWithDesc(k.Kind, k.Says))
	}
	complete(c, "fault", kinds...)
}

func (f *apiFlags) config(token string) (sandbox.APIConfig, error) {
	api := sandbox.APIConfig{Seed: f.seed, Size: f.size, Churn: f.churn, ScrollExpiry: f.expiry, ScrollHold: f.hold, RateLimit: f.rateLimit, Token: token}
	for _, text := range f.faults {
		fault, err := sandbox.ParseFault(text)
		if err != nil {
			return api, &usageError{fmt.Errorf("--fault %s: %w", text, err)}
		}
		api.Faults = append(api.Faults, fault)
	}
	return api, nil
}

func (a *app) demoAPICommand() *cobra.Command {
	var data apiFlags
	c := &cobra.Command{
		Use:   "api",
		Short: "Serves the sample API alone",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			api, err := data.config(data.token)
			if err != nil {
				return err
			}
			server, err := sandbox.StartAPI(api, data.listen)
			if err != nil {
				return &producer.EnvironmentError{Op: "start the sample API", Err: err}
			}
			defer server.Close()
			a.listening("sample API", server.URL(), server.Moved(), "  token "+strconv.Quote(data.token)+"; changes: "+server.URL()+"/_sandbox/")
			<-c.Context().Done()
			return nil
		},
	}
	data.register(c, 0)
	c.Flags().StringVar(&data.token, "token", demoToken, "the access token that it takes")
	c.Flags().StringVar(&data.listen, "listen", sandbox.DefaultAPIAddr, "host:port")
	return c
}
