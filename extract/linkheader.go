package extract

import (
	"errors"
	"strings"
)

// linkOf returns the target of the link with a relation, from the values of Link headers (RFC 8288), or "". The libraries that were
// looked at split at every comma, also at those inside of a target, and then find no next page: a listing would end early, in silence.
func linkOf(headers []string, relation string) (string, error) {
	for _, rest := range headers {
		for rest = skipCommas(rest); rest != ""; rest = skipCommas(rest) {
			if rest[0] != '<' {
				return "", errors.New("a link does not begin with <")
			}
			end := strings.IndexByte(rest, '>')
			if end < 0 {
				return "", errors.New("a link has no >")
			}
			target := rest[1:end]
			var params []string
			params, rest = linkParams(rest[end+1:])
			for _, p := range params {
				name, value, _ := strings.Cut(p, "=")
				if !strings.EqualFold(strings.TrimSpace(name), "rel") {
					continue
				}
				for _, rel := range strings.Fields(strings.Trim(strings.TrimSpace(value), `"`)) {
					if strings.EqualFold(rel, relation) {
						return target, nil
					}
				}
				break // of several, the first counts
			}
		}
	}
	return "", nil
}

func skipCommas(s string) string { return strings.TrimLeft(s, ", \t") }

// linkParams returns a link's parameters, and what follows the comma behind them. A quoted value may hold both separators.
func linkParams(s string) (params []string, rest string) {
	from, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ';' && !quoted:
			params, from = append(params, s[from:i]), i+1
		case s[i] == ',' && !quoted:
			return append(params, s[from:i]), s[i+1:]
		}
	}
	return append(params, s[from:]), ""
}
