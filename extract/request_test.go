package extract

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// settled is a source file with a setting of every type.
const settled = `name: shop
settings:
  base_url: { type: url }
  key: { secret: true }
  size: { type: integer, default: 18446744073709551617 }
  big: { type: boolean, default: false }
  tags: { type: list, default: [a b, c] }
client:
  base_url: "{{ config.base_url }}"
  headers: { X-All: client, X-Own: client }
  timeout: 90s
  rate_limit: { limit_header: L, remaining_header: R, reset_header: T, reset_format: seconds }
resources:
  - name: items
    primary_key: id
    endpoint:
      path: /items
      data_selector: items
      paginator: { type: json_link, next_url_path: next }
`

func TestEndpointHeadersAndForms(t *testing.T) {
	t.Parallel()
	const post = "      method: POST\n"
	for name, test := range map[string]struct{ endpoint, want string }{
		"none":       {"", "GET client client - "},
		"its own":    {"      headers: { x-own: \"{{ config.size }}\" }\n", "GET client 18446744073709551617 - "},
		"form":       {post + "      data: { n: 1.50, b: true, \"t x\": \"a&{{ config.key }}\", s: \"{{ config.tags | join('/') }}\" }\n", "POST client client application/x-www-form-urlencoded n=1.50&b=true&t+x=a%26k%C3%A9y&s=a+b%2Fc"},
		"json":       {post + "      json: { n: \"{{ config.size }}\", b: \"{{ config.big }}\", l: \"{{ config.tags }}\" }\n", `POST client client application/json {"n":18446744073709551617,"b":false,"l":["a b","c"]}`},
		"other json": {post + "      headers: { content-type: application/vnd.x+json }\n      json: {}\n", "POST client client application/vnd.x+json {}"},
		"numbers":    {"      params: { n: 1.50, b: true, x: \"{{ 1 if config.big else 2 }}\" }\n", "GET client client - n=1.50&b=true&x=2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, err := Load("shop.yaml", []byte(settled+test.endpoint))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				kind := r.Header.Get("Content-Type")
				if kind == "" {
					kind = "-"
				}
				got = append(got, fmt.Sprint(r.Method, " ", r.Header.Get("X-All"), " ", r.Header.Get("X-Own"), " ", kind, " ", r.URL.RawQuery, string(body)))
				if len(got) == 1 {
					send(w, 200, `{"items":[{"id":1}],"next":"/items?p=2"}`)
					return
				}
				send(w, 200, `{"items":[{"id":2}]}`)
			}))
			defer server.Close()
			c, err := NewClient(src, map[string]string{"base_url": server.URL, "key": "kéy"}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for _, err := range c.Pages(t.Context(), src.Resource("items"), Position{}) {
				if err != nil {
					t.Fatal(err)
				}
			}
			if got[0] != test.want || name == "its own" && got[1] != "GET client 18446744073709551617 - p=2" {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

type deadlines []time.Duration

// RoundTrip notes how long the request may take.
func (d *deadlines) RoundTrip(r *http.Request) (*http.Response, error) {
	at, _ := r.Context().Deadline()
	*d = append(*d, time.Until(at))
	return nil, io.EOF
}

func TestTimeoutOfTheFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{settled: 90 * time.Second, strings.Replace(settled, "  timeout: 90s\n", "", 1): 2 * time.Minute} {
		src, err := Load("shop.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var seen deadlines
		c, err := NewClient(src, map[string]string{"base_url": "http://127.0.0.1"}, Options{HTTP: &http.Client{Transport: &seen}, Sleep: newClock().Sleep})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Check(t.Context(), src.Resource("items"))
		if len(seen) == 0 || seen[0] > want || seen[0] < want-20*time.Second {
			t.Errorf("may take %v, want %v", seen, want)
		}
	}
	src, err := Load("shop.yaml", []byte(settled))
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(src, map[string]string{"base_url": "http://127.0.0.1"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if tr, ok := c.http.Transport.(*http.Transport); !ok || tr.ResponseHeaderTimeout != 90*time.Second {
		t.Error("an API that thinks for as long as it may is cut off")
	}
}

func TestResetFromNow(t *testing.T) {
	t.Parallel()
	names := rateHeaders{"L", "R", "T", true}
	header := func(remaining, reset string) http.Header {
		return http.Header{"L": {"100"}, "R": {remaining}, "T": {reset}}
	}
	b := &budget{}
	answer := func(at time.Duration, remaining, reset string) {
		b.inFlight++
		b.answered(header(remaining, reset), names, epoch.Add(at))
	}
	answer(0, "50", "10")
	if b.remaining != 50 || !b.reset.Equal(epoch.Add(10*time.Second)) {
		t.Fatalf("%+v", b)
	}
	answer(700*time.Millisecond, "60", "10") // an answer that was overtaken; its end is rounded: down, to be sure
	if b.remaining != 50 || !b.reset.Equal(epoch.Add(10700*time.Millisecond)) {
		t.Errorf("the same period: %+v", b)
	}
	answer(11*time.Second, "99", "9.5")
	if b.remaining != 99 || !b.reset.Equal(epoch.Add(20500*time.Millisecond)) {
		t.Errorf("the next period: %+v", b)
	}
	answer(12*time.Second, "2", "1767225600") // an absolute time
	if b.remaining != 98 {
		t.Errorf("not understood: %+v", b)
	}
	for _, text := range []string{"", "-1", "NaN", "x"} {
		if _, ok := readReset(header("1", text), names, epoch); ok {
			t.Errorf("%q was taken for a time", text)
		}
	}
}

func TestResetFromNowIsObeyed(t *testing.T) {
	t.Parallel()
	src, err := Load("shop.yaml", []byte(settled))
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	b := newBenchOf(t, src, "", func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 1 {
			w.Header().Set("T", "33")
			send(w, 429, "")
			return
		}
		send(w, 200, oneItem)
	})
	b.mustRead("items", Position{})
	if slept := b.clock.Slept(); len(slept) != 1 || slept[0] != 33*time.Second {
		t.Errorf("slept %v", slept)
	}
}

func TestSettingTypes(t *testing.T) {
	t.Parallel()
	src, err := Load("shop.yaml", []byte(settled))
	if err != nil {
		t.Fatal(err)
	}
	for setting, value := range map[string]string{"size": "1.5", "big": "maybe", "base_url": "x"} {
		if _, err := NewClient(src, map[string]string{"base_url": "http://127.0.0.1", setting: value}, Options{}); err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("%s: %v", setting, err)
		}
	}
	for value, want := range map[string]string{" a, ,b,": "a|b", "x": "x", ",": ""} {
		if got := strings.Join(native(src, map[string]string{"tags": value})["tags"].([]string), "|"); got != want {
			t.Errorf("%q: %q", value, got)
		}
	}
	for from, test := range map[string]struct{ to, want string }{
		"default: false":    {"default: maybe", `default of setting "big": want true or false, not "maybe"`},
		"default: [a b, c]": {`default: ["a,b"]`, `none can hold one`},
		"type: integer, default: 18446744073709551617": {"type: integer, default: [1]", `a list is for a setting of type list`},
		"timeout: 90s":                     {"timeout: 100ms", `timeout: want from 1s`},
		"reset_format: seconds":            {"reset_format: second", `unknown reset_format "second" (did you mean "seconds"?)`},
		"{ X-All: client, X-Own: client }": {"{ Accept-Encoding: br }", `header Accept-Encoding is set by the program itself`},
		"      path: /items\n":             {"      path: /items\n      data: { a: 1 }\n", `data wants method: POST`},
		"      data_selector: items\n":     {"      method: POST\n      json: { a: 1 }\n      data: { a: 1 }\n", `data is a form and body is JSON`},
		"  - name: items\n":                {"  - name: items\n    permission: [x]\n", `want text`},
	} {
		_, err := Load("shop.yaml", []byte(strings.Replace(settled, from, test.to, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: want %q in\n%v", test.to, test.want, err)
		}
	}
}

func TestHeadersThatCannotBeSent(t *testing.T) {
	t.Parallel()
	src, err := Load("shop.yaml", []byte(settled+"      headers: { x-own: \"{{ config.key }}\" }\n"))
	if err != nil {
		t.Fatal(err)
	}
	src.Settings[1].Secret = false // a secret is refused before
	c, err := NewClient(src, map[string]string{"base_url": "http://127.0.0.1", "key": "a\nb"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, c.Check(t.Context(), src.Resource("items")), KindProtocol, "header x-own holds a control character")
}
