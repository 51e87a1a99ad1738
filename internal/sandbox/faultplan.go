package sandbox

import (
	"errors"
	"net/url"
	"time"
)

// controlFail plans a fault: a kind, what the request says beside it, or the latter alone.
func (a *API) controlFail(query url.Values) (any, error) {
	var f fault
	if name := query.Get("kind"); name != "" {
		k, err := findKind(name)
		if err != nil {
			return nil, err
		}
		f = k.preset
		f.kind = name
	}
	f.resource, f.permanent = query.Get("resource"), query.Get("permanent") == "1"
	if err := f.read(query); err != nil {
		return nil, err
	}
	if f.permanent && query.Get("n") != "" {
		return nil, errors.New("plan failure: n= and permanent=1 exclude each other")
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	a.faults.plan(f)
	return f.armed(), nil
}

// read lays the members that the request gives over those of the kind.
func (f *fault) read(query url.Values) error {
	var bad []error
	number := func(into *int, name string, absent int) {
		n, err := whole(query, name, absent)
		*into = n
		bad = append(bad, err)
	}
	number(&f.n, "n", 1)
	number(&f.after, "after", 0)
	number(&f.status, "status", f.status)
	for name, into := range map[string]*string{"code": &f.code, "message": &f.message, "retry_after": &f.retryAfter, "body": &f.body} {
		if query.Has(name) {
			*into = query.Get(name)
		}
	}
	for name, into := range map[string]*bool{"drop": &f.drop, "cut": &f.cut, "reset": &f.reset} {
		*into = *into || query.Get(name) == "1"
	}
	for name, into := range map[string]*time.Duration{"slow": &f.slow, "drip": &f.drip} {
		if text := query.Get(name); text != "" {
			d, err := time.ParseDuration(text)
			*into = d
			bad = append(bad, err)
		}
	}
	return errors.Join(bad...)
}

// FaultKind is a way to fail that has a name.
type FaultKind struct {
	Kind string `json:"kind"`
	Says string `json:"says"`
}

// ArmedFault is a failure that is still to come.
type ArmedFault struct {
	Resource  string `json:"resource"`
	Kind      string `json:"kind,omitempty"` // empty: put together by hand
	After     int    `json:"after,omitempty"`
	N         int    `json:"n,omitempty"` // requests that it will strike
	Permanent bool   `json:"permanent,omitempty"`
}

func (f *fault) armed() ArmedFault {
	one := ArmedFault{Resource: f.resource, Kind: f.kind, After: f.after, N: f.n, Permanent: f.permanent}
	if f.permanent {
		one.N = 0
	}
	return one
}

// FaultList is every kind there is, and what is armed.
type FaultList struct {
	Kinds []FaultKind  `json:"kinds"`
	Armed []ArmedFault `json:"armed"`
}

// FaultKinds lists the kinds of failure.
func FaultKinds() []FaultKind {
	var list []FaultKind
	for _, k := range kinds() {
		list = append(list, FaultKind{k.name, k.says})
	}
	return list
}

// Faults lists the kinds of failure, and those that are still to come.
func (a *API) Faults() FaultList {
	list := FaultList{Kinds: FaultKinds(), Armed: []ArmedFault{}}
	f := &a.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.planned {
		list.Armed = append(list.Armed, one.armed())
	}
	return list
}
