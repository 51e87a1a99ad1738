package extract

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// maxEnvelope is how many objects deep an answer is searched for words that tell of a next page.
const maxEnvelope = 4

// saysMore returns where an answer tells of a next page, or "". It looks around the records, not into them: auto follows the common
// forms only, and must not take a page for the whole because an API has a form of its own. Words of which one cannot be sure count,
// too: an error can be mended by naming the paginator, a listing that ended early is not seen by anybody.
func saysMore(doc *sheet, selector []string, header http.Header) string {
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names) // the same message every time
	for _, name := range names {
		if tellsMore(strings.TrimPrefix(plainName(name), "x"), quoted(header.Get(name))) {
			return "the header " + name
		}
	}
	if len(selector) == 0 {
		return ""
	}
	return envelopeMore(doc.whole(), selector, nil)
}

// envelopeMore searches the members of an object; list is the path from it to the records, or nil.
func envelopeMore(object json.RawMessage, list, above []string) string {
	where := ""
	eachMember(object, func(m member) bool {
		name := looseText(m.name)
		path := append(above[:len(above):len(above)], name)
		below := list
		if len(below) > 0 && below[0] == name {
			below = below[1:]
		} else {
			below = nil
		}
		switch {
		case len(list) == 1 && list[0] == name: // the records
		case tellsMore(plainName(name), m.value) || leadsOn(m.value):
			where = strings.Join(path, ".")
		case len(path) < maxEnvelope:
			where = envelopeMore(m.value, below, path)
		}
		return where == ""
	})
	return where
}

// plainName is a name without case and punctuation: next_page, nextPage and NextPage are one.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// nextWhat is what APIs call the way to the next page, behind "next". There are others behind it, such as nextSyncToken, which a last
// page holds.
var nextWhat = []string{
	"after", "batch", "continuation", "cursor", "from", "href", "key", "link", "marker", "offset", "page", "record", "result", "skip", "start", "token", "uri", "url",
}

// tellsMore reports whether a member of that plain name and value says that there is another page.
func tellsMore(name string, v json.RawMessage) bool {
	text := strings.ToLower(looseText(v))
	what, isNext := strings.CutPrefix(name, "next")
	switch {
	case strings.HasPrefix(name, "hasmore"), strings.HasPrefix(name, "hasnext"), strings.HasPrefix(name, "more"), name == "istruncated", name == "truncated":
		return text == "true"
	case name == "islast", name == "islastpage", name == "lastpage", name == "last", name == "done", name == "isdone":
		return text == "false"
	case name == "cursor", name == "bookmark", name == "continuation", name == "continuationtoken", name == "lastevaluatedkey", name == "pagetoken",
		name == "paginationtoken", isNext && (what == "" || slices.ContainsFunc(nextWhat, func(w string) bool { return strings.HasPrefix(what, w) })):
		return holdsPlace(v)
	case name == "offset": // a number is where this page begins
		return len(v) > 0 && v[0] == '"' && strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsDigit(r) })
	}
	return false
}

// holdsPlace reports whether a value names a place to go on at: a text, a positive number, true, or an object that holds one.
func holdsPlace(v json.RawMessage) bool {
	found := false
	eachMember(v, func(m member) bool {
		found = holdsPlace(m.value)
		return !found
	})
	text := looseText(v)
	return found || text != "" && text != "0" && text != "false" && text[0] != '-'
}

// leadsOn reports whether a value is a list of links of which one has the relation next.
func leadsOn(v json.RawMessage) bool {
	found := false
	eachElement(v, func(one json.RawMessage) {
		found = found || strings.EqualFold(looseText(at(one, []string{"rel"})), "next") && looseText(at(one, []string{"href"})) != ""
	})
	return found
}

// quoted is a header's value as JSON.
func quoted(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	v, _ := json.Marshal(text) // a text always can be
	return v
}
