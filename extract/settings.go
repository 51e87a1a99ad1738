package extract

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/headwater-stream/headwater/extract/expr"
)

// resolveSettings completes and checks what the user set. The error names every setting that is wrong, and no value of a
// secret.
func resolveSettings(src *Source, given map[string]string) (map[string]string, error) {
	var errs []error
	values := map[string]string{}
	var known []string
	for _, s := range src.Settings {
		known = append(known, s.Name)
		value := strings.TrimSpace(given[s.Name])
		if value == "" {
			value = s.Default
		}
		if value == "" && s.Required {
			errs = append(errs, fmt.Errorf("setting %s of source %s is required", s.Name, src.Name))
		}
		if err := checkSetting(s, value); err != nil {
			errs = append(errs, fmt.Errorf("setting %s of source %s: %w", s.Name, src.Name, err))
		}
		values[s.Name] = value
	}
	var unknown []string
	for name := range given {
		if _, ok := values[name]; !ok {
			unknown = append(unknown, name)
		}
	}
	sort.Strings(unknown)
	for _, name := range unknown {
		errs = append(errs, fmt.Errorf("source %s has no setting %s (it has: %s)", src.Name, name, strings.Join(known, ", ")))
	}
	return values, errors.Join(errs...)
}

var integerRule = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

// native gives expressions the settings with their types. What is not set is the empty text, and has no value otherwise.
func native(src *Source, values map[string]string) map[string]any {
	config := make(map[string]any, len(values))
	for _, s := range src.Settings {
		value := values[s.Name]
		if value == "" {
			config[s.Name] = expr.Unset("setting " + s.Name)
			continue
		}
		switch s.Type {
		case SettingInteger:
			config[s.Name] = json.RawMessage(value)
		case SettingBoolean:
			config[s.Name], _ = strconv.ParseBool(value) // checked before
		case SettingList:
			config[s.Name] = splitList(value)
		default:
			config[s.Name] = value
		}
	}
	return config
}

// splitList takes a list apart; what is empty is no item.
func splitList(text string) []string {
	list := []string{}
	for _, item := range strings.Split(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// checkSetting reports what is wrong with a value; an empty one is left to Required.
func checkSetting(s Setting, value string) error {
	if value == "" {
		return nil
	}
	shown := fmt.Sprintf(" %q", value)
	if s.Secret {
		shown = ""
	}
	switch s.Type {
	case SettingDatetime:
		if _, err := ParseDatetime(value); err != nil {
			return fmt.Errorf("want a time such as 2026-01-31T08:00:00Z, or a date such as 2026-01-31, not%s", orNothing(shown))
		}
	case SettingURL:
		u, err := url.Parse(value)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			if at := strings.LastIndex(value, "@"); at >= 0 && !s.Secret {
				shown = fmt.Sprintf(" %q", "…"+value[at:]) // there may be a password before it
			}
			return fmt.Errorf("want a URL such as https://api.example.com, not%s", orNothing(shown))
		}
	case SettingInteger:
		if !integerRule.MatchString(value) {
			return fmt.Errorf("want a whole number such as 50, not%s", orNothing(shown))
		}
	case SettingBoolean:
		if _, err := strconv.ParseBool(value); err != nil {
			return fmt.Errorf("want true or false, not%s", orNothing(shown))
		}
	}
	if s.Secret && strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("holds a control character: check how it was copied")
	}
	return nil
}

func orNothing(shown string) string {
	if shown == "" {
		return " what it is"
	}
	return shown
}

// ParseDatetime reads a time as settings give it: RFC 3339, or a date, which begins in UTC.
func ParseDatetime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	return time.Parse(time.DateOnly, s)
}
