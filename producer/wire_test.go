package producer

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// fault is what becomes of a request to a server.
type fault string

const (
	notApplied  fault = "not applied"           // it never reaches the server; the connection breaks
	answerLost  fault = "answer lost"           // the server has answered; the answer is thrown away and the connection breaks
	notAppliedX fault = "not applied, given up" // as if every repetition had met the same: an error that the client does not repeat
	answerLostX fault = "answer lost, given up"
	appliedLate fault = "applied late" // the client is told that it is lost; the broker gets it just before the transactional id is next initialised
	stopping    fault = "stopped"      // the request is carried out, and the worker is told to stop just before
	unsent      fault = "none is sent"
)

// Errors of a connection that broke. The client repeats what it was doing after the first one, and hands the other one on.
var (
	errBroken  = net.ErrClosed
	errGivenUp = errors.New("the test's network is broken")
)

type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// wire is the network between clients and a broker, on which one request is struck: the nth for which when holds. It reads what is
// written, and makes up nothing.
type wire struct {
	network dialer // nil: TCP

	mu    sync.Mutex
	nth   int // 0: none is struck
	when  matcher
	how   fault
	first func() // called when the request is struck, before anything becomes of it
	count int    // requests for which when held
	late  *lateRequest
}

// matcher chooses requests. It is shown every one, and may remember what it saw.
type matcher func(kmsg.Request) bool

// lateRequest is one that is still on its way when its client has given it up.
type lateRequest struct {
	bytes []byte
	txn   string
	dial  func() (net.Conn, error) // to the broker that it was sent to
}

// hit says whether the request was struck.
func (w *wire) hit() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nth > 0 && w.count >= w.nth
}

// arm makes the next matching requests count.
func (w *wire) arm(nth int, when matcher, how fault, first func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nth, w.when, w.how, w.first, w.count = nth, when, how, first, 0
}

func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := w.network
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	again := func() (net.Conn, error) { return dial(context.Background(), network, addr) }
	return &wireConn{Conn: conn, wire: w, again: again}, nil
}

// strikes counts a request. It says what becomes of it, and what comes before it.
func (w *wire) strikes(b []byte) (how fault, late *lateRequest, first func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.nth == 0 {
		return "", nil, nil
	}
	req := parseRequest(b)
	if init, ok := req.(*kmsg.InitProducerIDRequest); ok && w.late != nil && w.late.txn == *init.TransactionalID {
		late, w.late = w.late, nil
	}
	if !w.when(req) {
		return "", late, nil
	}
	if w.count++; w.count != w.nth {
		return "", late, nil
	}
	return w.how, late, w.first
}

// parseRequest reads what a client writes: length, key, version, correlation, client id, tags where the version has them, the request.
func parseRequest(b []byte) kmsg.Request {
	req := kmsg.RequestForKey(int16(binary.BigEndian.Uint16(b[4:])))
	req.SetVersion(int16(binary.BigEndian.Uint16(b[6:])))
	body := b[14:]
	if id := int16(binary.BigEndian.Uint16(b[12:])); id > 0 {
		body = body[id:]
	}
	if req.IsFlexible() {
		body = body[1:] // the client sends no tags
	}
	if err := req.ReadFrom(body); err != nil {
		panic(err)
	}
	return req
}

// txnOf is the transactional id of a request; "": it has none.
func txnOf(req kmsg.Request) string {
	switch r := req.(type) {
	case *kmsg.InitProducerIDRequest:
		return *r.TransactionalID
	case *kmsg.AddPartitionsToTxnRequest:
		for _, t := range r.Transactions {
			return t.TransactionalID
		}
		return r.TransactionalID
	case *kmsg.ProduceRequest:
		return *r.TransactionID
	case *kmsg.EndTxnRequest:
		return r.TransactionalID
	}
	return ""
}

func correlation(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

type wireConn struct {
	net.Conn
	wire  *wire
	again func() (net.Conn, error) // opens another connection to the same broker

	mu     sync.Mutex
	told   error  // what the client is told instead of an answer; nil: nothing was struck
	loses  uint32 // the correlation of the request whose answer is lost; of others that arrive before it the answers are handed over
	answer []byte // what is left of the answer that is being read. Of the reading goroutine
}

// Write is called with one whole request. A request that is struck counts as written, or the client would know that it never left.
func (c *wireConn) Write(b []byte) (int, error) {
	how, late, first := c.wire.strikes(b)
	if late != nil {
		late.deliver()
	}
	if first != nil {
		first()
	}
	if how == "" || how == stopping {
		return c.Conn.Write(b)
	}
	c.mu.Lock()
	c.told, c.loses = how.told(), correlation(b[8:])
	c.mu.Unlock()
	switch how {
	case answerLost, answerLostX:
		return c.Conn.Write(b)
	case appliedLate:
		c.wire.hold(&lateRequest{bytes: slices.Clone(b), txn: txnOf(parseRequest(b)), dial: c.again})
	}
	c.Conn.Close()
	return len(b), nil
}

// givesUp says whether the client does not repeat the request.
func (f fault) givesUp() bool { return f == notAppliedX || f == answerLostX || f == appliedLate }

// told is the error that the client gets.
func (f fault) told() error {
	if f.givesUp() {
		return errGivenUp
	}
	return errBroken
}

// Read hands over whole answers, except the one that is lost.
func (c *wireConn) Read(b []byte) (int, error) {
	if len(c.answer) == 0 {
		answer, err := readAnswer(c.Conn)
		c.mu.Lock()
		told, loses := c.told, c.loses
		c.mu.Unlock()
		switch {
		case told != nil && (err != nil || correlation(answer[4:]) == loses):
			c.Conn.Close()
			return 0, told
		case err != nil:
			return 0, err
		}
		c.answer = answer
	}
	n := copy(b, c.answer)
	c.answer = c.answer[n:]
	return n, nil
}

func readAnswer(r io.Reader) ([]byte, error) {
	answer := make([]byte, 4)
	if _, err := io.ReadFull(r, answer); err != nil {
		return nil, err
	}
	answer = append(answer, make([]byte, binary.BigEndian.Uint32(answer))...)
	_, err := io.ReadFull(r, answer[4:])
	return answer, err
}

// hold keeps a request that its client has given up.
func (w *wire) hold(late *lateRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late = late
}

// deliver lets the request arrive, and waits until the broker has answered it.
func (l *lateRequest) deliver() {
	conn, err := l.dial()
	if err != nil {
		return // the broker is gone
	}
	defer conn.Close()
	if _, err = conn.Write(l.bytes); err == nil {
		_, _ = readAnswer(conn) // what it is, nobody wants to know any more
	}
}
