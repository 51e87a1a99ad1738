package producer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	maxGroupRecords = 10_000
	maxGroupBytes   = 32 << 20
)

// commitRequest is what one unit wants decided together: records, dead letters, and the state that covers them.
type commitRequest struct {
	records []*kgo.Record
	bytes   int
	reply   chan error
}

// commit has the request's records and state decided in one transaction and returns when the outcome is known to be committed (nil),
// or else a *commitError, for which the topic has to be asked (errLaneLost). Units that share the lane are committed together when
// they are ready at the same time. Cancelling ctx keeps a request that was not handed over yet from being handed over; it does not
// touch one that was: the caller needs its outcome.
func (l *lane) commit(ctx context.Context, records []*kgo.Record) error {
	req := &commitRequest{records: records, reply: make(chan error, 1)}
	for _, r := range records {
		req.bytes += recordSize(r)
	}
	select {
	case l.requests <- req:
		return <-req.reply
	case <-l.served:
		return l.failed("hand over", notCommitted, errServed)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// serve commits what units hand over until stop is closed or a commit fails. After a failure nothing is committed in this lane
// any more: the session ends and takes the lane again.
func (l *lane) serve(stop <-chan struct{}) {
	defer close(l.served)
	for {
		var group []*commitRequest
		select {
		case <-stop:
			return
		case first := <-l.requests:
			group = l.gather(first)
		}
		err := l.transact(group)
		for _, req := range group {
			req.reply <- err
		}
		if err != nil {
			return
		}
	}
}

// gather adds what other units have ready, without waiting for any.
func (l *lane) gather(first *commitRequest) []*commitRequest {
	group, records, bytes := []*commitRequest{first}, len(first.records), first.bytes
	for records < maxGroupRecords && bytes < maxGroupBytes {
		select {
		case next := <-l.requests:
			group = append(group, next)
			records, bytes = records+len(next.records), bytes+next.bytes
		default:
			return group
		}
	}
	return group
}

// transact is the one commit: every record and every state record that goes to Kafka goes through here. From Begin to End it runs
// on one deadline and on a context that shutdown does not cancel, because a produce or flush that is cut off leaves the client stuck
// in its transaction, and a cut-off EndTransaction leaves the outcome unknown.
//
// What fails before End is asked for is not committed, and never will be: the transaction is aborted here, or by whoever takes the
// lane next. What End answers but nil is unknown, whatever its code: an error may be of the answer's way back only.
func (l *lane) transact(group []*commitRequest) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitDeadline)
	defer cancel()
	if err := l.client.BeginTransaction(); err != nil {
		return l.failed("begin", notCommitted, err)
	}
	var refused firstRefusal
	note := refused.note
	for _, req := range group {
		for _, r := range req.records {
			l.client.Produce(ctx, r, note)
		}
	}
	flushErr := l.client.Flush(ctx)
	// A refused record does not stop Kafka's commit: without this check the state would move past a lost record. And of a transaction
	// of which the broker took nothing the client makes an abort, which it calls a success.
	if err := refused.get(); err != nil {
		l.abort()
		return l.failed("produce", notCommitted, err)
	}
	if flushErr != nil {
		l.abort()
		return l.failed("flush", notCommitted, flushErr)
	}
	if err := l.shown(ctx, group); err != nil {
		l.abort()
		return l.failed("commit", notCommitted, err)
	}
	if err := l.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		// Never again the same commit, and no abort either: the topic is asked instead.
		return l.failed("commit", unknown, err)
	}
	// ── From here on recovery is clean: whoever reads the lane finds the new state, and readers the records that it covers. ──
	if l.wrote != nil {
		l.wrote.count(group)
	}
	return nil
}

// shown waits until the client shows the partitions of every topic that it has produced to. It sends what waited for a new topic's
// partitions before it stores them (kgo's storePartitionsUpdate, v1.22), and a broker may answer sooner than it does. EndTransaction ends
// only what is stored: else it finds nothing to commit, aborts, and calls that a success; or leaves the partition's sequence as it was.
func (l *lane) shown(ctx context.Context, group []*commitRequest) error {
	last := ""
	for _, req := range group {
		for _, r := range req.records {
			if r.Topic == last {
				continue
			}
			last = r.Topic
			for !l.stored[r.Topic] {
				if leader, _, _ := l.client.PartitionLeader(r.Topic, r.Partition); leader >= 0 {
					l.stored[r.Topic] = true
					break
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Millisecond):
				}
			}
		}
	}
	return nil
}

func (l *lane) failed(step string, o outcome, err error) error {
	return &commitError{step: step, lane: l.id, outcome: o, err: err}
}

// abort tries to spare readers the wait for the transaction's timeout. Its own failure changes nothing: the lane's next owner
// aborts what is open.
func (l *lane) abort() {
	ctx, cancel := context.WithTimeout(context.Background(), commitDeadline/5)
	defer cancel()
	if l.client.AbortBufferedRecords(ctx) == nil {
		_ = l.client.EndTransaction(ctx, kgo.TryAbort)
	}
}

// firstRefusal keeps the first record that was not accepted. Promises run on one goroutine of the client, get on the
// committer's.
type firstRefusal struct {
	mu  sync.Mutex
	err error
}

func (f *firstRefusal) note(r *kgo.Record, err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if own := refusal(r, err); f.err == nil || own != nil {
		if own != nil {
			err = own
		}
		f.err = err
	}
}

func (f *firstRefusal) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// refusal tells a record that the broker refuses for what it is from one that failed with its transaction.
func refusal(r *kgo.Record, err error) error {
	for _, kind := range []error{kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidRecord, kerr.InvalidTimestamp,
		kerr.TopicAuthorizationFailed, kerr.UnknownTopicOrPartition, kerr.UnknownTopicID, kerr.InvalidTopicException, kerr.PolicyViolation} {
		if errors.Is(err, kind) {
			return &RejectedError{Topic: r.Topic, Key: string(r.Key), Err: err}
		}
	}
	return nil
}

// recordSize is an upper bound of what a record takes in an uncompressed batch, its share of varints and lengths included.
func recordSize(r *kgo.Record) int {
	size := len(r.Key) + len(r.Value) + 32
	for _, h := range r.Headers {
		size += len(h.Key) + len(h.Value) + 10
	}
	return size
}
