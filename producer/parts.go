package producer

import (
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Values of the header op. Nobody writes to them.
var valueFirst, valueUpdate, valueDelete = []byte(opFirst), []byte(opUpdate), []byte(opDelete)

// textRoom is what the key and the headers of a record usually take.
const textRoom = 24 + 16 + 13

// parts are what the records of a batch are made of, many in one allocation. A record points into them as long as the
// client has it: until its commit is done. Where their room is used up they go on in a larger one, and what is in the old one stays where it is.
type parts struct {
	records []kgo.Record
	headers []kgo.RecordHeader
	text    []byte
}

// empty lets the room be used again, and forgets what the records pointed to.
func (p *parts) empty() {
	clear(p.records)
	clear(p.headers)
	p.records, p.headers, p.text = p.records[:0], p.headers[:0], p.text[:0]
}

// record makes a record in the parts; headers were made by header.
func (p *parts) record(topic, key string, value []byte, headers []kgo.RecordHeader) *kgo.Record {
	if len(p.records) == cap(p.records) {
		p.records = make([]kgo.Record, 0, 2*cap(p.records)+1)
	}
	p.records = append(p.records, kgo.Record{Topic: topic, Key: p.bytes(key), Value: value, Headers: headers})
	return &p.records[len(p.records)-1]
}

// header adds a header to those of one record, which are made one after another.
func (p *parts) header(of []kgo.RecordHeader, key string, value []byte) []kgo.RecordHeader {
	if len(p.headers) == cap(p.headers) {
		p.headers = append(make([]kgo.RecordHeader, 0, 2*cap(p.headers)+3), of...)
	}
	p.headers = append(p.headers, kgo.RecordHeader{Key: key, Value: value})
	end := len(p.headers)
	return p.headers[end-len(of)-1 : end : end]
}

func (p *parts) bytes(s string) []byte {
	from := len(p.text)
	p.text = append(p.text, s...)
	return p.text[from:len(p.text):len(p.text)]
}

func (p *parts) digits(n int64) []byte {
	from := len(p.text)
	p.text = strconv.AppendInt(p.text, n, 10)
	return p.text[from:len(p.text):len(p.text)]
}

func (p *parts) digest(d uint64) []byte {
	from := len(p.text)
	p.text = appendDigest(p.text, d)
	return p.text[from:len(p.text):len(p.text)]
}

const hexDigits = "0123456789abcdef"

// appendDigest appends the 16 hexadecimal digits of a digest.
func appendDigest(b []byte, d uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, hexDigits[d>>shift&15])
	}
	return b
}

func formatDigest(d uint64) []byte { return appendDigest(nil, d) }
