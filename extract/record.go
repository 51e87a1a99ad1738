package extract

import "time"

// Record is one object of the API. Its bytes are a span of the page's buffer: they must not be written to, and after [Page.Release] not be
// read. A record of a page that is never released may be kept as long as wanted, and so may the record of a substream: it has bytes of its
// own. Everything else in a record is its own anyway.
type Record struct {
	Key       string    // text of the primary key; "" where KeyErr is set. Parts of a composite key are escaped and joined with "/"
	ParentKey string    // for substreams: key of the parent record
	JSON      []byte    // one JSON object, for substreams with the parent's fields as members
	Cursor    time.Time // cursor field; zero where there is none
	KeyErr    error     // why there is no usable key

	// Filtered: the source file's filters do not want the record. Only those of incremental resources are handed over: where the
	// record was published before, it is to be deleted. Of other listings it is left out, and its absence says so.
	Filtered bool
}

// Page is one response's records with the position after them.
type Page struct {
	Records []Record // after the client's own filter by window, which a sweep does without
	Read    int      // records the response held, before it
	Total   int      // records in all, as the API says, before any filter of the client's; -1: it does not
	After   Position // where to go on once the records are durable; After.Done: the pass is complete
	First   bool     // first page of a reading, also of one that was begun again: what was collected before counts no more
	Capped  bool     // the resource's listing cap was reached: absence proves nothing
	Ahead   int      // records of a live pass whose time lies ahead of the API's clock: they are left out until it comes

	sheet  *sheet // that the records are spans of; nil: none
	sheets *sheets
}

// Held is how many bytes of memory the page keeps from being used for anything else until it is released: its buffer, whatever of it the
// records are.
func (p Page) Held() int64 {
	if p.sheet == nil {
		return 0
	}
	return int64(cap(p.sheet.buf))
}

// Release gives the buffer back that the records' bytes are in, for another page. Whoever got the page calls it when nothing reads those
// bytes any more, at most once, or never: then the garbage collector has the buffer. The copies of a page have one buffer together.
func (p Page) Release() {
	if p.sheet != nil {
		p.sheets.put(p.sheet)
	}
}

// Probe is what one request shows of a resource's size, for planning.
type Probe struct {
	Total    int       // records in all, before the client's filter; -1: the API does not say
	PageSize int       // records on the first page
	More     bool      // there is a further page
	Earliest time.Time // cursor field of the first record; zero: unknown, or there is none
	End      time.Time // of the time that was asked for: what is later was not looked at
	Clock    time.Time // the API's clock after the answer
}
