package producer

import (
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	headerReason = "reason"
	headerPath   = "path"
	headerSize   = "size"
)

// Rejection is why something became a dead letter.
type Rejection int

// The reasons.
const (
	RejectedKey      Rejection = iota // the record has no usable key
	RejectedEncoding                  // the record cannot be encoded
	RejectedSize                      // the record is larger than its topic takes
	RejectedRecord                    // its contract keeps the record out
	RejectedValue                     // its contract keeps a value out, and the record is published without it
	rejections
)

// String is the reason in one word.
func (r Rejection) String() string {
	return [...]string{"no_key", "not_encodable", "too_large", "contract_record", "contract_value"}[r]
}

// Rejections counts dead letters by their reason.
type Rejections [rejections]int64

// DeadLetter is a record, or a value of one, that was not published.
type DeadLetter struct {
	Resource string
	Key      string    // the record's; "" where it has none that can be used
	At       time.Time // when it was put aside
	Reason   string    // why
	Path     string    // JSON path of what is to blame; "": the record
	Size     int       // bytes that the text had
	Digest   string    // 16 hexadecimal digits; see avro.Digest
	Text     []byte    // as the API gave it, its secrets replaced by ***, or the leading 64 KiB of that
}

// Letter reads a record of the dead letters' topic (Names.DeadLetters), as [Read] hands it over. What is not as this program writes it is left empty.
func Letter(r *kgo.Record) DeadLetter {
	l := DeadLetter{At: r.Timestamp.UTC(), Text: r.Value, Size: len(r.Value)}
	l.Resource, l.Key, _ = strings.Cut(string(r.Key), "/")
	for _, h := range r.Headers {
		switch h.Key {
		case headerReason:
			l.Reason = string(h.Value)
		case headerPath:
			l.Path = string(h.Value)
		case headerDigest:
			l.Digest = string(h.Value)
		case headerSize:
			if size, err := strconv.Atoi(string(h.Value)); err == nil {
				l.Size = size
			}
		}
	}
	return l
}
