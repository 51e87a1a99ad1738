package producer

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/extract"
)

// stateVersion is the `v` of every state record that this program writes. A record with another one stops its lane: an older
// program must not guess what a newer one meant.
const stateVersion = 1

// claimKey is the key of the record with which a worker takes over a lane.
const claimKey = "__claim"

// planSuffix ends the key of a resource's plan.
const planSuffix = "/plan"

// UnitState is the state record of one unit of work: a resource's live pass or listing, one window of a backfill, a sweep, or a
// substream's own traversal. It is committed in the transaction of the records that it covers.
type UnitState struct {
	V         int       `json:"v"`
	Plan      int       `json:"plan"`                // the plan that this belongs to; of an older plan: counts as absent
	Phase     string    `json:"phase"`               // backfill, live, snapshot
	Window    []string  `json:"window,omitempty"`    // start and end of the pass, RFC 3339 UTC: start ≤ t < end
	Page      string    `json:"page,omitempty"`      // page token to go on with; for a substream's phase: last parent done
	Watermark string    `json:"watermark,omitempty"` // everything up to here, in cursor order, is in the topic
	Done      bool      `json:"done"`                // this unit's pass is complete
	Owed      []string  `json:"owed,omitempty"`      // substreams whose children a published parent still lacks
	Covers    int       `json:"covers,omitempty"`    // of a substream's own traversal that is done: the plan whose windows, and what they owed, it came after
	Records   int64     `json:"records"`             // published by this unit so far, tombstones included
	At        time.Time `json:"at"`                  // when it was committed
}

// Position is where the unit goes on.
func (u UnitState) Position() (extract.Position, error) {
	phase, err := extract.ParsePhase(u.Phase)
	if err != nil {
		return extract.Position{}, err
	}
	pos := extract.Position{Phase: phase, Token: u.Page, Done: u.Done}
	if len(u.Window) == 2 {
		if pos.Window.Start, err = time.Parse(time.RFC3339Nano, u.Window[0]); err == nil {
			pos.Window.End, err = time.Parse(time.RFC3339Nano, u.Window[1])
		}
		if err != nil {
			return extract.Position{}, fmt.Errorf("window: %w", err)
		}
	}
	if u.Watermark != "" {
		if pos.Watermark, err = time.Parse(time.RFC3339Nano, u.Watermark); err != nil {
			return extract.Position{}, fmt.Errorf("watermark: %w", err)
		}
	}
	return pos, nil
}

// at returns u moved to pos.
func (u UnitState) at(pos extract.Position) UnitState {
	u.Phase, u.Page, u.Done = pos.Phase.String(), pos.Token, pos.Done
	u.Window, u.Watermark = nil, ""
	if !pos.Window.End.IsZero() {
		u.Window = []string{rfc3339(pos.Window.Start), rfc3339(pos.Window.End)}
	}
	if !pos.Watermark.IsZero() {
		u.Watermark = rfc3339(pos.Watermark)
	}
	return u
}

// watermark is zero where there is none; Position has checked the text.
func (u UnitState) watermark() time.Time {
	t, _ := time.Parse(time.RFC3339Nano, u.Watermark)
	return t
}

func (u UnitState) owes(substream string) bool {
	for _, name := range u.Owed {
		if name == substream {
			return true
		}
	}
	return false
}

// Plan is the record of how a resource is read, and of what its topic must stay: a topic that was made anew is empty while the
// state says done, more partitions strand old copies, another key strands old keys.
type Plan struct {
	V          int       `json:"v"`
	Plan       int       `json:"plan"`
	Reset      bool      `json:"reset,omitempty"` // a command asks for this plan: the next worker makes it, under this number
	T0         string    `json:"t0,omitempty"`    // the backfill reads up to here, the live pass begins here
	Windows    int       `json:"windows"`         // 0: no backfill
	From       string    `json:"from,omitempty"`
	Start      string    `json:"start,omitempty"` // the start date that was set; left out: everything
	Key        []string  `json:"key"`
	Format     string    `json:"format"`
	TopicID    string    `json:"topic_id"`
	Partitions int       `json:"partitions"`
	At         time.Time `json:"at"`
}

func (p Plan) span() (from, t0 time.Time, err error) {
	if p.T0 == "" {
		return from, t0, nil
	}
	if from, err = time.Parse(time.RFC3339Nano, p.From); err != nil {
		return from, t0, fmt.Errorf("from: %w", err)
	}
	if t0, err = time.Parse(time.RFC3339Nano, p.T0); err != nil {
		return from, t0, fmt.Errorf("t0: %w", err)
	}
	return from, t0, nil
}

// window returns window n of the plan. The windows are disjoint and together [from, T0); bounds are whole seconds, so that an
// API that counts in seconds sees the same ones.
func (p Plan) window(n int) (extract.Window, error) {
	from, t0, err := p.span()
	if err != nil {
		return extract.Window{}, err
	}
	bound := func(i int) time.Time {
		if i == p.Windows {
			return t0
		}
		step := float64(t0.Sub(from)) / float64(p.Windows)
		return from.Add(time.Duration(step * float64(i))).Truncate(time.Second)
	}
	start := bound(n)
	if n == 0 {
		start = from
	}
	return extract.Window{Start: start, End: bound(n + 1)}, nil
}

// The kinds of claims. A visit is a command's that borrows a lane for a moment (visit), and ends with a release.
const (
	claimWorker  = "worker"
	claimVisit   = "visit"
	claimRelease = "release"
)

// Claim is the record with which a worker takes over a lane.
type Claim struct {
	V      int       `json:"v"`
	Kind   string    `json:"kind"`
	Worker string    `json:"worker"`
	Host   string    `json:"host"`
	PID    int       `json:"pid"`
	Nonce  string    `json:"nonce"` // one per process: tells a worker's own claims from another's
	Source string    `json:"source"`
	Group  string    `json:"group,omitempty"` // of a worker that shares the lanes with others
	At     time.Time `json:"at"`
}

// newClaim is a claim of this process, without its time.
func newClaim(kind string, source *extract.Source) (Claim, error) {
	host, _ := os.Hostname()
	nonce := make([]byte, 8)
	if _, err := rand.Read(nonce); err != nil {
		return Claim{}, fmt.Errorf("draw nonce: %w", err)
	}
	return Claim{V: stateVersion, Kind: kind, Worker: fmt.Sprintf("%s-%d", host, os.Getpid()), Host: host, PID: os.Getpid(),
		Nonce: hex.EncodeToString(nonce), Source: source.Name}, nil
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// encodeState renders a state record's value: one line of JSON, readable with kcat and jq.
func encodeState(v any) []byte {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) //nolint:forbidigo // the types above hold nothing that JSON cannot: no input leads here
	}
	return bytes.TrimSuffix(line.Bytes(), []byte("\n"))
}

// ownVersion begins every state record that this program writes.
var ownVersion = fmt.Appendf(nil, `{"v":%d,`, stateVersion)

// decodeState parses a state record's value into v and checks its version first: what another one means is not guessed at.
func decodeState(key string, value []byte, v any) error {
	if !bytes.HasPrefix(value, ownVersion) { // one pass less over each of what may be 100,000 records
		var version struct {
			V int `json:"v"`
		}
		if err := json.Unmarshal(value, &version); err != nil {
			return fmt.Errorf("state record %q cannot be read: %w", key, err)
		}
		if version.V != stateVersion {
			return fmt.Errorf("state record %q has version %d and this program knows %d: run the version of headwater that wrote it, or a newer one",
				key, version.V, stateVersion)
		}
	}
	if err := json.Unmarshal(value, v); err != nil {
		return fmt.Errorf("state record %q cannot be read: %w", key, err)
	}
	return nil
}

// sweepUnit names the sweep of a root resource.
func sweepUnit(root string) string { return root + "/sweep" }

// windowUnit names window n of a root resource.
func windowUnit(root string, n int) string { return root + "/" + strconv.Itoa(n) }

// ofParent is between the names of a substream and of the parent that a unit reads it for.
const ofParent = "/of/"

// unitOf names what a resource's plan and units begin with: its name; of a substream whose key says the parent's resource, with that.
func unitOf(r *extract.Resource) string {
	if r.Parent != nil && len(r.Key) > 0 && r.Key[0].ParentName {
		return r.Name + ofParent + r.Parent.Name
	}
	return r.Name
}

// resourceOf is the resource that a state key speaks of.
func resourceOf(key string) string {
	name, _, _ := strings.Cut(key, "/")
	return name
}

// plannedOf is what a state key's plan is for (unitOf).
func plannedOf(key string) string {
	name := resourceOf(key)
	if rest, ok := strings.CutPrefix(key, name+ofParent); ok {
		return name + ofParent + resourceOf(rest)
	}
	return name
}
