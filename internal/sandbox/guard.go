package sandbox

import (
	"mime"
	"net/http"
	"slices"
	"strings"
)

// versions returns every version that an Intercom-Version header may name. The records look like those of 2.11 whatever
// the version; it decides about the words that a sort takes.
func versions() []string {
	return []string{
		"1.0", "1.1", "1.2", "1.3", "1.4", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9", "2.10",
		"2.11", "2.12", "2.13", "2.14", "2.15", "2.16", "2.17", "Preview",
	}
}

// admit checks what every request must have: token, method, media types, version.
func (a *API) admit(c *call) *apiError {
	h := c.http.Header
	if c.http.Method != c.method() {
		return errorf(http.StatusMethodNotAllowed, "method_not_allowed", "%s is not allowed here", c.http.Method)
	}
	token, bearer := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	switch {
	case h.Get("Authorization") == "":
		return errorf(http.StatusUnauthorized, "missing_authorization", "No Authorization header was sent")
	case !bearer || strings.TrimSpace(token) == "" || (a.cfg.Token != "" && token != a.cfg.Token):
		return errorf(http.StatusUnauthorized, "unauthorized", "Access Token Invalid")
	case !acceptsJSON(h.Values("Accept")):
		return errorf(http.StatusNotAcceptable, "media_type_not_acceptable", "The Accept header should send a media type of application/json")
	case c.http.Method == http.MethodPost && mediaType(h.Get("Content-Type")) != "application/json":
		return errorf(http.StatusUnsupportedMediaType, "media_type_unsupported", "The Content-Type header should send a media type of application/json")
	}
	c.version = a.cfg.Version
	if v := h.Get("Intercom-Version"); v != "" {
		c.version = v
	}
	if !slices.Contains(versions(), c.version) {
		return errorf(http.StatusBadRequest, "intercom_version_invalid", "The requested version could not be found")
	}
	return nil
}

func mediaType(header string) string {
	kind, _, err := mime.ParseMediaType(header)
	if err != nil {
		return ""
	}
	return kind
}

func acceptsJSON(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	for _, one := range strings.Split(strings.Join(accept, ","), ",") {
		switch mediaType(one) {
		case "application/json", "application/*", "*/*":
			return true
		}
	}
	return false
}

// permit refuses resources that the token may not read.
func (a *API) permit(c *call) *apiError {
	switch a.cfg.Forbidden[c.resource] {
	case 0:
		return nil
	case http.StatusUnauthorized:
		return errorf(http.StatusUnauthorized, "unauthorized", "Access Token Invalid")
	default:
		return errorf(http.StatusForbidden, "api_plan_restricted", "Active subscription needed.")
	}
}
