package realstack

import (
	"fmt"
	"os"
)

// Mode says what tests on real servers do on this machine.
type Mode string

// The modes, as E2E spells them.
const (
	// Auto runs the tests where Java and Maven are present; where they are not, it skips and says what is missing.
	Auto Mode = "auto"
	// Required runs the tests and fails where something is missing.
	Required Mode = "required"
	// Off skips the tests.
	Off Mode = "off"
)

// ParseMode reads a mode; the empty string is Auto.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case "":
		return Auto, nil
	case Auto, Required, Off:
		return m, nil
	}
	return "", fmt.Errorf("E2E is %q: it must be auto, required or off", s)
}

// ModeFromEnv reads the mode from the environment variable E2E.
func ModeFromEnv() (Mode, error) {
	return ParseMode(os.Getenv("E2E"))
}
