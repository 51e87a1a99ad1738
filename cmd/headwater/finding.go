package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// finding is one line of a check.
type finding struct {
	Status string `json:"status"` // statusOK and so on
	Area   string `json:"area"`   // areaConfig and so on
	What   string `json:"what"`   // the resource, topic, subject or server
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

const (
	statusOK   = "ok"
	statusWarn = "warn" // works, and somebody should know
	statusSkip = "skip" // was not asked
	statusFail = "FAIL"
)

// failure is a finding of what is wrong. The remedy is what the error itself knows of one.
func failure(area, what string, err error) finding {
	f := finding{Status: statusFail, Area: area, What: what}
	var environment *producer.EnvironmentError
	var api *extract.Error
	switch {
	case errors.As(err, &environment):
		f.Detail, f.Remedy = environment.Err.Error(), environment.Remedy
		if environment.Op != "topic "+what { // else it is said already
			f.Detail = environment.Op + ": " + f.Detail
		}
	case errors.As(err, &api):
		f.Detail, f.Remedy = strings.TrimPrefix(err.Error(), what+": "), api.Hint
	default:
		f.Detail = err.Error()
	}
	f.Detail, f.Remedy = oneLine(f.Detail), oneLine(f.Remedy)
	return f
}

// failedChecks is the outcome of a check that found something wrong; what it is was its output.
type failedChecks struct {
	failed, all int
	nothing     bool // no resource would be read
}

func (e *failedChecks) Error() string {
	return fmt.Sprintf("%d of %s failed", e.failed, counted(int64(e.all), "check"))
}

// outcome is what a check's findings mean together; nil: all is well. What is wrong outside of a single resource keeps every one of
// them from being read.
func outcome(all []finding) error {
	e := &failedChecks{all: len(all)}
	good := false
	for _, f := range all {
		if f.Status == statusFail {
			e.failed++
			e.nothing = e.nothing || !f.ofResource()
		}
		good = good || f.ofResource() && f.Status != statusFail
	}
	if e.failed == 0 {
		return nil
	}
	e.nothing = e.nothing || !good
	return e
}

// ofResource: one resource can be wrong while the others are read.
func (f finding) ofResource() bool { return f.Area == areaResource }

const (
	areaConfig   = "configuration"
	areaAPI      = "api"
	areaResource = "resource"
	areaKafka    = "kafka"
	areaRegistry = "registry"
)

func printFindings(out io.Writer, all []finding, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(map[string]any{"checks": all})
	}
	width := 0
	for _, f := range all {
		width = max(width, len(f.What))
	}
	for _, f := range all {
		line := fmt.Sprintf("%-4s  %-*s  %s", f.Status, width, f.What, f.Detail)
		if f.Remedy != "" {
			line += " → " + f.Remedy
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}
