package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/lmittmann/tint"

	"github.com/headwater-stream/headwater/producer"
)

const (
	redrawEvery = 250 * time.Millisecond // on a terminal
	logEvery    = 10 * time.Second       // elsewhere
)

// display shows one line a resource while the work goes on: redrawn in place on a terminal, otherwise logged every few seconds.
// It owns the output: log lines go through it, above the block.
type display struct {
	out   io.Writer
	width int
	live  bool
	log   *slog.Logger
	now   func() time.Time

	mu    sync.Mutex
	drawn int // lines of the block on the screen
	block []byte

	status func() []producer.Status
	began  time.Time
	quit   chan struct{}
	gone   chan struct{}
}

func newDisplay(out io.Writer, cfg *Config, now func() time.Time) *display {
	d := &display{out: out, now: now, quit: make(chan struct{}), gone: make(chan struct{})}
	d.width, d.live = terminal(out)
	text := cfg.LogFormat == "text" || cfg.LogFormat == "" && d.live
	level, _ := logLevel(cfg.LogLevel) // checked with the configuration
	if text {
		d.log = slog.New(tint.NewHandler(d, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: !d.live}))
	} else {
		d.log = slog.New(slog.NewJSONHandler(d, &slog.HandlerOptions{Level: level}))
	}
	return d
}

func (d *display) logger() *slog.Logger { return d.log }

// Write prints a log line above the block.
func (d *display) Write(line []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.erase()
	n, err := d.out.Write(line)
	d.paint()
	return n, err
}

func (d *display) start(status func() []producer.Status) {
	d.status, d.began = status, d.now()
	every := logEvery
	if d.live {
		every = redrawEvery
	}
	ticker := time.NewTicker(every)
	go func() {
		defer close(d.gone)
		defer ticker.Stop()
		for {
			select {
			case <-d.quit:
				return
			case <-ticker.C:
				d.show()
			}
		}
	}()
}

// stop takes the block off the screen.
func (d *display) stop() {
	close(d.quit)
	<-d.gone
	d.mu.Lock()
	defer d.mu.Unlock()
	d.erase()
	d.block = nil
}

func (d *display) show() {
	all := d.status()
	if !d.live {
		for _, s := range all {
			d.log.Info("progress", attributes(s, d.now())...)
		}
		return
	}
	var block bytes.Buffer
	for _, s := range all {
		line := []rune(statusLine(s, d.now(), d.now().Sub(d.began)))
		if len(line) > d.width-1 {
			line = append(line[:d.width-2], '…')
		}
		block.WriteString(string(line) + "\n")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.erase()
	d.block = block.Bytes()
	d.paint()
}

// erase moves up to the block's first line and clears to the end of the screen. Called with mu held.
func (d *display) erase() {
	if d.drawn > 0 {
		fmt.Fprintf(d.out, "\x1b[%dA\x1b[J", d.drawn)
		d.drawn = 0
	}
}

func (d *display) paint() {
	if len(d.block) > 0 {
		_, _ = d.out.Write(d.block)
		d.drawn = bytes.Count(d.block, []byte("\n"))
	}
}

// statusLine is a resource in one line: state, pages, records, records a second, watermark age, why it waits.
func statusLine(s producer.Status, now time.Time, since time.Duration) string {
	var b strings.Builder
	state := s.State
	if s.Windows[1] > 1 && state == "backfill" {
		state = fmt.Sprintf("backfill %d/%d", s.Windows[0], s.Windows[1])
	}
	rate := float64(s.Published) / max(since.Seconds(), 1)
	fmt.Fprintf(&b, "%-20s %-16s %6d pages %9d records %7.0f/s", s.Resource, state, s.Pages, s.Published, rate)
	if s.Deleted > 0 {
		fmt.Fprintf(&b, "  %d deleted", s.Deleted)
	}
	if s.Dead > 0 {
		fmt.Fprintf(&b, "  %d dead letters", s.Dead)
	}
	if !s.Watermark.IsZero() {
		fmt.Fprintf(&b, "  %s behind", age(now.Sub(s.Watermark)))
	}
	if s.Waiting != "" {
		b.WriteString("  waiting: " + s.Waiting)
		if !s.Until.IsZero() {
			b.WriteString(" until " + s.Until.Local().Format(time.TimeOnly))
		}
	}
	if s.Err != nil {
		b.WriteString("  ! " + s.Err.Error())
	}
	return b.String()
}

func attributes(s producer.Status, now time.Time) []any {
	list := []any{"resource", s.Resource, "state", s.State, "pages", s.Pages, "records", s.Published, "deleted", s.Deleted, "dead_letters", s.Dead}
	if s.Windows[1] > 0 {
		list = append(list, "windows_done", s.Windows[0], "windows", s.Windows[1])
	}
	if !s.Watermark.IsZero() {
		list = append(list, "watermark", s.Watermark.UTC().Format(time.RFC3339), "behind", age(now.Sub(s.Watermark)))
	}
	if s.Waiting != "" {
		list = append(list, "waiting", s.Waiting, "until", s.Until.UTC().Format(time.RFC3339))
	}
	if s.Err != nil {
		list = append(list, "err", s.Err)
	}
	return list
}

// age is a duration in at most two units: 4s, 12m5s, 3h20m, 2d3h.
func age(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < 0:
		return "0s"
	case d < time.Hour:
		return d.String()
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}
