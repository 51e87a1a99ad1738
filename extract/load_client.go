package extract

import "time"

// maxTimeout bounds client.timeout: a request that hangs for longer holds up what others could read.
const maxTimeout = time.Hour

func (l *loader) loadClient(s *section) {
	client := s.sub("client", "client", words[clientWords]("session", "data_selector"))
	if client == nil {
		l.mistake(s.at, "the source has no client: want at least its base_url")
		return
	}
	l.client = client
	spec := &l.src.client
	spec.baseURL = l.requiredTemplate(client, "base_url")
	spec.headers = l.templates(client, "headers", l.settingsOnly)
	for _, h := range spec.headers {
		l.checkHeaderName(client.node("headers"), h.name)
	}
	spec.timeout = client.duration("timeout", 0)
	if n := client.node("timeout"); n != nil && (spec.timeout < time.Second || spec.timeout > maxTimeout) {
		l.mistake(n, "timeout: want from 1s to %v", maxTimeout)
	}
	spec.auth = l.loadAuth(client)
	l.checkAuthPlaces(client, spec.auth, spec.headers, nil)
	if rate := client.sub("rate_limit", "rate_limit", words[rateWords]()); rate != nil {
		spec.rate = rateHeaders{rate.text("limit_header"), rate.text("remaining_header"), rate.text("reset_header"), rate.choice("reset_format") == "seconds"}
		if spec.rate.limit == "" || spec.rate.remaining == "" || spec.rate.reset == "" {
			l.mistake(rate.at, "rate_limit wants limit_header, remaining_header and reset_header")
		}
	}
}
