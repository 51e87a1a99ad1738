package contacts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/headwater-stream/headwater/internal/bench"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// Role is the role of a child that serves the API, the first of its arguments.
const Role = "serve-api"

// Start starts the API with n records, the last of which changed shortly before until, in a process of its own; with open it lets none wait
// (API.Open). The program that calls it serves in that role: see Serve.
func Start(ctx context.Context, n int, until time.Time, open bool) (*bench.Child, error) {
	return bench.StartChild(ctx, Role, strconv.Itoa(n), strconv.FormatInt(until.Unix(), 10), strconv.FormatBool(open))
}

// Serve is what a child does in that role; args are those behind it.
func Serve(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 3 {
		return errors.New(Role + " takes the number of records, their end in Unix seconds, and whether it is open")
	}
	n, err := strconv.Atoi(args[0])
	until, err2 := strconv.ParseInt(args[1], 10, 64)
	open, err3 := strconv.ParseBool(args[2])
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	api := NewAPI(New(n, time.Unix(until, 0)))
	if open {
		api.Open()
	}
	server, err := sandbox.Serve("127.0.0.1:0", api)
	if err != nil {
		return err
	}
	defer server.Close()
	fmt.Fprintln(out, server.URL())
	return bench.UntilLeft(ctx)
}
