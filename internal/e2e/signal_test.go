package e2e

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// A second signal ends the process while the broker has its commit and has not answered. Whether the broker carries it out when the
// process is gone, or never: nothing is lost, and nothing is there twice.
func TestSecondSignalInACommit(t *testing.T) {
	t.Parallel()
	for name, arrives := range map[string]bool{"carried out": true, "lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broker, s := embeddedBroker(t)
			w := newWorld(t, s, sandbox.APIConfig{Seed: 31, Size: 700})
			kafka, stuck, release, commits := broker.Cluster(), make(chan struct{}), make(chan struct{}), 0
			kafka.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
				kafka.KeepControl()
				if commits++; commits != 20 { // 16 claims, a plan, and pages
					return nil, nil, false
				}
				close(stuck)
				kafka.SleepControl(func() { <-release })
				if arrives {
					return nil, nil, false
				}
				return nil, errors.New("the connection breaks"), true
			})
			p := w.start("run", "contacts", "--once")
			select {
			case <-stuck:
			case <-p.done:
				t.Fatal("the program ended before its commit was stuck")
			}
			p.signal(syscall.SIGTERM)
			eventually(t, once, "the first signal", func() (bool, string) {
				return strings.Contains(p.stderr.String(), "stopping after the commit in flight"), p.stderr.String()
			})
			p.signal(syscall.SIGTERM)
			p.ends(128+int(syscall.SIGTERM), 15*time.Second)
			close(release)
			w.once("contacts")
			w.equalsTruth("contacts")
			w.noDeadLetters()
			m := w.marks(w.topics([]string{"contacts"})...)
			w.once("contacts")
			w.nothingSince(m)
		})
	}
}
