package producer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// Config says what to read, where to publish it, and how often to look again.
type Config struct {
	Source    *extract.Source
	API       *extract.Client
	Format    Format
	Encoder   avro.Encoder
	Registry  avro.Registry // nil for FormatJSON
	Kafka     []kgo.Opt     // seed brokers, TLS, SASL: shared by every client of the worker
	Names     Names
	Resources []string // what to publish; empty: every resource of the source

	Group        string // the consumer group with whose other workers the lanes are shared; "": this worker has all of them
	Once         bool   // what is left of backfills, one live pass, every listing; then return
	Sweep        bool   // compare incremental resources with their topics now, whatever their interval is
	AllowDeletes bool   // delete even more than the share that looks like a mistake

	PollInterval     time.Duration       // pause between live passes, where the resource says none
	SnapshotInterval time.Duration       // pause between complete listings, where the resource says none; at least ten times the last one's duration
	LookAhead        extract.SampleLimit // before a first registration; Pages 0: none
	Concurrency      int                 // windows of a backfill, and children of a page, read side by side
	Partitions       int32               // of topics that are created; -1: the broker's default
	Replication      int16               // likewise
	MemoryKeys       int                 // keys remembered per resource for change detection (at most 64 bytes each, of 24 characters); 0: no limit

	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	Log   *slog.Logger
}

// DefaultMemoryKeys is a bound for Config.MemoryKeys that some hundred megabytes hold.
const DefaultMemoryKeys = 5_000_000

// Worker keeps the topics of one prefix equal to what the API holds. Run may be called once; Progress at any time.
type Worker struct {
	cfg       Config
	names     Names
	claim     Claim
	assigned  *assignment
	member    *member                // of the group; nil without one, and before the first session
	claimed   [StatePartitions]int64 // offset after our last claim of each lane, in this session or an earlier one; 0: none
	waitedFor map[string]bool        // visits that did not end in time, by nonce
	progress  *progress
	working   atomic.Pointer[session] // the one that holds lanes, or is about to; nil: none
	inFlight  atomic.Int64            // bytes that pages hold which were read ahead and are not committed yet
	encoders  map[string]encoder      // by resource
	dead      *deadLetters
	refused   map[string]int   // times that the broker refused a record, by topic and key
	stopped   map[string]error // resources that cannot go on, by name; the others do. Guarded by progress.mu
}

// New checks the configuration against the source. Its errors are mistakes of configuration.
func New(cfg Config) (*Worker, error) {
	for _, name := range cfg.Resources {
		if cfg.Source.Resource(name) == nil {
			return nil, fmt.Errorf("resource %q is not in source %q", name, cfg.Source.Name)
		}
	}
	w := &Worker{cfg: cfg, assigned: everyLane(), names: cfg.Names, encoders: map[string]encoder{}, refused: map[string]int{}, stopped: map[string]error{}, waitedFor: map[string]bool{}}
	names := w.selectedNames()
	if err := w.names.Validate(names); err != nil {
		return nil, err
	}
	if err := w.checkContracts(names); err != nil {
		return nil, err
	}
	if err := w.checkSweep(); err != nil {
		return nil, err
	}
	w.progress = newProgress(names, cfg.Format, cfg.Now)
	w.dead = newDeadLetters(w.names.DeadLetters(), cfg.API.Hide)
	for _, name := range names {
		w.progress.by[name].Interval = w.interval(cfg.Source.Resource(name))
		w.encoders[name] = w.encoder(cfg.Source.Resource(name))
	}
	var err error
	w.claim, err = newClaim(claimWorker, cfg.Source)
	w.claim.Group = cfg.Group
	return w, err
}

// interval is the pause between two complete readings of a resource, as it is set.
func (w *Worker) interval(r *extract.Resource) time.Duration {
	switch root := r.Root(); {
	case root.PollInterval > 0:
		return root.PollInterval
	case root.Incremental != nil:
		return w.cfg.PollInterval
	}
	return w.cfg.SnapshotInterval
}

// Declare is what a source file says of a resource's records, in avro's words.
func Declare(src *extract.Source, r *extract.Resource) avro.Declaration {
	d := avro.Declaration{Name: avro.RecordName(src.Name, r.Name), Key: keyNames(r), Doc: r.Doc, Contract: contracts[r.Contract], MaxFields: r.MaxInferredFields}
	for _, c := range r.Columns {
		d.Columns = append(d.Columns, avro.Column{Path: c.Path, Type: c.Type, Doc: c.Doc})
	}
	return d
}

var contracts = map[extract.Contract]avro.Contract{
	extract.ContractEvolve: avro.Evolve, extract.ContractFreeze: avro.Freeze,
	extract.ContractDiscardValue: avro.DiscardValue, extract.ContractDiscardRecord: avro.DiscardRecord,
}

// stamp is the time that goes into state records.
func (w *Worker) stamp() time.Time { return w.cfg.Now().UTC().Truncate(time.Millisecond) }

// selected says whether the resource's records are to be published.
func (w *Worker) selected(r *extract.Resource) bool {
	if len(w.cfg.Resources) == 0 {
		return r.Selected
	}
	for _, name := range w.cfg.Resources {
		if name == r.Name {
			return true
		}
	}
	return false
}

// selectedNames lists the selected resources in the source file's order.
func (w *Worker) selectedNames() []string {
	var names []string
	for _, r := range w.cfg.Source.Resources {
		if w.selected(r) {
			names = append(names, r.Name)
		}
	}
	return names
}

// Waiting notes why a resource waits on the API (extract.Options.OnWait).
func (w *Worker) Waiting(wait extract.Wait) { w.progress.wait(wait) }

// Run works until ctx ends (nil: a graceful stop; the commit in flight is finished) or, with Once, until everything was read
// once. Errors: *EnvironmentError where nothing can run, *TakenOverError, *FailedError where some resources did not complete,
// ErrUnfinished where a run with Once was stopped before its end.
//
// A session takes the lanes, reads the state, and works. When a commit fails or its outcome is unclear the session ends and the
// next one begins: recovery is the same code as start.
func (w *Worker) Run(ctx context.Context) error {
	defer w.leave()
	row := 0 // sessions in a row that committed nothing
	for again := false; ; again = true {
		before := w.progress.commits()
		err := w.session(ctx)
		if err == nil {
			return w.result()
		}
		if ctx.Err() != nil {
			return w.interrupted()
		}
		if row++; w.progress.commits() > before {
			row = 0
		}
		if !w.goesOn(err, again, row) {
			return err
		}
		w.progress.ended(err)
		w.cfg.Log.Warn("taking the lanes again", "err", err)
		if w.cfg.Sleep(ctx, retakePause(row)) != nil {
			return w.interrupted()
		}
	}
}

// interrupted is the outcome of a run that its caller stopped: a stream has no other end.
func (w *Worker) interrupted() error {
	if w.cfg.Once {
		return ErrUnfinished
	}
	return nil
}

// goesOn says whether another session may do better. A server that cannot be reached at the start is the user's to mend; one that
// went away in the middle of the work may come back: a stream waits for it without end, a run with Once for some minutes.
func (w *Worker) goesOn(err error, again bool, row int) bool {
	var rejected *RejectedError
	if errors.As(err, &rejected) && (!again && rejected.Key == claimKey || !w.countRefusal(rejected)) {
		return false
	}
	var environment *EnvironmentError
	if !errors.Is(err, errLaneLost) && !(again && errors.As(err, &environment) && !environment.Lasting) {
		return false
	}
	return !w.cfg.Once || row < maxRetakes
}

// maxRetakes bounds the sessions in a row of a run with Once; a session that commits begins a new row.
const maxRetakes = 20

// retakePause backs off from one second, so that two instances started by mistake do not fence each other without end.
func retakePause(row int) time.Duration {
	return min(time.Second<<min(row, 4), 15*time.Second)
}

// countRefusal stops a resource of which the broker refused the same record three times: it would be refused for ever. It returns
// false where that stops nothing, because what is refused is no resource's, but a claim.
func (w *Worker) countRefusal(r *RejectedError) bool {
	resource, record := w.refusedFor(r), r.Topic+"/"+r.Key
	w.refused[record]++
	if w.refused[record] < 3 {
		return true
	}
	if w.cfg.Source.Resource(resource) == nil {
		return false
	}
	w.stop(resource, r)
	return true
}

// refusedFor is the resource that a refused record is of, or the claim's key. The keys of states and of dead letters begin with it.
func (w *Worker) refusedFor(r *RejectedError) string {
	if r.Topic == w.names.State() || r.Topic == w.names.DeadLetters() {
		return resourceOf(r.Key)
	}
	return strings.TrimPrefix(r.Topic, w.names.Prefix)
}

// result is the outcome of a run that came to its end.
func (w *Worker) result() error {
	failures := w.progress.failures()
	if len(failures) == 0 {
		return nil
	}
	nothing := len(failures) == len(w.selectedNames())
	for _, s := range w.progress.snapshot() {
		nothing = nothing && s.Published+s.Deleted == 0
	}
	return &FailedError{Resources: failures, Nothing: nothing}
}
