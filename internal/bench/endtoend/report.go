package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Targets, besides the ratio.
const (
	memoryLimit  = 80 << 20 // bytes, at a million records
	growth       = 0.10     // of memory and cost, from memoryFrom records on
	comparedFrom = 100_000
)

func (p pair) String() string {
	var text strings.Builder
	h, b := p.headwater, p.beside
	fmt.Fprintf(&text, "| %d records | headwater | straightforward | ratio |\n| --- | ---: | ---: | ---: |\n", h.records)
	row := func(name, unit string, digits int, of func(r result) float64) {
		fmt.Fprintf(&text, "| %s | %.*f%s | %.*f%s | %.1f |\n", name, digits, of(h), unit, digits, of(b), unit, of(b)/of(h))
	}
	for _, part := range parts {
		row(part, " µs", 2, func(r result) float64 { return r.perRecord(r.parts[part]) })
	}
	row("CPU a record", " µs", 2, func(r result) float64 { return r.perRecord(r.cpu) })
	row("CPU in all", " s", 2, func(r result) float64 { return r.cpu.Seconds() })
	row("records a second", "", 0, func(r result) float64 { return float64(r.records) / r.wall.Seconds() })
	row("allocations a record", "", 2, func(r result) float64 { return float64(r.allocs) / float64(r.records) })
	row("bytes allocated a record", "", 0, func(r result) float64 { return float64(r.bytes) / float64(r.records) })
	row("peak memory", " MiB", 1, func(r result) float64 { return float64(r.peak) / (1 << 20) })
	return text.String()
}

// judge compares the results with the targets.
func judge(s settings, all []pair, out io.Writer) error {
	missed := 0
	target := func(met bool, format string, args ...any) {
		word := "met"
		if !met {
			word, missed = "MISSED", missed+1
		}
		fmt.Fprintf(out, "%-6s  %s\n", word, fmt.Sprintf(format, args...))
	}
	last := all[len(all)-1]
	ratio := last.beside.perRecord(last.beside.cpu) / last.headwater.perRecord(last.headwater.cpu)
	target(ratio >= s.ratio, "CPU a record: %.1f times less than the straightforward program, wanted %g", ratio, s.ratio)
	if s.limits {
		judgeSizes(all, target)
	}
	if missed > 0 {
		return errors.New("a target is missed")
	}
	return nil
}

func judgeSizes(all []pair, target func(met bool, format string, args ...any)) {
	var first *result
	for _, p := range all {
		r := p.headwater
		if r.records < comparedFrom {
			continue
		}
		target(r.peak < memoryLimit, "peak memory at %d records: %.1f MiB, wanted less than %d", r.records, float64(r.peak)/(1<<20), memoryLimit>>20)
		if first == nil {
			first = &r
			continue
		}
		grown := float64(r.peak)/float64(first.peak) - 1
		target(grown <= growth, "peak memory at %d records: %+.0f %% against %d, wanted no more than %.0f %%", r.records, grown*100, first.records, growth*100)
		grown = r.perRecord(r.cpu)/first.perRecord(first.cpu) - 1
		target(grown <= growth, "CPU a record at %d records: %+.0f %% against %d, wanted no more than %.0f %%", r.records, grown*100, first.records, growth*100)
	}
}
