//go:build !unix

package realstack

import (
	"context"
	"errors"
)

const supported = false

var errLocked = errors.New("locked")

func tryLock(string, int) (func(), error) { return nil, errors.ErrUnsupported }

func lock(context.Context, string, func()) (func(), error) { return nil, errors.ErrUnsupported }
