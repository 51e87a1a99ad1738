package producer

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// standstill watches one reading that waits for its target. It belongs to one goroutine.
type standstill struct {
	client *kgo.Client
	hung   *hanging
	since  time.Time
	next   time.Time // when to look
}

func newStandstill(client *kgo.Client, hung *hanging) *standstill {
	s := &standstill{client: client, hung: hung}
	s.moved()
	return s
}

// moved notes progress, which gives the rest the whole deadline again: only a reader that stands still is stalled.
func (s *standstill) moved() {
	s.since = time.Now()
	s.next = s.since.Add(hangingCheck)
}

// look is called at next: it ends what hangs in the partitions that are left, and fails when the deadline is over.
func (s *standstill) look(ctx context.Context, left map[string]map[int32]int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var hangs error
	if s.hung != nil {
		set := kadm.TopicsSet{}
		for topic, parts := range left {
			for p := range parts {
				set.Add(topic, p)
			}
		}
		ended, err := s.hung.end(ctx, s.client, set)
		if ended {
			s.moved()
			return nil
		}
		hangs = err
	}
	if time.Since(s.since) >= scanDeadline {
		return errors.Join(stalled(ctx, s.client, left), hangs)
	}
	s.next = time.Now().Add(hangingCheck)
	return nil
}

// stalled says why a scan did not reach its target, and names the open transactions that may hold it back.
func stalled(ctx context.Context, client *kgo.Client, left map[string]map[int32]int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ask, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	set := kadm.TopicsSet{}
	var where []string
	for topic, ps := range left {
		for p := range ps {
			set.Add(topic, p)
			where = append(where, fmt.Sprintf("%s[%d]", topic, p))
		}
	}
	sort.Strings(where)
	msg := fmt.Sprintf("no progress for %s reading %s to its end", scanDeadline, strings.Join(where, ", "))
	if holders := openTransactions(ask, kadm.NewClient(client), set); len(holders) > 0 {
		msg += "; open transactions there: " + strings.Join(holders, ", ")
	}
	return errors.New(msg)
}

// openTransactions names the transactional ids with an open transaction in the partitions; best effort, for a message.
func openTransactions(ctx context.Context, admin *kadm.Client, set kadm.TopicsSet) []string {
	producers, err := admin.DescribeProducers(ctx, set)
	if err != nil {
		return nil
	}
	var pids []int64
	producers.EachProducer(func(p kadm.DescribedProducer) {
		if p.CurrentTxnStartOffset >= 0 {
			pids = append(pids, p.ProducerID)
		}
	})
	if len(pids) == 0 {
		return nil
	}
	listed, err := admin.ListTransactions(ctx, pids, nil)
	if err != nil {
		return nil
	}
	var names []string
	for _, t := range listed.Sorted() {
		names = append(names, fmt.Sprintf("%q (producer %d)", t.TxnID, t.ProducerID))
	}
	return names
}
