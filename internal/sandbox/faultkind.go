package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is a way to fail that has a name.
type kind struct {
	name, says string
	preset     fault
	not        func(resource string) string // why a resource cannot fail so; "": it can. nil: every one can
}

// kinds returns every kind there is.
func kinds() []kind {
	return []kind{
		{name: "server_error", says: "500 with an error body", preset: fault{status: http.StatusInternalServerError}},
		{name: "unavailable", says: "503 with an error body", preset: fault{status: http.StatusServiceUnavailable}},
		{name: "bad_gateway", says: "502 with a page of HTML, as a proxy answers", preset: fault{status: http.StatusBadGateway, body: "html"}},
		{name: "rate_limited", says: "429 with Retry-After", preset: fault{status: http.StatusTooManyRequests, retryAfter: "1"}},
		{name: "rate_limited_bare", says: "429 that does not say how long", preset: fault{status: http.StatusTooManyRequests}},
		{name: "error_in_200", says: "an error.list with the status 200", preset: fault{status: http.StatusOK, code: "server_error", message: "Something went wrong"}},
		{name: "errors_in_200", says: "{\"errors\":[…]} with the status 200", preset: fault{status: http.StatusOK, body: "errors", message: "Something went wrong"}},
		{name: "truncated", says: "the answer breaks off in the middle", preset: fault{cut: true}},
		{name: "malformed", says: "the answer arrives whole and is no JSON", preset: fault{malformed: true}},
		{name: "dropped", says: "the connection is closed instead of the answer", preset: fault{drop: true}},
		{name: "reset", says: "the connection is reset instead of the answer", preset: fault{drop: true, reset: true}},
		{name: "reset_midway", says: "the connection is reset in the middle of the answer", preset: fault{cut: true, reset: true}},
		{name: "drip", says: "the answer comes in pieces, a second between them (drip=: another pause)", preset: fault{drip: time.Second}},
		{name: "hang", says: "no answer until the client gives up or the fault is healed", preset: fault{hang: true}},
		{name: "duplicate_page", says: "the records of the page before once more, with this page's token", preset: fault{meets: hasPageBefore, alter: repeatPage}, not: notPaged},
		{name: "looping_cursor", says: "the token leads back to the page before", preset: fault{meets: hasTokenBefore, alter: leadBack}, not: notLooping},
		{name: "empty_page", says: "no record, and a new token that leads to them", preset: fault{alter: putOff}, not: notLooping},
		{name: "early_end", says: "no record and no token, while the total still counts them", preset: fault{alter: endEarly}, not: notCounted},
		{name: "no_key", says: "the first record of the page lacks its key", preset: fault{alter: dropKey}},
		{name: "null_key", says: "the key of the page's first record is null", preset: fault{alter: nullKey}},
		{name: "text_cursor", says: "every second record has its cursor field as text", preset: fault{alter: textCursor}, not: notIncremental},
		{name: "type_drift", says: "the resource's records change for good: members whose type differs from record to record", preset: fault{first: (*API).drift}},
		{name: "mutate", says: "with every request some records change, come and go", preset: fault{first: (*API).mutate}},
	}
}

func findKind(name string) (kind, error) {
	var names []string
	for _, k := range kinds() {
		if k.name == name {
			return k, nil
		}
		names = append(names, k.name)
	}
	return kind{}, fmt.Errorf("find fault %q: there are %s", name, strings.Join(names, ", "))
}

// paged are the resources with more than one page.
func paged(resource string) bool {
	return resource == companies || slices.Contains(incrementals(), resource)
}

func incrementals() []string { return []string{activityLogs, contacts, conversations, tickets} }

func notPaged(resource string) string {
	if !paged(resource) {
		return "they come in one answer"
	}
	return ""
}

func notLooping(resource string) string {
	if resource == companies {
		return "a scroll keeps its token, and an empty page is its end"
	}
	return notPaged(resource)
}

func notCounted(resource string) string {
	if !slices.Contains([]string{contacts, conversations, tickets, conversationParts}, resource) {
		return "the API does not say how many there are"
	}
	return ""
}

func notIncremental(resource string) string {
	if !slices.Contains(incrementals(), resource) {
		return "they are not read by a cursor field"
	}
	return ""
}

// Fault is a failure to come, ready to be planned.
type Fault struct{ planned fault }

// ParseFault reads KIND, KIND:RESOURCE, KIND:RESOURCE:N or KIND:RESOURCE:always. Without a resource the fault strikes any, without N
// one request. An error lists what there is.
func ParseFault(text string) (Fault, error) {
	name, rest, _ := strings.Cut(text, ":")
	resource, times, _ := strings.Cut(rest, ":")
	k, err := findKind(name)
	if err != nil {
		return Fault{}, err
	}
	f := k.preset
	f.kind, f.resource, f.n = name, resource, 1
	if resource == "" {
		f.resource = "*"
	}
	switch {
	case times == "always":
		f.permanent = true
	case times != "":
		if f.n, err = strconv.Atoi(times); err != nil {
			return Fault{}, fmt.Errorf("read %q: give a whole number of requests, or always", times)
		}
	}
	return Fault{f}, f.check()
}

// check says what is wrong with a fault.
func (f *fault) check() error {
	if f.resource == "" {
		return fmt.Errorf("plan failure: name the resource, or * for any")
	}
	if f.resource != "*" && f.resource != "me" && known(f.resource) != nil {
		return known(f.resource)
	}
	switch {
	case f.n < 1:
		return fmt.Errorf("plan failure: n is how many requests fail, at least 1; permanent=1 until they are healed")
	case f.status != 0 && (f.status < 200 || f.status > 599):
		return fmt.Errorf("plan failure: status %d is none that a server answers", f.status)
	case f.kind == "" && f.status == 0 && !f.drop && !f.cut && f.slow == 0:
		return fmt.Errorf("plan failure: say what fails: kind=, status=, drop=1, cut=1 or slow=; GET /_sandbox/faults lists the kinds")
	case f.kind == "" || f.resource == "*":
		return nil
	}
	k, err := findKind(f.kind)
	if err == nil && k.not != nil {
		if why := k.not(f.resource); why != "" {
			err = fmt.Errorf("plan failure: %s cannot have %s: %s", f.resource, f.kind, why)
		}
	}
	return err
}
