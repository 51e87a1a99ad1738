package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/headwater-stream/headwater/producer"
)

const (
	redrawEvery = 250 * time.Millisecond // on a terminal
	logEvery    = 10 * time.Second       // elsewhere
)

// display shows one line a resource while the work goes on: redrawn in place on a terminal, otherwise logged every few seconds.
// It owns the output: log lines go through it, above the block. Safe for concurrent use.
type display struct {
	out  io.Writer
	size func() (width, height int) // of the terminal; nil: there is none
	log  *slog.Logger
	now  func() time.Time
	tick func(every time.Duration) (ticks <-chan time.Time, stop func())

	mu    sync.Mutex
	drawn int // lines of the block on the screen
	block []byte

	status func() []producer.Status
	quit   chan struct{}
	gone   chan struct{}
}

func newDisplay(out io.Writer, cfg *Config, noColor bool, now func() time.Time) *display {
	d := &display{out: out, now: now, size: terminal(out), tick: ticker, quit: make(chan struct{}), gone: make(chan struct{})}
	text := cfg.LogFormat == "text" || cfg.LogFormat == "" && d.size != nil
	level, _ := logLevel(cfg.LogLevel) // checked with the configuration
	if text {
		plain := d.size == nil || noColor
		d.log = slog.New(tint.NewTextHandler(d, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: plain}))
	} else {
		d.log = slog.New(slog.NewJSONHandler(d, &slog.HandlerOptions{Level: level}))
	}
	return d
}

// terminal asks for the size of the terminal that w is; nil if it is none.
func terminal(w io.Writer) func() (width, height int) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return func() (int, int) {
		width, height, err := term.GetSize(int(f.Fd()))
		if err != nil || width < 2 || height < 2 {
			return 80, 24
		}
		return width, height
	}
}

func ticker(every time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(every)
	return t.C, t.Stop
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
	d.status = status
	every := logEvery
	if d.size != nil {
		every = redrawEvery
	}
	ticks, stop := d.tick(every)
	go func() {
		defer close(d.gone)
		defer stop()
		for {
			select {
			case <-d.quit:
				return
			case <-ticks:
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
	all, now := d.status(), d.now()
	if d.size == nil {
		for _, s := range all {
			d.log.Info("progress", attributes(s, now)...)
		}
		return
	}
	width, height := d.size()
	table := []string{statusHeader}
	for _, s := range all {
		table = append(table, statusLine(s, now))
	}
	// The cursor stands below the block: of a block as high as the window the first line scrolls out, and cannot be erased.
	if last := height - 2; len(table) > height-1 {
		table = append(table[:last:last], fmt.Sprintf("… and %d more: the window is too low", len(table)-last))
	}
	var block bytes.Buffer
	for _, line := range table {
		block.WriteString(cut(line, width-1) + "\n")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.erase()
	d.block = block.Bytes()
	d.paint()
}

// erase moves up to the block's first line and clears to the end of the screen. The cursor may stand behind a ^C that the
// terminal echoed. Called with mu held.
func (d *display) erase() {
	if d.drawn > 0 {
		fmt.Fprintf(d.out, "\r\x1b[%dA\x1b[J", d.drawn)
		d.drawn = 0
	}
}

func (d *display) paint() {
	if len(d.block) > 0 {
		_, _ = d.out.Write(d.block)
		d.drawn = bytes.Count(d.block, []byte("\n"))
	}
}
