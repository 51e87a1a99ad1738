package main

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// screen is as much of a terminal as the display uses, and shows what a person would see. Safe for concurrent use.
type screen struct {
	width, height int

	mu       sync.Mutex
	rows     [][]rune // those that scrolled out at the top included
	row, col int
	rest     string // the beginning of a sequence
}

func newScreen(width, height int) *screen {
	return &screen{width: width, height: height, rows: [][]rune{nil}}
}

var sequence = regexp.MustCompile(`^\x1b\[([0-9;]*)([A-Za-z])`)

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.rest + string(p)
	s.rest = ""
	for text != "" {
		if text[0] == 0x1b {
			m := sequence.FindStringSubmatch(text)
			if m == nil {
				s.rest = text
				break
			}
			s.control(m[1], m[2])
			text = text[len(m[0]):]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		s.put(r)
	}
	return len(p), nil
}

func (s *screen) put(r rune) {
	switch r {
	case '\r':
		s.col = 0
	case '\n': // the terminal's driver makes both of it
		s.col = 0
		s.down()
	default:
		n := columnsOf(r)
		if s.col+n > s.width {
			s.put('\n')
		}
		line := s.rows[s.row]
		for len(line) < s.col+n {
			line = append(line, ' ')
		}
		if n > 0 {
			line[s.col] = r
		}
		for i := 1; i < n; i++ {
			line[s.col+i] = 0
		}
		s.rows[s.row] = line
		s.col += n
	}
}

func (s *screen) down() {
	if s.row++; s.row == len(s.rows) {
		s.rows = append(s.rows, nil)
	}
}

func (s *screen) control(number, letter string) {
	n, _ := strconv.Atoi(number)
	switch letter {
	case "A": // what scrolled out cannot be reached
		s.row = max(s.row-max(n, 1), len(s.rows)-s.height, 0)
	case "J":
		s.rows = s.rows[:s.row+1]
		s.rows[s.row] = s.rows[s.row][:min(s.col, len(s.rows[s.row]))]
	}
}

// lines are what is to be seen, and what scrolled out above it.
func (s *screen) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, row := range s.rows {
		all = append(all, strings.TrimRight(strings.ReplaceAll(string(row), "\x00", ""), " "))
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

func TestScreen(t *testing.T) {
	t.Parallel()
	s := newScreen(10, 3)
	for _, p := range []string{"one\ntwo\nthr", "ee\n", "\x1b[2", "A\x1b[JTWO\n"} {
		_, _ = s.Write([]byte(p))
	}
	if got := strings.Join(s.lines(), "|"); got != "one|TWO" {
		t.Errorf("got %s", got)
	}
}
