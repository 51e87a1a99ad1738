package realstack_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/headwater-stream/headwater/internal/realstack/stacktest"
)

var stack stacktest.Stack

func TestMain(m *testing.M) {
	code := m.Run()
	code = max(code, stack.Close())
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
