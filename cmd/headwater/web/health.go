package web

import (
	"encoding/json"
	"net/http"
)

// Version says which build this is.
type Version struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
}

func (v Version) ServeHTTP(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, v) }

// healthz says that the process answers, and no more: one whose servers are away is to be waited for, not started again.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // whoever asked may be gone
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked may be gone
}
