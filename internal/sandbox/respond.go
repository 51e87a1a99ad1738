package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// write sends an answer, or what the fault leaves of it: the request was served, its answer does not arrive whole.
func (a *API) write(w http.ResponseWriter, r *http.Request, f fault, body []byte, err *apiError) {
	status, id := http.StatusOK, a.stats.requestID(a.cfg.Seed)
	if err != nil {
		status, body = err.status, err.body(id)
	}
	if f.malformed {
		body = append(body[:len(body)-1:len(body)-1], ']')
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Request-Id", id)
	a.date(h)
	h.Set("Vary", "Accept, Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = compress(body)
	}
	if f.drop {
		hangUp(w, f.reset)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	switch {
	case f.cut:
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		hangUp(w, f.reset)
	case f.drip > 0:
		a.drip(w, r, f, body)
	default:
		_, _ = w.Write(body) // an error here means that the client has gone
	}
}

func (a *API) date(h http.Header) {
	h.Set("Date", a.cfg.Now().UTC().Format(http.TimeFormat))
}

// compressors are kept because each is a megabyte.
var compressors = sync.Pool{New: func() any {
	zw, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level exists
	return zw
}}

func compress(body []byte) []byte {
	zw, ok := compressors.Get().(*gzip.Writer)
	if !ok {
		return body
	}
	defer compressors.Put(zw)
	var buf bytes.Buffer
	zw.Reset(&buf)
	_, _ = zw.Write(body) // a bytes.Buffer takes everything
	_ = zw.Close()
	return buf.Bytes()
}

// listBody renders {"type":kind, name:[items…], rest…}; rest is made of complete members.
func listBody(kind, name string, items [][]byte, rest ...string) []byte {
	var b bytes.Buffer
	if kind != "" {
		fmt.Fprintf(&b, `{"type":%q,%q:[`, kind, name)
	} else {
		fmt.Fprintf(&b, `{%q:[`, name)
	}
	b.Write(bytes.Join(items, []byte(",")))
	b.WriteByte(']')
	for _, member := range rest {
		b.WriteByte(',')
		b.WriteString(member)
	}
	b.WriteByte('}')
	return b.Bytes()
}
