package sandbox

import (
	"context"
	"net/http"
)

// dripPieces is in how many pieces a dripping answer comes.
const dripPieces = 20

// endure lets the client wait for its answer. It reports false when the client has gone.
func (a *API) endure(ctx context.Context, f fault, healed <-chan struct{}) bool {
	if f.hang {
		select {
		case <-healed:
		case <-ctx.Done():
			return false
		}
	}
	return f.slow <= 0 || a.cfg.Sleep(ctx, f.slow) == nil
}

// drip sends a body in pieces.
func (a *API) drip(w http.ResponseWriter, r *http.Request, f fault, body []byte) {
	piece := max(1, (len(body)+dripPieces-1)/dripPieces)
	for len(body) > 0 {
		now := body[:min(piece, len(body))]
		body = body[len(now):]
		_, err := w.Write(now)
		if err == nil {
			err = http.NewResponseController(w).Flush()
		}
		if err != nil || a.cfg.Sleep(r.Context(), f.drip) != nil {
			return // the client has gone
		}
	}
}

// hangUp closes the connection with what was written so far; a reset loses what the client has not read yet. It does not return.
func hangUp(w http.ResponseWriter, reset bool) {
	if reset {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
				_ = tcp.SetLinger(0) // closing sends RST instead of FIN
			}
			_ = conn.Close()
		}
	}
	panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to close the connection without an answer
}
