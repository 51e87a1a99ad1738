package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// cursor is the place where the next page of a search begins: after the record with this sort value and id. It is all
// the API remembers of a search, and it goes out as base64 of [sort value in ms, id, page, sort].
type cursor struct {
	millis int64
	id     string
	page   int
	sort   string // which sort it belongs to: another one is refused
}

func (c cursor) String() string {
	doc, err := json.Marshal([]any{c.millis, c.id, c.page, c.sort})
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(doc)
}

// parseCursor reads a starting_after. What is not a cursor is the client's mistake (400); one of another sort makes the
// server stumble (500), as it does at the vendor's.
func parseCursor(text, sort string) (cursor, *apiError) {
	refused := &apiError{http.StatusBadRequest, "parameter_invalid", fmt.Sprintf("starting_after '%.60s' is not a valid cursor", text), "starting_after"}
	doc, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("\n", "", "\r", "").Replace(text), "="))
	if err != nil {
		return cursor{}, refused
	}
	var c cursor
	var items []json.RawMessage
	if json.Unmarshal(doc, &items) != nil || len(items) != 4 {
		return cursor{}, refused
	}
	for i, into := range []any{&c.millis, &c.id, &c.page, &c.sort} {
		if json.Unmarshal(items[i], into) != nil {
			return cursor{}, refused
		}
	}
	if c.page < 2 || c.id == "" {
		return cursor{}, refused
	}
	if c.sort != sort {
		return cursor{}, errorf(http.StatusInternalServerError, "server_error", "Internal server error")
	}
	return c, nil
}
