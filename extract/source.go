package extract

import "time"

// Source is one API as its source file describes it. It is immutable after [Load] and safe for concurrent use.
type Source struct {
	Name      string      // short name, [a-z0-9_]: the first part of topic names
	Title     string      // what people call the API
	Doc       string      // what the file says about it
	Settings  []Setting   // what a user sets, in the file's order
	Resources []*Resource // in the file's order

	client clientSpec
}

// Setting is one value that a user gives a source: a token, a start date.
type Setting struct {
	Name        string // [a-z0-9_]
	Description string
	Secret      bool   // never shown, in no message
	Required    bool   // empty counts as missing
	Default     string // used where the user sets nothing
	Type        string // SettingString, SettingDatetime, SettingURL, SettingInteger, SettingBoolean or SettingList
}

// Types of a [Setting].
const (
	SettingString   = "string"
	SettingDatetime = "datetime" // RFC 3339, or a date in UTC
	SettingURL      = "url"      // http or https, with a host
	SettingInteger  = "integer"  // of any size
	SettingBoolean  = "boolean"  // true or false, 1 or 0
	SettingList     = "list"     // separated by commas
)

// Resource returns the resource of that name, or nil.
func (s *Source) Resource(name string) *Resource {
	for _, r := range s.Resources {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Roots returns the resources that have no parent, in the file's order.
func (s *Source) Roots() []*Resource {
	var roots []*Resource
	for _, r := range s.Resources {
		if r.Parent == nil {
			roots = append(roots, r)
		}
	}
	return roots
}

// Resource is one kind of record and how it is read. It is immutable after [Load].
type Resource struct {
	Name        string
	Doc         string       // what the file says about it
	Permission  string       // what the API calls the right to read it; named in hints
	Parent      *Resource    // nil: a root, read by [Client.Pages]; otherwise a substream, read by [Client.Children]
	PerParent   []*Resource  // of a substream: one Resource for each parent, alike but for Parent, of which the first is in Source.Resources
	Children    []*Resource  // substreams, in the file's order
	Key         []KeyField   // fields of the primary key; those from the parent come first
	CursorPath  string       // dotted path of the field that says when a record last changed; "" where there is none
	Incremental *Incremental // nil: read as a snapshot
	Columns     []Column     // declared fields; where two match, the first counts. The resource's own come before the defaults
	Contract    Contract     // what becomes of what the registered schema has no field for

	MaxInferredFields int // fields that may be inferred, nested ones included; 1 or more

	Selected     bool          // published where the user names no resources
	Singleton    bool          // the API allows one traversal at a time: no two are under way at once
	Drain        bool          // the listing must be read to its end before children are requested
	Refresh      Refresh       // for substreams: when a parent's children are requested again
	Deletes      Deletes       // how a deletion shows
	Consistent   bool          // the listing's pages are of one moment: nothing is missed while it is paged
	ListingCap   int           // the API lists no more than so many; 0: no cap
	PollInterval time.Duration // pause between passes; 0: the program's default

	// SweepInterval is the pause between complete comparisons with the topic of an incremental resource, or of a substream of one;
	// 0: off, and for all others.
	SweepInterval time.Duration

	request    requestSpec
	fromParent []fromParent // fields that the children's records take from the parent
	steps      []step       // what is done to each record before it is handed over
}

// Parents returns the resources that r is a substream of, in the file's order; none of a root.
func (r *Resource) Parents() []*Resource {
	var parents []*Resource
	for _, view := range r.PerParent {
		parents = append(parents, view.Parent)
	}
	return parents
}

// Root returns the resource whose traversal reads r: its parent, or r itself. A substream of several parents is read by a traversal
// of each of them: see PerParent.
func (r *Resource) Root() *Resource {
	if r.Parent != nil {
		return r.Parent
	}
	return r
}

// defaultSweep is the pause between sweeps where a source file says none.
const defaultSweep = 24 * time.Hour

// KeyField is one field of a primary key.
type KeyField struct {
	Name       string // field of the published record
	FromParent bool   // taken from the parent and added to the child's record
	ParentName bool   // it is the name of the parent resource; the first of a key then
}

// Incremental says how a resource is read by windows over its cursor field.
type Incremental struct {
	CursorPath   string        // dotted path of the cursor field
	CursorFormat string        // CursorUnix, CursorUnixMillis, CursorRFC3339 or CursorDate: how the API writes it and wants it in a request
	RowOrder     Order         // how a backfill's listing is sorted by the cursor field
	LiveRowOrder Order         // how a live pass's listing is sorted
	QueryMargin  time.Duration // a request asks for so much more on both sides than the window; the client filters
	Lookback     time.Duration // the watermark stays so far behind the API's clock: records become visible late
	MinWindow    time.Duration // a backfill's windows should not be shorter; 0: no limit
	Step         time.Duration // a backfill's windows should not be longer; 0: the planner chooses

	initial    *template        // where everything begins; nil: unknown
	end        *template        // where everything ends; nil: never
	openStart  bool             // the API's answer does not include the start itself
	orderWords map[Order]string // what the API calls the orders
	endInQuery bool             // the request bounds the window above, within QueryMargin
}

// Formats of a cursor field.
const (
	CursorUnix       = "unix"    // integer seconds since 1970
	CursorUnixMillis = "unix_ms" // integer milliseconds since 1970
	CursorRFC3339    = "rfc3339" // text such as 2026-01-02T15:04:05Z
	CursorDate       = "date"    // text such as 2026-01-02: the day's beginning in UTC
)

// Order is how a listing is sorted by the cursor field.
type Order int

// The orders. OrderNone promises nothing: the watermark moves only when a pass is complete.
const (
	OrderNone Order = iota
	OrderAsc
	OrderDesc
)

// String returns "none", "asc" or "desc".
func (o Order) String() string { return name(int(o), "none", "asc", "desc") }

// Refresh says when the children of a parent are requested again.
type Refresh int

// RefreshParent: a child's change shows in its parent, so an unchanged parent's children need no request.
// RefreshListing: it does not, so they are requested with every listing of the parents.
const (
	RefreshNone Refresh = iota // not a substream
	RefreshParent
	RefreshListing
)

// String returns "none", "parent" or "listing".
func (r Refresh) String() string { return name(int(r), "none", "parent", "listing") }

// Deletes says how the deletion of a record shows.
type Deletes int

// DeletesNone: the API reports none and no pass shows them; only a complete comparison does. DeletesListing: a record that
// is absent from a complete listing is deleted. DeletesParent: so is a child absent from its parent's complete list.
// DeletesNever: records are never deleted (logs).
const (
	DeletesNone Deletes = iota
	DeletesListing
	DeletesParent
	DeletesNever
)

// String returns "none", "listing", "parent" or "never".
func (d Deletes) String() string { return name(int(d), "none", "listing", "parent", "never") }

// Column declares a field of a resource's records.
type Column struct {
	Path string // dotted; * stands for any characters within a segment, ** for any number of segments
	Type string // text, bigint, double, bool, timestamp, date or json
	Doc  string
}

// name returns names[i], or "unknown" for a value outside of them.
func name(i int, names ...string) string {
	if i < 0 || i >= len(names) {
		return "unknown"
	}
	return names[i]
}
