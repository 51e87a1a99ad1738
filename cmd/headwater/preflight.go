package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// preflight asks every server once, so that what is away or refuses us is said in one line before anything is created.
func (p *pipeline) preflight(ctx context.Context, o options) error {
	if err := pingKafka(ctx, p.kafka, p.cfg.KafkaBrokers); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, preflightDeadline)
	defer cancel()
	if p.registry == nil {
		return p.checkAPI(ctx, o)
	}
	if err := p.registry.Ping(bounded); err != nil {
		return &producer.EnvironmentError{Op: "reach the schema registry", Err: err} // it says itself what to do
	}
	return p.checkAPI(ctx, o)
}

// checkAPI asks for one page of a selected resource. A token may lack the permission for one kind of record only, so others are
// asked before it is called wrong. Resources that allow one traversal at a time are not asked: that would hold their place.
func (p *pipeline) checkAPI(ctx context.Context, o options) error {
	bounded, cancel := context.WithTimeout(ctx, preflightDeadline)
	defer cancel()
	var refused error
	for _, r := range p.source.Roots() {
		if r.Singleton || !wanted(r, o.resources) {
			continue
		}
		err := p.api.Check(bounded, r)
		if err != nil && bounded.Err() != nil && ctx.Err() == nil {
			return unreachable(fmt.Errorf("%s: no answer within %v", r.Name, preflightDeadline), p.source)
		}
		if err == nil {
			p.ahead = p.clockAhead(bounded, r)
			return nil
		}
		var api *extract.Error
		if !errors.As(err, &api) {
			return err
		}
		switch api.Kind {
		case extract.KindUnavailable:
			return unreachable(err, p.source)
		case extract.KindUnauthorized, extract.KindNotFound, extract.KindProtocol:
			if refused == nil {
				refused = err
			}
		default:
			return nil // it answers; what is wrong with this resource alone is told when it is read
		}
	}
	if refused != nil {
		return &producer.EnvironmentError{Op: "read the API", Err: refused, Remedy: "check the token, its permissions and " + baseVariable(p.source)}
	}
	return nil
}

// farAhead is how far the API's clock may be ahead of ours without a word.
const farAhead = time.Hour

// clockAhead is how far the API's clock is ahead of ours where that is far; else 0. One that is behind only has things read twice; and caches
// send old times.
func (p *pipeline) clockAhead(ctx context.Context, r *extract.Resource) time.Duration {
	now, err := p.api.Now(ctx, r) // asks once more where it is not sure
	if ahead := time.Until(now).Round(time.Minute); err == nil && ahead > farAhead {
		return ahead
	}
	return 0
}

// clockWarning is about an API whose clock is far ahead; "" where there is nothing to say. Reading goes by that clock alone: what is read up
// to a time by it is taken for complete. So nothing is missed where records have their times from it, too, which cannot be seen from here.
func (p *pipeline) clockWarning() (what, remedy string) {
	if p.ahead == 0 {
		return "", ""
	}
	return fmt.Sprintf("the API's Date header is %v ahead of this machine's clock", p.ahead),
		"set this machine's clock if it is wrong; else see that the API's newest records have such times, too: if they have not, changes are passed over"
}

func unreachable(err error, src *extract.Source) error {
	if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
		return &producer.EnvironmentError{Op: "reach the API", Err: err,
			Remedy: "check " + baseVariable(src) + ", and that this machine knows the authority of the certificate and the time"}
	}
	return &producer.EnvironmentError{Op: "reach the API", Err: err, Remedy: "check " + baseVariable(src) + " and the network"}
}

// wanted says whether the root or one of its substreams is among the resources; none named: all.
func wanted(r *extract.Resource, resources []string) bool {
	if len(resources) == 0 {
		return true
	}
	for _, name := range resources {
		if name == r.Name {
			return true
		}
		for _, c := range r.Children {
			if name == c.Name {
				return true
			}
		}
	}
	return false
}

// preflightDeadline is how long a server may take to answer at the start.
const preflightDeadline = 8 * time.Second

// pingTimeout bounds connecting and the first answer, each: while it waits for them the client does not look at the deadline.
const pingTimeout = 3 * time.Second

// pingKafka says in one line that no broker answers, before anything else is tried.
func pingKafka(ctx context.Context, opts []kgo.Opt, brokers []string) error {
	client, err := kgo.NewClient(append(opts[:len(opts):len(opts)], kgo.DialTimeout(pingTimeout), kgo.RequestTimeoutOverhead(pingTimeout))...)
	if err != nil {
		return &usageError{fmt.Errorf("KAFKA_BROKERS=%q: %w", strings.Join(brokers, ","), err)}
	}
	defer client.Close()
	bounded, cancel := context.WithTimeout(ctx, preflightDeadline)
	defer cancel()
	if err := client.Ping(bounded); err != nil {
		var slow net.Error
		if ctx.Err() == nil && errors.As(err, &slow) && slow.Timeout() {
			err = errors.New("no answer in time")
		}
		return &producer.EnvironmentError{Op: "reach Kafka at " + strings.Join(brokers, ","), Err: err,
			Remedy: kafkaRemedy(err)}
	}
	return nil
}
