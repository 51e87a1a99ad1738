package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"net/http"

	"github.com/headwater-stream/headwater/extract"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// Page shows people what a worker does, at / and, for programs, at /status.json. Each request makes one snapshot.
type Page struct {
	Source  *extract.Source
	Target  string // what is read and where it goes, in words
	Version Version
	Worker  Worker
	API     API
}

// Routes adds the page to a server.
func (p *Page) Routes(s *Server) {
	s.Handle("GET /{$}", http.HandlerFunc(p.serveHTML))
	s.Handle("GET /status.json", http.HandlerFunc(p.serveJSON))
}

// policy lets the page's own script and style run, by their hashes, and ask this server. Nothing else is loaded, run, sent or framed.
var policy = "default-src 'none'; script-src '" + hashOf(pageJS) + "'; style-src '" + hashOf(pageCSS) +
	"'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"count": count, "age": age, "clock": clock, "stamp": stamp, "rate": rate,
	"css": func() template.CSS { return template.CSS(pageCSS) }, //nolint:gosec // embedded
	"js":  func() template.JS { return template.JS(pageJS) },    //nolint:gosec // embedded
}).Parse(pageHTML))

func (p *Page) serveHTML(w http.ResponseWriter, _ *http.Request) {
	var body bytes.Buffer // so that a page is whole, or is an error
	if err := pageTemplate.Execute(&body, p.status()); err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(body.Bytes()) // whoever asked may be gone
}

func (p *Page) serveJSON(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	writeJSON(w, http.StatusOK, p.status())
}
