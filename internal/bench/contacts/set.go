package contacts

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

const (
	// templates is how many different records there are; the others differ from one of these in id and time. They are so many (12 MB)
	// that neither a cache nor a branch predictor learns them.
	templates = 64 * PerPage
	// PerPage is the most that the API answers at once.
	PerPage = 150

	idHead   = "65f0c3a1" // of every id; sixteen hexadecimal digits of the record's number follow
	idDigits = 16
)

// span is the time, in seconds, over which the records are spread evenly.
const span = int64(4 * 365 * 24 * time.Hour / time.Second)

// Set is a number of records, sorted by time and rendered. Safe for concurrent use.
type Set struct {
	n     int
	first int64 // the first record's time, in Unix seconds
	from  []template
}

type template struct {
	json   []byte
	id, at int // where the number's digits begin, and those of the time
}

// New renders n records. The last of them changed shortly before until.
func New(n int, until time.Time) *Set {
	s, dice := &Set{n: n, first: until.Unix() - span}, rand.New(rand.NewPCG(1, 2))
	for i := range min(n, templates) {
		t := template{json: render(dice, i)}
		t.id = bytes.Index(t.json, []byte(idHead)) + len(idHead)
		t.at = bytes.Index(t.json, []byte(`"updated_at":`)) + len(`"updated_at":`)
		s.from = append(s.from, t)
	}
	return s
}

// Len is the number of records.
func (s *Set) Len() int { return s.n }

// Append appends the JSON of record i.
func (s *Set) Append(dst []byte, i int) []byte {
	t := s.from[i%len(s.from)]
	at := len(dst)
	dst = append(dst, t.json...)
	record := dst[at:]
	for d, n := idDigits-1, uint64(i); d >= 0; d, n = d-1, n>>4 {
		record[t.id+d] = "0123456789abcdef"[n&15]
	}
	for d, n := 9, s.time(i); d >= 0; d, n = d-1, n/10 {
		record[t.at+d] = byte('0' + n%10)
	}
	return dst
}

// Index is the number of the record whose id is key.
func (s *Set) Index(key []byte) (int, error) {
	if len(key) != len(idHead)+idDigits || string(key[:len(idHead)]) != idHead {
		return 0, fmt.Errorf("no record has the key %q", key)
	}
	i, err := strconv.ParseUint(string(key[len(idHead):]), 16, 63)
	if err != nil || i >= uint64(s.n) {
		return 0, fmt.Errorf("no record has the key %q", key)
	}
	return int(i), nil
}

// time is when record i changed last, in Unix seconds.
func (s *Set) time(i int) int64 {
	return s.first + int64(i)*span/int64(s.n)
}

// after is the number of the first record that changed after second t; if there is none, the number of records.
func (s *Set) after(t int64) int {
	if t < s.first {
		return 0
	}
	i := min(int((t-s.first)*int64(s.n)/span), s.n)
	for i > 0 && s.time(i-1) > t {
		i--
	}
	for i < s.n && s.time(i) <= t {
		i++
	}
	return i
}
