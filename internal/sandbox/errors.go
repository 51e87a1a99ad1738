package sandbox

import "fmt"

// apiError is an error as the API words it.
type apiError struct {
	status               int
	code, message, field string
}

func errorf(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

type errorBody struct {
	Type      string      `json:"type"`
	RequestID string      `json:"request_id"`
	Errors    []errorItem `json:"errors"`
}

type errorItem struct {
	Code    string  `json:"code"`
	Message *string `json:"message"`
	Field   string  `json:"field,omitempty"`
}

// body renders the error as an error.list.
func (e *apiError) body(requestID string) []byte {
	item := errorItem{Code: e.code, Field: e.field}
	if e.message != "" {
		item.Message = &e.message
	}
	doc, err := encode(errorBody{"error.list", requestID, []errorItem{item}})
	if err != nil {
		return []byte(`{"type":"error.list","errors":[]}`)
	}
	return doc
}
