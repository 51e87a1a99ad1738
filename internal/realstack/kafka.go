package realstack

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// KafkaOptions says how a broker is started. The zero value is a broker with one unprotected listener.
type KafkaOptions struct {
	// Secure adds the listeners TLS, MutualTLS, SASL and SASLTLS, with certificates and users made for this broker.
	Secure bool
	// Properties are added to the broker's server.properties and win over its defaults.
	Properties map[string]string
	// Controller gives the broker a controller in a process of its own, which Kill, Stop and Restart leave alone: as in a cluster, it
	// notices that the broker is gone. Otherwise the broker is its own controller, and comes back as the leader that it was, for a
	// moment: Kafka 4.3 then leaves transactions that were decided when it was killed without their end in some partitions.
	Controller bool
	// Dir is where the broker's folder is made; default is the system's folder for temporary files.
	Dir string
	// StartTimeout is how long a start may take; default 2 min.
	StartTimeout time.Duration
}

// BrokerSession is how long a controller does without a word from its broker before it takes it for dead.
const BrokerSession = 3 * time.Second

// Kafka is one real broker. Its addresses and files may be read concurrently; Kill, Stop,
// Restart and Close are called by one goroutine at a time.
type Kafka struct {
	software Software
	options  KafkaOptions
	folder   *folder
	cluster  string // the cluster's id
	ports    map[Listener]int
	certs    certificates
	process  *process
	quorum   *process // the controller, where it is apart; else nil
}

// StartKafka formats a new broker's storage, starts the broker and returns when it answers. The caller closes it. ctx
// ends the waiting, not the broker.
func StartKafka(ctx context.Context, software Software, options KafkaOptions) (*Kafka, error) {
	if options.StartTimeout == 0 {
		options.StartTimeout = 2 * time.Minute
	}
	f, err := newFolder(options.Dir)
	if err != nil {
		return nil, err
	}
	k := &Kafka{software: software, options: options, folder: f, cluster: newClusterID()}
	if err := k.prepare(ctx); err != nil {
		_ = f.remove()
		return nil, fmt.Errorf("prepare Kafka: %w", err)
	}
	if err := k.startAll(ctx); err != nil {
		_ = f.remove()
		return nil, err
	}
	return k, nil
}

// startAll starts the broker for the first time, and before it the controller that it is to have. The broker answers when it has found
// that one.
func (k *Kafka) startAll(ctx context.Context) error {
	var err error
	if k.options.Controller {
		k.quorum, err = startProcess(k.folder.file("controller.log"), "java", k.java("kafka.Kafka", k.controllerConfig())...)
		if err != nil {
			return fmt.Errorf("start controller: %w", err)
		}
	}
	if err = k.start(ctx); err != nil && k.quorum != nil {
		err = fmt.Errorf("%w; the end of its controller's log:\n%s", err, k.quorum.logTail())
		k.quorum.kill()
	}
	return err
}

// newClusterID makes a random id in Kafka's own form. It does not begin with "-", which would be read as an option.
func newClusterID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	id[0] &= 0x7f
	return base64.RawURLEncoding.EncodeToString(id[:])
}

func (k *Kafka) prepare(ctx context.Context) error {
	names := append([]Listener{Plaintext, controller}, secureListeners(k.options.Secure)...)
	ports, err := freePorts(len(names))
	if err != nil {
		return err
	}
	k.ports = map[Listener]int{}
	for i, name := range names {
		k.ports[name] = ports[i]
	}
	if k.options.Secure {
		if k.certs, err = writeCertificates(k.folder.path, time.Now()); err != nil {
			return err
		}
	}
	if err := os.WriteFile(k.config(), []byte(serverProperties(k)), 0o600); err != nil {
		return err
	}
	if !k.options.Controller {
		return k.format(ctx, k.config())
	}
	if err := os.WriteFile(k.controllerConfig(), []byte(controllerProperties(k)), 0o600); err != nil {
		return err
	}
	return errors.Join(k.format(ctx, k.controllerConfig()), k.format(ctx, k.config()))
}

func (k *Kafka) config() string { return k.folder.file("server.properties") }

func (k *Kafka) controllerConfig() string { return k.folder.file("controller.properties") }

// format writes the storage of a broker or controller for the first time, with the users of its SCRAM mechanisms.
func (k *Kafka) format(ctx context.Context, config string) error {
	args := k.java("kafka.tools.StorageTool", "format", "--config", config, "--cluster-id", k.cluster)
	if k.options.Secure {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, Username, Password))
		}
	}
	if out, err := exec.CommandContext(ctx, "java", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("format storage: %w\n%s", err, tail(string(out)))
	}
	return nil
}

// java is the command line of one of Kafka's programs. The heap is small and the compiler quick: a test's broker lives
// for seconds.
func (k *Kafka) java(class string, args ...string) []string {
	return append([]string{
		"-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true",
		"-cp", k.software.KafkaLib + "/*", class,
	}, args...)
}

func (k *Kafka) start(ctx context.Context) error {
	p, err := startProcess(k.folder.file("server.log"), "java", k.java("kafka.Kafka", k.config())...)
	if err != nil {
		return fmt.Errorf("start Kafka: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, k.options.StartTimeout)
	defer cancel()
	if err := p.await(ctx, k.ready); err != nil {
		p.kill()
		return fmt.Errorf("start Kafka: %w", err)
	}
	k.process = p
	return nil
}

// ready asks the broker for the cluster's metadata, and whether it is this cluster: another process may have been
// quicker to take the port.
func (k *Kafka) ready(ctx context.Context) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Addr()), kgo.RequestRetries(0))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	m, err := kadm.NewClient(client).BrokerMetadata(ctx)
	switch {
	case err != nil:
		return err
	case m.Cluster != k.cluster:
		return fmt.Errorf("cluster id is %q, not %q: another broker listens there", m.Cluster, k.cluster)
	case len(m.Brokers) == 0:
		return fmt.Errorf("no broker is ready yet")
	}
	return nil
}

// Addr is the address of the unprotected listener, host:port.
func (k *Kafka) Addr() string { return k.ListenerAddr(Plaintext) }

// ListenerAddr is the address of a listener, host:port; "" for one that the broker does not have.
func (k *Kafka) ListenerAddr(l Listener) string {
	port, ok := k.ports[l]
	if !ok {
		return ""
	}
	return loopback(port)
}

// LogTail is the end of what the broker wrote, warnings and errors.
func (k *Kafka) LogTail() string { return k.process.logTail() }

// PID is the process id of the running broker.
func (k *Kafka) PID() int { return k.process.cmd.Process.Pid }

// Kill ends the broker as kill -9 does. Data stay for Restart. It returns when the process has ended.
func (k *Kafka) Kill() { k.process.kill() }

// Stop asks the broker to end and returns when it has. Data stay for Restart. A broker that does not end within 30 s,
// or before ctx, is killed, and the error says so.
func (k *Kafka) Stop(ctx context.Context) error { return k.process.stop(ctx, 30*time.Second) }

// Restart starts the broker again on its ports and data, after Kill or Stop; one that runs is stopped first. It
// returns when the broker answers.
func (k *Kafka) Restart(ctx context.Context) error {
	if k.process.running() {
		if err := k.Stop(ctx); err != nil {
			return err
		}
	}
	return k.start(ctx)
}

// Close kills the broker and removes its data.
func (k *Kafka) Close() error {
	k.process.kill()
	if k.quorum != nil {
		k.quorum.kill()
	}
	return k.folder.remove()
}
